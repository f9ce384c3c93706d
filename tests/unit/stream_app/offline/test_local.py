"""The product in one process without a broker: our own topics are fed back at once, what fails is put aside."""

from collections import Counter
from dataclasses import replace

import pytest

from schemas.errors import BrokenInvariant, StateError
from stream_app.offline import local
from tests.builders import after, wire_form
from tests.customers import feelings
from tests.hearing import Heard


@pytest.fixture
def heard():
    return Heard()


def test_an_event_becomes_a_profile_and_an_alert(heard):
    outflow = {"kind": "transfer", "counterparty_bank": "B2", "amount": "50000.00"}
    heard.take("transactions", wire_form("transactions", **outflow))
    assert heard.alerts() == ["large_outflow"]
    assert heard.profiles["C1"].events.transactions == 1
    assert heard.runtime.counts == Counter({("transactions", "applied"): 1})


def test_a_repeat_changes_nothing_and_is_counted(heard):
    event = wire_form("transactions")
    heard.take("transactions", event).take("transactions", {**event, "amount": "7.00"})
    assert heard.profiles["C1"].totals["CNY"].debit_minor == 10_000
    assert heard.runtime.counts["transactions", "duplicate"] == 1


def test_an_authors_claim_his_linked_mention_and_the_mood_are_fed_back_at_once(heard):
    heard.take("customers", wire_form("customers", handles=["weibo:someone"], consents=["social_linking"]))
    heard.take("mentions", wire_form("mentions", text="bad bad bank"))
    counts = heard.runtime.counts
    assert (counts["links", "applied"], counts["mentions-linked", "applied"], counts["mood", "applied"]) == (1, 1, 1)
    assert heard.profiles["C1"].events.mentions == 1
    assert heard.alerts() == ["angry_mention"]


def test_time_that_passes_for_others_on_the_same_partition_number_brings_due_work(heard):
    """A complaint comes near its deadline while its customer is silent: another's event moves the clock."""
    heard = Heard(partitions=1)
    heard.take("interactions", wire_form("interactions", kind="complaint", topic="fees"))
    heard.take("transactions", wire_form("transactions", customer_id="C2", occurred_at=after(days=14)))
    assert heard.alerts() == ["complaint", "complaint_deadline"]
    assert heard.runtime.counts["timers", "applied"] > 0


def test_a_clock_that_has_not_moved_far_enough_brings_none(heard):
    heard = Heard(partitions=1)
    heard.take("interactions", wire_form("interactions", kind="complaint", topic="fees"))
    heard.take("transactions", wire_form("transactions", customer_id="C2", occurred_at=after(days=13)))
    assert heard.alerts() == ["complaint"]


def test_a_bad_line_is_put_aside_with_its_number_and_the_next_one_is_taken(heard):
    heard.take("transactions", b"{").take("transactions", None).take("transactions", wire_form("transactions"))
    assert [(letter.number, letter.reason) for letter in heard.letters] == [(1, "bad_json"), (2, "empty")]
    assert heard.runtime.counts == Counter({("transactions", "dead_letter"): 2, ("transactions", "applied"): 1})


def test_an_event_that_the_core_cannot_take_is_put_aside_whole():
    """The analyser fails on one text, as any defect would: nothing of the event stays, the next one is taken."""

    def analyse(text, language=None):
        if text == "defect":
            raise ZeroDivisionError
        return feelings(text, language)

    heard = Heard(analyse=analyse)
    heard.take("mentions", wire_form("mentions", text="defect")).take("mentions", wire_form("mentions", text="good"))
    assert [(letter.reason, letter.error) for letter in heard.letters] == [("processing_error", "ZeroDivisionError")]
    assert [effect.name for effect in heard.effects] == ["mood"]
    assert heard.runtime.counts["mentions", "applied"] == 1


@pytest.mark.parametrize("fault", [BrokenInvariant, StateError])
def test_our_own_fault_is_no_dead_letter_but_the_end(fault):
    def analyse(text, language=None):
        raise fault("cannot happen")

    heard = Heard(analyse=analyse)
    with pytest.raises(fault):
        heard.take("mentions", wire_form("mentions"))
    assert heard.letters == heard.effects == []


class Defective:
    """A scorer that cannot score; only customers who consent to be profiled are scored."""

    version, examples = 1, 0

    def score(self, features, action="", slots=()):
        raise ZeroDivisionError


def test_due_work_that_fails_is_put_aside_and_the_next_customers_is_done():
    heard = Heard(partitions=1)
    heard.take("customers", wire_form("customers", consents=["profiling"]))
    heard.take("interactions", wire_form("interactions"))
    heard.take("interactions", wire_form("interactions", customer_id="C3", kind="complaint", topic="fees"))
    scorers = dict.fromkeys(heard.runtime.context().scorers, Defective())
    heard.runtime._context = replace(heard.runtime.context(), scorers=scorers)
    heard.take("transactions", wire_form("transactions", customer_id="C2", occurred_at=after(days=14)))
    (letter,) = heard.letters
    assert (letter.reason, letter.error, letter.number) == ("processing_error", "ZeroDivisionError", 4)
    assert (letter.line.topic, letter.line.key) == ("timers", b"C1")
    assert heard.runtime.counts["timers", "dead_letter"] == 1
    assert heard.alerts() == ["complaint", "complaint_deadline"]


def test_an_event_is_tried_twice(heard):
    failures = [ZeroDivisionError()]

    def analyse(text, language=None):
        if failures:
            raise failures.pop()
        return feelings(text, language)

    heard = Heard(analyse=analyse)
    heard.take("mentions", wire_form("mentions"))
    assert heard.letters == []
    assert heard.runtime.counts["mentions", "applied"] == 1
    assert local.TRIES == 2


def test_the_same_lines_give_the_same_effects():
    lines = [("transactions", wire_form("transactions", occurred_at=after(days=day))) for day in range(40)]
    runs = []
    for _ in range(2):
        heard = Heard()
        for topic, value in lines:
            heard.take(topic, value)
        runs.append((heard.effects, heard.profiles))
    assert runs[0] == runs[1]
