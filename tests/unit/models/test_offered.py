"""An offer that a person made outside of our decisions: a contact, and an example with what was known of it."""

import json
from dataclasses import replace

import pytest

from models.context import Context
from models.features import FEATURES, features, unpack
from models.learning.hashing import slots_of, unpack_slots
from models.served.propensity import PropensityLearner
from models.step import step
from schemas.actions import Effect
from schemas.internal import ExampleRecord, Timer
from schemas.profile import MAX_CONTEXT_BYTES
from tests.builders import BEGINNING, after, an_interaction, an_outcome
from tests.customers import a_consenting_customer, lived, the_context, unlearned
from tests.policies import default_policy

ACTION = "high_yield_savings"
KNOWN = {"job": "student", "euribor3m": 4.857}
POLICY = default_policy()


def a_call(**changes):
    return an_interaction(
        **{"channel": "phone", "kind": "call_started", "offered_action": ACTION, "attributes": KNOWN, **changes}
    )


def a_known_customer(**changes):
    return a_consenting_customer(occurred_at=after(days=-1), **changes)


def examples_in(effects: list[Effect]) -> list[ExampleRecord]:
    found = [effect for effect in effects if (effect.name, effect.key) == ("examples", "propensity")]
    return [ExampleRecord.model_validate_json(effect.body) for effect in found]


def taught() -> Context:
    """A context whose propensity model has learned that students accept."""
    model = PropensityLearner()
    for job in ("student", "retired") * 1_000:
        model.learn((0.0,) * len(FEATURES), job == "student", ACTION, slots_of({"job": job, "euribor3m": 4.0}))
    return replace(the_context(), scorers={**unlearned(), "propensity": model.scorer(9)})


def test_it_is_remembered_as_an_offer_and_a_contact():
    profile, _ = lived(a_known_customer(), a_call(event_id="call-1"))
    (offer,) = profile.offers
    assert (offer.action, offer.channel, offer.decision_id) == (ACTION, "phone", "call-1")
    assert (offer.made_ms, offer.due_ms) == (BEGINNING, after(days=14))
    assert profile.contacts_by_channel == {"phone": 1}


def test_our_own_decision_keeps_quiet_on_that_day_and_speaks_without_it():
    login = an_interaction(kind="login", occurred_at=after(hours=1))
    _, alone = lived(a_known_customer(), login)
    _, beside = lived(a_known_customer(), a_call(), login)
    assert [effect.name for effect in alone if effect.name.startswith("offers:")] == ["offers:mobile"]
    assert [effect.name for effect in beside if effect.name.startswith("offers:")] == []


def test_neither_cap_nor_do_not_contact_makes_it_undone():
    profile, _ = lived(a_known_customer(do_not_contact=True), a_call(), a_call(occurred_at=after(hours=1)))
    assert len(profile.offers) == len(profile.pending) == 2


def test_a_late_one_does_not_take_back_the_cap_of_a_later_day():
    profile, _ = lived(a_known_customer(), a_call(), a_call(occurred_at=after(days=-1)))
    alone, _ = lived(a_known_customer(), a_call())
    assert profile.last_offer_day == alone.last_offer_day


def test_it_is_scored_with_what_was_known_by_the_model_of_that_moment():
    context, known = taught(), step(None, a_known_customer(), the_context()).value
    student = step(known, a_call(), context).value.pending[0]
    retired = step(known, a_call(attributes={**KNOWN, "job": "retired"}), context).value.pending[0]
    assert student.score > 0.6
    assert retired.score < 0.4
    assert (student.version, student.model) == (9, "propensity")
    profile = step(known, a_call(), context).value
    assert unpack(student.features) == features(profile, BEGINNING)
    assert unpack_slots(student.context) == slots_of(KNOWN)
    values = unpack(student.features)
    assert student.score == context.scorers["propensity"].score(values, ACTION, slots_of(KNOWN)).value


@pytest.mark.parametrize(("label", "learned"), [("Accepted", 1), ("Rejected", 0), (None, 0)])
@pytest.mark.parametrize("event_id", ["call-1", "a-call-whose-id-is-longer-than-twenty-characters"])
def test_what_came_of_it_joins_by_the_interactions_id_and_matures_at_the_horizon(label, learned, event_id):
    answer = an_outcome(action_id=..., decision_id=event_id, label=label or "Impression", occurred_at=after(days=2))
    early, late = (Timer(customer_id="C1", until_ms=after(days=days)) for days in (13.9, 14.5))
    profile, nothing_yet = lived(a_known_customer(), a_call(event_id=event_id), *([answer] if label else []), early)
    assert examples_in(nothing_yet) == []
    (example,) = examples_in(lived(late, profile=profile)[1])
    assert (example.about, example.label, example.snapshot_ms) == (ACTION, learned, BEGINNING)
    assert example.due_ms == after(days=14) + POLICY.lateness_ms
    assert example.context == slots_of(KNOWN)


def test_an_answer_to_another_decision_dangles():
    profile, _ = lived(a_known_customer(), a_call(event_id="call-1"))
    answer = an_outcome(action_id=..., decision_id="call-2", occurred_at=after(days=1))
    assert step(profile, answer, the_context()).outcome == ("Accepted", "dangling")


def test_an_action_that_the_catalogue_does_not_know_is_counted_and_no_example():
    known = step(None, a_known_customer(), the_context()).value
    verdict = step(known, a_call(kind="other", offered_action="a moon trip"), the_context())
    assert verdict.suppressed == ("unknown_action",)
    assert verdict.result == "applied"
    assert verdict.value.offers == verdict.value.pending == ()


def test_without_consent_to_profiling_it_is_a_contact_and_no_example():
    profile, _ = lived(a_call())
    assert len(profile.offers) == 1
    assert profile.pending == ()


def test_our_own_offer_waits_with_what_was_known_of_its_contact():
    login = an_interaction(kind="login", attributes=KNOWN)
    profile, effects = lived(a_known_customer(), login)
    (pending,) = profile.pending
    assert unpack_slots(pending.context) == slots_of(KNOWN)
    assert pending.about == profile.offers[0].action_id
    assert [effect.name for effect in effects if effect.name.startswith("offers:")] == ["offers:mobile"]


def test_what_is_known_of_a_contact_is_one_of_the_reasons_of_an_offer():
    context = taught()
    model = PropensityLearner()
    for n in range(2_000):
        known = {"job": ("student", "retired")[n % 2]}
        for action in ("high_yield_savings", "app_welcome", "first_product"):
            model.learn((0.0,) * len(FEATURES), n % 2 == 0, action, slots_of(known))
    context = replace(context, scorers={**unlearned(), "propensity": model.scorer(1)})
    known = step(None, a_known_customer(), context).value
    verdict = step(known, an_interaction(kind="login", attributes={"job": "student"}), context)
    (made,) = [effect for effect in verdict.effects if effect.name.startswith("offers:")]
    reasons = json.loads(json.loads(made.body)["data"])["reasons"]
    assert [(r["code"], r["en"]) for r in reasons[2:]] == [("context", "what is known of this contact")]
    assert reasons[2]["contribution"] > 0


def test_contexts_that_wait_are_bounded_and_the_newcomer_is_lost():
    rich = {f"number{n}": 1.5 + n for n in range(24)}
    calls = [a_call(attributes=rich, occurred_at=after(minutes=n)) for n in range(3)]
    poor = a_call(attributes=None, occurred_at=after(minutes=9))
    profile, _ = lived(a_known_customer(), *calls, poor)
    assert [example.scored_ms for example in profile.pending] == [after(minutes=n) for n in (0, 1, 9)]
    first, second, third = profile.pending
    assert len(first.context) + len(second.context) <= MAX_CONTEXT_BYTES < 3 * len(first.context)
    assert (third.context, len(profile.offers)) == (b"", 4)
