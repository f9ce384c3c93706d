"""A snapshot and its label read what happened before their day boundary: late facts count, later ones do not."""

from itertools import permutations
from math import log1p

import pytest

from models.facts.eve import as_of
from models.features import FEATURES, unpack
from models.rings.windows import DAY_MS
from models.step import step
from schemas.internal import ExampleRecord, Timer
from schemas.profile import Due, Profile
from tests.builders import a_transaction, after, an_interaction
from tests.customers import a_consenting_customer, lived, the_context
from tests.policies import default_policy

LATENESS = default_policy().lateness_ms
RICH = (a_consenting_customer(products=["fund"]), a_transaction(balance_after="90000.00"))
BEGUN, _ = lived(*RICH)


def timer(until_ms: int) -> Timer:
    return Timer(customer_id="C1", until_ms=until_ms)


def due_of(profile: Profile, name: str) -> Due:
    return min(due for due in profile.due if due.name == name)


SNAPSHOT = due_of(BEGUN, "weekly_snapshot").due_ms
BOUNDARY = SNAPSHOT - LATENESS
TAKEN, _ = lived(timer(SNAPSHOT), profile=BEGUN)
LABEL = due_of(TAKEN, "mature").due_ms
HORIZON = LABEL - LATENESS
STAYS = an_interaction(kind="view", occurred_at=HORIZON - 9 * DAY_MS)  # else he did nothing of his own
SHORTLY = 60_000


def snapshot_after(*events) -> dict[str, float]:
    profile, _ = lived(*events, timer(SNAPSHOT), profile=BEGUN)
    (pending,) = [example for example in profile.pending if example.model == "churn"]
    return dict(zip(FEATURES, unpack(pending.features), strict=True))


def as_facts(features: dict[str, float]) -> dict[str, float]:
    """The features without our own offers: one that was made since keeps us from answering what comes late."""
    return features | {"offers_14d": 0.0}


def label_after(*events) -> int | None:
    _, effects = lived(STAYS, *events, timer(LABEL), profile=TAKEN)
    examples = [ExampleRecord.model_validate_json(effect.body) for effect in effects if effect.key == "churn"]
    assert examples[0].due_ms == LABEL
    return examples[0].label


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "login"},
        {"kind": "complaint"},
        {"kind": "survey", "rating": 1},
        {"kind": "product_closed", "product_id": "fund"},
    ],
)
def test_an_interaction_counts_by_its_own_time_whenever_it_comes(change):
    nothing = snapshot_after()
    meanwhile = an_interaction(**change, occurred_at=BOUNDARY + SHORTLY)
    late = an_interaction(**change, occurred_at=BOUNDARY - SHORTLY)
    assert snapshot_after(meanwhile) == nothing
    assert as_facts(snapshot_after(meanwhile, late)) == as_facts(snapshot_after(late)) != as_facts(nothing)


@pytest.mark.parametrize("answered_ms", [BOUNDARY - SHORTLY, BOUNDARY])
def test_an_answer_closes_its_complaint_by_its_own_time_in_whichever_order_they_come(answered_ms):
    complaint = an_interaction(kind="complaint", occurred_at=BOUNDARY - 2 * SHORTLY)
    answer = an_interaction(kind="complaint_resolved", occurred_at=answered_ms)
    meanwhile = an_interaction(kind="view", occurred_at=BOUNDARY + SHORTLY)
    described = [as_facts(snapshot_after(*life)) for life in permutations((complaint, answer, meanwhile))]
    assert all(one == described[0] for one in described)
    assert bool(described[0]["open_complaints"]) is (answered_ms == BOUNDARY)


@pytest.mark.parametrize("at_ms", [BOUNDARY, BOUNDARY + LATENESS - 1])
def test_assets_are_those_before_the_boundary(at_ms):
    drained = a_transaction(balance_after="10.00", occurred_at=at_ms)
    richer = a_transaction(balance_after="950000.00", occurred_at=at_ms)
    late = a_transaction(balance_after="60000.00", occurred_at=BOUNDARY - 1)
    before = snapshot_after()
    for meanwhile in (drained, richer):
        assert snapshot_after(meanwhile) == before
        seen = snapshot_after(meanwhile, late)
        assert seen == snapshot_after(late)
        assert seen["aum"] == pytest.approx(log1p(60_000), rel=1e-3)


def test_a_fall_of_the_assets_makes_the_label_only_before_the_boundary():
    fall = {"balance_after": "10.00", "account_id": "A1"}
    assert label_after() == 0
    assert label_after(a_transaction(occurred_at=HORIZON, **fall)) == 0
    assert label_after(a_transaction(occurred_at=HORIZON - 1, **fall)) == 1
    back = a_transaction(occurred_at=HORIZON + SHORTLY, balance_after="90000.00")
    assert label_after(back, a_transaction(occurred_at=HORIZON - 1, **fall)) == 1, "it came late and counts"


def test_a_closing_makes_the_label_only_before_the_boundary():
    closing = {"kind": "product_closed", "product_id": "A1"}
    meanwhile = an_interaction(kind="view", occurred_at=HORIZON + SHORTLY)
    assert label_after(an_interaction(occurred_at=HORIZON, **closing)) == 0
    assert label_after(meanwhile, an_interaction(occurred_at=HORIZON - 1, **closing)) == 1
    told = a_consenting_customer(occurred_at=HORIZON + 1, closed_on="2026-04-02")
    assert label_after(told) == 0, "it was told after the boundary"
    assert label_after(without_time(told)) == 1, "the day of the closing is all that is known"


def without_time(master):
    """Master data of which only the record's time is known: they are as of any time."""
    master.__dict__["has_own_time"] = False
    return master


def test_death_censors_only_before_the_boundary():
    death = {"kind": "product_closed", "topic": "deceased"}
    assert label_after(an_interaction(occurred_at=HORIZON - 1, **death)) is None
    assert label_after(an_interaction(occurred_at=HORIZON, **death)) == 0


def test_activity_after_the_boundary_does_not_save_a_silent_customer():
    def silent(*events):
        _, effects = lived(*events, timer(LABEL), profile=TAKEN)
        return [ExampleRecord.model_validate_json(effect.body).label for effect in effects if effect.key == "churn"]

    assert silent() == [1]
    assert silent(an_interaction(kind="login", occurred_at=HORIZON)) == [1]
    assert silent(
        an_interaction(kind="login", occurred_at=HORIZON), an_interaction(kind="login", occurred_at=HORIZON - 1)
    ) == [0]


def test_facts_are_kept_from_the_first_event_after_the_boundary_until_they_were_read():
    before, _ = lived(an_interaction(occurred_at=BOUNDARY - 1), profile=BEGUN)
    assert before.eve is None
    after_it, _ = lived(an_interaction(occurred_at=BOUNDARY), profile=before)
    assert after_it.eve.boundary_ms == BOUNDARY
    waiting, _ = lived(timer(SNAPSHOT - 1), profile=after_it)
    assert waiting.eve == after_it.eve
    assert lived(timer(SNAPSHOT), profile=waiting)[0].eve is None


def test_nothing_is_kept_for_an_offers_label_nor_where_no_snapshot_is_to_come():
    offered = an_interaction(kind="call_started", offered_action="high_yield_savings", occurred_at=after(hours=1))
    waiting, _ = lived(offered, profile=TAKEN)
    maturing = next(due for due in waiting.due if due.name == "mature" and due.due_ms != LABEL)
    only_that = waiting.copied()
    only_that.due = (maturing,)
    at_it = an_interaction(occurred_at=maturing.due_ms - SHORTLY)
    assert lived(at_it, profile=only_that)[0].eve is None
    stranger, _ = lived(an_interaction(), an_interaction(occurred_at=after(days=1)))
    assert stranger.eve is None


def test_facts_that_take_too_many_bytes_are_lost_and_with_them_the_example():
    many = [a_transaction(account_id=f"account-number-{n:05}", balance_after="5.00") for n in range(8)]
    rich, _ = lived(*many, profile=BEGUN)
    moved = [
        a_transaction(account_id=f"account-number-{n:05}", balance_after=f"{10**12 + n}.00", occurred_at=BOUNDARY + n)
        for n in range(8)
    ]
    complaints = [
        an_interaction(kind="complaint", topic="x" * 24, event_id=f"{n}" * 40, occurred_at=BOUNDARY - SHORTLY)
        for n in range(4)
    ]
    solved = [an_interaction(kind="complaint_resolved", occurred_at=BOUNDARY + SHORTLY + n) for n in range(4)]
    full, _ = lived(*complaints, *moved, *solved, an_interaction(occurred_at=BOUNDARY - 1), profile=rich)
    assert full.eve.facts is None
    profile, _ = lived(timer(SNAPSHOT), profile=full)
    assert (profile.pending, profile.scores["churn"].at_ms, profile.eve) == ((), SNAPSHOT, None)
    assert due_of(profile, "weekly_snapshot").due_ms == SNAPSHOT + 7 * DAY_MS

    lost = lived(STAYS, an_interaction(occurred_at=HORIZON), profile=TAKEN)[0].copied()
    lost.eve = lost.eve._replace(facts=None)
    _, effects = lived(timer(LABEL), profile=lost)
    assert [ExampleRecord.model_validate_json(e.body).label for e in effects if e.key == "churn"] == [None]


def test_master_data_told_between_boundary_and_snapshot_are_not_those_before_it():
    unknown, _ = lived(a_transaction())
    meanwhile = a_consenting_customer(products=["fund", "loan"], birth_year=1950, occurred_at=BOUNDARY + 1)
    profile, _ = lived(meanwhile, timer(SNAPSHOT), profile=unknown)
    (pending,) = profile.pending
    features = dict(zip(FEATURES, unpack(pending.features), strict=True))
    assert (features["products"], features["age"]) == (0.0, 0.0)


def test_a_late_fact_counts_for_who_has_no_master_data_too():
    stranger, _ = lived(a_transaction(), an_interaction(occurred_at=BOUNDARY))
    told, _ = lived(an_interaction(kind="login", occurred_at=BOUNDARY - 1), profile=stranger)
    assert told.eve.facts.last_login_ms == BOUNDARY - 1
    assert lived(timer(SNAPSHOT), profile=told)[0].pending == ()


def test_a_closing_told_by_master_data_without_a_time_counts_from_the_end_of_its_day():
    """Such as are loaded before the history that they close, at a record's time years later."""
    master = without_time(a_consenting_customer(occurred_at=after(days=3000), closed_on="2026-03-20"))
    history = [an_interaction(kind="view", occurred_at=after(days=day)) for day in range(18)]
    profile, effects = lived(master, *history, timer(after(days=60)))
    examples = [ExampleRecord.model_validate_json(effect.body) for effect in effects if effect.key == "churn"]
    assert examples
    assert {example.label for example in examples} == {1}
    assert max(example.snapshot_ms for example in examples) < after(days=19)
    assert not [due for due in profile.due if due.name == "weekly_snapshot"]


def test_a_closing_that_comes_late_is_not_undone_by_the_time_that_later_master_data_have():
    """As of the boundary only such were told as have no time of their own: they undo no closing."""
    closing = an_interaction(kind="product_closed", product_id="A1", occurred_at=BOUNDARY - 4 * SHORTLY)
    refreshed = without_time(a_consenting_customer(occurred_at=BOUNDARY - 2 * SHORTLY))
    told = a_consenting_customer(occurred_at=BOUNDARY + SHORTLY)
    came = an_interaction(occurred_at=BOUNDARY)
    for order in ([closing, refreshed, came, told], [refreshed, came, told, closing]):
        profile, _ = lived(*order, profile=BEGUN)
        seen = as_of(profile, BOUNDARY)
        assert (profile.churn_label, seen.churn_label, seen.churn_label_ms) == ("", "closed", closing.occurred_ms)


def test_a_late_event_brings_no_snapshot_of_a_day_that_is_over():
    silent, _ = lived(timer(after(days=60)), an_interaction(kind="message", occurred_at=after(days=60)), profile=BEGUN)
    ended = silent.copied()
    ended.due = tuple(due for due in silent.due if due.name != "weekly_snapshot")
    verdict = step(ended, an_interaction(occurred_at=after(days=20)), the_context())
    assert due_of(verdict.value, "weekly_snapshot").due_ms > after(days=60)


def test_a_second_payment_of_a_day_that_comes_late_makes_no_second_day_of_it():
    def bought(number: int, at_ms: int):
        return a_transaction(event_id=f"p{number}", occurred_at=at_ms, kind="card", direction="debit", amount="10.00")

    early = [bought(days, BOUNDARY - days * DAY_MS) for days in (3, 2, 1)]
    late, meanwhile = bought(4, BOUNDARY - 2 * DAY_MS + SHORTLY), bought(5, BOUNDARY + SHORTLY)
    assert told_of_value(*early, meanwhile, late) == told_of_value(*early, late, meanwhile)


def told_of_value(*events) -> list[object]:
    _, effects = lived(*events, timer(SNAPSHOT), profile=BEGUN)
    found = [ExampleRecord.model_validate_json(effect.body).features for effect in effects if effect.key == "value"]
    assert found, "a snapshot tells of the customer's value"
    return found
