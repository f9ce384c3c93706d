"""Malformed inputs as data: what a bank's systems may send, and what becomes of each (docs/rules.md, 2 to 18).

`expected` is the reason of the dead letter, or "accepted". `CASES` is run through `schemas.wire.decode` and through
Kafka alike. `RECEIVED_MS` stands for the record's time stamp; through Kafka the broker's own clock takes its place,
so the cases about the future write the year 9000.
"""

import base64
import json
from typing import Any, NamedTuple

from schemas.times import parse_rfc3339

RECEIVED_MS = parse_rfc3339("2026-03-02T12:00:00Z")
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
ACCEPTED = "accepted"
Headers = list[tuple[str, bytes]]


class Case(NamedTuple):
    name: str
    topic: str
    key: bytes | None
    value: bytes | None
    expected: str
    headers: Headers = []  # noqa: RUF012 - never mutated


_GOOD: dict[str, dict[str, Any]] = {
    "transactions": {
        "event_id": "m-1",
        "customer_id": "C1",
        "account_id": "A1",
        "occurred_at": "2026-03-02T10:00:00+08:00",
        "amount": "12.50",
        "currency": "CNY",
        "direction": "debit",
        "kind": "card",
    },
    "interactions": {
        "event_id": "m-2",
        "customer_id": "C1",
        "occurred_at": "2026-03-02T10:00:00+08:00",
        "channel": "mobile",
        "kind": "login",
    },
    "mentions": {
        "event_id": "m-3",
        "occurred_at": "2026-03-02T10:00:00+08:00",
        "platform": "weibo",
        "author": "someone",
        "text": "ok",
    },
    "customers": {"customer_id": "C1"},
    "outcomes": {
        "event_id": "m-4",
        "customer_id": "C1",
        "occurred_at": "2026-03-02T10:00:00+08:00",
        "action_id": "a-1",
        "label": "Accepted",
    },
}


def good(topic: str, **changes: Any) -> dict[str, Any]:
    """A well-formed object of the topic with changes; a change to `...` leaves the field out."""
    return {name: value for name, value in {**_GOOD[topic], **changes}.items() if value is not ...}


def _case(name: str, topic: str, expected: str, headers: Headers = [], **changes: Any) -> Case:  # noqa: B006
    key = b"weibo:someone" if topic == "mentions" else b"C1"
    return Case(name, topic, key, json.dumps(good(topic, **changes)).encode(), expected, headers)


def _raw(name: str, value: bytes | None, expected: str, headers: Headers = []) -> Case:  # noqa: B006
    return Case(name, "transactions", b"C1", value, expected, headers)


def _with(fragment: str) -> bytes:
    """A good transaction whose JSON text is followed by this fragment inside the object."""
    return json.dumps(good("transactions"))[:-1].encode() + b", " + fragment.encode("utf-8", "surrogatepass") + b"}"


def _event(**changes: Any) -> bytes:
    """A structured CloudEvent around a good transaction."""
    event = {"specversion": "1.0", "id": "ce-1", "source": "/core", "type": "bank.transaction"}
    event |= {"data": good("transactions"), **changes}
    return json.dumps({name: value for name, value in event.items() if value is not ...}).encode()


def _base64(text: bytes) -> str:
    return base64.b64encode(text).decode()


_JSON = [
    _raw("no JSON at all", b"hello", "bad_json"),
    _raw("JSON cut short", _with('"x": 1')[:-5], "bad_json"),
    _raw("a trailing comma", b'{"a": 1,}', "bad_json"),
    _raw("two documents", _with('"x": 1') * 2, "bad_json"),
    _raw("an array", b"[]", "bad_json"),
    _raw("a text", b'"x"', "bad_json"),
    _raw("the JSON null", b"null", "bad_json"),
    _raw("a byte order mark", b"\xef\xbb\xbf" + _with('"x": 1'), "bad_json"),
    _raw("bytes that are no UTF-8", _with('"x": "?"').replace(b"?", b"\xff\xfe"), "bad_json"),
    _raw("UTF-16", _with('"x": 1').decode().encode("utf-16"), "bad_json"),
    _raw("a lone surrogate, escaped", _with('"x": "\\ud800"'), "bad_json"),
    _raw("a lone surrogate, in bytes", _with('"x": "\ud800"'), "bad_json"),
    _raw("a lone surrogate beside a huge number", _with('"y": ' + "9" * 5000 + ', "x": "\\ud800"'), "bad_json"),
    _raw("a raw control character in a text", _with('"x": "\x01"'), "bad_json"),
    _raw("nesting over 64", _with('"x": ' + "[" * 64 + "]" * 64), "bad_json"),
    _raw("nesting over 64 in objects", _with('"x": ' + '{"a":' * 64 + "1" + "}" * 64), "bad_json"),
    _raw("nesting of just 64", _with('"x": ' + "[" * 63 + "]" * 63), ACCEPTED),
    _raw("many brackets side by side", _with('"x": [' + ", ".join(["[]"] * 100) + "]"), ACCEPTED),
    _raw("many brackets in a text", _with('"x": "' + '\\"' + "[{" * 100 + '"'), ACCEPTED),
    _raw("a repeated key: the last wins", _with('"amount": "1.00"'), ACCEPTED),
    _raw("a repeated key whose last is bad", _with('"amount": "x"'), "bad_amount"),
    _raw("an emoji as a surrogate pair", _with('"x": "\\ud83d\\ude00"'), ACCEPTED),
    _raw("NaN in a field we know", _with('"balance_after": NaN'), "bad_value"),
    _raw("Infinity in the amount", _with('"amount": Infinity'), "bad_value"),
    _raw("1e400 in the amount", _with('"amount": 1e400'), "bad_value"),
    *(
        _raw(f"{number} in {name}", _with(f'"{name}": {number}'), "bad_value")
        for number, name in (
            ("NaN", "event_id"),
            ("Infinity", "customer_id"),
            ("-Infinity", "account_id"),
            ("1e400", "currency"),
            ("NaN", "occurred_at"),
            ("NaN", "kind"),
            ("1e400", "country"),
        )
    ),
    _raw("NaN in a field we do not know", _with('"x": NaN'), ACCEPTED),
    _raw("a number of 5,000 digits in a field we do not know", _with('"x": ' + "9" * 5000), ACCEPTED),
    _raw("a number of 5,000 digits as the amount", _with('"amount": ' + "9" * 5000), "bad_value"),
    _raw("a number of 400 digits as the amount", _with('"amount": ' + "9" * 400), "bad_amount"),
    _raw("an empty value", b"", "empty"),
    _raw("a null value", None, "empty"),
    _raw("blanks only", b"  ", "bad_json"),
    _raw("just 1,000,000 bytes", _with('"x": ""').ljust(1_000_000), ACCEPTED),
    _raw("over 1,000,000 bytes", _with('"x": ""').ljust(1_000_001), "too_large"),
    _raw("over 1,000,000 bytes of no JSON", b"x" * 1_000_001, "too_large"),
]

_ENVELOPES = [
    _raw("structured", _event(), ACCEPTED, STRUCTURED),
    _raw("structured without parameters", _event(), ACCEPTED, [("content-type", b"application/cloudevents+json")]),
    _raw("structured in base 64", _event(data=..., data_base64=_base64(_with('"x": 1'))), ACCEPTED, STRUCTURED),
    _raw("structured, id and time only there", _event(data=good("transactions", event_id=..., occurred_at=...),
         time="2026-03-02T10:00:00Z"), ACCEPTED, STRUCTURED),
    _raw("structured without the content type", _event(), "missing_field"),
    _raw("structured 0.3", _event(specversion="0.3"), "bad_envelope", STRUCTURED),
    _raw("structured without specversion", _event(specversion=...), "bad_envelope", STRUCTURED),
    _raw("structured without id", _event(id=...), "bad_envelope", STRUCTURED),
    _raw("structured with an empty id", _event(id=""), "bad_envelope", STRUCTURED),
    _raw("structured without source", _event(source=...), "bad_envelope", STRUCTURED),
    _raw("structured without type", _event(type=...), "bad_envelope", STRUCTURED),
    _raw("structured without data", _event(data=...), "bad_envelope", STRUCTURED),
    _raw("structured with both data", _event(data_base64="e30="), "bad_envelope", STRUCTURED),
    _raw("structured with broken base 64", _event(data=..., data_base64="e30=!"), "bad_envelope", STRUCTURED),
    _raw("structured with a number as base 64", _event(data=..., data_base64=7), "bad_envelope", STRUCTURED),
    _raw("structured with a text as data", _event(data="x"), "bad_json", STRUCTURED),
    _raw("structured with no JSON in base 64", _event(data=..., data_base64="eHl6"), "bad_json", STRUCTURED),
    _raw("structured, but no JSON", b"hello", "bad_json", STRUCTURED),
    _raw("structured, but an array", b"[]", "bad_json", STRUCTURED),
    _raw("structured, nothing in it", b"", "empty", STRUCTURED),
    _raw("a batch", b"[" + _event() + b"]", "bad_envelope",
         [("content-type", b"application/cloudevents-batch+json")]),
    _raw("a batch that is no JSON", b"[", "bad_json", [("content-type", b"application/cloudevents-batch+json")]),
    _raw("another format of CloudEvents", _event(), "bad_envelope",
         [("content-type", b"application/cloudevents+avro")]),
    _case("binary, id and time only in headers", "transactions", ACCEPTED,
          [("ce_id", b"ce-1"), ("ce_time", b"2026-03-02T10:00:00Z")], event_id=..., occurred_at=...),
    _case("binary, the data's own id counts", "transactions", ACCEPTED, [("ce_id", b"not an id")]),
    _case("binary with one strange header", "transactions", ACCEPTED, [("ce_subject", b"x")]),
    _case("binary, the header's id is bad", "transactions", "bad_id", [("ce_id", b"\xff")], event_id=...),
    _case("binary, the header's time is bad", "transactions", "bad_time", [("ce_time", b"now")], occurred_at=...),
    _case("a header without a value", "transactions", ACCEPTED, [("content-type", b"application/json")]),
]  # fmt: skip

_FIELDS = [
    *(_case(f"a transaction without {name}", "transactions", "missing_field", **{name: ...})
      for name in _GOOD["transactions"]),
    *(_case(f"an interaction without {name}", "interactions", "missing_field", **{name: ...})
      for name in _GOOD["interactions"]),
    *(_case(f"a mention without {name}", "mentions", "missing_field", **{name: ...}) for name in _GOOD["mentions"]),
    *(_case(f"an outcome without {name}", "outcomes", "missing_field", **{name: ...}) for name in _GOOD["outcomes"]),
    _case("a customer without customer_id", "customers", "missing_field", customer_id=...),
    _case("a customer with nothing but an id", "customers", ACCEPTED),
    _case("null in a required field", "transactions", "missing_field", amount=None),
    _case("null in an optional field", "transactions", ACCEPTED, country=None, status=None, channel=None),
    _case("a field that we do not know", "transactions", ACCEPTED, colour="red"),
    _case("an unknown kind", "transactions", ACCEPTED, kind="teleport"),
    _case("an unknown channel", "interactions", ACCEPTED, channel="pigeon"),
    _case("an unknown source", "interactions", ACCEPTED, source="drone"),
    Case("an unknown platform", "mentions", b"tiktok:someone",
         json.dumps(good("mentions", platform="tiktok")).encode(), ACCEPTED),
    _case("a kind that is a number", "transactions", "bad_value", kind=7),
    _case("an unknown direction", "transactions", "bad_value", direction="sideways"),
    _case("an unknown status", "transactions", "bad_value", status="pending"),
    _case("an unknown label", "outcomes", "bad_value", label="Perhaps"),
    _case("an alias of a label", "outcomes", ACCEPTED, label="NOT_TAKEN"),
    _case("a finding about an event", "outcomes", ACCEPTED, action_id=..., about_event_id="t-1", label="Confirmed"),
    _case("a finding about an action", "outcomes", "bad_value", label="Dismissed"),
    _case("an acceptance of an event", "outcomes", "bad_value", about_event_id="t-1"),
    _case("a rating of 10", "interactions", ACCEPTED, rating=10),
    _case("a rating of 7.5", "interactions", ACCEPTED, rating=7.5),
    _case("a rating of 11", "interactions", "bad_value", rating=11),
    _case("a rating of -1", "interactions", "bad_value", rating=-1),
    _case("a rating as text", "interactions", "bad_value", rating="9"),
    _case("attributes", "interactions", ACCEPTED, attributes={"job": "student", "emp.var.rate": -1.8, "age": 31}),
    _case("attributes null", "interactions", ACCEPTED, attributes=None),
    _case("attributes as a list", "interactions", "bad_value", attributes=["student"]),
    _case("33 attributes", "interactions", "bad_value", attributes={f"k{n}": n for n in range(33)}),
    _case("an attribute in capitals", "interactions", "bad_value", attributes={"JOB": "student"}),
    _case("an attribute of 65 characters", "interactions", "bad_value", attributes={"job": "x" * 65}),
    _case("an attribute that is no word or number", "interactions", "bad_value", attributes={"job": True}),
    _case("an attribute of 400 digits", "interactions", "bad_value", attributes={"age": 10**400}),
    _case("an attribute that is NaN", "interactions", "bad_value", attributes={"age": float("nan")}),
    _case("an offered action that nobody knows", "interactions", ACCEPTED, offered_action="a moon trip"),
    _case("an offered action as a number", "interactions", "bad_value", offered_action=7),
    _case("a rating that is true", "interactions", "bad_value", rating=True),
    _case("a confidence of 1.5", "interactions", "bad_value", confidence=1.5),
    _case("a negative duration", "interactions", "bad_value", duration_seconds=-1),
    _case("a negative reach", "mentions", "bad_value", reach=-1),
    _case("a text of 10,000 characters", "interactions", ACCEPTED, text="字" * 10_000),
    _case("a text of 10,001 characters", "interactions", "bad_value", text="字" * 10_001),
    _case("do_not_contact as text", "customers", "bad_value", do_not_contact="yes"),
    _case("consents as names", "customers", ACCEPTED, consents=["marketing", "astrology"]),
    _case("consents as yes and no", "customers", ACCEPTED, consents={"marketing": True, "profiling": False}),
    _case("consents as a number", "customers", "bad_value", consents=1),
    _case("products as one text", "customers", "bad_value", products="loan"),
    _case("a product that is no id", "customers", "bad_id", products=["a loan"]),
    _case("a handle without a platform", "customers", "bad_id", handles=["someone"]),
    _case("opened on no day", "customers", "bad_value", opened_on="2026-02-30"),
    _case("closed on a time", "customers", "bad_value", closed_on="2026-02-28T00:00:00Z"),
]  # fmt: skip

_IDS = [
    _case("a customer_id with a blank", "transactions", "bad_id", customer_id="C 1"),
    _case("a customer_id of 65 characters", "transactions", "bad_id", customer_id="C" * 65),
    _case("an empty customer_id", "transactions", "bad_id", customer_id=""),
    _case("a customer_id with a line feed at its end", "transactions", "bad_id", customer_id="C1\n"),
    _case("a customer_id that is a number", "transactions", "bad_id", customer_id=1),
    _case("an event_id with a blank", "transactions", "bad_id", event_id="a b"),
    _case("an event_id beyond ASCII", "transactions", "bad_id", event_id="é"),
    _case("an event_id of 129 characters", "transactions", "bad_id", event_id="e" * 129),
    _case("an event_id of all printable ASCII", "transactions", ACCEPTED, event_id="".join(map(chr, range(33, 127)))),
    _case("an account with a slash", "transactions", "bad_id", account_id="a/b"),
    _case("a counterparty of 65 characters", "transactions", "bad_id", counterparty_id="c" * 65),
    _case("a branch of 33 characters", "interactions", "bad_id", branch_id="b" * 33),
    _case("an author with a control character", "mentions", "bad_id", author="a\u0085b"),
    _case("an author of 129 characters", "mentions", "bad_id", author="a" * 129),
    Case("an author with blanks, colons and Chinese", "mentions", "weibo:张 三: 你好".encode(),
         json.dumps(good("mentions", author="张 三: 你好")).encode(), ACCEPTED),
]  # fmt: skip

_MONEY = [
    _case("an amount of zero", "transactions", ACCEPTED, amount=0),
    _case("a negative amount", "transactions", "bad_amount", amount="-1.00"),
    _case("a negative number as the amount", "transactions", "bad_amount", amount=-1),
    _case("a negative balance", "transactions", ACCEPTED, balance_after="-1.00"),
    _case("a plus sign", "transactions", "bad_amount", amount="+1.00"),
    _case("a comma", "transactions", "bad_amount", amount="1,00"),
    _case("an exponent in a text", "transactions", "bad_amount", amount="1e3"),
    _case("an exponent in a number", "transactions", ACCEPTED, amount=1e3),
    _case("digits of another script", "transactions", "bad_amount", amount="１２"),
    _case("a blank before the amount", "transactions", "bad_amount", amount=" 1"),
    _case("a line feed after the amount", "transactions", "bad_amount", amount="1\n"),
    _case("no digit before the point", "transactions", "bad_amount", amount=".5"),
    _case("no digit behind the point", "transactions", "bad_amount", amount="5."),
    _case("half a fen", "transactions", "bad_amount", amount="12.505"),
    _case("half a fen as a number", "transactions", "bad_amount", amount=12.505),
    _case("zeros beyond the fen", "transactions", ACCEPTED, amount="12.5000000"),
    _case("a fraction of a yen", "transactions", "bad_amount", amount="12.5", currency="JPY"),
    _case("thousandths of a dinar", "transactions", ACCEPTED, amount="12.505", currency="KWD"),
    _case("13 digits", "transactions", ACCEPTED, amount="9999999999999.99"),
    _case("14 digits", "transactions", "bad_amount", amount="10000000000000"),
    _case("the number 10^13", "transactions", "bad_amount", amount=10**13),
    _case("a number of 15 digits", "transactions", ACCEPTED, amount=1234567890123.25),
    _case("a number of 16 digits", "transactions", "bad_amount", amount=1234567890123.125, currency="KWD"),
    _case("an amount that is true", "transactions", "bad_amount", amount=True),
    _case("an amount that is a list", "transactions", "bad_amount", amount=[1]),
    _case("half a fen of balance", "transactions", "bad_amount", balance_after="0.001"),
    _case("an unknown currency", "transactions", "bad_currency", currency="ABC"),
    _case("a currency in small letters", "transactions", "bad_currency", currency="cny"),
    _case("gold", "transactions", "bad_currency", currency="XAU"),
    _case("the test currency", "transactions", "bad_currency", currency="XTS"),
    _case("the kuna", "transactions", "bad_currency", currency="HRK"),
    _case("the lev, since Bulgaria has the euro", "transactions", "bad_currency", currency="BGN"),
    _case("a currency by number", "transactions", "bad_currency", currency="156"),
    _case("a currency that is a list", "transactions", "bad_currency", currency=["CNY"]),
]  # fmt: skip

_TIMES = [
    _case("a naive time", "transactions", "bad_time", occurred_at="2026-03-02T10:00:00"),
    _case("a day", "transactions", "bad_time", occurred_at="2026-03-02"),
    _case("a blank instead of T", "transactions", "bad_time", occurred_at="2026-03-02 10:00:00Z"),
    _case("a small t", "transactions", "bad_time", occurred_at="2026-03-02t10:00:00Z"),
    _case("a small z", "transactions", "bad_time", occurred_at="2026-03-02T10:00:00z"),
    _case("a leap second", "transactions", "bad_time", occurred_at="2016-12-31T23:59:60Z"),
    _case("24 o'clock", "transactions", "bad_time", occurred_at="2026-03-02T24:00:00Z"),
    _case("the 30th of February", "transactions", "bad_time", occurred_at="2026-02-30T10:00:00Z"),
    _case("an offset without minutes", "transactions", "bad_time", occurred_at="2026-03-02T10:00:00+08"),
    _case("an offset of 24 hours", "transactions", "bad_time", occurred_at="2026-03-02T10:00:00+24:00"),
    _case("no seconds", "transactions", "bad_time", occurred_at="2026-03-02T10:00Z"),
    _case("a comma before the fraction", "transactions", "bad_time", occurred_at="2026-03-02T10:00:00,5Z"),
    _case("seconds since 1970 as text", "transactions", "bad_time", occurred_at="1735689600"),
    _case("seconds since 1970 as a number", "transactions", "bad_time", occurred_at=1735689600),
    _case("1969", "transactions", "bad_time", occurred_at="1969-12-31T23:59:59.999Z"),
    _case("1970 here, 1969 in UTC", "transactions", "bad_time", occurred_at="1970-01-01T00:00:00+08:00"),
    _case("the year 0", "transactions", "bad_time", occurred_at="0000-01-01T00:00:00Z"),
    _case("past the end of the calendar", "transactions", "bad_time", occurred_at="9999-12-31T23:59:59-23:00"),
    _case("nanoseconds", "transactions", ACCEPTED, occurred_at="2026-03-02T10:00:00.123456789Z"),
    _case("1993", "transactions", ACCEPTED, occurred_at="1993-01-01T00:00:00+01:00"),
    _case("far in the future", "transactions", "future", occurred_at="9000-01-01T00:00:00Z"),
    _case("far in the future on interactions", "interactions", "future", occurred_at="9000-01-01T00:00:00Z"),
]  # fmt: skip

_KEYS = [
    Case("another customer's key", "transactions", b"C2", json.dumps(good("transactions")).encode(), "key_mismatch"),
    Case("no key", "transactions", None, json.dumps(good("transactions")).encode(), "key_mismatch"),
    Case("a key that is no UTF-8", "transactions", b"\xff", json.dumps(good("transactions")).encode(), "key_mismatch"),
    Case("a mention under its author alone", "mentions", b"someone", json.dumps(good("mentions")).encode(),
         "key_mismatch"),
    Case("an unknown platform folded in the key", "mentions", b"other:someone",
         json.dumps(good("mentions", platform="tiktok")).encode(), "key_mismatch"),
    Case("a null without a key", "customers", None, None, "key_mismatch"),
    Case("a null under a key that is no id", "customers", b"C 1", None, "bad_id"),
    Case("a null for a customer", "customers", b"C1", None, ACCEPTED),
    Case("an empty value for a customer", "customers", b"C1", b"", "empty"),
    Case("a null for a mention", "mentions", b"weibo:someone", None, "empty"),
]  # fmt: skip

_ORDER = [
    _case("a missing field before a bad id", "transactions", "missing_field", direction=..., customer_id="C 1"),
    _case("a bad value before a bad id", "transactions", "bad_value", direction="up", customer_id="C 1"),
    _case("a bad id before a bad amount", "transactions", "bad_id", account_id="a b", amount="x"),
    _case("a bad amount before a bad currency", "transactions", "bad_amount", amount="x", currency="ABC"),
    _case("half a fen before a time that is none", "transactions", "bad_amount", amount="0.001", occurred_at="now"),
    _case("half a fen before the 30th of February", "transactions", "bad_amount", amount="0.001",
          occurred_at="2026-02-30T00:00:00Z"),
    _case("a huge number before a bad currency", "transactions", "bad_amount", amount=10**13, currency="ABC"),
    _case("a bad currency before a bad time", "transactions", "bad_currency", currency="ABC", occurred_at="now"),
    _case("an outcome about nothing before its bad time", "outcomes", "missing_field", action_id=..., occurred_at="x"),
    _case("a finding about an action before a bad time", "outcomes", "bad_value", label="Confirmed", occurred_at="x"),
    Case("a bad time before a wrong key", "transactions", b"C2",
         json.dumps(good("transactions", occurred_at="now")).encode(), "bad_time"),
    Case("a wrong key before the future", "transactions", b"C2",
         json.dumps(good("transactions", occurred_at="9000-01-01T00:00:00Z")).encode(), "key_mismatch"),
]  # fmt: skip

CASES: list[Case] = [*_JSON, *_ENVELOPES, *_FIELDS, *_IDS, *_MONEY, *_TIMES, *_KEYS, *_ORDER]
