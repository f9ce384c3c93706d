import json
from datetime import datetime

import pytest
from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from schemas.errors import BadMessage, Identity
from schemas.events import Customer, LinkedMention, linked
from schemas.internal import Claim, Erasure, ExampleRecord, ModelCommand, MoodMark, Punctuation, Timer
from schemas.times import parse_rfc3339
from schemas.wire import INPUT_TOPICS, MAX_AHEAD_MS, Position, decode, encode
from tests.builders import BEGINNING, a_mention, wire_form

HERE = Position("topic", 3, 41)
COMMAND = ModelCommand(
    model="churn", command_id="c-1", op="promote", challenger="ensemble", by="chen", reason="a test", asked_ms=7
)


def read(
    topic: str, fields: dict | bytes | None, key: bytes | None = b"C1", headers=(), received_ms=BEGINNING, **options
):
    value = json.dumps(fields).encode() if isinstance(fields, dict) else fields
    return decode(topic, key, value, headers, received_ms, HERE, **options)


def refusal(*arguments, **options) -> BadMessage:
    with pytest.raises(BadMessage) as refused:
        read(*arguments, **options)
    return refused.value


def a_cloud_event(**fields) -> CloudEvent:
    told = {"event_id": ..., "occurred_at": ..., **fields}
    attributes = {
        "id": "ce-7",
        "type": "bank.transaction",
        "source": "/core",
        "time": datetime.fromisoformat("2026-03-02T09:00:00+08:00"),
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, wire_form("transactions", **told))


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_what_the_cloudevents_library_writes_reads_as_the_plain_event(write):
    message = write(a_cloud_event(), JSONFormat())
    event = read("transactions", message.value, headers=list(message.headers.items()))
    assert (event.event_id, event.occurred_ms) == ("ce-7", BEGINNING)
    assert event.amount_minor == 10_000


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_id_and_time_of_the_data_count_before_those_of_the_envelope(write):
    message = write(a_cloud_event(event_id="t-1", occurred_at="2026-03-01T00:00:00Z"), JSONFormat())
    event = read("transactions", message.value, headers=list(message.headers.items()))
    assert (event.event_id, event.occurred_at) == ("t-1", "2026-03-01T00:00:00Z")


def test_a_null_on_customers_is_an_erasure_at_the_time_of_the_record():
    expected = Erasure(customer_id="C1", event_id="@topic-3-41", occurred_ms=BEGINNING, has_own_time=False)
    assert read("customers", None) == expected


def test_an_erasure_takes_id_and_time_from_the_envelope_where_there_is_one():
    headers = [("ce_id", b"gone-1"), ("ce_time", b"2026-03-01T00:00:00Z")]
    expected = Erasure(customer_id="C1", event_id="gone-1", occurred_ms=parse_rfc3339("2026-03-01T00:00:00Z"))
    assert read("customers", None, headers=headers) == expected


def test_a_customer_without_id_and_time_takes_them_from_the_record():
    event = read("customers", {"customer_id": "C1"})
    assert isinstance(event, Customer)
    assert (event.event_id, event.occurred_ms) == ("@topic-3-41", BEGINNING)


def test_a_customer_in_a_file_without_time_stamps_takes_the_clock_so_far():
    event = read("customers", {"customer_id": "C1"}, received_ms=None, clock_ms=7)
    assert event.occurred_ms == 7


def test_ten_minutes_ahead_is_the_last_time_that_is_not_in_the_future():
    assert read("transactions", wire_form("transactions", occurred_at=BEGINNING + MAX_AHEAD_MS))
    assert (
        refusal("transactions", wire_form("transactions", occurred_at=BEGINNING + MAX_AHEAD_MS + 1)).reason == "future"
    )


@pytest.mark.parametrize("received_ms", [None, -1])
def test_without_a_time_stamp_nothing_is_in_the_future(received_ms):
    assert read("transactions", wire_form("transactions", occurred_at="9000-01-01T00:00:00Z"), received_ms=received_ms)


def test_files_have_no_keys_to_check():
    assert read("transactions", wire_form("transactions"), key=None, check_key=False)


def test_a_bad_message_says_whose_it_is_when_that_much_is_sound():
    bad = refusal("transactions", wire_form("transactions", event_id="t-1", amount="x"))
    assert bad.identity == Identity("C1", "t-1")


@pytest.mark.parametrize("topic", ["transactions", "interactions", "customers", "outcomes"])
def test_a_message_from_the_future_says_whose_it_is(topic):
    bad = refusal(topic, wire_form(topic, event_id="t-1", occurred_at=BEGINNING + MAX_AHEAD_MS + 1))
    assert (bad.reason, bad.identity) == ("future", Identity("C1", "t-1"))


def test_an_erasure_from_the_future_is_no_repeat_of_anything():
    with pytest.raises(BadMessage) as refused:
        decode(
            "customers", b"C1", None, [("ce_id", b"c-1"), ("ce_time", b"9000-01-01T00:00:00Z")], BEGINNING, ("t", 0, 1)
        )
    assert (refused.value.reason, refused.value.identity) == ("future", None)


@pytest.mark.parametrize(
    ("key", "changes"), [(b"C2", {}), (None, {}), (b"C1", {"event_id": "a b"}), (b"C1", {"event_id": ...})]
)
def test_a_bad_message_whose_id_or_key_is_bad_too_is_nobodys(key, changes):
    assert refusal("transactions", wire_form("transactions", amount="x", **changes), key=key).identity is None


def test_the_detail_names_the_field_and_never_quotes_what_was_sent():
    bad = refusal("transactions", wire_form("transactions", account_id="SECRET 4711"))
    assert "account_id" in bad.detail
    assert "SECRET" not in str(bad)


def test_input_topics_are_those_that_others_write():
    assert set(INPUT_TOPICS) == {"transactions", "interactions", "mentions", "customers", "outcomes"}


EXAMPLE = ExampleRecord(
    model="churn",
    example_id="e-1",
    customer_id="C1",
    due_ms=9,
    snapshot_ms=5,
    features=(0.1, -2.0),
    label=1,
    score=0.25,
    model_version=3,
)


@pytest.mark.parametrize(
    ("topic", "key", "message"),
    [
        ("timers", b"C1", Timer(customer_id="C1", until_ms=2**40)),
        ("links", b"weibo:me", Claim(author_key="weibo:me", customer_id="C1", op="withdraw", occurred_ms=5)),
        ("mood", b"weibo", MoodMark(platform="weibo", event_id="m-1", occurred_ms=5, sentiment=-0.5, aspect="fees")),
        ("examples", b"churn", EXAMPLE),
        ("examples", b"churn", COMMAND),
        ("examples", b"churn", Punctuation(model="churn", source_partition=2, below_ms=9, idle=True)),
        ("mentions-linked", b"C7", linked(a_mention(platform="tiktok", author="a:b"), "C7")),
    ],
)
def test_messages_between_our_own_parts_come_back_as_they_were(topic, key, message):
    assert read(topic, encode(message), key=key, received_ms=0) == message


def test_a_linked_mention_keeps_its_author_over_the_wire():
    message = linked(a_mention(platform="tiktok", author="a:b"), "C7")
    event = read("mentions-linked", encode(message), key=b"C7")
    assert isinstance(event, LinkedMention)
    assert event.author_key == "tiktok:a:b"


def test_the_time_of_a_message_of_ours_is_what_it_speaks_of():
    assert (Timer(customer_id="C1", until_ms=4).occurred_ms, EXAMPLE.occurred_ms) == (4, 9)
    assert Punctuation(model="churn", source_partition=0, below_ms=8).occurred_ms == 8
    assert COMMAND.occurred_ms == 7


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"record": "example", "model": "churn"}', "missing_field"),
        (b'{"record": "rumour"}', "bad_value"),
        (b"{}", "bad_value"),
    ],
)
def test_a_broken_example_has_a_reason_too(value, reason):
    assert refusal("examples", value, key=b"churn").reason == reason


@pytest.mark.parametrize(
    ("told", "headers", "own"),
    [
        ({}, (), True),
        ({"occurred_at": ...}, (), False),
        ({"occurred_at": None}, (), False),
        ({"occurred_at": ..., "event_id": ...}, (("ce_time", b"2026-03-02T01:00:00Z"),), True),
    ],
)
def test_a_customer_says_whether_its_time_is_its_own(told, headers, own):
    assert read("customers", wire_form("customers", **told), headers=headers).has_own_time is own
