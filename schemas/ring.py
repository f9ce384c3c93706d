"""A ring of buckets as one run of bytes: what a customer's last hour, day, month or nine weeks are kept in.

A profile holds four rings, and nearly every event writes to three of them. As a dictionary a ring would be dozens of
objects all over the memory, each to be fetched; as one run of bytes it is copied, written and read at one go.

A ring is empty (no bytes), or a head (newest bucket's number, how many older ones there are, how far back the oldest
lies, length of the newest's cells), the older buckets, oldest first, and the newest's cells. An older bucket is the
length of its cells, the cells, and the distance to the next bucket. Behind the head all of it is msgpack, provided that
the cells are: so a ring is read as one array.
"""

from collections.abc import Mapping
from functools import partial
from itertools import accumulate
from struct import Struct
from typing import Any

import msgpack

_HEAD = Struct(">iBHH")
HEAD_BYTES = _HEAD.size
_FRAME_BYTES = 2  # of an older bucket at least: the length of its cells, and the distance

_ONE_BYTE = 128  # msgpack writes numbers below in one byte
_BEFORE_WIDE = 0xCB  # before a number of one more byte stands 0xCC, before one of two 0xCD
_ARRAYS = [bytes((0xDC, 0, 3 * older + 1)) for older in range(32)]  # what msgpack puts before an array
_unpack = partial(msgpack.unpackb, strict_map_key=False)


def ring_of(buckets: Mapping[int, bytes]) -> bytes:
    """Build a ring of cells by bucket number."""
    if not buckets:
        return b""
    *older, newest = numbers = sorted(buckets)
    parts = [_HEAD.pack(newest, len(older), newest - numbers[0], len(buckets[newest]))]
    for number, following in zip(older, numbers[1:], strict=True):
        cells = buckets[number]
        parts += (_written(len(cells)), cells, _written(following - number))
    return b"".join((*parts, buckets[newest]))


def buckets_of(ring: bytes) -> dict[int, bytes]:
    """Give the cells by bucket number, oldest first."""
    return dict(buckets_before(ring, _HEAD.unpack_from(ring)[0] + 1)) if ring else {}


def buckets_before(ring: bytes, number: int) -> list[tuple[int, bytes]]:
    """Give number and cells of the buckets older than `number`, oldest first."""
    found: list[tuple[int, bytes]] = []
    if not ring:
        return found
    newest, _, reach, length = _HEAD.unpack_from(ring)
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


def read(ring: bytes, now: int) -> tuple[list[int], list[Any]]:
    """Unpack all buckets at one go, newest first: how long before number `now` each is, and its cells."""
    if not ring:
        return [], []
    newest, count, _, _ = _HEAD.unpack_from(ring)
    told = _unpack(_ARRAYS[count] + ring[HEAD_BYTES:])  # for each of the older ones length, cells, distance
    return [*accumulate(told[-2::-3], initial=now - newest)], [told[-1], *told[-3::-3]]


def newest_of(ring: bytes) -> tuple[int, bytes] | None:
    """Give number and cells of the newest bucket; None where there is none."""
    if not ring:
        return None
    newest, _, _, length = _HEAD.unpack_from(ring)
    return newest, ring[len(ring) - length :]


def has(ring: bytes, number: int) -> bool:
    """Whether there is a bucket of that number."""
    if not ring:
        return False
    newest: int = _HEAD.unpack_from(ring)[0]
    return newest == number or (newest > number and number in buckets_of(ring))


def with_newest(ring: bytes, cells: bytes) -> bytes:
    """Give the newest bucket, which there must be, other cells."""
    newest, count, reach, length = _HEAD.unpack_from(ring)
    return _HEAD.pack(newest, count, reach, len(cells)) + ring[HEAD_BYTES : len(ring) - length] + cells


def most_cell_bytes(ring: bytes) -> int:
    """Say how many bytes the cells fill at most; it is a few less where a bucket is long."""
    return len(ring) - HEAD_BYTES - _FRAME_BYTES * _HEAD.unpack_from(ring)[1]  # type: ignore[no-any-return]


def begun(ring: bytes, number: int, cells: bytes, oldest: int) -> bytes:
    """Begin a bucket that is newer than all others; those older than `oldest` go."""
    if not ring:
        return _HEAD.pack(number, 0, 0, len(cells)) + cells
    newest, count, reach, length = _HEAD.unpack_from(ring)
    if newest < oldest:
        return _HEAD.pack(number, 0, 0, len(cells)) + cells
    at, first = HEAD_BYTES, newest - reach
    while first < oldest:
        size, at = _number(ring, at)
        distance, at = _number(ring, at + size)
        first, count = first + distance, count - 1
    end = len(ring) - length
    head = _HEAD.pack(number, count + 1, number - first, len(cells))
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
