"""Dead letters (docs/rules.md, 18): the bytes as they came, with headers that say why and where from."""

from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import Field

from schemas.errors import BadMessage, BadReason
from schemas.fields import Instant, Message
from schemas.internal import Offset
from schemas.times import to_rfc3339

CUT_BYTES = 65_536  # what is kept of a value that is too large
MAX_RECORD_BYTES = 1_040_000  # value, key and headers together, below the broker's limit of 1 MiB
_HEADER_OVERHEAD = 10  # two length prefixes of at most five bytes each
MAX_ERROR_CHARACTERS = 200
PREFIX = "dl-"

Header = tuple[str, bytes | None]


class DeadLetter(Message):
    """What the `dl-` headers of a dead letter say; (topic, partition, offset) identifies it."""

    reason: BadReason
    error: Annotated[str, Field(max_length=MAX_ERROR_CHARACTERS)]
    topic: Annotated[str, Field(max_length=249)]
    partition: Annotated[int, Field(ge=0)]
    offset: Offset
    received_ms: Instant | None = Field(default=None, validation_alias="received_at", serialization_alias="received_at")
    size: Annotated[int, Field(ge=0)]
    truncated: bool = False


class DeadRecord(NamedTuple):
    """A dead letter as Kafka takes it; the key stays the original one."""

    key: bytes | None
    value: bytes | None
    headers: list[Header]


def dead_record(
    bad: BadMessage,
    *,
    topic: str,
    partition: int,
    offset: int,
    received_ms: int | None,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[Header],
) -> DeadRecord:
    """Make the dead letter of a record; `topic` is its full name, `received_ms` None where it has no time stamp.

    The record's own headers stay (not incoming `dl-` ones); where they would pass the limit beside a value already
    cut, the largest are dropped, and so is a key too large for it.
    """
    size = len(value or b"")
    letter = DeadLetter(
        reason=bad.reason,
        error=bad.detail[:MAX_ERROR_CHARACTERS],
        topic=topic,
        partition=partition,
        offset=offset,
        received_ms=received_ms,
        size=size,
    )
    room = MAX_RECORD_BYTES - CUT_BYTES - _weight(dl_headers(letter)) - _HEADER_OVERHEAD
    if len(key or b"") > room:
        key = None
    own = _fitting(own_headers(headers), room - len(key or b""))
    told = _weight(own) + _weight(dl_headers(letter)) + _HEADER_OVERHEAD + len(key or b"")
    if value is not None and (bad.reason == "too_large" or size + told > MAX_RECORD_BYTES):
        letter = letter.model_copy(update={"truncated": True})
        value = value[:CUT_BYTES]
    return DeadRecord(key, value, own + dl_headers(letter))


def dl_headers(letter: DeadLetter) -> list[Header]:
    """Write the headers of a dead letter; `dl-truncated` only where the value was cut."""
    fields = {
        "dl-reason": letter.reason,
        "dl-error": letter.error,
        "dl-topic": letter.topic,
        "dl-partition": str(letter.partition),
        "dl-offset": str(letter.offset),
        "dl-size": str(letter.size),
    }
    if letter.received_ms is not None:
        fields["dl-received-at"] = to_rfc3339(letter.received_ms)
    if letter.truncated:
        fields["dl-truncated"] = "true"
    return [(name, text.encode()) for name, text in fields.items()]


def dl_texts(headers: Iterable[Header]) -> dict[str, str]:
    """Read the text of what `dl_headers` wrote, by name without the prefix; a record that is none says nothing."""
    return {
        name.removeprefix(PREFIX): content.decode("utf-8", "replace")
        for name, content in headers
        if name.startswith(PREFIX) and content is not None
    }


def read_headers(headers: Iterable[Header]) -> DeadLetter:
    """Read what `dl_headers` wrote; raises pydantic's ValidationError or ValueError for a record that is none."""
    told = dl_texts(headers)
    fields = {
        "reason": told.get("reason"),
        "error": told.get("error"),
        "topic": told.get("topic"),
        "partition": int(told.get("partition", "")),
        "offset": int(told.get("offset", "")),
        "received_at": told.get("received-at"),
        "size": int(told.get("size", "")),
        "truncated": told.get("truncated") == "true",
    }
    return DeadLetter.model_validate(fields)


def own_headers(headers: Iterable[Header]) -> list[Header]:
    """Give a record's own headers, without those that say why it is a dead letter."""
    return [(name, content) for name, content in headers if not name.lower().startswith(PREFIX)]


def _fitting(headers: list[Header], room: int) -> list[Header]:
    """Drop the largest headers until the rest has room."""
    by_size = sorted(headers, key=lambda header: _weight([header]))
    while _weight(by_size) > room:
        by_size.pop()
    return [header for header in headers if header in by_size]


def _weight(headers: Iterable[Header]) -> int:
    return sum(len(name.encode()) + len(content or b"") + _HEADER_OVERHEAD for name, content in headers)
