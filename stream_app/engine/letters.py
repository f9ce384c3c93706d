"""Dead letters: the record's bytes as they came, and headers that say why and where from (contract-rules.md 18)."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stream_app.engine.effects import Staged
from stream_app.engine.records import Headers, Record

TOO_LARGE_BYTES = 1_000_000
CUT_BYTES = 65_536
"""What is kept of a value that is too large."""
LETTER_MAX_BYTES = 1_040_000
"""Key, value and headers together; below the producer's limit, since one refused letter would stop its partition."""
HEADER_OVERHEAD = 16
RECORD_OVERHEAD = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Letter(NamedTuple):
    """What is produced to the dead-letter topic."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def letter_of(staged: Staged) -> Letter:
    """Make the letter of a record from the effect that names reason and error."""
    record, effect = staged.record, staged.effect
    ours = _our_headers(record, effect.name, effect.body)
    theirs = [(name, value) for name, value in record.headers if not name.startswith("dl-")]
    value = record.value
    cut = False
    if value is not None and (
        len(value) > TOO_LARGE_BYTES or _size(record.key, value, [*theirs, *ours]) > LETTER_MAX_BYTES
    ):
        value, cut = value[:CUT_BYTES], True
    if _size(record.key, value, [*theirs, *ours]) > LETTER_MAX_BYTES:
        theirs = []  # headers that are too large themselves
    if cut:
        ours.append(("dl-truncated", b"true"))
    if not record.key and value is None:
        value = b""  # Kafka takes no record that has neither
    return Letter(record.key or None, value, [*theirs, *ours])


def _our_headers(record: Record, reason: str, error: bytes) -> list[tuple[str, bytes]]:
    received = (_EPOCH + timedelta(milliseconds=max(0, record.timestamp_ms))).isoformat(timespec="milliseconds")
    return [
        ("dl-reason", reason.encode()),
        ("dl-error", error),
        ("dl-topic", record.topic.encode()),
        ("dl-partition", b"%d" % record.partition),
        ("dl-offset", b"%d" % record.offset),
        ("dl-received-at", received.replace("+00:00", "Z").encode()),
        ("dl-size", b"%d" % len(record.value or b"")),
    ]


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    total = RECORD_OVERHEAD + len(key or b"") + len(value or b"")
    return total + sum(len(name) + len(content or b"") + HEADER_OVERHEAD for name, content in headers)
