"""Builders: an event with sensible values, in which a test names only what it is about.

`a_transaction(amount="9000.00", occurred_at=after(minutes=5))`; `wire_form("transactions", amount="…")` gives the
dictionary that a producer would send. Times are epoch milliseconds or RFC 3339 texts.
"""

import json
from itertools import count
from typing import Any

from schemas.events import Customer, Interaction, Mention, Outcome, Transaction
from schemas.times import parse_rfc3339, to_rfc3339

BEGINNING = parse_rfc3339("2026-03-02T09:00:00+08:00")  # a Monday morning in home time

_numbers = count(1)

_DEFAULTS: dict[str, dict[str, Any]] = {
    "transactions": {
        "customer_id": "C1",
        "account_id": "A1",
        "amount": "100.00",
        "currency": "CNY",
        "direction": "debit",
        "kind": "card",
        "channel": "mobile",
    },
    "interactions": {"customer_id": "C1", "channel": "mobile", "kind": "view"},
    "mentions": {"platform": "weibo", "author": "someone", "text": "今天去银行办事。"},
    "customers": {"customer_id": "C1", "language": "zh", "time_zone": "Asia/Shanghai", "kind": "person"},
    "outcomes": {"customer_id": "C1", "action_id": "a-1", "label": "Accepted"},
}


def after(start: int = BEGINNING, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> int:
    """So long after the beginning (or another time), in epoch ms; negative spans lie before it."""
    return start + round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)


def wire_form(topic: str, /, **changes: Any) -> dict[str, Any]:
    """The JSON object of an event of this topic; a change to `...` leaves the field out."""
    number = next(_numbers)
    fields = {"event_id": f"{topic[:2]}-{number}", "occurred_at": BEGINNING, **_DEFAULTS[topic], **changes}
    if isinstance(fields["occurred_at"], int):
        fields["occurred_at"] = to_rfc3339(fields["occurred_at"])
    return {name: value for name, value in fields.items() if value is not ...}


def a_transaction(**changes: Any) -> Transaction:
    return Transaction.model_validate_json(_json("transactions", changes))


def an_interaction(**changes: Any) -> Interaction:
    return Interaction.model_validate_json(_json("interactions", changes))


def a_mention(**changes: Any) -> Mention:
    return Mention.model_validate_json(_json("mentions", changes))


def a_customer(**changes: Any) -> Customer:
    return Customer.model_validate_json(_json("customers", changes))


def an_outcome(**changes: Any) -> Outcome:
    return Outcome.model_validate_json(_json("outcomes", changes))


def _json(topic: str, changes: dict[str, Any]) -> bytes:
    return json.dumps(wire_form(topic, **changes)).encode()
