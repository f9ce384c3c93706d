"""How repeats of our own outputs are told from news: by the highest position heard of each source."""

from hashlib import blake2b
from typing import NamedTuple

from stream_app.engine.records import Origin, Record
from stream_app.engine.rules import TopicRule
from stream_app.engine.stored import MAX_KEYS, MAX_PARTITIONS, Source

Last = tuple[int, int]
"""Offset and running number."""
DIGEST_BYTES = 32
"""A source key is remembered as it is up to this length, and as a digest of it above: a value remembers 64 of them."""


class Heard(NamedTuple):
    """Where an output of ours came from: its source, and how far along that source."""

    source: Source
    last: Last


def origin_of(record: Record, rule: TopicRule) -> Heard | None:
    """Return where the record came from; None where repeats are told otherwise, or it does not say."""
    origin = None if rule.repeats == "unknown" else Origin.of(record.headers)
    if origin is None:
        return None
    source = _short(origin.key) if rule.repeats == "by_key" else origin.partition
    return Heard((origin.topic_id, source), (origin.offset, origin.ordinal))


def _short(key: bytes) -> bytes:
    return key if len(key) <= DIGEST_BYTES else blake2b(key, digest_size=DIGEST_BYTES).digest()


def is_repeat(seen: dict[Source, Last], origin: Heard) -> bool:
    """Whether as much was heard of the source already."""
    return origin.last <= seen.get(origin.source, (-1, -1))


def heard(seen: dict[Source, Last], origin: Heard) -> dict[Source, Last]:
    """Return `seen` with the origin heard; of too many sources the one heard longest ago leaves."""
    source, last = origin
    after = {**seen}
    after[source] = max(last, after.pop(source, last))  # to the end
    if len(after) > (MAX_KEYS if isinstance(source[1], bytes) else MAX_PARTITIONS):
        del after[next(iter(after))]
    return after
