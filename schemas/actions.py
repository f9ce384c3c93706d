"""What we ask others to do: alerts, offers, arrival cards, what takes them back, and the effects that carry them.

An action's id follows from what caused it, so that live, replay and a second run name it alike (contract.md §3).

What we write is plain: nothing checks on the hot path what the core has just made. Texts are measured when the policy
is loaded, figures are cut where they are told (`bounded`), and laws hold what steps write to the schema that the
annotations are (`pydantic.TypeAdapter` checks what others read back).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from math import isnan
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import orjson
from pydantic import Field, StringConstraints

from schemas.fields import BranchId, CustomerId, EventId, Instant, Outgoing, Share, Word
from schemas.internal import ExampleRecord, ModelName, Version
from schemas.times import to_rfc3339

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
    """Put the record under way aside, with a reason of the contract's list."""
    return Effect("dead_letter", reason, "", error.encode())


def example_effect(example: ExampleRecord, *, timed: bool = False) -> Effect:
    """Write the example as a record of `crm.examples`, whose partitions are the models'."""
    return Effect("topic", "examples", example.model, example.model_dump_json().encode(), timed)


def alert_effect(alert: Alert, *, timed: bool = False) -> Effect:
    """Write the alert as an entry of its queue's stream."""
    name = f"alerts:{alert.queue}:p{alert.priority}"
    return _entry(name, "crm.alert.raised", alert, alert.occurred_ms, timed=timed)


def offer_effect(offer: Offer, *, timed: bool = False) -> Effect:
    """Write the offer as an entry of its channel's stream."""
    return _entry(f"offers:{offer.channel}", "crm.offer.made", offer, offer.occurred_ms, timed=timed)


def arrival_effect(arrival: Arrival, *, branches: frozenset[str] | None = None, timed: bool = False) -> Effect:
    """Write the card as an entry of its branch's stream; branches not among `branches` go to `arrivals:other`."""
    branch = arrival.branch_id if branches is None or arrival.branch_id in branches else "other"
    return _entry(f"arrivals:{branch}", "crm.customer.arrived", arrival, arrival.arrived_ms, timed=timed)


def retraction_effect(stream: str, subject: Subject, withdrawal: Withdrawal, *, timed: bool = False) -> Effect:
    """Take an earlier entry back, by an entry of its own in the same stream."""
    return _withdrawal_entry(stream, f"crm.{subject}.retracted", withdrawal, timed=timed)


def supersession_effect(stream: str, subject: Subject, withdrawal: Withdrawal, *, timed: bool = False) -> Effect:
    """Say what took an earlier entry's place (`superseded_by`), in the same stream."""
    return _withdrawal_entry(stream, f"crm.{subject}.superseded", withdrawal, timed=timed)


def _withdrawal_entry(stream: str, entry_type: str, withdrawal: Withdrawal, *, timed: bool) -> Effect:
    refers_to = {"refers_to": withdrawal.refers_to}
    return _entry(stream, entry_type, withdrawal, withdrawal.occurred_ms, timed=timed, extra=refers_to)


def _entry(  # the one place that knows the fields of an entry (the engine adds `traceparent` where there is one)
    stream: str,
    entry_type: str,
    data: Alert | Offer | Arrival | Withdrawal,
    occurred_ms: int,
    *,
    timed: bool,
    extra: dict[str, str] | None = None,
) -> Effect:
    entry = {
        "id": data.action_id,
        "type": entry_type,
        "data": json_of(data).decode(),
        "occurred_at": to_rfc3339(occurred_ms),
        "expires_at": to_rfc3339(data.expires_ms),
        **(extra or {}),
    }
    return Effect("stream", stream, "", orjson.dumps(entry), timed)


def json_of(action: Outgoing) -> bytes:
    """Write an action as JSON, by the names of the wire: times are RFC 3339, and what is None is left out."""
    return orjson.dumps(action, default=_told, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _told(part: Any) -> dict[str, Any]:
    names, values = _WIRE[type(part)]
    told = {}
    for name, value in zip(names, values(part), strict=True):
        if value is None:
            continue
        told[name] = to_rfc3339(value) if name.endswith("_at") else value
    return told


def _names_on_the_wire(kind: type[Outgoing]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Name the fields of a class as the wire does, in their order, and give what reads them all."""
    names = [own.name for own in fields(kind)]  # type: ignore[arg-type] # each is a dataclass
    return tuple(f"{name[:-3]}_at" if name.endswith("_ms") else name for name in names), attrgetter(*names)


_PARTS = (Reason, Evidence, Alert, Offer, OpenComplaint, ScoreCard, BestAction, Arrival, Withdrawal)
_WIRE = {kind: _names_on_the_wire(kind) for kind in _PARTS}
