"""The decision ledger (`crm.decisions`): what was weighed, what fell out at which stage, and what was chosen."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import orjson
from pydantic import Field

from schemas.actions import ActionId, Effect, Figure, Name
from schemas.fields import CustomerId, EventId, Instant, Outgoing, Share, Word
from schemas.internal import Version
from schemas.times import to_rfc3339

# The stages of the funnel in their order: may we (eligibility), does it make sense now (applicability), is it good
# for the customer (suitability), may we contact him (contact), which is best (arbitration).
Stage = Literal["eligibility", "applicability", "suitability", "contact", "arbitration"]


# Without slots: orjson takes five times as long for a dataclass that has them.
@dataclass(frozen=True)
class Dropped(Outgoing):
    """An action that a stage took out, and the code of why."""

    action: Name
    reason: Name


@dataclass(frozen=True)
class FunnelStage(Outgoing):
    """One stage: how many actions came in and what fell out; the rest went on."""

    stage: Stage
    entered: Annotated[int, Field(ge=0, le=10_000)]
    dropped: Annotated[tuple[Dropped, ...], Field(max_length=256)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Outgoing):
    """One decision about one customer; `action` None is a decision too."""

    decision_id: ActionId
    customer_id: CustomerId
    event_id: EventId
    occurred_ms: Annotated[Instant, Field(alias="occurred_at")]
    trigger: Word
    policy: Word  # content hash of the policy files
    models: Annotated[dict[str, Version], Field(max_length=64)] = field(default_factory=dict)
    scores: Annotated[dict[str, Figure], Field(max_length=256)] = field(default_factory=dict)
    funnel: Annotated[tuple[FunnelStage, ...], Field(max_length=8)] = ()
    action: Name | None = None
    action_probability: Share = 1.0


def decision_effect(decision: Decision, *, timed: bool = False) -> Effect:
    """Write the decision as a record of `crm.decisions`; fields that are None are written as null."""
    record = {
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "event_id": decision.event_id,
        "occurred_at": to_rfc3339(decision.occurred_ms),
        "trigger": decision.trigger,
        "policy": decision.policy,
        "models": decision.models,
        "scores": decision.scores,
        "funnel": decision.funnel,
        "action": decision.action,
        "action_probability": decision.action_probability,
    }
    return Effect("topic", "decisions", decision.customer_id, orjson.dumps(record), timed)
