"""The ways in which a message can be broken, each with the dead letter reason that it gets."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import orjson

HUGE_BYTES = 1_000_100


class Broken(NamedTuple):
    """A spoilt record: `key` is the sound one unless the fault is in the key; `embeds` as in `Line`."""

    value: bytes
    key: str | None
    embeds: bool = True
    headers: tuple[tuple[str, str], ...] = ()


class Breakage(NamedTuple):
    """One kind of brokenness, possible for events that have all of `fields` and none of `lacks`."""

    name: str
    reason: str
    spoil: Callable[[dict[str, Any], str], Broken]
    fields: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    weight: float = 1.0


def _changed(**changes: Any) -> Callable[[dict[str, Any], str], Broken]:
    return lambda value, key: Broken(orjson.dumps({**value, **changes}), key)


def _without(field: str) -> Callable[[dict[str, Any], str], Broken]:
    return lambda value, key: Broken(orjson.dumps({k: v for k, v in value.items() if k != field}), key)


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[dict[str, Any], str], Broken]:
    return lambda value, key: Broken(change(orjson.dumps(value)), key, embeds=False)


def _literal(field: str, literal: bytes) -> Callable[[dict[str, Any], str], Broken]:
    """Put a number that JSON does not know in the place of a field's value."""
    return lambda value, key: Broken(orjson.dumps({**value, field: "@@"}).replace(b'"@@"', literal), key, embeds=False)


def _envelope(value: dict[str, Any], key: str) -> Broken:
    headers = (("content-type", "application/cloudevents+json"),)
    return Broken(orjson.dumps({"specversion": "1.0", "id": value["event_id"], "data": value}), key, headers=headers)


_NESTED = b'{"note":' + b"[" * 80 + b"]" * 80 + b","

BREAKAGES = (
    Breakage("truncated", "bad_json", _bytes(lambda raw: raw[: len(raw) * 2 // 3])),
    Breakage("not_utf8", "bad_json", _bytes(lambda raw: raw[:-1] + b',"note":"\xff\xfe"}')),
    Breakage("byte_order_mark", "bad_json", _bytes(lambda raw: b"\xef\xbb\xbf" + raw)),
    Breakage("nested_too_deep", "bad_json", _bytes(lambda raw: _NESTED + raw[1:])),
    Breakage("lone_surrogate", "bad_json", _bytes(lambda raw: raw[:-1] + b',"note":"\\ud800"}')),
    Breakage("array", "bad_json", _bytes(lambda raw: b"[" + raw + b"]")),
    Breakage("plain_text", "bad_json", _bytes(lambda raw: b"balance updated")),
    Breakage("empty", "empty", _bytes(lambda raw: b"")),
    Breakage(
        "too_large", "too_large", _bytes(lambda raw: raw[:-1] + b',"note":"' + b"x" * HUGE_BYTES + b'"}'), weight=0.02
    ),
    Breakage("no_envelope_type", "bad_envelope", _envelope),
    Breakage("no_event_id", "missing_field", _without("event_id"), ("event_id", "direction")),
    Breakage("no_amount", "missing_field", _without("amount"), ("amount",)),
    Breakage("null_kind", "missing_field", _changed(kind=None), ("channel", "kind")),
    Breakage("no_text", "missing_field", _without("text"), ("author",)),
    Breakage("unknown_direction", "bad_value", _changed(direction="sideways"), ("direction",)),
    Breakage("unknown_status", "bad_value", _changed(status="maybe"), ("direction",)),
    Breakage("not_a_number", "bad_value", _literal("rating", b"NaN"), ("channel", "kind"), ("account_id",)),
    Breakage("rating_eleven", "bad_value", _changed(rating=11), ("channel", "kind"), ("account_id",)),
    Breakage("blank_in_event_id", "bad_id", _changed(event_id="no blank here")),
    Breakage("odd_account", "bad_id", _changed(account_id="12/34"), ("account_id",)),
    Breakage("negative_amount", "bad_amount", _changed(amount="-5.00"), ("amount",)),
    Breakage("third_digit", "bad_amount", _changed(amount="12.505"), ("amount",)),
    Breakage("exponent", "bad_amount", _changed(amount="1e5"), ("amount",)),
    Breakage("gold", "bad_currency", _changed(currency="XAU"), ("currency",)),
    Breakage("small_letters", "bad_currency", _changed(currency="cny"), ("currency",)),
    Breakage("no_zone", "bad_time", _changed(occurred_at="2026-03-02T10:00:00")),
    Breakage("leap_second", "bad_time", _changed(occurred_at="2026-03-02T10:00:60Z")),
    Breakage("before_1970", "bad_time", _changed(occurred_at="1969-12-31T23:59:59Z")),
    Breakage("future", "future", _changed(occurred_at="2199-01-01T00:00:00Z")),
    Breakage("other_key", "key_mismatch", lambda value, key: Broken(orjson.dumps(value), key + "-x")),
    # A compacted topic (the customers) takes no record without a key in the first place.
    Breakage("no_key", "key_mismatch", lambda value, key: Broken(orjson.dumps(value), None), lacks=("consents",)),
)

REASONS = {kind.name: kind.reason for kind in BREAKAGES}


def pick(rng: Random, value: dict[str, Any]) -> Breakage:
    """Draw a kind of brokenness that is possible for this event."""
    fitting = [
        kind
        for kind in BREAKAGES
        if all(field in value for field in kind.fields) and not any(field in value for field in kind.lacks)
    ]
    return rng.choices(fitting, weights=[kind.weight for kind in fitting])[0]
