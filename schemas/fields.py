"""Types of fields that several messages share: each string has a pattern or a length, each number bounds."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from schemas.money import AMOUNT_PATTERN, SIGNED_AMOUNT_PATTERN
from schemas.times import MAX_MS, RFC3339_PATTERN, parse_rfc3339, to_rfc3339

CUSTOMER_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"

CustomerId = Annotated[str, StringConstraints(pattern=CUSTOMER_ID_PATTERN)]
EventId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]  # account, product, counterparty
BranchId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Author = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,128}$")]
Handle = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f:]{1,64}:[^\x00-\x1f\x7f-\x9f]{1,128}$")]
Rfc3339 = Annotated[str, StringConstraints(pattern=RFC3339_PATTERN, max_length=64)]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Amount = (
    Annotated[str, StringConstraints(pattern=AMOUNT_PATTERN)]
    | Annotated[int, Field(ge=0)]
    | Annotated[float, Field(ge=0)]
)
SignedAmount = Annotated[str, StringConstraints(pattern=SIGNED_AMOUNT_PATTERN)] | int | float
Word = Annotated[str, StringConstraints(max_length=64)]
FoldedWord = Annotated[str, StringConstraints(max_length=1_000)]  # kind, channel…: what is unknown folds to `other`
Text = Annotated[str, StringConstraints(max_length=10_000)]
Link = Annotated[str, StringConstraints(max_length=2_048)]
LanguageTag = Annotated[str, StringConstraints(max_length=35)]
Count = Annotated[float, Field(ge=0, le=1e12)]
# What the channel knows of a contact: campaign, job, an economic index. At most 32 words and numbers.
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,31}$")]
Attributes = Annotated[
    dict[AttributeName, Word | float],
    Field(max_length=32),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 32,
            "additionalProperties": {"anyOf": [{"type": "string", "maxLength": 64}, {"type": "number"}]},
        }
    ),
]
Share = Annotated[float, Field(ge=0, le=1)]
Ms = Annotated[int, Field(ge=0, le=MAX_MS)]


def _ms_of(value: Any) -> Any:
    return parse_rfc3339(value, "time") if isinstance(value, str) else value


# Epoch milliseconds inside, RFC 3339 on the wire: for what we write and read back ourselves.
Instant = Annotated[
    Ms,
    BeforeValidator(_ms_of),
    PlainSerializer(to_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": RFC3339_PATTERN}),
]


_STRICT = ConfigDict(
    strict=True,
    extra="ignore",
    allow_inf_nan=False,
    validate_by_name=True,
    validate_by_alias=True,
    serialize_by_alias=True,
    ser_json_inf_nan="null",
)


class Message(BaseModel):
    """The base of all that travels: frozen, strict, deaf to unknown fields (a tolerant reader)."""

    model_config = ConfigDict(frozen=True, **_STRICT)


class Outgoing:
    """The base of what only we write, as plain dataclasses: who reads it back checks it as strictly as a message."""

    __slots__ = ()
    __pydantic_config__ = _STRICT
