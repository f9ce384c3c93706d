"""Which effects are out for good, and whether a key's outbox has room for more."""

from collections.abc import Iterable, Mapping, Sequence

from stream_app.engine.effects import AnyEffect, Entry
from stream_app.engine.records import Record
from stream_app.engine.rules import AgentMistakeError, OutboxLimits
from stream_app.engine.table import Kept


class Acknowledged:
    """What checkpoints have delivered, per topic UUID; at first what lies below the committed offset."""

    def __init__(self, committed: Mapping[str, int]) -> None:
        self._below = dict(committed)

    def advance(self, topic_id: str, end_offset: int) -> None:
        """Count all effects of the topic's records below `end_offset` as out."""
        self._below[topic_id] = max(self._below.get(topic_id, 0), end_offset)

    def covers(self, entry: Entry) -> bool:
        """Whether the entry's effect is out for good: never merely staged, nor only in the changelog."""
        return entry.offset < self._below.get(entry.topic_id, 0)

    def held(self, outbox: Iterable[Entry]) -> tuple[Entry, ...]:
        """Return the entries that are not out yet."""
        return tuple(entry for entry in outbox if not self.covers(entry))

    def prune(self, kept: Kept) -> None:
        """Drop what is out from the value's outbox."""
        held = self.held(kept.outbox)
        if len(held) != len(kept.outbox):
            kept.outbox = held
            kept.outbox_bytes = size_of(held)


def entries_of(record: Record, effects: Sequence[AnyEffect]) -> tuple[Entry, ...]:
    """Return the record's effects as they lie in an outbox, numbered in the order of staging."""
    position = record.position
    return tuple(Entry(*position, n, effect) for n, effect in enumerate(effects))


def size_of(entries: Iterable[Entry]) -> int:
    """Return how many bytes the entries take in a stored value, at most."""
    return sum(entry.size for entry in entries)


def has_room(held: Sequence[Entry], new: Sequence[Entry], limits: OutboxLimits, *, more_may_leave: bool) -> bool:
    """Tell whether the outbox has room; if not, wait for the checkpoints and try again.

    Raises `AgentMistakeError` where waiting would not help.
    """
    new_bytes, held_bytes = size_of(new), size_of(held)
    if held_bytes + new_bytes <= limits.most:
        return True
    if new_bytes <= limits.most and more_may_leave:
        return False
    raise AgentMistakeError(f"{len(new)} effects of {new_bytes} bytes beside {held_bytes} that are not out yet")
