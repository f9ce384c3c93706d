"""Where a trainer stands in what it reads: how far, what was promised, and which examples wait for the promises.

All this follows from the order of arrival, not from the set of examples alone; so a snapshot tells it apart from the
model's state.
"""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Any, NamedTuple

from schemas.internal import ExampleRecord, Punctuation

Mark = tuple[int, str]  # (maturity in epoch ms, example id)
BEFORE_ALL: Mark = (-1, "")


class Position(NamedTuple):
    """Where the record lies whose processing sent an example: its topic's UUID and partition, offset, and ordinal."""

    source: str
    offset: int
    ordinal: int


def mark_of(example: ExampleRecord) -> Mark:
    """Say in which order an example has its turn."""
    return example.due_ms, example.example_id


class Bookmark:
    """How far one model's topic and its sources were read, and what of that waits for its turn."""

    def __init__(self, sources: int) -> None:
        """Begin at the beginning; there are so many source partitions to promise something."""
        self._sources = sources
        self._heap: list[tuple[Mark, int, ExampleRecord]] = []  # with the offset of each
        self._ids: set[str] = set()  # of those in the heap
        self._positions: dict[str, tuple[int, int]] = {}
        self._promises: dict[int, tuple[int, bool]] = {}
        self._seen_offset = 0  # records below it were seen by the snapshot that we restored
        self._next_offset = 0

    def has_seen(self, offset: int) -> bool:
        """Whether the restored snapshot had seen the record that lies here."""
        return offset < self._seen_offset

    def move_past(self, offset: int) -> None:
        """Note that the record that lies here was read."""
        self._next_offset = max(self._next_offset, offset + 1)

    def note(self, position: Position) -> bool:
        """Note how far a source was read; False where it was read as far before."""
        place = (position.offset, position.ordinal)
        if place <= self._positions.get(position.source, (-1, -1)):
            return False
        self._positions[position.source] = place
        return True

    def promised(self, punctuation: Punctuation) -> None:
        """Note what a source promises; it takes nothing back."""
        below_ms, _ = self._promises.get(punctuation.source_partition, (-1, False))
        self._promises[punctuation.source_partition] = max(below_ms, punctuation.below_ms), punctuation.idle

    def floor_ms(self) -> int:
        """Find the lowest promise, -1 until all have made one; the idle hold nobody back.

        When all are idle the highest counts.
        """
        if len(self._promises) < self._sources:
            return -1
        busy = [below_ms for below_ms, idle in self._promises.values() if not idle]
        return min(busy) if busy else max(below_ms for below_ms, _ in self._promises.values())

    def __len__(self) -> int:
        """How many examples wait."""
        return len(self._heap)

    def __contains__(self, example: ExampleRecord) -> bool:
        """Whether an example of this id waits."""
        return example.example_id in self._ids

    def keep(self, example: ExampleRecord, offset: int) -> None:
        """Let an example wait for its turn."""
        heappush(self._heap, (mark_of(example), offset, example))
        self._ids.add(example.example_id)

    def next_below(self, floor_ms: int) -> Mark | None:
        """Say whose turn is next, if he matures below this time."""
        return self._heap[0][0] if self._heap and self._heap[0][0][0] < floor_ms else None

    def pop(self) -> ExampleRecord:
        """Take out the example whose turn it is."""
        _, _, example = heappop(self._heap)
        self._ids.discard(example.example_id)
        return example

    def snapshot(self) -> dict[str, Any]:
        """Tell from where to read on, so that what waits is read again, and all else that stands here."""
        return {
            "read_from": min((offset for _, offset, _ in self._heap), default=self._next_offset),
            "seen_offset": self._next_offset,
            "positions": {source: list(place) for source, place in sorted(self._positions.items())},
            "promises": {str(source): list(promise) for source, promise in sorted(self._promises.items())},
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on from what `snapshot` told, its shape checked; what waited then is not here before it is read again."""
        self._heap, self._ids = [], set()
        self._positions = {source: (place[0], place[1]) for source, place in data["positions"].items()}
        self._promises = {int(source): (p[0], bool(p[1])) for source, p in data["promises"].items()}
        self._seen_offset = self._next_offset = data["seen_offset"]
