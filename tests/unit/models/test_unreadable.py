"""A record whose content is bad but whose id is sound: a repeat is told by its id before its content is looked at."""

import orjson
import pytest

from models.step import step
from schemas.errors import BadMessage
from schemas.wire import decode, unreadable
from tests.builders import a_transaction, after, wire_form
from tests.customers import lived, the_context


def bad(topic="transactions", received_ms=None, **changes):
    value = orjson.dumps(wire_form(topic, **changes))
    with pytest.raises(BadMessage) as caught:
        decode(topic, b"C1", value, (), received_ms, ("t", 0, 1))
    return caught.value


@pytest.mark.parametrize(
    "second",
    [{"amount": "much"}, {"amount": ...}, {"currency": "XAU"}, {"occurred_at": "now"}, {"received_ms": after(days=-1)}],
    ids=["a bad amount", "no amount", "a bad currency", "a bad time", "a time in the future"],
)
def test_a_repeat_with_bad_content_is_a_duplicate(second):
    profile, _ = lived(a_transaction(event_id="t-1"))
    event = unreadable("transactions", bad(event_id="t-1", **second))

    verdict = step(profile, event, the_context())

    assert (verdict.result, verdict.value, verdict.effects) == ("duplicate", profile, ())


def test_the_same_id_on_another_topic_is_no_repeat():
    profile, _ = lived(a_transaction(event_id="t-1"))
    event = unreadable("interactions", bad("interactions", event_id="t-1", rating=11))

    assert step(profile, event, the_context()).result == "dead_letter"


@pytest.mark.parametrize("known", [True, False], ids=["of a customer", "of nobody"])
def test_news_with_bad_content_is_put_aside_and_changes_nothing(known):
    profile = lived(a_transaction(event_id="t-1"))[0] if known else None
    event = unreadable("transactions", bad(event_id="t-2", amount="much"))

    verdict = step(profile, event, the_context())

    assert (verdict.result, verdict.value) == ("dead_letter", profile)
    (letter,) = verdict.effects
    assert (letter.kind, letter.name) == ("dead_letter", "bad_amount")
    assert b"much" not in letter.body


def test_a_record_that_does_not_say_whom_it_means_goes_to_nobody():
    assert unreadable("transactions", bad(customer_id="no good id!")) is None
