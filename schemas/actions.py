"""What we ask others to do: alerts, offers, arrival cards, what takes them back, and what an effect is.

An action's id follows from what caused it, so that live, replay and a second run name it alike (docs/rules.md, 20).
`schemas.entries` writes actions into their streams.
"""

import hashlib
from dataclasses import dataclass, field
from math import isnan
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import Field, StringConstraints

from schemas.fields import BranchId, CustomerId, EventId, Instant, Outgoing, Share, Word
from schemas.internal import ExampleRecord, ModelName, Version

ActionId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]  # of a rule, action, stream, treatment…
SENTENCE_LENGTH = 500
MOST = 10**18  # of any figure, either way
Sentence = Annotated[str, StringConstraints(max_length=SENTENCE_LENGTH)]
Figure = Annotated[float, Field(ge=-1e18, le=1e18)]
Figures = Annotated[dict[str, Annotated[int, Field(ge=-(2**63), le=2**63)] | Figure], Field(max_length=64)]
Priority = Annotated[int, Field(ge=1, le=3)]
Queue = Literal["retention", "fraud", "service", "collections", "relationship"]
OfferChannel = Literal["branch", "phone", "mobile", "web", "wechat", "email", "sms"]
Subject = Literal["alert", "offer", "arrival"]
Number = TypeVar("Number", int, float)


class Effect(NamedTuple):
    """One thing that a step wants done outside, once.

    `kind` "stream": `name` is a Redis stream without its namespace (`alerts:retention:p1`), `key` is "", `body` a JSON
    object of the entry's string fields. `kind` "topic": `name` is a Kafka topic without its namespace (`examples`),
    `key` the record key, `body` the value. `kind` "dead_letter": the record itself is to be put aside, `name` is the
    reason, `body` the error, which never quotes the payload. `timed`: due work caused it, so it carries no traceparent.
    """

    kind: Literal["stream", "topic", "dead_letter"]
    name: str
    key: str
    body: bytes
    timed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason(Outgoing):
    """Why, in a code for programs and a sentence for people; `contribution` is its exact share of the score."""

    code: Name
    zh: Sentence
    en: Sentence
    contribution: Figure = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Outgoing):
    """What an action rests on: ids of events, and figures by name (money in minor units)."""

    events: Annotated[tuple[EventId, ...], Field(max_length=64)] = ()
    figures: Figures = field(default_factory=dict)


Reasons = Annotated[tuple[Reason, ...], Field(max_length=32)]
Names = Annotated[tuple[Name, ...], Field(max_length=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Outgoing):
    """Something that a person of a queue should look at; priority 1 first."""

    action_id: ActionId
    kind: Name
    queue: Queue
    priority: Priority
    customer_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]  # a bank-level alert names its platform
    title: Sentence
    reasons: Reasons = ()
    score: Share | None = None
    model: ModelName | None = None
    model_version: Version | None = None
    evidence: Evidence = Evidence()
    next_step: Sentence = ""
    occurred_ms: Annotated[Instant, Field(alias="occurred_at")]
    expires_ms: Annotated[Instant, Field(alias="expires_at")]
    supersedes: ActionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Outgoing):
    """The action that arbitration chose, to be shown or sent on one channel.

    `propensity` is the customer's likelihood, `action_probability` the chance with which policy chose the action;
    `arbitration` is the product that ranked it.
    """

    action_id: ActionId
    decision_id: ActionId
    customer_id: CustomerId
    issue: Name
    group: Name
    action: Name
    treatment: Name
    channel: OfferChannel
    propensity: Share
    value: Figure
    arbitration: Figure = 0.0
    priority: Priority = 3
    reasons: Reasons = ()
    action_probability: Share = 1.0
    model: ModelName | None = None
    model_version: Version | None = None
    occurred_ms: Annotated[Instant, Field(alias="occurred_at")]
    expires_ms: Annotated[Instant, Field(alias="expires_at")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenComplaint(Outgoing):
    """A complaint that stands when the customer comes in."""

    event_id: EventId
    opened_ms: Annotated[Instant, Field(alias="opened_at")]
    channel: Word
    topic: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCard(Outgoing):
    """A score with its model, version, how many examples that version had seen, and its reasons."""

    value: Share
    model: ModelName
    version: Version
    examples: Version
    reasons: Reasons = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BestAction(Outgoing):
    """The one thing to speak about, and why."""

    action: Name
    title: Sentence = ""
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(Outgoing):
    """What the greeter should know of the customer who has just come in."""

    action_id: ActionId
    branch_id: BranchId
    customer_id: CustomerId
    ticket: Word | None = None
    arrived_ms: Annotated[Instant, Field(alias="arrived_at")]
    tier: Name
    relationship_manager: Word | None = None
    open_complaint: OpenComplaint | None = None
    last_promise: Sentence | None = None
    do_not_mention: Names = ()
    tags: Names = ()
    holdings: Names = ()
    churn: ScoreCard | None = None
    best_action: BestAction | None = None
    expires_ms: Annotated[Instant, Field(alias="expires_at")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(Outgoing):
    """An earlier entry no longer holds: its cause has gone, or `superseded_by` took its place."""

    action_id: ActionId
    refers_to: ActionId
    customer_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    reason: Reason
    superseded_by: ActionId | None = None
    occurred_ms: Annotated[Instant, Field(alias="occurred_at")]
    expires_ms: Annotated[Instant, Field(alias="expires_at")]


def bounded(figure: Number) -> Number:
    """Cut a figure to what a record may hold; what is not a number is none.

    >>> bounded(1.5), bounded(10**30), bounded(float("-inf")), bounded(float("nan"))
    (1.5, 1000000000000000000, -1e+18, 0.0)
    """
    if -MOST <= figure <= MOST:
        return figure
    kind = type(figure)
    return kind(0 if isnan(figure) else MOST if figure > 0 else -MOST)


_BASE_32 = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, in lower case
_TWO_DIGITS = [high + low for high in _BASE_32 for low in _BASE_32]  # `base64.b32encode` is five times as slow


def action_id(source_id: str, source_time_ms: int, customer_id: str, name: str, ordinal: int = 0) -> str:
    """Give the id of what `name` (rule or action) does about an event, or about due work that stands for one.

    20 base-32 characters, 100 bits of BLAKE2b: among 10^10 actions a collision has a chance of 4 in 10^11.

    >>> action_id("t-1", 0, "C1", "large_outflow") == action_id("t-1", 0, "C1", "large_outflow", ordinal=0)
    True
    """
    # No id holds a control character, so the separator makes the parts unambiguous.
    text = f"{source_id}\x1f{source_time_ms}\x1f{customer_id}\x1f{name}\x1f{ordinal}"
    digest = hashlib.blake2b(text.encode(), digest_size=15, person=b"rapport.action").digest()
    bits = int.from_bytes(digest, "big") >> 20
    return "".join([_TWO_DIGITS[bits >> shift & 1023] for shift in range(90, -1, -10)])


def letter_effect(reason: str, error: str) -> Effect:
    """Put the record under way aside, with a reason of `schemas.errors`."""
    return Effect("dead_letter", reason, "", error.encode())


def example_effect(example: ExampleRecord, *, timed: bool = False) -> Effect:
    """Write the example as a record of `crm.examples`, whose partitions are the models'; a whole one says no part."""
    said = example.model_dump_json(exclude={"part"} if example.part == "whole" else None)
    return Effect("topic", "examples", example.model, said.encode(), timed)
