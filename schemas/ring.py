"""A ring of buckets as one run of bytes: what a customer's last hour, day, month or nine weeks are kept in.

A profile holds four rings, and nearly every event writes to three of them. As a dictionary a ring would be dozens of
objects all over the memory, each to be fetched; as one run of bytes it is copied, written and read at one go.

A ring is empty (no bytes), or a head (newest bucket's number, how many older ones there are, how far back the oldest
lies, length of the newest's cells), the older buckets, oldest first, and the newest's cells. An older bucket is the
length of its cells, the cells, and the distance to the next bucket. Behind the head all of it is msgpack, provided that
the cells are: who knows what they mean reads a ring as one array.
"""

from collections.abc import Mapping
from struct import Struct

import msgpack

HEAD = Struct(">iBHH")
HEAD_BYTES = HEAD.size
_FRAME_BYTES = 2  # of an older bucket at least: the length of its cells, and the distance

_ONE_BYTE = 128  # msgpack writes numbers below in one byte
_BEFORE_WIDE = 0xCB  # before a number of one more byte stands 0xCC, before one of two 0xCD


def ring_of(buckets: Mapping[int, bytes]) -> bytes:
    """Build a ring of cells by bucket number."""
    if not buckets:
        return b""
    *older, newest = numbers = sorted(buckets)
    parts = [HEAD.pack(newest, len(older), newest - numbers[0], len(buckets[newest]))]
    for number, following in zip(older, numbers[1:], strict=True):
        cells = buckets[number]
        parts += (_written(len(cells)), cells, _written(following - number))
    return b"".join((*parts, buckets[newest]))


def buckets_of(ring: bytes) -> dict[int, bytes]:
    """Give the cells by bucket number, oldest first."""
    return dict(buckets_before(ring, HEAD.unpack_from(ring)[0] + 1)) if ring else {}


def buckets_before(ring: bytes, number: int) -> list[tuple[int, bytes]]:
    """Give number and cells of the buckets older than `number`, oldest first."""
    found: list[tuple[int, bytes]] = []
    if not ring:
        return found
    newest, _, reach, length = HEAD.unpack_from(ring)
    at, bucket = HEAD_BYTES, newest - reach
    end = min(newest, number)
    while bucket < end:
        size, at = _number(ring, at)
        found.append((bucket, ring[at : at + size]))
        distance, at = _number(ring, at + size)
        bucket += distance
    if newest < number:
        found.append((newest, ring[len(ring) - length :]))
    return found


def most_cell_bytes(ring: bytes) -> int:
    """Say how many bytes the cells fill at most; it is a few less where a bucket is long."""
    return len(ring) - HEAD_BYTES - _FRAME_BYTES * HEAD.unpack_from(ring)[1]  # type: ignore[no-any-return]


def begun(ring: bytes, number: int, cells: bytes, oldest: int) -> bytes:
    """Begin a bucket that is newer than all others; those older than `oldest` go."""
    if not ring:
        return HEAD.pack(number, 0, 0, len(cells)) + cells
    newest, count, reach, length = HEAD.unpack_from(ring)
    if newest < oldest:
        return HEAD.pack(number, 0, 0, len(cells)) + cells
    at, first = HEAD_BYTES, newest - reach
    while first < oldest:
        size, at = _number(ring, at)
        distance, at = _number(ring, at + size)
        first, count = first + distance, count - 1
    end = len(ring) - length
    head = HEAD.pack(number, count + 1, number - first, len(cells))
    return b"".join((head, ring[at:end], _written(length), ring[end:], _written(number - newest), cells))


def _number(ring: bytes, at: int) -> tuple[int, int]:
    """Read a number, and say where it ends."""
    first = ring[at]
    if first < _ONE_BYTE:
        return first, at + 1
    end = at + 1 + first - _BEFORE_WIDE
    return int.from_bytes(ring[at + 1 : end], "big"), end


def _written(number: int) -> bytes:
    return bytes((number,)) if number < _ONE_BYTE else msgpack.packb(number)
