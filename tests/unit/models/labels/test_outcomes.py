"""Labels: released at the horizon, both kinds together; what can never be known is censored; outcomes join offers."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from models.cause import Cause
from models.contact import contact_denied
from models.context import Context
from models.features import FEATURES, features, unpack
from models.labels.outcomes import MATURE, begin_snapshots, hear, mature, pend, pend_offer, take_snapshot
from models.learning.scoring import Linear, LinearScorer
from models.policy import load_policy
from models.rings.windows import home_day, home_day_start_ms
from schemas.internal import ExampleRecord
from schemas.profile import MAX_PENDING, Account, Due, Identity, OfferMade, OpenAlert, PendingExample, Profile, Score
from schemas.profile_codec import decode, encode
from tests.builders import BEGINNING, after, an_outcome

POLICY = load_policy(Path(__file__).parents[4] / "deploy" / "policy")
LATENESS = POLICY.lateness_ms
HORIZON = POLICY.churn.horizon_days
SCORER = LinearScorer(Linear((0.5,) * len(FEATURES), (0.0,) * len(FEATURES), -1.0, 777), version=4)
CONTEXT = Context(POLICY, {"churn": SCORER})
HIGH = 100_000_00


def a_customer_profile(**changes) -> Profile:
    known = Profile(
        "C1",
        first_seen_ms=after(days=-100),
        last_seen_ms=BEGINNING,
        identity=Identity(BEGINNING, consents=("profiling",)),
        last_own_activity_ms=BEGINNING,
    )
    return replace(known, **changes)


def with_assets(aum: int, high: int = HIGH, at_ms: int = BEGINNING) -> dict:
    return {"accounts": {"a": Account("CNY", aum, at_ms, at_ms)}, "aum_weeks": ((home_day(at_ms), high),)}


def first_snapshot(profile: Profile) -> Due:
    return begin_snapshots(replace(profile, due=()), BEGINNING, POLICY).due[0]


def snapshot_of(profile: Profile) -> Profile:
    due = first_snapshot(profile)
    taken, lost = take_snapshot(profile, due, Cause.of_work("C1", due), CONTEXT)
    assert lost == ()
    return taken


def released(profile: Profile) -> ExampleRecord:
    due = next(work for work in profile.due if work.name == MATURE)
    after_it, (effect,) = mature(profile, due, Cause.of_work("C1", due), CONTEXT)
    assert after_it.pending == ()
    assert (effect.kind, effect.name, effect.timed) == ("topic", "examples", True)
    record = ExampleRecord.model_validate_json(effect.body)
    assert effect.key == record.model
    return record


def test_each_customer_has_a_day_of_the_week_of_his_own():
    days = {home_day(first_snapshot(replace(a_customer_profile(), customer_id=f"C{n}")).due_ms) for n in range(60)}
    assert len(days) == POLICY.churn.snapshot_days == 7
    assert min(days) > home_day(BEGINNING)


def test_a_snapshot_describes_a_day_boundary_and_is_due_one_lateness_after_it():
    due = first_snapshot(a_customer_profile())
    assert due.due_ms - LATENESS == home_day_start_ms(home_day(due.due_ms - LATENESS))
    (pending,) = snapshot_of(a_customer_profile()).pending
    assert pending.scored_ms == due.due_ms - LATENESS
    assert pending.due_ms == after(due.due_ms, days=HORIZON)


def test_the_next_snapshot_is_a_week_later():
    due, taken = first_snapshot(a_customer_profile()), snapshot_of(a_customer_profile())
    assert Due(after(due.due_ms, days=7), "weekly_snapshot") in taken.due


def test_snapshots_begin_once_and_not_for_who_has_left():
    begun = begin_snapshots(a_customer_profile(), BEGINNING, POLICY)
    assert begin_snapshots(begun, after(days=3), POLICY) is begun
    gone = a_customer_profile(churn_label="closed")
    assert begin_snapshots(gone, BEGINNING, POLICY).due == ()
    assert snapshot_like(gone).due == ()


def test_who_came_back_after_an_erasure_is_learned_from_again():
    back = a_customer_profile(erased_ms=BEGINNING)
    assert begin_snapshots(back, BEGINNING, POLICY).due == (first_snapshot(back),)
    assert released(replace(snapshot_of(back), **ACTIVE)).label == 0


def snapshot_like(profile: Profile) -> Profile:
    due = first_snapshot(a_customer_profile())
    return take_snapshot(profile, due, Cause.of_work("C1", due), CONTEXT)[0]


def test_the_score_is_kept_with_version_examples_and_exact_reasons():
    profile = a_customer_profile()
    score = snapshot_of(profile).scores["churn"]
    due = first_snapshot(profile)
    values = features(profile, due.due_ms - LATENESS - 1)
    scored = SCORER.score(values)
    assert (score.value, score.version, score.examples, score.at_ms) == (scored.value, 4, 777, due.due_ms)
    largest = max(range(len(FEATURES)), key=lambda place: abs(scored.contributions[place]))
    assert score.reasons[0] == (FEATURES[largest], scored.contributions[largest])


def test_what_waits_is_what_was_scored():
    profile = a_customer_profile()
    (pending,) = snapshot_of(profile).pending
    values = unpack(pending.features)
    assert values == features(profile, pending.scored_ms - 1)
    assert pending.score == SCORER.score(values).value


def test_without_consent_nothing_is_scored_nor_waits_and_an_old_score_goes():
    refused = a_customer_profile(identity=Identity(BEGINNING), scores={"churn": Score(0.9, 1, 10, BEGINNING)})
    unknown = a_customer_profile(identity=None)
    for profile in (refused, unknown):
        taken = snapshot_of(profile)
        assert taken.pending == ()
        assert taken.scores == {}
        assert taken.due == (), "the next event puts it on the list again"


@pytest.mark.parametrize(
    "left_already",
    [with_assets(HIGH // 2), {"last_own_activity_ms": after(days=-60)}, {"last_own_activity_ms": None}],
)
def test_who_has_left_already_gives_no_example_but_has_a_score(left_already):
    taken = snapshot_of(a_customer_profile(**left_already))
    assert taken.pending == ()
    assert "churn" in taken.scores


ACTIVE = {"last_own_activity_ms": after(days=36)}


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        (ACTIVE, 0),
        (ACTIVE | {"churn_label": "closed", "churn_label_ms": after(days=20)}, 1),
        (ACTIVE | with_assets(HIGH * 49 // 100), 1),
        (ACTIVE | with_assets(HIGH * 51 // 100), 0),  # fallen, but back above the half
        (ACTIVE | with_assets(0, high=POLICY.churn.aum_high_minor - 1), 0),  # so little says nothing
        (ACTIVE | with_assets(0, at_ms=after(days=-60)), 0),  # more than 90 days before the horizon
        ({}, 1),  # nothing of his own since before the snapshot
        (ACTIVE | {"churn_label": "died"}, None),
        (ACTIVE | {"churn_label": "merged"}, None),
        (ACTIVE | {"identity": Identity(BEGINNING)}, None),  # consent withdrawn
        (ACTIVE | {"erased_ms": after(days=20)}, None),
    ],
)
def test_the_label_is_what_is_true_at_the_horizon(facts, label):
    waiting = snapshot_of(a_customer_profile())
    record = released(replace(waiting, **facts))
    (pending,) = waiting.pending
    assert record.label == label
    assert (record.example_id, record.due_ms, record.snapshot_ms) == (
        pending.example_id,
        pending.due_ms,
        pending.scored_ms,
    )
    assert record.features == unpack(pending.features)
    assert (record.score, record.model_version, record.customer_id) == (pending.score, 4, "C1")


def test_work_whose_example_is_gone_does_nothing():
    profile = a_customer_profile()
    due = Due(after(days=40), MATURE, "never-heard-of")
    assert mature(profile, due, Cause.of_work("C1", due), CONTEXT) == (profile, ())


def test_the_same_snapshot_has_the_same_id_whatever_fires_it():
    assert snapshot_of(a_customer_profile()).pending == snapshot_of(a_customer_profile()).pending


def an_offer(**changes) -> OfferMade:
    return OfferMade("a-1", "d-1", "loan_top_up", "mobile", BEGINNING, after(days=14))._replace(**changes)


def with_offer(**changes) -> Profile:
    profile = a_customer_profile(offers=(an_offer(**changes),), **ACTIVE)
    return pend_offer(profile, an_offer(), (0.5,) * len(FEATURES), 0.12, 3, POLICY)[0]


@pytest.mark.parametrize(
    ("outcome", "label"),
    [
        ("Accepted", 1),
        ("Converted", 1),
        (None, 0),
        ("Rejected", 0),
        ("Clicked", 0),
        ("Expired", 0),
        ("Retracted", None),
    ],
)
def test_an_offer_is_labelled_at_its_horizon_by_its_best_outcome(outcome, label):
    record = released(with_offer(outcome=outcome, outcome_ms=BEGINNING))
    assert (record.model, record.about, record.label) == ("propensity", "loan_top_up", label)
    assert record.decision_id == "d-1", "where the ledger has its action_probability"
    assert (record.due_ms, record.score, record.model_version) == (after(days=14) + LATENESS, 0.12, 3)


def test_an_offer_that_the_profile_no_longer_holds_is_censored():
    record = released(replace(with_offer(), offers=()))
    assert (record.label, record.about, record.decision_id) == (None, "", "")


def test_an_offer_without_consent_to_profiling_is_not_learned_from():
    profile = a_customer_profile(identity=None)
    assert pend_offer(profile, an_offer(), (0.5,) * len(FEATURES), 0.1, 0, POLICY) == (profile, ())


def a_pending(number: int, due_ms: int = after(days=40)) -> PendingExample:
    return PendingExample(f"e-{number}", "churn", BEGINNING, due_ms, b"")


def test_waiting_examples_are_bounded_and_the_newcomer_is_lost():
    profile, told = a_customer_profile(), []
    for number in range(MAX_PENDING + 3):
        profile, lost = pend(profile, a_pending(number), BEGINNING)
        told.append(lost)
    assert told == [()] * MAX_PENDING + [("churn",)] * 3
    assert [example.example_id for example in profile.pending] == [f"e-{number}" for number in range(MAX_PENDING)]
    assert len(profile.due) == MAX_PENDING


def test_an_example_waits_once_and_a_stuck_one_makes_room():
    profile, _ = pend(a_customer_profile(), a_pending(1), BEGINNING)
    again, lost = pend(profile, a_pending(1), BEGINNING)
    assert (again.pending, lost) == (profile.pending, ()), "it waits: nothing was lost"
    later, _ = pend(profile, a_pending(2, due_ms=after(days=90)), after(days=41))
    assert [example.example_id for example in later.pending] == ["e-2"]


def test_the_memory_of_an_example_is_freed_when_it_matures():
    waiting = snapshot_of(a_customer_profile())
    assert len(waiting.pending) == 1
    released(waiting)


def heard(profile: Profile, *outcomes) -> tuple[Profile, list[str]]:
    said = []
    for outcome in outcomes:
        profile, result = hear(profile, outcome)
        said.append(result)
    return profile, said


@pytest.mark.parametrize("order", list(permutations(["Impression", "Accepted", "Rejected"])))
def test_the_better_outcome_wins_in_any_order(order):
    outcomes = [an_outcome(label=label, occurred_at=after(days=1)) for label in order]
    profile, said = heard(with_offer(), *outcomes)
    assert (profile.offers[0].outcome, said) == ("Accepted", ["joined"] * 3)


def test_hearing_an_outcome_twice_is_hearing_it_once():
    once, _ = heard(with_offer(), an_outcome(occurred_at=after(days=1)))
    twice, _ = heard(once, an_outcome(occurred_at=after(days=2)))
    assert twice is once
    assert once.offers[0].outcome_ms == after(days=1)


def test_an_outcome_joins_by_decision_too():
    by_decision = an_outcome(action_id=..., decision_id="d-1", label="Clicked")
    profile, said = heard(with_offer(), by_decision)
    assert (profile.offers[0].outcome, said) == ("Clicked", ["joined"])


def test_an_outcome_after_the_horizon_is_late_and_changes_nothing():
    profile = with_offer()
    assert heard(profile, an_outcome(occurred_at=after(days=15))) == (profile, ["late"])


def test_an_outcome_in_time_that_is_told_when_the_label_is_out_is_late_and_changes_nothing():
    waiting, in_time = with_offer(), an_outcome(label="Accepted", occurred_at=after(days=1))
    assert heard(waiting, in_time)[1] == ["joined"]
    assert released(waiting).label == 0
    due = next(work for work in waiting.due if work.name == MATURE)
    matured, _ = mature(waiting, due, Cause.of_work("C1", due), CONTEXT)
    assert heard(matured, in_time) == (matured, ["late"])
    kept = decode(encode(matured))
    assert heard(kept, in_time) == (kept, ["late"])
    other = replace(matured, offers=(*matured.offers, an_offer(action_id="a-2")))
    assert heard(other, an_outcome(action_id="a-2", occurred_at=after(days=1)))[1] == ["joined"]


def test_a_no_that_is_told_when_the_label_is_out_is_late_and_still_gives_the_customer_his_rest():
    waiting, no = with_offer(), an_outcome(label="Rejected", occurred_at=after(days=1))
    due = next(work for work in waiting.due if work.name == MATURE)
    matured, _ = mature(waiting, due, Cause.of_work("C1", due), CONTEXT)
    told, results = heard(matured, no)
    assert results == ["late"]
    assert contact_denied(told, after(days=2), POLICY) == "rejected_lately"
    assert contact_denied(matured, after(days=2), POLICY) != "rejected_lately"
    assert heard(told, no) == (told, ["late"]), "said twice it is the same"


def test_an_outcome_of_nothing_known_dangles():
    profile = with_offer()
    assert heard(profile, an_outcome(action_id="a-99")) == (profile, ["dangling"])
    finding = an_outcome(action_id=..., about_event_id="t-1", label="Confirmed")
    assert heard(profile, finding) == (profile, ["dangling"])


def test_an_analysts_finding_joins_the_alert_that_it_is_about():
    alert = OpenAlert("x-1", "unusual_amount", "alerts:fraud:p1", BEGINNING, after(days=3), cause="t-1")
    profile = a_customer_profile(open_alerts=(alert,))
    finding = an_outcome(action_id=..., about_event_id="t-1", label="Confirmed")
    assert heard(profile, finding) == (profile, ["joined"])
