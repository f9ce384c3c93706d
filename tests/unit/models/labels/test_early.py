"""Offers learned as their answers come: what the trainer is told, when, and what stays as it is without."""

import json
from dataclasses import replace

import pytest

from models.step import step
from models.training.admission import unfit
from schemas import profile_codec
from schemas.errors import PolicyError
from schemas.internal import Erasure, ExampleRecord, Timer
from schemas.profile import MAX_PENDING
from schemas.vocabulary import FAST
from tests.builders import BEGINNING, after, an_interaction, an_outcome
from tests.customers import a_consenting_customer, the_context
from tests.policies import a_policy, default_policy

ACTION = "high_yield_savings"
PLAIN = the_context()
EARLY = replace(PLAIN, policy=a_policy(models={"labels": {"propensity": "fast"}}))
HORIZON = after(days=14) + default_policy().lateness_ms  # of the action


def a_known_customer(**changes):
    return a_consenting_customer(occurred_at=after(days=-1), **changes)


def a_call(**changes):
    return an_interaction(**{"channel": "phone", "kind": "call_started", "offered_action": ACTION, **changes})


def an_answer(label="Accepted", *, days=2.0, **changes):
    about = {"action_id": ..., "decision_id": "call-1"}
    return an_outcome(**{**about, "event_id": f"o-{label}-{days}", "label": label, "occurred_at": after(days=days)})


def lived(*events, profile=None, context=EARLY):
    """The profile after these events, and the records of the propensity model that they brought."""
    found = []
    for event in events:
        verdict = step(profile, event, context)
        profile = verdict.value
        found += [effect.body for effect in verdict.effects if (effect.name, effect.key) == ("examples", "propensity")]
    return profile, [ExampleRecord.model_validate_json(body) for body in found]


def called(**more):
    return lived(a_known_customer(), a_call(event_id="call-1"), **more)


def until(days):
    return Timer(customer_id="C1", until_ms=after(days=days))


def told(records):
    return [(record.part, record.label, record.due_ms) for record in records]


def test_an_offer_comes_in_parts_at_once_when_it_is_accepted_and_at_its_horizon():
    profile, begun = called()
    profile, answered = lived(an_answer(days=2), profile=profile)
    _, ended = lived(until(15), profile=profile)
    assert told(begun) == [("early", 0, BEGINNING)]
    assert told(answered) == [("early", 1, after(days=2))]
    assert told(ended) == [("verdict", 1, HORIZON)]
    parts = [*begun, *answered, *ended]
    assert len({part.example_id for part in parts}) == 3
    assert [part.example_id for part in parts[:2]] == [ended[0].early_id(0), ended[0].early_id(1)]
    assert len({(part.features, part.about, part.snapshot_ms) for part in parts}) == 1


def test_an_offer_of_our_own_comes_in_parts_too():
    _, records = lived(a_known_customer(), an_interaction(kind="login"))
    assert told(records) == [("early", 0, BEGINNING)]


@pytest.mark.parametrize("label", ["Impression", "Clicked", "Rejected", "Expired"])
def test_what_is_no_yes_waits_for_the_horizon(label):
    _, records = lived(an_answer(label), until(15), profile=called()[0])
    assert told(records) == [("verdict", 0, HORIZON)]


def test_a_yes_is_told_once_whatever_comes_after_it():
    answers = [an_answer(days=2), an_answer("Converted", days=3), an_answer("Rejected", days=4), an_answer(days=1)]
    _, records = lived(*answers, until(15), profile=called()[0])
    assert told(records) == [("early", 1, after(days=2)), ("verdict", 1, HORIZON)]


def test_a_yes_after_the_horizon_or_to_another_offer_is_not_told():
    _, records = lived(an_answer(days=14.5), until(15), profile=called()[0])
    assert told(records) == [("verdict", 0, HORIZON)]
    other = an_outcome(action_id="another", occurred_at=after(days=1))
    assert lived(other, profile=called()[0])[1] == []


def test_who_withdraws_his_consent_is_told_of_no_more():
    withdrawn = a_consenting_customer(consents=["marketing"], occurred_at=after(days=1))
    _, records = lived(withdrawn, an_answer(days=2), until(15), profile=called()[0])
    assert told(records) == [("verdict", None, HORIZON)]


def consenting(*consents, days):
    return a_consenting_customer(event_id=f"m-{days}", consents=[*consents, "marketing"], occurred_at=after(days=days))


def test_an_answer_that_was_heard_without_consent_can_never_be_known():
    """What was learned early of it is that it was not accepted; a verdict that says so would count as an answer."""
    without, again = consenting(days=1), consenting("profiling", "personalisation", days=3)
    profile, records = lived(without, an_answer(days=2), again, profile=called()[0])
    assert records == []
    assert profile_codec.decode(profile_codec.encode(profile)) == profile
    _, records = lived(until(15), profile=profile)
    assert told(records) == [("verdict", None, HORIZON)]
    _, records = lived(without, an_answer("Rejected", days=2), again, until(15), profile=called()[0])
    assert told(records) == [("verdict", 0, HORIZON)], "a no was learned already"
    plain, _ = called(context=PLAIN)
    _, records = lived(without, an_answer(days=2), again, until(15), profile=plain, context=PLAIN)
    assert told(records) == [("whole", 1, HORIZON)]


@pytest.mark.parametrize("own", [True, False])
def test_who_is_erased_is_let_go_at_once_with_a_verdict_that_says_nothing_of_him(own):
    """The trainer may remember parts of his examples by their ids until their verdict (`models.training.missed`)."""
    profile, (begun,) = called()
    far_ms = after(days=3) if own else after(days=3_000)
    stub, (verdict,) = lived(
        Erasure(customer_id="C1", event_id="gone", occurred_ms=far_ms, has_own_time=own), profile=profile
    )
    lateness_ms = default_policy().lateness_ms
    assert told([verdict]) == [("verdict", None, (far_ms if own else BEGINNING) + lateness_ms)]
    assert verdict.early_id(0) == begun.example_id
    assert "" not in (begun.about, begun.decision_id)
    assert (verdict.features, verdict.context, verdict.score, verdict.model_version) == ((), (), None, None)
    assert (verdict.about, verdict.decision_id) == ("", ""), "nor what he was offered"
    assert unfit(verdict, "propensity", 1) == ""
    assert lived(until(15), profile=stub)[1] == []


def test_who_is_erased_without_early_learning_leaves_no_verdict():
    profile, _ = called(context=PLAIN)
    gone = Erasure(customer_id="C1", event_id="gone", occurred_ms=after(days=3))
    assert lived(gone, profile=profile, context=PLAIN)[1] == []


def test_an_offer_for_whose_example_there_is_no_room_is_not_told():
    profile, _ = lived(a_known_customer())
    one = called()[0].pending[0]
    profile = replace(profile, pending=tuple(one._replace(example_id=f"e-{n}") for n in range(MAX_PENDING)))
    profile, records = lived(a_call(event_id="call-1"), an_answer(), profile=profile)
    assert len(profile.offers) == 1
    assert records == []


@pytest.mark.parametrize(("first", "then"), [(EARLY, PLAIN), (PLAIN, EARLY)])
def test_an_example_ends_as_it_began_whatever_policy_says_then(first, then):
    profile, begun = called(context=first)
    _, rest = lived(an_answer(), until(15), profile=profile, context=then)
    parts = [part for part, _, _ in told([*begun, *rest])]
    assert parts == (["early", "early", "verdict"] if first is EARLY else ["whole"])


def test_a_profile_keeps_how_it_began():
    profile, _ = called()
    assert profile.pending[0].about == FAST
    assert profile_codec.decode(profile_codec.encode(profile)) == profile


def test_without_it_profiles_and_records_are_as_they_were():
    """The bytes of a plain example say nothing of parts, and its profile nothing of how it began."""
    profile, begun = called(context=PLAIN)
    assert begun == []
    assert profile.pending[0].about == profile.pending[0].example_id
    answered = step(profile, an_answer(), PLAIN)
    assert [effect for effect in answered.effects if effect.name == "examples"] == []
    ended = step(answered.value, until(15), PLAIN)
    (body,) = [effect.body for effect in ended.effects if effect.key == "propensity"]
    assert "part" not in json.loads(body)
    assert ExampleRecord.model_validate_json(body).part == "whole"


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ({"propensity": "soon"}, r"models\.toml: labels\.propensity: .*'matured' or 'fast' \(it is 'soon'\)"),
        ({"churn": "fast"}, r'models\.toml: .*labels\.churn: "fast" is for propensity only'),
        ({"need": "fast", "propensity": "fast"}, r'models\.toml: .*labels\.need: "fast" is for propensity only'),
        ({"weather": "matured"}, r"models\.toml: .*labels\.weather: `names` holds no such model"),
    ],
)
def test_what_cannot_be_learned_so_is_refused(labels, says):
    with pytest.raises(PolicyError, match=says):
        a_policy(models={"labels": labels})


def test_labels_mature_unless_policy_wants_otherwise():
    assert not default_policy().models.is_fast("propensity")
    assert not a_policy(models={"labels": {"propensity": "matured", "churn": "matured"}}).models.is_fast("propensity")
    assert EARLY.policy.models.is_fast("propensity")
