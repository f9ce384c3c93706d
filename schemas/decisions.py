"""The decision ledger (`crm.decisions`): what was weighed, what fell out at which stage, and what was chosen."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.actions import ActionId, Effect, Figure, Name
from schemas.fields import CustomerId, EventId, Instant, Message, Share, Word
from schemas.internal import Version

# The stages of the funnel in their order: may we (eligibility), does it make sense now (applicability), is it good
# for the customer (suitability), may we contact him (contact), which is best (arbitration).
Stage = Literal["eligibility", "applicability", "suitability", "contact", "arbitration"]


class Dropped(Message):
    """An action that a stage took out, and the code of why."""

    action: Name
    reason: Name


class FunnelStage(Message):
    """One stage: how many actions came in and what fell out; the rest went on."""

    stage: Stage
    entered: Annotated[int, Field(ge=0, le=10_000)]
    dropped: Annotated[tuple[Dropped, ...], Field(max_length=256)] = ()


class Decision(Message):
    """One decision about one customer; `action` None is a decision too."""

    decision_id: ActionId
    customer_id: CustomerId
    event_id: EventId
    occurred_ms: Instant = Field(validation_alias="occurred_at", serialization_alias="occurred_at")
    trigger: Word
    policy: Word  # content hash of the policy files
    models: dict[str, Version] = Field(default_factory=dict, max_length=64)
    scores: dict[str, Figure] = Field(default_factory=dict, max_length=256)
    funnel: Annotated[tuple[FunnelStage, ...], Field(max_length=8)] = ()
    action: Name | None = None
    action_probability: Share = 1.0


def decision_effect(decision: Decision, *, timed: bool = False) -> Effect:
    """Write the decision as a record of `crm.decisions`; fields that are None are written as null."""
    return Effect("topic", "decisions", decision.customer_id, decision.model_dump_json().encode(), timed)
