"""What was last promised to a customer: by whoever spoke to him, or by the deadline of his complaint."""

from itertools import permutations

import pytest

from models.facts.promise import last_promise
from models.learning.hashing import slots_of
from schemas.profile import MAX_PROMISE_BYTES
from schemas.profile_codec import decode, encode
from schemas.wire import decode as read
from schemas.wire import encode as write
from tests.builders import BEGINNING, after, an_interaction
from tests.customers import a_consenting_customer, lived
from tests.judging import opened
from tests.policies import a_policy, default_policy
from tests.policies import read as read_policy

ANSWER_BY = "投诉将于 2026-03-17 前答复 / The complaint will be answered by 2026-03-17"  # 15 days after the beginning


def a_promise(text, **changes):
    return an_interaction(
        **{
            "channel": "phone",
            "kind": "call_ended",
            "attributes": {"promise": text},
            "occurred_at": BEGINNING,
            **changes,
        }
    )


def said(*events, policy=None):
    profile, _ = lived(*events)
    return last_promise(profile, policy or default_policy())


def test_whoever_promises_something_is_quoted_on_the_next_card():
    visit = an_interaction(kind="visit", channel="branch", branch_id="B001", occurred_at=after(days=1))
    _, effects = lived(a_consenting_customer(), a_promise("周五前回电 / a call by Friday"), visit)
    (card,) = [entry for entry in opened(effects) if entry.type == "crm.customer.arrived"]
    assert card.data["last_promise"] == "周五前回电 / a call by Friday"


def test_without_a_promise_nothing_is_said():
    visit = an_interaction(kind="visit", channel="branch", branch_id="B001", attributes={"page": "fees", "n": 1.0})
    _, effects = lived(visit)
    assert "last_promise" not in opened(effects)[0].data


@pytest.mark.parametrize(
    "events", list(permutations([a_promise("first"), a_promise("last", occurred_at=after(hours=1))]))
)
def test_the_last_one_counts_whatever_the_order_in_which_they_come(events):
    assert said(*events) == "last"


@pytest.mark.parametrize("events", list(permutations([a_promise("a call"), a_promise("", occurred_at=after(hours=1))])))
def test_an_empty_text_says_that_it_was_kept(events):
    assert said(*events) is None


@pytest.mark.parametrize("events", list(permutations([a_promise("a call"), a_promise("a letter"), a_promise("")])))
def test_of_two_at_one_time_the_order_does_not_show(events):
    assert said(*events) == "a letter"


def test_a_number_is_no_promise():
    assert said(a_promise(7.0)) is None


def test_an_open_complaint_is_promised_an_answer_by_its_deadline_until_it_is_resolved():
    complaint = an_interaction(kind="complaint", occurred_at=BEGINNING)
    assert said(complaint) == ANSWER_BY
    assert said(complaint, an_interaction(kind="complaint_resolved", occurred_at=after(hours=1))) is None


def test_of_complaints_and_promises_the_last_one_made_is_said():
    complaint = an_interaction(kind="complaint", occurred_at=BEGINNING)
    assert said(complaint, a_promise("a call", occurred_at=after(hours=1))) == "a call"
    assert said(complaint, a_promise("a call", occurred_at=after(hours=-1))) == ANSWER_BY
    assert said(complaint, a_promise("", occurred_at=after(hours=1))) == ANSWER_BY
    assert said(complaint, an_interaction(kind="complaint", occurred_at=after(days=1))) == ANSWER_BY.replace("17", "18")


def test_the_deadline_falls_on_a_day_of_the_bank():
    assert said(an_interaction(kind="complaint", occurred_at=after(hours=15))) == ANSWER_BY.replace("17", "18")


def test_where_policy_knows_no_deadline_a_complaint_promises_nothing():
    rules = [rule for rule in read_policy("rules")["rule"] if rule["check"] != "complaint_deadline"]
    complaint = an_interaction(kind="complaint")
    assert said(complaint, policy=a_policy(rules={"rule": rules})) is None


def test_what_is_kept_of_it_is_bounded_and_comes_back():
    profile, _ = lived(a_promise("诺" * 64))
    assert profile.promise.text == "诺" * (MAX_PROMISE_BYTES // 3)
    assert decode(encode(profile)) == profile


def test_a_promise_is_nothing_to_learn_from():
    assert slots_of({"promise": "a call", "job": "student"}) == slots_of({"job": "student"})
    assert slots_of({"promise": "a call"}) == ()


def test_it_comes_over_the_wire():
    event = a_promise("周五前回电")
    again = read("interactions", b"C1", write(event), (), None, ("t", 0, 0))
    assert said(again) == "周五前回电"
