"""Which reason a refused message gets: of all that is wrong the first in order is told (docs/rules.md, 18)."""

from math import isfinite
from typing import Any

from pydantic import ValidationError

from schemas import vocabulary
from schemas.errors import REASON_ORDER, BadMessage, BadReason
from schemas.events import Outcome, Transaction
from schemas.money import MINOR_DIGITS, parse_minor

_RANK = {reason: rank for rank, reason in enumerate(REASON_ORDER)}
_ANY_DIGITS = 400  # judges an amount's size and digits when its currency is not known

_REASON_OF_FIELD: dict[str, BadReason] = {
    **dict.fromkeys(
        (
            "event_id",
            "customer_id",
            "account_id",
            "product_id",
            "counterparty_id",
            "branch_id",
            "author",
            "action_id",
            "decision_id",
            "about_event_id",
            "reverses_event_id",
            "relationship_manager_id",
            "household_id",
        ),
        "bad_id",
    ),
    "amount": "bad_amount",
    "balance_after": "bad_amount",
    "currency": "bad_currency",
    "occurred_at": "bad_time",
}
_NOT_FINITE = "finite_number"  # pydantic's name for it
_QUOTE_NOTHING = frozenset(
    {
        "literal_error",
        "string_pattern_mismatch",
        "string_too_short",
        "string_too_long",
        "string_type",
        "int_type",
        "float_type",
        "bool_type",
        "dict_type",
        "tuple_type",
        "too_long",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        _NOT_FINITE,
    }
)
"""Faults of which pydantic's sentence holds the rule and nothing of what was sent."""
_WRITTEN_LIKE = {"occurred_at": "2026-03-02T10:00:00+08:00", "amount": "1234.56", "balance_after": "-1234.56"}
_LISTS_OF_IDS = ("products", "handles")


def diagnose(model: Any, error: ValidationError | BadMessage, fields: dict[str, Any]) -> BadMessage:
    """Tell the reason that comes first among all that is wrong with these fields of a `model`."""
    if isinstance(error, BadMessage):
        found, sound = [error], fields
    else:
        found = _of_fields(error)
        refused = {bad.detail.partition(":")[0] for bad in found}
        sound = {name: value for name, value in fields.items() if name not in refused}
    if model is Transaction:
        found += _of_money(sound)
    elif model is Outcome:
        found += _of_outcome(fields)
    return min(found, key=lambda bad: _RANK[bad.reason])


def _of_fields(error: ValidationError) -> list[BadMessage]:
    """One finding per refused field; the detail is its name and what is wrong with it, never a value."""
    lines = error.errors(include_url=False, include_context=False)
    types: dict[str, list[str]] = {}
    said: dict[str, str] = {}
    for line in lines:
        name = str(line["loc"][0]) if line["loc"] else "record"
        types.setdefault(name, []).append(_fault(line["type"], line["input"]))
        said.setdefault(name, _said(name, line["type"], line["msg"]))
    return [BadMessage(_reason(name, faults), f"{name}: {said[name]}") for name, faults in types.items()]


def _fault(fault: str, given: Any) -> str:
    """Name a fault; a number that is none (NaN, an infinity) is a bad value in whatever field, also one for texts."""
    return fault if not isinstance(given, float) or isfinite(given) else _NOT_FINITE


def _said(name: str, fault: str, message: str) -> str:
    """Say what a value should have been: pydantic's sentence where it speaks of the rule alone, else the fault's name.

    >>> _said("direction", "literal_error", "Input should be 'credit' or 'debit'")
    "should be 'credit' or 'debit'"
    >>> _said("occurred_at", "string_pattern_mismatch", "String should match pattern '^[0-9]{4}-…$'")
    'should be like 2026-03-02T10:00:00+08:00'
    >>> _said("rating", "value_error", "Value error, 4711 is odd")
    'value_error'
    """
    if fault not in _QUOTE_NOTHING:
        return fault
    if fault == "string_pattern_mismatch" and name in _WRITTEN_LIKE:
        return f"should be like {_WRITTEN_LIKE[name]}"
    return message.removeprefix("Input ").removeprefix("String ")


def _reason(name: str, faults: list[str]) -> BadReason:
    if "missing" in faults:
        return "missing_field"
    if _NOT_FINITE in faults:
        return "bad_value"
    if name in _LISTS_OF_IDS:
        return "bad_id" if "string_pattern_mismatch" in faults else "bad_value"
    return _REASON_OF_FIELD.get(name, "bad_value")


def _of_money(sound: dict[str, Any]) -> list[BadMessage]:
    """Judge the money whose shape is right: pydantic stops before it when another field is refused."""
    found = []
    currency = sound.get("currency")
    if currency is not None and currency not in MINOR_DIGITS:
        found.append(BadMessage("bad_currency", "currency: not an active ISO 4217 currency"))
    digits = MINOR_DIGITS.get(currency or "", _ANY_DIGITS)
    for name in ("amount", "balance_after"):
        if name in sound:
            try:
                parse_minor(sound[name], digits, name)
            except BadMessage as bad:
                found.append(bad)
    return found


def _of_outcome(fields: dict[str, Any]) -> list[BadMessage]:
    """Judge what an outcome is about, also when another of its fields is refused."""
    if not {"action_id", "decision_id", "about_event_id"} & fields.keys():
        return [BadMessage("missing_field", "action_id, decision_id or about_event_id")]
    if ("about_event_id" in fields) != (fields.get("label") in vocabulary.FINDINGS):
        return [BadMessage("bad_value", "label: Confirmed and Dismissed are for about_event_id, and only they")]
    return []
