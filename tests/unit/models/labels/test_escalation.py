"""A complaint is scored when it is opened, and released when its days are over with what has become of it."""

import pytest

from models.context import Context
from models.features import FEATURES, features, unpack
from models.labels.escalation import MODEL, chance_of, end_ms
from models.labels.outcomes import MATURE
from models.learning.scoring import Linear, LinearScorer
from models.rings.windows import home_day, home_day_start_ms
from models.training.bookmark import Position
from models.training.learners import new_release, report, scorer_of, starting_scorers
from models.training.shelf import Shelf
from models.training.snapshots import to_records
from schemas.internal import ExampleRecord, Punctuation, Timer
from schemas.profile import MAX_PENDING
from tests.builders import after, an_interaction
from tests.customers import a_consenting_customer, lived_in
from tests.judging import opened
from tests.policies import a_policy, default_policy, read
from tests.unit.models.model_checks import examples

MODELS = read("models")
NAMED = {"names": [*MODELS["names"], MODEL], "floor_examples": {**MODELS["floor_examples"], MODEL: 100}}
POLICY = a_policy(models=NAMED)
HORIZON = POLICY.models.escalation.horizon_days
SCORERS = starting_scorers(POLICY)
LEARNED = {**SCORERS, MODEL: LinearScorer(Linear((0.5,) * len(FEATURES), (0.0,) * len(FEATURES), -1.0, 100), version=4)}
CUSTOMER = a_consenting_customer(occurred_at=after(days=-60))


def a_complaint(**changes):
    return an_interaction(**{"kind": "complaint", "channel": "phone", "topic": "fees", **changes})


def resolved(**changes):
    return an_interaction(**{"kind": "complaint_resolved", "topic": "fees", **changes})


def lived(*events, policy=POLICY, scorers=LEARNED):
    return lived_in(Context(policy, scorers, 7), *events)


def told(effects):
    """The examples of complaints among effects."""
    found = [ExampleRecord.model_validate_json(e.body) for e in effects if e.name == "examples"]
    return [example for example in found if example.model == MODEL]


def waiting(profile):
    return [example for example in profile.pending if example.model == MODEL]


def days_on(days, **more):
    """So long after the complaint came."""
    return after(days=days, **more)


def over(*events, days=HORIZON + 3, **options):
    """The example of the complaint at the beginning, once it is over; nothing is heard of the customer but `events`."""
    _, effects = lived(CUSTOMER, a_complaint(), *events, Timer(customer_id="C1", until_ms=days_on(days)), **options)
    (example,) = told(effects)
    return example


def test_a_complaint_waits_with_its_features_as_scored_until_a_home_day_is_over():
    profile, effects = lived(CUSTOMER, a_complaint())
    (example,) = waiting(profile)
    assert told(effects) == []
    assert unpack(example.features) == features(profile, after(), "CNY")
    assert (example.score, example.version) == (LEARNED[MODEL].score(unpack(example.features)).value, 4)
    end = example.due_ms - POLICY.lateness_ms
    assert end == end_ms(after(), POLICY) == home_day_start_ms(home_day(after()) + HORIZON + 1)
    assert (example.due_ms, MATURE) in {(due.due_ms, due.name) for due in profile.due}


def test_the_alert_has_the_score_as_evidence():
    profile, effects = lived(CUSTOMER, a_complaint())
    (alert,) = opened(tuple(effects))
    chance = chance_of(profile, after())
    assert 0.0 < chance < 1.0
    assert alert.data["evidence"]["figures"] == {"aum_minor": 0, "escalation_share": pytest.approx(chance)}


def test_below_the_floor_policys_share_stands_in_and_nobody_is_told_of_it():
    few = {**LEARNED, MODEL: LinearScorer(Linear((), (), 0.0, 99), version=3)}
    profile, effects = lived(CUSTOMER, a_complaint(), scorers=few)
    (example,) = waiting(profile)
    assert (example.score, example.version) == (POLICY.models.escalation.start_score, 0)
    (alert,) = opened(tuple(effects))
    assert alert.data["evidence"]["figures"] == {"aum_minor": 0}


@pytest.mark.parametrize(
    ("then", "label"),
    [
        ((), 1),
        ((resolved(occurred_at=days_on(3)),), 0),
        ((resolved(occurred_at=days_on(HORIZON + 2)),), 1),
        ((resolved(occurred_at=days_on(3)), a_complaint(occurred_at=days_on(9), topic="card")), 1),
        ((resolved(occurred_at=days_on(3)), a_complaint(occurred_at=days_on(HORIZON + 2), topic="card")), 0),
        ((resolved(occurred_at=days_on(3)), an_interaction(kind="login", occurred_at=days_on(HORIZON + 2))), 0),
        ((an_interaction(kind="product_closed", topic="deceased", occurred_at=days_on(3)),), None),
    ],
    ids=["it stands", "settled", "settled too late", "another came", "another came later", "seen again", "deceased"],
)
def test_the_label_is_what_had_become_of_it_when_its_days_were_over(then, label):
    _, effects = lived(CUSTOMER, a_complaint(), *then, Timer(customer_id="C1", until_ms=days_on(2 * HORIZON + 9)))
    (example, *_) = told(effects)
    assert example.label == label
    assert (example.snapshot_ms, example.model_version, example.about) == (after(), 4, "")


def test_what_happens_while_late_facts_are_waited_for_does_not_count_and_late_facts_do():
    """The example is due a lateness after its last day; facts are as of the end of that day."""
    end = end_ms(after(), POLICY)
    minute = 60_000
    assert over(resolved(occurred_at=end + minute), days=HORIZON + 9).label == 1
    login = an_interaction(kind="login", occurred_at=end + 2 * minute)
    assert over(login, resolved(occurred_at=end - minute), days=HORIZON + 9).label == 0


def test_who_is_never_heard_of_again_has_his_complaint_released():
    assert over().due_ms == end_ms(after(), POLICY) + POLICY.lateness_ms


@pytest.mark.parametrize(
    "events",
    [
        (CUSTOMER, an_interaction(kind="login")),
        (a_consenting_customer(consents=("marketing",), occurred_at=after(days=-60)), a_complaint()),
        (CUSTOMER, an_interaction(kind="login", occurred_at=after(days=1)), a_complaint()),
    ],
    ids=["no complaint", "no consent to profiling", "heard of too late"],
)
def test_nothing_is_taken_of_who_does_not_complain_or_may_not_be_profiled_or_is_heard_of_late(events):
    profile, _ = lived(*events)
    assert waiting(profile) == []


def test_where_policy_does_not_name_the_model_nothing_is_taken_and_what_waits_is_dropped():
    profile, _ = lived(CUSTOMER, a_complaint(), policy=default_policy())
    assert MODEL not in default_policy().models.names
    assert waiting(profile) == []
    named, _ = lived(CUSTOMER, a_complaint())
    later = Context(default_policy(), SCORERS, 7)
    profile, effects = lived_in(later, Timer(customer_id="C1", until_ms=days_on(HORIZON + 3)), profile=named)
    assert (waiting(profile), told(effects)) == ([], [])


def test_complaints_are_bounded_with_all_that_waits():
    many = [a_complaint(event_id=f"c-{n}", occurred_at=after(minutes=n)) for n in range(2 * MAX_PENDING)]
    profile, _ = lived(CUSTOMER, *many)
    assert len(profile.pending) == MAX_PENDING
    assert chance_of(profile, many[-1].occurred_ms) is None, "the newcomer is lost, and its alert quotes nothing"


def test_needs_are_not_told_of_with_a_complaint():
    _, effects = lived(CUSTOMER, a_complaint(), Timer(customer_id="C1", until_ms=days_on(HORIZON + 3)))
    due_ms = told(effects)[0].due_ms
    at_once = [ExampleRecord.model_validate_json(e.body) for e in effects if e.name == "examples"]
    assert [example.model for example in at_once if example.due_ms == due_ms] == [MODEL]


def test_it_is_trained_calibrated_and_served_as_churn_is():
    release, shelf = new_release(MODEL, POLICY, 1), Shelf(3)
    for number, (values, label, _) in enumerate(examples(250)):
        example = ExampleRecord(
            model=MODEL,
            example_id=f"e-{number}",
            customer_id="C1",
            due_ms=after(days=20, minutes=number),
            snapshot_ms=after(minutes=number),
            features=values,
            label=int(label),
            score=0.3,
            model_version=1,
        )
        release.take(example, Position("s", number, 0), number)
    for version in release.promise(Punctuation(model=MODEL, source_partition=0, below_ms=after(days=90)), 250):
        for key, value in to_records(version):
            shelf.put(key, value)
    newest = shelf.latest(MODEL)
    scorer = scorer_of(newest, POLICY)
    values, _, _ = next(examples(1, seed=9))
    assert (scorer.version, scorer.examples) == (newest.manifest.version, newest.manifest.examples)
    assert report(release)["examples"] == 250
    scored = scorer.score(values)
    assert sum(scored.contributions, scored.base) == scored.log_odds
    assert newest.snapshot["state"]["learner"]["maps"]
