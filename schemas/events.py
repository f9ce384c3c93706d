"""What happens outside: the five messages of `bank.*` and the mention that we linked to a customer.

The fields are the wire's (docs/events.md); beside them each event carries ready attributes that every consumer uses
(`occurred_ms`, `amount_minor`, `unknown_fields`…), computed once when the event is made. Words that we do not know
(`kind`, `channel`, `platform`, `source`) are folded to `other` and named in `unknown_fields`.

Build events with `model_validate` or `model_validate_json`; `model_copy` would leave the ready attributes behind.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, field_serializer
from pydantic.json_schema import WithJsonSchema

from schemas import vocabulary
from schemas.errors import BadMessage
from schemas.fields import (
    Amount,
    Attributes,
    Author,
    BranchId,
    Count,
    CustomerId,
    Day,
    EventId,
    FoldedWord,
    Handle,
    ItemId,
    LanguageTag,
    Link,
    Message,
    Rfc3339,
    Share,
    SignedAmount,
    Text,
    Word,
)
from schemas.money import MINOR_DIGITS, minor_digits, parse_minor
from schemas.times import epoch_ms, is_day

Currency = Annotated[
    str,
    StringConstraints(pattern="^[A-Z]{3}$"),
    WithJsonSchema({"type": "string", "enum": sorted(MINOR_DIGITS)}),
]


class Event(Message):
    """What every event of the outside has; `event_id` is its idempotency key."""

    event_id: EventId
    occurred_at: Rfc3339

    # Ready attributes live in the instance's dictionary and are no fields of the wire (hence ClassVar).
    occurred_ms: ClassVar[int]
    unknown_fields: ClassVar[tuple[str, ...]]

    # Fields whose unknown words fold to `other`, with the words known.
    _folded: ClassVar[tuple[tuple[str, frozenset[str]], ...]] = ()

    def model_post_init(self, context: Any, /) -> None:
        """Check what a pattern cannot and set the ready attributes; raises BadMessage."""
        own = self.__dict__
        own["occurred_ms"] = epoch_ms(own["occurred_at"])
        own["unknown_fields"] = ()
        for name, known in self._folded:
            if own[name] not in known and own[name] is not None:
                own[name] = vocabulary.OTHER
                own["unknown_fields"] += (name,)


class Transaction(Event):
    """A movement on an account, as core banking or the card system told it."""

    customer_id: CustomerId
    account_id: ItemId
    amount: Amount
    currency: Currency
    direction: Literal["credit", "debit"]
    kind: FoldedWord
    channel: FoldedWord = vocabulary.OTHER
    counterparty_id: ItemId | None = None
    counterparty_bank: Word | None = None
    merchant_category_code: Annotated[str, StringConstraints(max_length=8)] | None = None
    country: Annotated[str, StringConstraints(max_length=8)] | None = None
    balance_after: SignedAmount | None = None
    product_id: ItemId | None = None
    status: Literal["booked", "declined", "reversed"] = "booked"
    reverses_event_id: EventId | None = None

    amount_minor: ClassVar[int]
    balance_after_minor: ClassVar[int | None]
    _folded = (("kind", vocabulary.TRANSACTION_KINDS), ("channel", vocabulary.CHANNELS))

    def model_post_init(self, context: Any, /) -> None:
        """Resolve the money, then as every event."""
        own = self.__dict__
        digits = minor_digits(own["currency"])
        own["amount_minor"] = parse_minor(own["amount"], digits)
        balance = own["balance_after"]
        own["balance_after_minor"] = None if balance is None else parse_minor(balance, digits, "balance_after")
        Event.model_post_init(self, context)


class Interaction(Event):
    """A contact of the customer with the bank, on any channel."""

    customer_id: CustomerId
    channel: FoldedWord
    kind: FoldedWord
    branch_id: BranchId | None = None
    product_id: ItemId | None = None
    topic: Word | None = None
    text: Text | None = None
    language: LanguageTag | None = None
    rating: Annotated[float, Field(ge=0, le=10)] | None = None
    duration_seconds: Count | None = None
    source: FoldedWord | None = None
    confidence: Share | None = None
    ticket: Word | None = None
    attributes: Attributes | None = None
    offered_action: Word | None = None  # a person offered this action of the catalogue, outside of our own decisions

    _folded = (
        ("channel", vocabulary.CHANNELS),
        ("kind", vocabulary.INTERACTION_KINDS),
        ("source", vocabulary.VISIT_SOURCES),
    )


class Mention(Event):
    """A post about the bank; its author is no customer until somebody claimed him."""

    platform: FoldedWord
    author: Author
    text: Text
    language: LanguageTag | None = None
    url: Link | None = None
    reach: Count | None = None
    in_reply_to: Annotated[str, StringConstraints(max_length=256)] | None = None

    author_key: ClassVar[str]  # `platform:author` with the platform as it came: the record key, and a customer's handle
    _folded = (("platform", vocabulary.PLATFORMS),)

    @field_serializer("platform")
    def _platform_as_it_came(self, _folded: str) -> str:
        """Write the platform as it came: the key of what is written must stay the author's."""
        return self.author_key.removesuffix(f":{self.author}")

    def model_post_init(self, context: Any, /) -> None:
        """Keep the key before the platform is folded, then as every event."""
        own = self.__dict__
        own["author_key"] = f"{own['platform']}:{own['author']}"
        super().model_post_init(context)


class LinkedMention(Mention):
    """A mention whose author a customer claimed, re-keyed to that customer (`crm.mentions-linked`)."""

    customer_id: CustomerId


def linked(mention: Mention, customer_id: str) -> LinkedMention:
    """Make the mention one of this customer; the platform stays as it came."""
    return LinkedMention.model_validate({**mention.model_dump(), "customer_id": customer_id})


def _granted(value: Any) -> Any:
    """Consents as the names granted: a list of names, or an object of name and yes or no; unknown names say nothing."""
    if isinstance(value, dict) and all(isinstance(granted, bool) for granted in value.values()):
        value = [name for name, granted in value.items() if granted]
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return tuple(name for name in vocabulary.CONSENTS if name in value)
    return value


Consents = Annotated[
    tuple[str, ...],
    BeforeValidator(_granted),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"type": "boolean"}},
            ],
        }
    ),
]


def _position_ids_are_optional(schema: dict[str, Any]) -> None:
    schema["required"] = ["customer_id"]


class Customer(Event):
    """Master data: all that is known of a customer at that moment; what is not told is unknown, not unchanged.

    On the wire only `customer_id` is required: `schemas.wire` fills id and time from the record's position and time.
    """

    model_config = ConfigDict(json_schema_extra=_position_ids_are_optional)

    customer_id: CustomerId
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    birth_year: Annotated[int, Field(ge=1850, le=2200)] | None = None
    language: LanguageTag = "zh"
    time_zone: Word = "Asia/Shanghai"
    branch_id: BranchId | None = None
    relationship_manager_id: ItemId | None = None
    household_id: ItemId | None = None
    kind: FoldedWord = "person"
    risk_rating: Word | None = None
    products: Annotated[tuple[ItemId, ...], Field(max_length=200)] = ()
    handles: Annotated[tuple[Handle, ...], Field(max_length=100)] = ()
    opened_on: Day | None = None
    closed_on: Day | None = None
    consents: Consents = ()
    do_not_contact: bool = False

    has_own_time: ClassVar[bool]  # False: the record's time stands for it (`schemas.wire`), and time must not follow it
    _folded = (("kind", vocabulary.CUSTOMER_KINDS),)

    def model_post_init(self, context: Any, /) -> None:
        """Check the days against the calendar, then as every event."""
        self.__dict__["has_own_time"] = True
        for name in ("opened_on", "closed_on"):
            day = getattr(self, name)
            if day is not None and not is_day(day):
                raise BadMessage("bad_value", f"{name}: no such day")
        super().model_post_init(context)


OutcomeLabel = Literal[
    "Impression",
    "Clicked",
    "Accepted",
    "Rejected",
    "Converted",
    "NoResponse",
    "Expired",
    "Retracted",
    "Confirmed",
    "Dismissed",
]


def _canonical_label(value: Any) -> Any:
    return vocabulary.LABEL_ALIASES.get(value, value) if isinstance(value, str) else value


class Outcome(Event):
    """What came of an action (by `action_id` or `decision_id`), or an analyst's finding about an event.

    The aliases TAKEN, NOT_TAKEN and VIEWED read as Accepted, Rejected and Impression.
    """

    customer_id: CustomerId
    label: Annotated[
        OutcomeLabel,
        BeforeValidator(_canonical_label),
        WithJsonSchema({"type": "string", "enum": [*vocabulary.OUTCOME_LABELS, *vocabulary.LABEL_ALIASES]}),
    ]
    action_id: EventId | None = None
    decision_id: EventId | None = None
    about_event_id: EventId | None = None
    by: Annotated[str, StringConstraints(max_length=128)] | None = None
    note: Text | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Check what the outcome is about, then as every event."""
        if self.action_id is None and self.decision_id is None and self.about_event_id is None:
            raise BadMessage("missing_field", "action_id, decision_id or about_event_id")
        if (self.about_event_id is not None) != (self.label in vocabulary.FINDINGS):
            raise BadMessage("bad_value", "label: Confirmed and Dismissed are for about_event_id, and only they")
        super().model_post_init(context)
