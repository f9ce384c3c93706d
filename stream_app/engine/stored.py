"""The bytes of one value as changelog and local store hold it.

    version (1) | header length (4) | next due (8) | highest event time (8) | header: msgpack | body: the table's codec

Due and highest time stand in front at fixed places, so that the store can keep its index by due time without decoding
anything, also while it restores. The header holds guard map, highest origins seen and outbox.
"""

import struct
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgpack

from stream_app.engine.effects import DEAD_LETTER, AnyEffect, Effect, Entry, Letter

VERSION = 1
MAX_BYTES = 64 * 1024
MAX_KEYS = 64
"""Sources remembered per value where each source key counts for itself; the one heard longest ago leaves."""
MAX_PARTITIONS = 1_000
"""The same by source partition: as many as a topic may have, since one forgotten would let its repeats in."""

Source = tuple[str, int | bytes]
"""Topic UUID, and the partition or the key there, of an origin."""

_FRONT = struct.Struct(">BIqq")
_pack = msgpack.Packer().pack
_NEVER = -(2**63)  # on the wire: no due time, no event time
_TRUE = 0xC3  # msgpack's: the header ends in whether there is a body


class BadStoredValueError(ValueError):
    """No stored value of a version that this program reads: a newer one wrote it, or it is damaged."""


class ValueTooLargeError(ValueError):
    """The encoded value passes 64 kB, which would stop its partition at the producer."""


class Stored(NamedTuple):
    """A stored value, decoded but for its body; `body` is None where only guards and outbox remain (a stub)."""

    guard: dict[str, int]
    seen: dict[Source, tuple[int, int]]
    next_due_ms: int | None
    highest_ms: int | None
    outbox: tuple[Entry, ...]
    body: bytes | None


class Times(NamedTuple):
    """What the store indexes: when the value is next due, and the highest time of its events that move the clock."""

    next_due_ms: int | None
    highest_ms: int | None


def encode(value: Stored) -> bytes:
    """Encode a stored value; raises `ValueTooLargeError` above 64 kB."""
    guard, seen, due, highest, outbox, body = value
    offsets: list[bytes | str | int] = []
    for topic_id, offset in guard.items():
        offsets += (_packed(topic_id), offset)
    header: bytes = _pack(
        (
            offsets,
            [(_packed(topic_id), source, *last) for (topic_id, source), last in seen.items()] if seen else (),
            [(_packed(e[0]), e[1], e[2], e[3], *e[4]) for e in outbox] if outbox else (),
            body is not None,
        )
    )
    front = _FRONT.pack(VERSION, len(header), _NEVER if due is None else due, _NEVER if highest is None else highest)
    raw = front + header + (body or b"")
    if len(raw) > MAX_BYTES:
        raise ValueTooLargeError(f"{len(raw)} bytes, of which body {len(body or b'')} and header {len(header)}")
    return raw


def decode(raw: bytes) -> Stored:
    """Decode a stored value; raises `BadStoredValueError`."""
    times = peek(raw)
    split = _FRONT.size + _FRONT.unpack_from(raw)[1]
    try:
        guard, seen, outbox, full = _header(raw[_FRONT.size : split])
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise BadStoredValueError(f"header of a stored value: {error!r}") from error
    return Stored(guard, seen, times.next_due_ms, times.highest_ms, outbox, raw[split:] if full else None)


def peek(raw: bytes) -> Times:
    """Read only the times in front; raises `BadStoredValueError`."""
    if len(raw) < _FRONT.size:
        raise BadStoredValueError(f"a stored value of {len(raw)} bytes is cut short")
    version, length, due, highest = _FRONT.unpack_from(raw)
    if version != VERSION:
        raise BadStoredValueError(f"stored value of version {version}; this program reads version {VERSION}")
    if _FRONT.size + length > len(raw):
        raise BadStoredValueError(f"a stored value of {len(raw)} bytes is cut short")
    return Times(None if due == _NEVER else due, None if highest == _NEVER else highest)


def has_body(raw: bytes) -> bool:
    """Tell by one byte whether there is a value, or only the stub that guards and outbox leave (after `peek`)."""
    length: int = _FRONT.unpack_from(raw)[1]
    return raw[_FRONT.size + length - 1] == _TRUE


def _header(
    raw: bytes,
) -> tuple[dict[str, int], dict[Source, tuple[int, int]], tuple[Entry, ...], bool]:
    flat, sources, entries, full = msgpack.unpackb(raw)
    pairs = iter(flat)
    guard = {_unpacked(topic_id): offset for topic_id, offset in zip(pairs, pairs, strict=True)}
    seen = {(_unpacked(topic_id), source): (offset, n) for topic_id, source, offset, n in sources}
    outbox = tuple(
        Entry(_unpacked(topic_id), partition, offset, n, _effect(*effect))
        for topic_id, partition, offset, n, *effect in entries
    )
    return guard, seen, outbox, full


def _effect(kind: Any, name: str, key: str, body: bytes, timed: bool) -> AnyEffect:
    return Letter(kind, name, key, body, timed) if kind == DEAD_LETTER else Effect(kind, name, key, body, timed)


@lru_cache(maxsize=1024)
def _packed(topic_id: str) -> bytes | str:
    """16 bytes for a canonical UUID, the text itself for any other name."""
    try:
        uuid = UUID(topic_id)
    except ValueError:
        return topic_id
    return uuid.bytes if str(uuid) == topic_id else topic_id


@lru_cache(maxsize=1024)
def _unpacked(packed: Any) -> str:
    return str(UUID(bytes=packed)) if isinstance(packed, bytes) else packed
