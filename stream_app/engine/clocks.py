"""The clocks of the owned partition numbers, and what is due by them; the rules are the core's (`clock`)."""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from stream_app.engine.clock import PartitionClock, Siblings, Timer, Timers, Told
from stream_app.engine.local_store import LocalStore
from stream_app.engine.sealed import SealedBatch


@dataclass(frozen=True)
class TimerRule:
    """Whose due work is woken, and by which records.

    `encode` gives the value of a timer from key and time (epoch ms); `lateness_ms` is how far the clock stays behind.
    """

    table: str
    topic: str
    encode: Callable[[bytes, int], bytes]
    lateness_ms: int


@dataclass(frozen=True)
class _Owned:
    """What is kept of a partition number; `reached`: first offset not delivered, per topic that moves the clock."""

    clock: PartitionClock
    reached: dict[str, int]
    timers: Timers = field(default_factory=Timers)


class Clocks:
    """One clock per owned partition number of a table that has timers; `monotonic` tells seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rules: dict[str, TimerRule] = {}
        self._monotonic = monotonic
        self._owned: dict[tuple[str, int], _Owned] = {}
        self._left: dict[tuple[str, int], _Owned] = {}
        self._siblings = Siblings(0)
        self._idle_seconds = math.inf  # until somebody is to be followed

    def follow(self, siblings: Siblings, idle_seconds: float) -> None:
        """Let a partition number that is read to its end for so long follow the clocks of the others."""
        self._siblings, self._idle_seconds = siblings, idle_seconds

    def add_rule(self, rule: TimerRule) -> None:
        """Register a table's timers."""
        self.rules[rule.table] = rule

    def clear(self) -> None:
        """Have no clocks until the next assignment."""
        self._left.update(self._owned)
        self._owned.clear()

    def begin(self, table: str, number: int, starts: Mapping[str, int], highest_ms: int | None) -> None:
        """Begin at an assignment, with the highest event time (epoch ms) of the restored table.

        `starts` names the topics that move the clock, and where reading them starts. A clock that was left at the very
        same offsets goes on: nobody has delivered anything meanwhile, so it knows all that a new one would, and for how
        long it has been idle and where it was led besides.
        """
        rule, left = self.rules.get(table), self._left.pop((table, number), None)
        if rule is None:
            return
        kept = left is not None and left.reached == starts
        clock = left.clock if left and kept else PartitionClock(starts, highest_ms, rule.lateness_ms)
        self._owned[table, number] = _Owned(clock, dict(starts))

    def deliver(self, table: str, batch: SealedBatch) -> None:
        """Count a delivered batch."""
        owned = self._owned.get((table, batch.partition))
        if owned is None:
            return
        owned.clock.deliver(batch)
        if batch.topic in owned.reached:
            owned.reached[batch.topic] = batch.end_offset
        if batch.topic == self.rules[table].topic:
            owned.timers.settle(batch.kept.get(table, ()))

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """The (table, partition number) pairs that have a clock."""
        return list(self._owned)

    def look(self, table: str, number: int, unread: Mapping[str, bool]) -> None:
        """Note whether a partition number is read to its end."""
        owned = self._owned.get((table, number))
        if owned is not None:
            owned.clock.look(unread, self._monotonic())

    def _idle(self, clock: PartitionClock, unread: Mapping[str, bool]) -> bool:
        return clock.idle_seconds(self._monotonic()) >= self._idle_seconds and clock.all_read(unread)

    def now_ms(self, table: str, number: int, unread: Mapping[str, bool]) -> int | None:
        """Tell a clock (epoch ms), its own or, where it is idle, that of the others; None while it cannot be told."""
        owned = self._owned.get((table, number))
        if owned is None:
            return None
        others_ms = self._siblings.lowest_ms(besides=number) if self._idle(owned.clock, unread) else None
        return owned.clock.now_ms(unread, others_ms)

    def told(self, table: str, number: int, unread: Mapping[str, bool]) -> Told | None:
        """Return what the others are to hear of a clock: what it has from its own events, and whether it is idle."""
        owned = self._owned.get((table, number))
        return None if owned is None else Told(owned.clock.own_ms(unread), self._idle(owned.clock, unread))

    def due(self, table: str, number: int, store: LocalStore, now_ms: int) -> list[Timer]:
        """Return the timers to send now."""
        owned = self._owned.get((table, number))
        return [] if owned is None else owned.timers.due(((due, key) for key, due in store.due(now_ms)), now_ms)

    def forget(self, table: str, number: int, timers: Iterable[Timer]) -> None:
        """Let timers be asked for again that were not sent."""
        owned = self._owned.get((table, number))
        if owned is not None:
            for timer in timers:
                owned.timers.forget(timer)
