"""Laws of the wire: what is written reads back, by whichever way; money and times keep every digit that they have."""

import base64
import json
from calendar import timegm
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import vocabulary
from schemas.envelope import nests_too_deep
from schemas.errors import REASON_ORDER, BadMessage
from schemas.money import MINOR_DIGITS, TOO_LARGE, minor_digits, parse_minor, to_decimal_text
from schemas.times import MAX_MS, parse_rfc3339, to_rfc3339
from schemas.wire import INPUT_TOPICS, decode, encode

STRUCTURED = [("content-type", b"application/cloudevents+json")]

instants = st.integers(0, MAX_MS)
ids = st.text("abcXYZ019_-", min_size=1, max_size=64)
texts = st.text(st.characters(codec="utf-8"), max_size=200)
currencies = st.sampled_from(sorted(MINOR_DIGITS))


def optional(**fields: st.SearchStrategy) -> st.SearchStrategy:
    """Any of the fields, each present, null or absent."""
    return st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in fields.items()})


@st.composite
def amounts(draw, currency: str) -> str:
    digits = minor_digits(currency)
    return to_decimal_text(draw(st.integers(0, 10 ** (13 + digits) - 1)), currency)


@st.composite
def transactions(draw) -> dict:
    currency = draw(currencies)
    needed = {
        "event_id": draw(ids),
        "customer_id": draw(ids),
        "account_id": draw(ids),
        "occurred_at": to_rfc3339(draw(instants)),
        "amount": draw(amounts(currency)),
        "currency": currency,
        "direction": draw(st.sampled_from(["credit", "debit"])),
        "kind": draw(st.sampled_from(sorted(vocabulary.TRANSACTION_KINDS)) | texts.filter(lambda t: len(t) <= 64)),
    }
    further = optional(
        channel=st.sampled_from(sorted(vocabulary.CHANNELS)),
        counterparty_bank=ids,
        balance_after=amounts(currency),
        status=st.sampled_from(["booked", "declined", "reversed"]),
        unknown=texts,
    )
    return {**needed, **draw(further)}


@st.composite
def mentions(draw) -> dict:
    needed = {
        "event_id": draw(ids),
        "occurred_at": to_rfc3339(draw(instants)),
        "platform": draw(st.sampled_from(sorted(vocabulary.PLATFORMS)) | ids),
        "author": draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=128)),
        "text": draw(texts),
    }
    return {**needed, **draw(optional(language=st.sampled_from(["zh", "en"]), reach=st.integers(0, 10**9)))}


def read(topic: str, value: bytes, headers: list = []):  # noqa: B006
    return decode(topic, None, value, headers, None, ("topic", 0, 0), check_key=False)


def written(fields: dict) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


@settings(deadline=None)
@given(transactions())
def test_a_transaction_survives_the_wire(fields: dict):
    event = read("transactions", written(fields))
    again = read("transactions", encode(event))
    assert again == event
    assert (again.amount_minor, again.balance_after_minor, again.occurred_ms) == (
        event.amount_minor,
        event.balance_after_minor,
        event.occurred_ms,
    )


@settings(deadline=None)
@given(mentions())
def test_a_mention_survives_the_wire_with_its_key(fields: dict):
    event = read("mentions", written(fields))
    assert event.author_key == f"{fields['platform']}:{fields['author']}"
    assert read("mentions", encode(event)).author_key == event.author_key


@settings(deadline=None)
@given(transactions())
def test_all_ways_of_writing_an_event_read_the_same(fields: dict):
    plain = read("transactions", written(fields))
    event = {"specversion": "1.0", "id": "x", "source": "/x", "type": "x"}
    encoded = base64.b64encode(written(fields)).decode()
    assert read("transactions", json.dumps(fields).encode()) == plain
    assert read("transactions", written(fields), [("ce_id", b"x")]) == plain
    assert read("transactions", written({**event, "data": fields}), STRUCTURED) == plain
    assert read("transactions", written({**event, "data_base64": encoded}), STRUCTURED) == plain


@settings(deadline=None)
@given(st.sampled_from(INPUT_TOPICS), st.binary(max_size=200), st.sampled_from([[], STRUCTURED, [("ce_id", b"x")]]))
def test_any_bytes_are_an_event_or_have_a_reason(topic: str, value: bytes, headers: list):
    try:
        read(topic, value, headers)
    except BadMessage as bad:
        assert bad.reason in REASON_ORDER  # noqa: PT017 - an event is as good


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.sampled_from(["transactions", "outcomes", "customers", "mentions", "interactions"]), st.data())
def test_any_value_in_any_field_is_an_event_or_has_a_reason(topic: str, data: st.DataObject):
    names = ["event_id", "customer_id", "occurred_at", "amount", "currency", "kind", "label", "action_id", "platform"]
    names += ["about_event_id", "author", "consents", "handles", "balance_after", "rating", "direction", "account_id"]
    fields = data.draw(st.dictionaries(st.sampled_from(names), json_values))
    try:
        read(topic, json.dumps(fields).encode())
    except BadMessage as bad:
        assert bad.reason in REASON_ORDER  # noqa: PT017 - an event is as good


@settings(deadline=None)
@given(currencies, st.integers(-(10**15), 10**15))
def test_an_amount_survives_its_text(currency: str, minor: int):
    assert parse_minor(to_decimal_text(minor, currency), minor_digits(currency)) == minor


@settings(deadline=None)
@given(
    st.floats(0, 1e14) | st.integers(0, 10**14) | st.decimals(0, 10**6, places=2).map(float), st.sampled_from([0, 2, 3])
)
def test_a_number_is_taken_when_its_shortest_form_says_so(number: float, digits: int):
    exact = Decimal(repr(number))
    scaled = exact.scaleb(digits)
    significant = len(str(abs(exact)).replace("E", "e").partition("e")[0].replace(".", "").strip("0"))
    fits = scaled == int(scaled) and significant <= 15 and exact < TOO_LARGE
    try:
        assert parse_minor(number, digits) == scaled
        assert fits
    except BadMessage:
        assert not fits


@settings(deadline=None)
@given(instants)
def test_a_time_survives_its_text(ms: int):
    assert parse_rfc3339(to_rfc3339(ms)) == ms


@settings(deadline=None)
@given(st.datetimes(), st.integers(-23 * 60 - 59, 23 * 60 + 59), st.booleans())
def test_a_time_with_an_offset_is_the_calendars(moment, offset: int, fraction: bool):
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (f".{moment.microsecond:06d}" if fraction else "")
    expected = (timegm(moment.timetuple()) - offset * 60) * 1000 + (moment.microsecond // 1000 if fraction else 0)
    try:
        assert parse_rfc3339(f"{text}{sign}{minutes // 60:02d}:{minutes % 60:02d}") == expected
    except BadMessage:
        assert not 0 <= expected <= MAX_MS


def depth(value: object) -> int:
    """How deep lists and objects nest, counted the slow way."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@settings(deadline=None)
@given(st.integers(0, 80), st.integers(0, 80), st.text('[]{}"\\', max_size=100))
def test_nesting_is_counted_outside_texts(lists: int, objects: int, text: str):
    value: object = text
    for _ in range(lists):
        value = [value, [text], []]
    for _ in range(objects):
        value = {text: value, "b": [[text]]}
    assert nests_too_deep(json.dumps(value).encode()) == (depth(value) > 64)
