"""Who wrote a changelog record: each record carries the epoch of its writer, and epochs only rise.

A new owner of a partition takes an epoch above all that it has read there, and above those of earlier group
generations; a producer that takes over from another of the same owner gets the next one. So a record that an overtaken
owner had on the wire, and that lands behind its successor's, is told from news by one comparison, also by a reader that
was not there when it happened.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

HEADER = "e"
CLAIM = b"\x00owner"
"""Key of the record by which an owner with nothing to write makes his epoch known; no store keeps it."""
NO_EPOCH = 0
"""Of a record without the header: below every owner's."""
PRODUCERS_PER_GENERATION = 1 << 16

Headers = Sequence[tuple[str, bytes | None]]


class Sifted(NamedTuple):
    """What a run of changelog records leaves behind."""

    values: dict[bytes, bytes | None]
    epoch: int
    overruled: frozenset[bytes]
    """Keys of records whose writer had been overtaken: what was there before them stays."""


def first_epoch(generation: int, highest: int) -> int:
    """Return the epoch of an owner in that group generation who has read epochs up to `highest`."""
    return max(generation * PRODUCERS_PER_GENERATION, highest + 1)


def headers_of(epoch: int) -> list[tuple[str, bytes]]:
    """Return the headers of a changelog record."""
    return [(HEADER, epoch.to_bytes(8, "big"))]


def epoch_of(headers: Headers) -> int:
    """Read a record's epoch."""
    for name, value in headers:
        if name == HEADER and value is not None:
            return int.from_bytes(value, "big")
    return NO_EPOCH


def sift(records: Iterable[tuple[bytes, bytes | None, int]], highest: int) -> Sifted:
    """Take (key, value, epoch) in log order, the newest value of each key; `highest` is the epoch before them."""
    values: dict[bytes, bytes | None] = {}
    overruled = set[bytes]()
    for key, value, epoch in records:
        if epoch < highest:
            overruled.add(key)
            continue
        highest = epoch
        if key == CLAIM:
            continue
        values[key] = value
        if overruled:
            overruled.discard(key)
    return Sifted(values, highest, frozenset(overruled - {CLAIM}))
