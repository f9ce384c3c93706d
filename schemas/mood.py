"""What the table `mood` holds of one platform: how the last hour and day spoke about the bank."""

from typing import NamedTuple

import msgpack

from schemas.errors import StateError

VERSION = 1
MAX_REMEMBERED = 64  # of the marks' ids, as 64-bit hashes; the oldest leaves


class Heard(NamedTuple):
    """Mentions of one bucket: how many, how many of them negative, and the sum of sentiments in thousandths."""

    mentions: int = 0
    negative: int = 0
    sum_thousandths: int = 0


class Mood(NamedTuple):
    """Buckets by number (`event time // width`): 12 of 5 minutes and 24 of an hour; and how long alerts keep quiet."""

    highest_ms: int = 0
    minutes: dict[int, Heard] = {}  # noqa: RUF012 - never mutated: the next mood gets new ones
    hours: dict[int, Heard] = {}  # noqa: RUF012 - as above
    quiet_until_ms: int = 0
    remembered: bytes = b""  # hashes, oldest first


def encode(mood: Mood) -> bytes:
    """Encode a platform's mood."""
    packed: bytes = msgpack.packb((VERSION, *mood))
    return packed


def decode(raw: bytes) -> Mood:
    """Decode what `encode` made; raises StateError for another version or damaged bytes."""
    try:
        version, highest, minutes, hours, quiet_until_ms, remembered = msgpack.unpackb(
            raw, use_list=False, strict_map_key=False
        )
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise StateError(f"mood cannot be decoded: {error!r}") from error
    if version != VERSION:
        raise StateError(f"mood of version {version}; this program reads version {VERSION}")
    return Mood(highest, _buckets(minutes), _buckets(hours), quiet_until_ms, remembered)


def _buckets(packed: dict[int, tuple[int, int, int]]) -> dict[int, Heard]:
    return {number: Heard(*heard) for number, heard in packed.items()}


def next_due_ms(mood: Mood) -> int | None:
    """Say that time brings a mood nothing: its buckets are left behind by the next mark."""
    return None
