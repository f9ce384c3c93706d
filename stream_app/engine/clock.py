"""The event-time clock of a partition number, and the timers that it makes due.

The clock counts only what a checkpoint has delivered, and stands below every record that is still unread, so that "no
own activity" cannot fire while the activity lies unread. A number without traffic would stand still: once it has been
read to its end for the idle time, it follows the clocks of the others (`Siblings`). That moves the moment at which due
work is done, and nothing else, as long as no event comes that is older than the clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from stream_app.engine.batch import Batch
from stream_app.engine.sealed import SealedBatch

MAX_TIMERS = 1_000
"""Timers asked for at once, per partition number."""
LONGEST_GAP_SECONDS = 10.0
"""Between two looks; after a longer one (the broker was away, the worker slept) nobody knows who had nothing to say."""

B = TypeVar("B", bound=Batch)


class Told(NamedTuple):
    """What the owner of a partition number says of its clock (epoch ms; None: it cannot be told), followed or not.

    `idle`: read to its end for the idle time, so that it holds no other back.
    """

    clock_ms: int | None
    idle: bool


class Siblings:
    """What the owners of all partition numbers last said of their clocks."""

    def __init__(self, numbers: int) -> None:
        """Know of `numbers` partition numbers, of which nobody has said anything yet."""
        self._numbers = numbers
        self._told: dict[int, Told] = {}

    def hear(self, number: int, told: Told) -> None:
        """Note what an owner says; a number that does not exist is nobody's, and is not counted as heard of."""
        if 0 <= number < self._numbers:
            self._told[number] = told

    def lowest_ms(self, besides: int) -> int | None:
        """Find the lowest of the others' clocks (epoch ms); the idle hold nobody back; if all are, the highest counts.

        None while one of the others has never been heard of, or is busy and cannot tell.
        """
        others = [told for number, told in self._told.items() if number != besides]
        if len(others) < self._numbers - 1:
            return None
        busy = [told.clock_ms for told in others if not told.idle]
        if busy:
            known = [clock_ms for clock_ms in busy if clock_ms is not None]
            return min(known) if len(known) == len(busy) else None
        return _latest(*(told.clock_ms for told in others))


class PartitionClock:
    """What one owner has delivered of one partition number, as times (epoch ms)."""

    def __init__(self, topics: Iterable[str], highest_ms: int | None, lateness_ms: int) -> None:
        """Begin at an assignment: `topics` move the clock, `highest_ms` is the highest time in the restored tables."""
        self._highest_ms = highest_ms
        self._lateness_ms = lateness_ms
        self._delivered_ms: dict[str, int | None] = dict.fromkeys(topics)
        self._read_since: float | None = None
        self._looked_at = 0.0
        self._followed_ms: int | None = None

    def deliver(self, batch: SealedBatch) -> None:
        """Count a batch that a checkpoint has delivered."""
        told = batch.highest_ms
        if told is None or batch.topic not in self._delivered_ms:
            return
        before = self._delivered_ms[batch.topic]
        self._delivered_ms[batch.topic] = told if before is None else max(before, told)
        self._highest_ms = told if self._highest_ms is None else max(self._highest_ms, told)

    def look(self, unread: Mapping[str, bool], now: float) -> None:
        """Note whether all is read to its end; `now` is in monotonic seconds."""
        if not self.all_read(unread):
            self._read_since = None
        elif self._read_since is None or self._gap(now):
            self._read_since = now
        self._looked_at = now

    def idle_seconds(self, now: float) -> float:
        """Say for how long every look has found all read to its end; after a gap between the looks it begins anew."""
        return 0.0 if self._read_since is None or self._gap(now) else now - self._read_since

    def _gap(self, now: float) -> bool:
        return now - self._looked_at > LONGEST_GAP_SECONDS

    def all_read(self, unread: Mapping[str, bool]) -> bool:
        """Say whether no topic that moves the clock has unread records; `unread` as for `own_ms`."""
        return not self._behind(unread)

    def _behind(self, unread: Mapping[str, bool]) -> list[int | None]:
        return [told for topic, told in self._delivered_ms.items() if unread.get(topic, True)]

    def own_ms(self, unread: Mapping[str, bool]) -> int | None:
        """Tell the clock (epoch ms) by what came here alone, or None while it cannot be told.

        `unread` says per topic whether records lie behind the last *delivered* one, by a fresh end offset; a topic that
        it does not name counts as unread.
        """
        behind = self._behind(unread)
        if not behind:
            return None if self._highest_ms is None else self._highest_ms - self._lateness_ms
        told_all = [told for told in behind if told is not None]
        return min(told_all) - self._lateness_ms if len(told_all) == len(behind) else None

    def now_ms(self, unread: Mapping[str, bool], others_ms: int | None = None) -> int | None:
        """Tell the clock (epoch ms), or None while it cannot be told; `unread` as for `own_ms`.

        `others_ms` is the clock that an idle number follows. Where it has once been led it stays, but behind whatever
        is unread: that ends the following at once.
        """
        own_ms = self.own_ms(unread)
        if self._behind(unread):
            return own_ms
        self._followed_ms = _latest(self._followed_ms, others_ms)
        return _latest(own_ms, self._followed_ms)


def _latest(*told: int | None) -> int | None:
    return max((ms for ms in told if ms is not None), default=None)


class Timer(NamedTuple):
    """A record for the timers topic: advance the customer with this key to `until_ms` (epoch ms)."""

    key: bytes
    until_ms: int


class Timers:
    """Which timers are asked for and not settled: none is asked for twice for the same due time."""

    def __init__(self) -> None:
        self._asked: dict[bytes, int] = {}

    def due(self, index: Iterable[tuple[int, bytes]], now_ms: int) -> list[Timer]:
        """Timers to produce now; `index` gives (next due, key) in order of time, as the store holds it."""
        timers: list[Timer] = []
        for due_ms, key in index:
            if due_ms > now_ms or len(timers) >= MAX_TIMERS:
                break
            if self._asked.get(key) != due_ms:
                timers.append(Timer(key, now_ms))
                self._asked[key] = due_ms
        return timers

    def forget(self, timer: Timer) -> None:
        """Ask for the timer again, since its record was not sent."""
        self._asked.pop(timer.key, None)

    def settle(self, keys: Iterable[bytes]) -> None:
        """Let keys whose timer has been delivered be asked for again, be it for the same time."""
        asked = self._asked
        if asked:
            for key in keys:
                asked.pop(key, None)


def oldest_first(batches: Sequence[B]) -> B:
    """Choose which fetched batch of a partition number goes next: by its first event's time, then by topic."""
    if len(batches) == 1:  # most often, and to tell the time its first event must be decoded
        return batches[0]
    return min(batches, key=lambda batch: (batch.first_ms, batch.topic))
