"""What a customer is worth stands in his profile, by consent; the trainer is told of him once a week."""

from dataclasses import replace

import pytest

from models.cause import Cause
from models.clv.bg_nbd import Buying
from models.clv.gamma_gamma import Spending
from models.clv.model import Row, ValueLearner, ValueScorer
from models.context import Context
from models.rings.windows import home_day, home_day_start_ms
from models.value import appraise, tell, without_worth
from schemas.internal import Erasure, ExampleRecord, Timer
from schemas.profile_codec import decode, encode
from schemas.profile_view import view
from tests.builders import BEGINNING, a_transaction, after, an_interaction
from tests.customers import a_consenting_customer, feelings, lived_in, unlearned
from tests.policies import a_policy, default_policy

POLICY = default_policy()
SCORER = ValueScorer(Buying(1.5, 1.0, 0.7, 4.0), Spending(6.0, 4.0, 50_00.0), 3, 900)
CONTEXT = Context(POLICY, {**unlearned(), "value": SCORER}, 7, feelings)
LATENESS = POLICY.lateness_ms


def lived(*events, profile=None, context=CONTEXT):
    profile, effects = lived_in(context, *events, profile=profile)
    assert decode(encode(profile)) == profile
    return profile, effects


def paid(days, amount="100.00", **changes):
    return a_transaction(occurred_at=after(days=days), amount=amount, **changes)


def told_of(effects):
    return [ExampleRecord.model_validate_json(effect.body) for effect in effects if effect.key == "value"]


def a_buyer(*events, context=CONTEXT):
    return lived(a_consenting_customer(occurred_at=after(days=-1)), paid(0), paid(2), paid(3), *events, context=context)


def snapshot_ms(profile):
    return next(due.due_ms for due in profile.due if due.name == "weekly_snapshot")


def test_a_customer_is_appraised_with_his_first_event_of_a_day():
    profile, _ = a_buyer()
    day = home_day(after(days=3))
    assert profile.worth == SCORER.appraise(profile.purchases, day, POLICY.value)
    again, _ = lived(paid(3.1, "99999.00"), profile=profile)
    assert again.worth is profile.worth
    assert view(again, "CNY")["worth"]["band"] == profile.worth.band
    assert view(again, "CNY")["purchases"]["days"] == 3


def test_silence_takes_away_from_what_he_is_worth():
    profile, _ = a_buyer()
    silent, _ = lived(Timer(customer_id="C1", until_ms=after(days=40)), profile=profile)
    assert silent.worth.day > profile.worth.day
    assert silent.worth.alive_thousandths < profile.worth.alive_thousandths
    assert silent.worth.year_minor < profile.worth.year_minor


def test_one_who_never_bought_is_not_appraised():
    profile, effects = lived(
        a_consenting_customer(), an_interaction(kind="login"), Timer(customer_id="C1", until_ms=after(days=9))
    )
    assert profile.worth is None
    assert told_of(effects) == []


def test_before_the_first_fit_nobody_is_appraised_but_told_of():
    context = replace(CONTEXT, scorers={**unlearned(), "value": ValueLearner(POLICY).scorer(0)})
    profile, effects = a_buyer(Timer(customer_id="C1", until_ms=after(days=9)), context=context)
    assert profile.worth is None
    assert told_of(effects)


def test_a_worker_without_the_model_says_nothing_of_worth():
    context = replace(CONTEXT, policy=a_policy(models={"names": ["churn", "propensity"],
                      "floor_examples": {"churn": 1, "propensity": 1}}), scorers=unlearned())  # fmt: skip
    profile, effects = a_buyer(Timer(customer_id="C1", until_ms=after(days=9)), context=context)
    assert profile.worth is None
    assert told_of(effects) == []
    erasure = Erasure(customer_id="C1", event_id="gone", occurred_ms=after(days=10))
    assert told_of(lived(erasure, profile=profile, context=context)[1]) == []


def test_the_trainer_is_told_what_was_known_before_the_boundary():
    profile, _ = a_buyer()
    due_ms = snapshot_ms(profile)
    boundary_ms = due_ms - LATENESS
    assert boundary_ms == home_day_start_ms(home_day(boundary_ms))
    day = home_day(BEGINNING)
    meanwhile = a_transaction(occurred_at=boundary_ms + 1)
    late = a_transaction(occurred_at=boundary_ms - 1, amount="60.00")
    _, effects = lived(meanwhile, late, Timer(customer_id="C1", until_ms=due_ms), profile=profile)
    (example,) = told_of(effects)
    seen_day = home_day(boundary_ms) - 1
    mean = (100_00 + 100_00 + 60_00) / 3 if seen_day > day + 3 else (100_00 + 160_00) / 2
    repeats = 3 if seen_day > day + 3 else 2
    assert example.features == tuple(map(float, Row(repeats, day, seen_day, seen_day, mean)))
    assert (example.label, example.due_ms, example.score) == (1, due_ms, None)


def test_what_was_lost_for_want_of_bytes_is_told_the_next_time():
    profile, _ = a_buyer()
    due_ms = snapshot_ms(profile)
    kept, _ = lived(a_transaction(occurred_at=due_ms - LATENESS + 1), profile=profile)
    lost = kept.copied()
    lost.eve = kept.eve._replace(facts=None)
    assert told_of(lived(Timer(customer_id="C1", until_ms=due_ms), profile=lost)[1]) == []


def test_without_consent_nobody_is_appraised_or_told_of():
    profile, effects = lived(
        a_consenting_customer(consents=("marketing",)),
        paid(0),
        paid(2),
        Timer(customer_id="C1", until_ms=after(days=9)),
    )
    assert profile.purchases.days == 2
    assert profile.worth is None
    assert told_of(effects) == []


def test_who_withdraws_his_consent_is_taken_out_at_once():
    profile, _ = a_buyer()
    left, effects = lived(a_consenting_customer(consents=(), occurred_at=after(days=4)), profile=profile)
    (example,) = told_of(effects)
    assert left.worth is None
    assert (example.label, example.features, example.due_ms) == (None, (), after(days=4) + LATENESS)
    again, effects = lived(a_consenting_customer(consents=(), occurred_at=after(days=5)), profile=left)
    assert told_of(effects) == []
    assert appraise(again, after(days=5), CONTEXT) is again
    assert without_worth(profile).worth is None


def test_who_is_erased_is_taken_out():
    profile, _ = a_buyer()
    erasure = Erasure(customer_id="C1", event_id="gone", occurred_ms=after(days=3.5))
    stub, effects = lived(erasure, profile=profile)
    (example,) = told_of(effects)
    assert (example.customer_id, example.label) == ("C1", None)
    assert stub.purchases.days == 0
    stranger, _ = lived(an_interaction())
    assert told_of(lived(erasure, profile=stranger)[1]) == []


@pytest.mark.parametrize(("topic", "label"), [("deceased", None), ("merged", None), ("moved", 1)])
def test_who_died_or_was_merged_is_taken_out_and_who_left_stays(topic, label):
    profile, _ = a_buyer()
    gone = an_interaction(kind="product_closed", topic=topic, product_id="A1", occurred_at=after(days=3.5))
    _, effects = lived(gone, Timer(customer_id="C1", until_ms=after(days=12)), profile=profile)
    assert [example.label for example in told_of(effects)][:1] == [label]


def test_telling_changes_nothing():
    profile, _ = a_buyer()
    due = next(due for due in profile.due if due.name == "weekly_snapshot")
    first, second = (tell(profile, due, Cause.of_work("C1", due), CONTEXT) for _ in range(2))
    assert first == second != ()
