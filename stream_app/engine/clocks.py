"""The clocks of the owned partition numbers, and what is due by them; the rules are the core's (`clock`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

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


class Clocks:
    """One clock per owned partition number of a table that has timers."""

    def __init__(self) -> None:
        self.rules: dict[str, TimerRule] = {}
        self._clocks: dict[tuple[str, int], PartitionClock] = {}
        self._timers: dict[tuple[str, int], Timers] = {}
        self._siblings: Siblings | None = None
        self._idle_seconds = 0.0
        self._idle: set[tuple[str, int]] = set()

    def follow(self, siblings: Siblings, idle_seconds: float) -> None:
        """Let a partition number that is read to its end for so long follow the clocks of the others."""
        self._siblings, self._idle_seconds = siblings, idle_seconds

    def add_rule(self, rule: TimerRule) -> None:
        """Register a table's timers."""
        self.rules[rule.table] = rule

    def clear(self) -> None:
        """Forget all clocks: a new owner begins anew."""
        self._clocks.clear()
        self._timers.clear()
        self._idle.clear()

    def begin(self, table: str, number: int, topics: Iterable[str], highest_ms: int | None) -> None:
        """Begin at an assignment, with the highest event time of the restored table."""
        rule = self.rules.get(table)
        if rule is not None:
            self._clocks[table, number] = PartitionClock(topics, highest_ms, rule.lateness_ms)
            self._timers[table, number] = Timers()

    def deliver(self, table: str, batch: SealedBatch) -> None:
        """Count a delivered batch."""
        where = table, batch.partition
        if where in self._clocks:
            self._clocks[where].deliver(batch)
            if batch.topic == self.rules[table].topic:
                self._timers[where].settle(batch.kept.get(table, ()))

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """The (table, partition number) pairs that have a clock."""
        return list(self._clocks)

    def look(self, table: str, number: int, unread: Mapping[str, bool], now: float) -> None:
        """Note whether a partition number is idle; `now` is in monotonic seconds."""
        clock = self._clocks.get((table, number))
        if clock is not None and self._siblings is not None:
            idle = clock.look(unread, now) >= self._idle_seconds
            (self._idle.add if idle else self._idle.discard)((table, number))

    def now_ms(self, table: str, number: int, unread: Mapping[str, bool]) -> int | None:
        """Tell a clock (epoch ms), its own or, where it is idle, that of the others; None while it cannot be told."""
        clock = self._clocks.get((table, number))
        if clock is None:
            return None
        if self._siblings is None or (table, number) not in self._idle:
            return clock.now_ms(unread)
        return clock.now_ms(unread, self._siblings.lowest_ms(besides=number))

    def told(self, table: str, number: int, unread: Mapping[str, bool]) -> Told | None:
        """Return what the others are to hear of a clock: what it has from its own events, and whether it is idle."""
        clock = self._clocks.get((table, number))
        return None if clock is None else Told(clock.own_ms(unread), (table, number) in self._idle)

    def due(self, table: str, number: int, store: LocalStore, now_ms: int) -> list[Timer]:
        """Return the timers to send now."""
        timers = self._timers.get((table, number))
        return [] if timers is None else timers.due(((due, key) for key, due in store.due(now_ms)), now_ms)
