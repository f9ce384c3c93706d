"""All cells of a window read at one go, for who asks many questions of it: the fast half of `models.windows`."""

from typing import NamedTuple

import msgpack

from models.windows import _ACTIVITIES, _CHANNELS, _DECLINED, _FIRST_CHANNEL, _KINDS, _SPANS, _SUMS, Span, What
from schemas.profile import Profile

_unpack = msgpack.unpackb
_CELLS = max(_CHANNELS.values()) + 1
_FEW = 16  # as many as msgpack counts in one byte


class Sums(NamedTuple):
    """One span's booked flows (minor units), contacts through any channel, and its cells for further questions."""

    credit_count: int
    credit_minor: int
    debit_count: int
    debit_minor: int
    contacts: int
    cells: list[int]

    def of_kind(self, kind: str) -> tuple[int, int]:
        """Count and sum of one kind's booked transactions, both directions."""
        credit, cells = _KINDS[kind], self.cells
        return cells[credit] + cells[credit + 1], cells[credit + _SUMS] + cells[credit + 1 + _SUMS]

    @property
    def declined(self) -> int:
        """Declined transactions."""
        return self.cells[_DECLINED]

    def activity(self, what: What) -> int:
        """Count interactions of one sort."""
        return self.cells[_ACTIVITIES[what]]

    def channel(self, channel: str) -> int:
        """Count transactions and interactions through one channel."""
        return self.cells[_CHANNELS[channel]]


Buckets = dict[int, bytes]
Read = tuple[Buckets, int, dict[str, Sums]]  # a ring, the bucket that it was read up to, and what was found by span

# What was read last, by ring: tags, features and decision of one step ask for the same windows. A ring is never
# changed, so that it is the same as long as it is the same object (which this keeps alive).
_last_read: dict[str, Read] = {}
# The spans of a ring, short ones first, and how many buckets each has.
_SPANS_OF: dict[str, tuple[tuple[Span, int], ...]] = {
    "minutes": (("1h", 12),),
    "hours": (("24h", 24),),
    "days": (("7d", 7), ("30d", 30)),
    "weeks": (("63d", 9),),
}


def sums(profile: Profile, span: Span, at_ms: int) -> Sums:
    """Add up every cell of `span` up to and with the bucket of `at_ms`."""
    name, ring, _ = _SPANS[span]
    buckets: Buckets = getattr(profile.rings, name)
    newest = (at_ms + ring.offset_ms) // ring.width_ms
    last = _last_read.get(name)
    if last is None or last[0] is not buckets or last[1] != newest:
        last = _last_read[name] = (buckets, newest, _read(buckets, newest, _SPANS_OF[name]))
    return last[2][span]


def _read(buckets: Buckets, newest: int, spans: tuple[tuple[Span, int], ...]) -> dict[str, Sums]:
    """Add up one ring: a longer span goes on from where the shorter one ended."""
    cells, youngest = [0] * _CELLS, newest
    found: dict[str, Sums] = {}
    for span, number in spans:
        _add([buckets[bucket] for bucket in buckets if newest - number < bucket <= youngest], cells)
        youngest = newest - number
        found[span] = _sums(cells.copy())
    return found


def _add(packed: list[bytes], cells: list[int]) -> None:
    """Add the cells of so many packed buckets, unpacked together as one list of maps: a call each costs a third."""
    count = len(packed)
    head = bytes((0x90 + count,)) if count < _FEW else bytes((0xDC, 0, count))
    for bucket in _unpack(head + b"".join(packed), strict_map_key=False):
        for cell, value in bucket.items():
            cells[cell] += value


def _sums(cells: list[int]) -> Sums:
    """Even cells are credits, odd ones debits."""
    kinds, minors = cells[:_DECLINED], cells[_SUMS : _SUMS + _DECLINED]
    return Sums(
        sum(kinds[::2]),
        sum(minors[::2]),
        sum(kinds[1::2]),
        sum(minors[1::2]),
        sum(cells[_FIRST_CHANNEL:]),
        cells,
    )
