"""The model "value": a fair, bounded sample of customers, numbers fitted on time, and versions that are checked."""

from functools import cache
from random import Random

import msgpack
import pytest

from models.clv.bg_nbd import Buying, Past
from models.clv.gamma_gamma import Spending
from models.clv.model import KEYS, Row, ValueLearner, ValueScorer, fitted
from models.learning.learner import BadSnapshotError
from models.training.bookmark import Position
from models.training.learners import LocalTrainer, new_release, report, scorer_of, starting_scorers
from models.training.shelf import Shelf
from models.training.snapshots import Manifest, Stored, to_records
from schemas.internal import ExampleRecord, Punctuation
from schemas.profile_worth import Purchases
from tests.policies import a_policy

FLOORS = {"churn": 1, "propensity": 1, "value": 50, "need": 1}
POLICY = a_policy(value={"sample": 500}, models={"floor_examples": FLOORS})
DAY_MS = 86_400_000
TRUTH = Buying(1.5, 1.0, 0.7, 4.0)
TODAY = 20_000


def a_row(chance: Random, seen_day: int = TODAY) -> Row:
    """A customer of some weeks who lives by TRUTH and pays about 100.00 at a time."""
    first = seen_day - chance.randint(30, 300)
    rate, leaves = chance.gammavariate(TRUTH.r, 1 / TRUTH.alpha) / 7, chance.betavariate(TRUTH.a, TRUTH.b)
    repeats, last, now = 0, first, float(first)
    while (now := now + chance.expovariate(rate)) <= seen_day:
        repeats, last = repeats + 1, int(now)
        if chance.random() < leaves:
            break
    usual = chance.gammavariate(4, 25_00)
    mean = sum(chance.gammavariate(3, usual / 3) for _ in range(repeats)) / repeats if repeats else 0.0
    return Row(repeats, first, last, seen_day, mean)


def rows(number: int, seed: int = 1, **fields) -> list[Row]:
    chance = Random(seed)
    return [a_row(chance, **fields) for _ in range(number)]


def a_learner(number: int = 200, **fields) -> ValueLearner:
    learner = ValueLearner(POLICY)
    for customer, row in enumerate(rows(number, **fields)):
        learner.learn(row, True, f"C{customer}")
    return learner


def an_example(customer: str, row: Row | tuple = (), *, day: int = TODAY) -> ExampleRecord:
    return ExampleRecord(
        model="value",
        example_id=f"v-{customer}-{day}",
        customer_id=customer,
        due_ms=day * DAY_MS,
        snapshot_ms=day * DAY_MS,
        features=tuple(map(float, row)),
        label=1 if row else None,
    )


def a_census(number: int = 120, days: int = 3):
    """A release that was told of so many customers, a share of them each day, and its versions."""
    release, versions = new_release("value", POLICY, 1), []
    for place, row in enumerate(rows(number)):
        example = an_example(f"C{place}", row, day=TODAY + place % days)
        release.take(example, Position("p", place, 0), place)
    promise = Punctuation(model="value", source_partition=0, below_ms=(TODAY + days) * DAY_MS)
    versions += release.promise(promise, number)
    return release, versions


# -- the sample ---------------------------------------------------------------------------------------------------


def test_a_customer_who_is_told_of_again_replaces_his_row():
    learner = a_learner(3)
    learner.learn(Row(9, 1, 2, 3, 4), True, "C1")
    assert len(learner.rows) == 3
    assert sum(row == Row(9, 1, 2, 3, 4) for row in learner.rows.values()) == 1


def test_one_who_is_taken_out_is_gone_and_one_who_was_never_there_too():
    learner = a_learner(3)
    learner.learn((), False, "C1")
    learner.learn((), False, "nobody")
    assert len(learner.rows) == 2
    assert learner.examples == 5


def test_the_sample_is_bounded_and_the_same_for_every_order():
    told = [(f"C{place}", row) for place, row in enumerate(rows(1_200))]
    samples = []
    for seed in range(2):
        learner = ValueLearner(POLICY)
        Random(seed).shuffle(told)
        for customer, row in told:
            learner.learn(row, True, customer)
        samples.append(dict(learner.rows))
    assert samples[0] == samples[1]
    assert len(samples[0]) == 500


def test_a_place_that_was_given_up_goes_to_nobody_who_was_turned_away():
    """Else those who are told of often would fill the sample."""
    learner = a_learner(501)
    (away,) = {f"C{n}" for n in range(501)} - {f"C{n}" for n in range(501) if _is_in(learner, f"C{n}")}
    learner.learn((), False, next(f"C{n}" for n in range(501) if f"C{n}" != away))
    learner.learn(Row(1, 2, 3, 4, 5), True, away)
    assert len(learner.rows) == 499


def _is_in(learner: ValueLearner, customer: str) -> bool:
    before = len(learner.rows)
    taken = ValueLearner(POLICY)
    taken.restore(learner.snapshot())
    taken.learn((), False, customer)
    return len(taken.rows) < before


# -- the numbers --------------------------------------------------------------------------------------------------


def test_numbers_are_fitted_from_the_floor_on_and_anew_when_policy_says():
    learner = a_learner(49)
    assert not learner.fit()
    learner.learn(rows(50)[-1], True, "C49")
    assert learner.fit()
    assert not learner.fit(), "it was fitted today"
    for later, is_time in ((6, False), (7, True)):
        learner.learn(rows(1)[0]._replace(seen_day=TODAY + later), True, "C0")
        assert learner.fit() is is_time
    assert learner.refused == 0
    assert learner.scorer(3).examples == 50


def test_an_empty_sample_has_no_numbers():
    assert not ValueLearner(POLICY).fit()


@pytest.mark.parametrize("one", [Row(0, TODAY - 9, TODAY - 9, TODAY, 0.0), Row(3, TODAY - 9, TODAY, TODAY, 0.0)])
def test_a_fit_that_finds_nothing_is_counted_and_tried_again_later(one):
    learner = ValueLearner(POLICY)
    for customer in range(60):
        learner.learn(one, True, f"C{customer}")
    assert not learner.fit()
    assert not learner.fit()
    assert learner.refused == 1
    assert learner.scorer(1).appraise(Purchases(3, 1, 9, 5, 1), 20, POLICY.value) is None
    assert learner.score(one) == 0.5


def test_the_fit_finds_how_often_customers_come_and_what_they_pay():
    buying, spending = fitted(rows(3_000), TODAY, POLICY)
    assert buying.r / buying.alpha == pytest.approx(TRUTH.r / TRUTH.alpha, rel=0.15)
    assert spending.expected(0, 0.0) == pytest.approx(100_00, rel=0.1)


def test_who_is_no_longer_told_of_is_silent_until_the_week_that_is_not_over():
    told = rows(300)
    silent = [row._replace(seen_day=TODAY - 60) for row in told]
    known = [row._replace(seen_day=TODAY - 7) for row in told if row.last_day <= TODAY - 7]
    assert fitted([r for r in silent if r.last_day <= TODAY - 60], TODAY, POLICY) == fitted(
        [r for r in known if r.last_day <= TODAY - 60], TODAY, POLICY
    )


# -- what a customer is worth -------------------------------------------------------------------------------------


def test_worth_is_purchases_times_spending_times_margin():
    buying, spending = Buying(0.243, 4.414, 0.793, 2.426), Spending(6.25, 3.74, 15_44.0)
    bought = Purchases(3, TODAY - 272, TODAY - 272 + 213, 90_00, 30_00)
    worth = ValueScorer(buying, spending, 4, 900).appraise(bought, TODAY, POLICY.value)
    past = Past(2, 213 / 7, 272 / 7)
    expected = buying.expected(past, 365 / 7)
    assert (worth.day, worth.version, worth.alive_thousandths) == (TODAY, 4, round(1000 * buying.alive(past)))
    assert worth.purchases_tenths == round(10 * expected)
    assert worth.year_minor == round(expected * spending.expected(2, 30_00) * POLICY.value.margin_share)
    assert worth.band == "low"


@pytest.mark.parametrize("alpha", [0.0369, 0.00105])
def test_numbers_at_the_edge_of_what_may_be_fitted_appraise_nobody_rather_than_fail(alpha):
    scorer = ValueScorer(Buying(0.0062, alpha, 100.0, 0.001), Spending(1.0, 2.0, 100.0), 4, 900)
    for bought in (Purchases(1, TODAY, TODAY, 90_00, 90_00), Purchases(2, TODAY - 1, TODAY, 90_00, 30_00)):
        worth = scorer.appraise(bought, TODAY, POLICY.value)
        assert worth is None or worth.year_minor >= 0


def test_who_pays_more_is_in_a_higher_band():
    learner = a_learner()
    learner.fit()
    scorer = learner.scorer(1)
    names = [band.name for band in POLICY.value.band]
    worths = [
        scorer.appraise(Purchases(40, TODAY - 300, TODAY, 40 * each, each), TODAY, POLICY.value)
        for each in (1_00, 1_000_00, 100_000_00)
    ]
    places = [names.index(worth.band) for worth in worths]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] == len(names) - 1
    assert worths[0].year_minor < worths[1].year_minor < worths[2].year_minor


def test_a_day_that_lies_before_the_last_purchase_is_that_day():
    learner = a_learner()
    learner.fit()
    bought = Purchases(3, TODAY - 20, TODAY, 90_00, 30_00)
    early, same = (learner.scorer(1).appraise(bought, day, POLICY.value) for day in (TODAY - 3, TODAY))
    assert early._replace(day=TODAY) == same


def test_the_score_is_the_probability_of_being_alive_with_its_log_odds():
    learner = a_learner()
    learner.fit()
    scorer, row = learner.scorer(2), Row(5, TODAY - 100, TODAY - 50, TODAY, 10.0)
    scored = scorer.score(row)
    assert scored.value == learner.score(row)
    assert 0 < scored.value < 1
    assert scorer.score(row._replace(repeats=0, last_day=row.first_day)).value == 1.0
    assert (scored.contributions, scored.examples, scorer.version) == ((), 200, 2)


# -- versions -----------------------------------------------------------------------------------------------------


def test_a_version_is_made_daily_and_says_how_many_customers_it_knows():
    release, versions = a_census(days=4)
    assert [version.version for version in versions] == [1, 2, 3]
    assert versions[-1].quality[:2] == (90, sum(row.repeats > 0 for i, row in enumerate(rows(120)) if i % 4 < 3))
    assert report(release)["examples"] == 120
    assert report(release)["auc"] is None


def test_two_runs_in_other_orders_of_arrival_give_the_same_bytes():
    _, versions = a_census()
    release = new_release("value", POLICY, 1)
    told = [an_example(f"C{place}", row, day=TODAY + place % 3) for place, row in enumerate(rows(120))]
    Random(3).shuffle(told)
    for place, example in enumerate(told):
        release.take(example, Position("p", place, 0), place)
    again = [*release.promise(Punctuation(model="value", source_partition=0, below_ms=(TODAY + 3) * DAY_MS), len(told))]
    assert [msgpack.packb(v.snapshot["state"]) for v in versions] == [msgpack.packb(v.snapshot["state"]) for v in again]


def test_a_trainer_goes_on_from_a_version_as_if_nothing_had_happened():
    release, versions = a_census()
    restored = new_release("value", POLICY, 1)
    restored.restore(as_read(versions[-1]))
    assert restored.learner.snapshot() == versions[-1].snapshot["state"]["learner"]
    assert restored.version == release.version


def test_who_is_to_be_taken_out_is_however_late():
    release, _ = a_census()
    release.take(an_example("C1", day=TODAY - 5), Position("p", 500, 0), 500)
    assert release.counts.late == 1
    assert release.counts.censored == 1
    assert len(release.learner.rows) == 119
    release.take(an_example("C2", rows(1)[0], day=TODAY - 5), Position("p", 501, 0), 501)
    assert (release.counts.late, len(release.learner.rows)) == (2, 119)
    release.take(an_example("C3", day=TODAY + 5), Position("p", 502, 0), 502)
    assert len(release.learner.rows) == 119, "its turn is still to come"
    list(release.promise(Punctuation(model="value", source_partition=0, below_ms=(TODAY + 6) * DAY_MS), 503))
    assert (release.counts.late, len(release.learner.rows)) == (2, 118)


def as_read(version):
    return msgpack.unpackb(msgpack.packb(version.snapshot))


@cache
def a_version_as_bytes() -> bytes:
    return msgpack.packb(a_census()[1][-1].snapshot)


def test_a_worker_takes_up_what_the_trainer_published():
    _, versions = a_census()
    shelf = Shelf(POLICY.models.keep_versions)
    for key, value in to_records(versions[-1]):
        shelf.put(key, value)
    scorer = scorer_of(shelf.latest("value"), POLICY)
    assert isinstance(scorer, ValueScorer)
    assert scorer.appraise(Purchases(3, TODAY - 20, TODAY, 90_00, 30_00), TODAY, POLICY.value).version == 2


def test_before_anything_was_told_nobody_is_appraised():
    scorer = starting_scorers(POLICY)["value"]
    assert (scorer.version, scorer.examples) == (0, 0)
    assert scorer.appraise(Purchases(3, TODAY - 20, TODAY, 90_00, 30_00), TODAY, POLICY.value) is None
    assert LocalTrainer(POLICY).summary()["value"]["examples"] == 0


def test_an_empty_version_is_one():
    learner = ValueLearner(POLICY)
    learner.restore(ValueLearner(POLICY).snapshot())
    assert learner.rows == {}


DAMAGE = {
    "keys": [None, [1], ["a"], [KEYS], [-1]],
    "repeats": [None, [1.0], ["a"]],
    "mean_minor": [[-1.0] * 80, [float("nan")] * 80],
    "edge": [None, -1, KEYS + 1, 0.5],
    "fitted_day": [None, -2, "today"],
    "buying": [None, [1.0], [1.0] * 5, [0.0] * 4, [1.0, 1.0, 1e9, 1.0], [1.0, 1.0, 1.0, 1e9], [1e9, 1.0, 1.0, 1.0], []],
    "spending": [None, [1.0], [1.0, 0.9, 1.0], [1.0, 1e9, 1.0], [float("inf"), 2.0, 1.0], []],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in DAMAGE.items() for value in values])
def test_a_version_that_is_damaged_is_refused_and_the_field_is_named(field, value):
    snapshot = msgpack.unpackb(a_version_as_bytes())
    snapshot["state"]["learner"][field] = value
    with pytest.raises(BadSnapshotError, match=f"learner.*({field}|buying|keys)"):
        new_release("value", POLICY, 1).restore(snapshot)
    manifest = Manifest("value", 2, 1, 1, "0" * 64, 80, 1, None, None, None)
    with pytest.raises(BadSnapshotError):
        scorer_of(Stored(manifest, snapshot), POLICY)


def test_a_learner_refuses_what_it_cannot_read_and_stays_as_it_was():
    learner = a_learner(5)
    before = learner.snapshot()
    for field in before:
        with pytest.raises(BadSnapshotError):
            learner.restore({name: value for name, value in before.items() if name != field})
    assert learner.snapshot() == before
