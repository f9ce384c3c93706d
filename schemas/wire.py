"""Bytes to events and back: the only file that knows how messages travel.

The straight way is one validation of the raw JSON. Whatever it refuses goes the careful way: envelope opened, fields
filled in, nulls taken for absent, validated again; what is refused there too gets its reason (docs/rules.md, 18).
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, cast

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from schemas.diagnosis import diagnose
from schemas.envelope import Headers, Opened, binary_attributes, nests_too_deep, open_envelope, says_cloudevents
from schemas.errors import BadMessage, Identity
from schemas.events import Customer, Interaction, LinkedMention, Mention, Outcome, Transaction
from schemas.fields import CustomerId, EventId, Message
from schemas.internal import Claim, Erasure, ExampleRecord, ModelCommand, MoodMark, Punctuation, Timer, Unreadable
from schemas.times import parse_rfc3339, to_rfc3339

MAX_VALUE_BYTES = 1_000_000
MAX_AHEAD_MS = 10 * 60 * 1000  # an event this far ahead of its record's time is `future`

AnyEvent = (
    Transaction
    | Interaction
    | Mention
    | LinkedMention
    | Customer
    | Outcome
    | Erasure
    | Timer
    | Claim
    | MoodMark
    | ExampleRecord
    | Punctuation
    | ModelCommand
)


class Position(NamedTuple):
    """Where a record lies: its topic's UUID (or any name of the source), partition and offset."""

    topic_uuid: str
    partition: int
    offset: int


class _Source(NamedTuple):
    """What a topic holds: the model, how to validate it, what its key must be, and whether others write it."""

    model: Any
    validate: Callable[[bytes], AnyEvent]
    key_name: str
    key_of: Callable[[AnyEvent], str]
    from_outside: bool


def _source(model: Any, key_name: str, *, from_outside: bool) -> _Source:
    validate = TypeAdapter(model).validator.validate_json  # past the adapter's own method: 0.4 µs less
    return _Source(model, cast("Callable[[bytes], AnyEvent]", validate), key_name, attrgetter(key_name), from_outside)


_SOURCES: dict[str, _Source] = {
    "transactions": _source(Transaction, "customer_id", from_outside=True),
    "interactions": _source(Interaction, "customer_id", from_outside=True),
    "mentions": _source(Mention, "author_key", from_outside=True),
    "customers": _source(Customer, "customer_id", from_outside=True),
    "outcomes": _source(Outcome, "customer_id", from_outside=True),
    "mentions-linked": _source(LinkedMention, "customer_id", from_outside=False),
    "timers": _source(Timer, "customer_id", from_outside=False),
    "links": _source(Claim, "author_key", from_outside=False),
    "mood": _source(MoodMark, "platform", from_outside=False),
    "examples": _source(
        Annotated[ExampleRecord | Punctuation | ModelCommand, Field(discriminator="record")],
        "model",
        from_outside=False,
    ),
}
INPUT_TOPICS = tuple(topic for topic, source in _SOURCES.items() if source.from_outside)


class _Record(NamedTuple):
    """A record on the careful way; `received_ms` is already the clock's time where the record has none."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    received_ms: int
    position: tuple[str, int, int]
    check_key: bool


def decode(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    timestamp_ms: int | None,
    position: tuple[str, int, int],
    *,
    clock_ms: int = 0,
    check_key: bool = True,
) -> AnyEvent:
    """Read one record as the event that its topic (named without namespace) holds.

    `timestamp_ms` is when it was received. None or negative: unknown, so nothing counts as future, and a customer
    record without a time of its own takes `clock_ms`. `check_key=False` is for files, whose lines have no keys.
    Raises BadMessage. Whether the partition is the key's the engine checks (`schemas.partitioner`).
    """
    source = _SOURCES[topic]
    event: AnyEvent | None = None
    if value and len(value) <= MAX_VALUE_BYTES and not nests_too_deep(value) and not says_cloudevents(headers):
        try:  # noqa: SIM105 - `suppress` costs 0.4 µs
            event = source.validate(value)
        except (ValidationError, BadMessage):
            pass
    if event is None:
        received_ms = clock_ms if timestamp_ms is None or timestamp_ms < 0 else timestamp_ms
        event = _carefully(source, _Record(key, value, headers, received_ms, position, check_key))
    if check_key and (key is None or key != source.key_of(event).encode()):
        raise BadMessage("key_mismatch", f"key: not the {source.key_name} of the value")
    if source.from_outside and timestamp_ms is not None and event.occurred_ms - MAX_AHEAD_MS > timestamp_ms >= 0:
        detail = "occurred_at: more than 10 minutes ahead of the record's time"
        raise BadMessage("future", detail, _identity_of(event))
    return event


def unreadable(topic: str, bad: BadMessage) -> Unreadable | None:
    """Give what must go to its customer before it is put aside: a repeat is told by its id (docs/rules.md, 5)."""
    if bad.identity is None:
        return None
    return Unreadable(_SOURCES[topic].model.__name__, *bad.identity, bad.reason, bad.detail)


def encode(message: Message) -> bytes:
    """Write a message as the JSON that `decode` reads; the same message gives the same bytes."""
    return message.model_dump_json(exclude_none=True).encode()


def _carefully(source: _Source, record: _Record) -> AnyEvent:
    """Open the envelope, fill in what it knows, leave nulls out, validate again; a null value erases a customer."""
    if not record.value:
        if record.value is None and source.model is Customer:
            return _erasure(record)
        raise BadMessage("empty", "no value")
    if len(record.value) > MAX_VALUE_BYTES:
        raise BadMessage("too_large", f"over {MAX_VALUE_BYTES} bytes")
    opened = open_envelope(record.value, record.headers)
    fields = _filled_in(opened, source, record)
    try:
        event = source.validate(to_json(fields, inf_nan_mode="constants"))
    except (ValidationError, BadMessage) as error:
        bad = diagnose(source.model, error, fields)
        raise BadMessage(bad.reason, bad.detail, _identity(fields, record)) from None
    if source.model is Customer:
        event.__dict__["has_own_time"] = opened.ce_time is not None or opened.data.get("occurred_at") is not None
    return event


def _filled_in(opened: Opened, source: _Source, record: _Record) -> dict[str, Any]:
    """Give the data without its nulls; id and time from the envelope, or for a customer from the record itself."""
    fields = {name: value for name, value in opened.data.items() if value is not None}
    if opened.ce_id is not None:
        fields.setdefault("event_id", opened.ce_id)
    if opened.ce_time is not None:
        fields.setdefault("occurred_at", opened.ce_time)
    if source.model is Customer:
        fields.setdefault("event_id", _id_of_position(record))
        fields.setdefault("occurred_at", to_rfc3339(record.received_ms))
    return fields


def _identity(fields: dict[str, Any], record: _Record) -> Identity | None:
    """Tell whom and which event a bad message means, where both are sound and the key agrees."""
    try:
        claimed = _IDENTITY.validate_python({name: fields.get(name) for name in ("customer_id", "event_id")})
    except ValidationError:
        return None
    agrees = not record.check_key or record.key == claimed.customer_id.encode()
    return Identity(claimed.customer_id, claimed.event_id) if agrees else None


def _identity_of(event: AnyEvent) -> Identity | None:
    """Tell whom and which event a message means that could be read; an erasure is no repeat of an event."""
    if isinstance(event, Transaction | Interaction | Customer | Outcome):
        return Identity(event.customer_id, event.event_id)
    return None


def _erasure(record: _Record) -> Erasure:
    """Read a null: the key says whom to forget, the envelope or the record when."""
    if record.key is None:
        raise BadMessage("key_mismatch", "key: missing")
    attributes = binary_attributes(record.headers)
    ce_time = attributes.get("time")
    fields = {
        "customer_id": record.key.decode("utf-8", "replace"),
        "event_id": attributes.get("id", _id_of_position(record)),
        "occurred_ms": record.received_ms if ce_time is None else parse_rfc3339(ce_time, "ce_time"),
        "has_own_time": ce_time is not None,
    }
    try:
        return Erasure.model_validate(fields)
    except ValidationError:
        raise BadMessage("bad_id", "customer_id, event_id: the key or ce_id is no id") from None


def _id_of_position(record: _Record) -> str:
    return "@" + "-".join(str(part) for part in record.position)


class _Claimed(Message):
    customer_id: CustomerId
    event_id: EventId


_IDENTITY = TypeAdapter(_Claimed)
