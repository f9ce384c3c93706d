"""Messages between our own parts: `crm.timers`, `crm.clocks`, `crm.links`, `crm.mood`, `crm.examples`. JSON, ms.

They are at-least-once; who reads them keeps the highest source position and skips what is not above it.
"""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, StringConstraints, WithJsonSchema

from schemas.fields import CustomerId, EventId, Message, Ms, Share, Word

AuthorKey = Annotated[str, StringConstraints(min_length=3, max_length=200)]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
Version = Annotated[int, Field(ge=0, le=2**53)]
Offset = Annotated[int, Field(ge=0, le=2**63 - 1)]
Slot = Annotated[int, Field(ge=0, le=255)]
Feature = Annotated[float, Field(ge=-1e12, le=1e12)]
# Attributes of a contact, hashed: pairs of slot and value.
Slots = Annotated[
    tuple[tuple[Slot, Feature], ...],
    Field(max_length=32),
    WithJsonSchema(
        {
            "type": "array",
            "maxItems": 32,
            "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        }
    ),
]


class Unreadable(NamedTuple):
    """A record whose content cannot be taken, though whom and which event it means is sound.

    It goes to the customer all the same: an id that was applied before makes it a duplicate, whatever it holds
    (docs/rules.md, 5); else it becomes a dead letter. `kind` is the class that it should have been. It has no time.
    """

    kind: str
    customer_id: str
    event_id: str
    reason: str
    detail: str
    occurred_ms: int = 0


class Timer(Message):
    """Advance this customer to an event time: fires what is due, and carries nothing else."""

    customer_id: CustomerId
    until_ms: Ms

    @property
    def occurred_ms(self) -> int:
        """The time that it advances to."""
        return self.until_ms


class Erasure(Message):
    """A null on `bank.customers`: forget this customer (docs/rules.md, 8).

    Without a time of its own (`ce_time`) the record's time stands for it, and time must not follow it.
    """

    customer_id: CustomerId
    event_id: EventId
    occurred_ms: Ms
    has_own_time: bool = True


class Claim(Message):
    """A customer says, or no longer says, that an author is he; `author_key` is `platform:author`."""

    author_key: AuthorKey
    customer_id: CustomerId
    op: Literal["claim", "withdraw"]
    occurred_ms: Ms = 0


class MoodMark(Message):
    """The sentiment of one mention in [-1, 1], without its text, for the mood about the bank."""

    platform: Word
    event_id: EventId
    occurred_ms: Ms
    sentiment: Annotated[float, Field(ge=-1, le=1)]
    aspect: Word | None = None


class ExampleRecord(Message):
    """A matured training example: what was scored (in the order of the model's features) and what came true.

    Where policy wants early labels it comes in parts: `early` with label 0 when it is scored, with label 1 when it
    comes true, each with its own time as `due_ms`; then the `verdict` when it matures, which is learned no more.
    """

    record: Literal["example"] = "example"
    model: ModelName
    example_id: EventId
    customer_id: CustomerId
    due_ms: Ms  # maturity: when its label was known
    snapshot_ms: Ms  # when it was scored
    features: Annotated[tuple[Feature, ...], Field(max_length=256)]
    context: Slots = ()
    label: Annotated[int, Field(ge=0, le=1)] | None  # None: censored, counted and not learned
    about: Word = ""  # propensity: the action
    # The decision that chose it: its record on `crm.decisions` has the action_probability, for learning off policy.
    decision_id: Annotated[str, Field(max_length=128)] = ""
    score: Share | None = None
    model_version: Version | None = None
    weight: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    part: Literal["whole", "early", "verdict"] = "whole"

    def early_id(self, label: int) -> str:
        """Name the part that tells early of this label."""
        return f"{self.example_id}:{label}"

    @property
    def occurred_ms(self) -> int:
        """The time of maturity."""
        return self.due_ms


class Punctuation(Message):
    """A source partition's promise: no example of this model with maturity below `below_ms` will still come from it.

    `idle` says that the partition is read to its end with nothing due, so that it holds nobody back.
    """

    record: Literal["punctuation"] = "punctuation"
    model: ModelName
    source_partition: Annotated[int, Field(ge=0, le=100_000)]
    below_ms: Ms
    idle: bool = False

    @property
    def occurred_ms(self) -> int:
        """The time promised."""
        return self.below_ms


class ModelCommand(Message):
    """A person's word about a model, on its partition of `crm.examples`: it takes its turn among what came before.

    `promote` puts a challenger on duty; `rollback` who was on duty before, or (with a version) pins that version.
    """

    record: Literal["command"] = "command"
    model: ModelName
    command_id: EventId
    op: Literal["promote", "rollback"]
    challenger: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,63})?$")] = ""
    version: Version = 0
    by: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    asked_ms: Ms

    @property
    def occurred_ms(self) -> int:
        """When it was asked."""
        return self.asked_ms


class ClockMark(Message):
    """What the owner of a partition number says of its clock, by what came there alone; None: it cannot be told.

    `idle`: read to its end for the idle time, so that it follows the others and holds none of them back.
    """

    partition: Annotated[int, Field(ge=0, le=100_000)]
    clock_ms: Annotated[int, Field(ge=-(2**53), le=2**53)] | None = None
    idle: bool
