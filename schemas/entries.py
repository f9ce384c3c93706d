"""Actions as entries of their streams, and the JSON that they are there.

What we write is plain: nothing checks on the hot path what the core has just made. Texts are measured when the policy
is loaded, figures are cut where they are told (`schemas.actions.bounded`), and laws hold what steps write to the schema
that the annotations are (`pydantic.TypeAdapter` checks what others read back).
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

import orjson

from schemas.actions import (
    Alert,
    Arrival,
    BestAction,
    Effect,
    Evidence,
    Offer,
    OpenComplaint,
    Reason,
    ScoreCard,
    Subject,
    Withdrawal,
)
from schemas.fields import Outgoing
from schemas.times import to_rfc3339


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
