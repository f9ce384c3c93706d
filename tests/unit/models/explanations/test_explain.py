"""Why now, and what would change it: exact under the model, and held against slower reckoning."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.context import Context
from models.explanations.counterfactual import changes
from models.explanations.explain import (
    change_text,
    explain,
    moved_in_words,
    score_explained,
    scored_anew,
    strongest_moves,
    threshold_of,
)
from models.explanations.reasons import snapshots, values_of
from models.explanations.why_now import why_now
from models.features import FEATURES, LONG_AGO_DAYS, features
from models.learning.scoring import Linear, LinearScorer, Scored, log_odds_of, probability
from models.reason_figures import PLACE, UNITS
from tests.builders import BEGINNING, a_transaction, after, an_interaction
from tests.customers import a_consenting_customer, feelings, lived_in, unlearned
from tests.explaining import WEEK_MS, a_scorer, scored_in_weeks, values_with
from tests.judging import opened
from tests.policies import a_context, a_policy, default_policy, read, with_rule
from tests.unit.models.model_checks import examples
from tests.unit.models.rules.test_leaving import rescored

POLICY = default_policy()
REASONS = POLICY.reasons
ACTIONABLE = [name for name, words in REASONS.feature.items() if words.change is not None]
weights = st.lists(st.floats(-2, 2), min_size=len(FEATURES), max_size=len(FEATURES))


def linear(values, base=-2.0, version=7):
    return LinearScorer(Linear(tuple(values), (0.0,) * len(FEATURES), base, 900), version)


def compared(scorer, *weeks, earlier=None):
    return why_now(weeks[-1], BEGINNING, snapshots(scored_in_weeks(scorer, *weeks, earlier=earlier)), scorer)


@given(weights, weights, st.integers(0, 40))
def test_what_moved_and_what_was_learned_sum_to_the_difference_of_the_log_odds(now_weights, then_weights, place):
    rows = [features for features, _, _ in examples(42, seed=5)]
    scorer, earlier = linear(now_weights), linear(then_weights, version=6)
    moved = compared(scorer, rows[place], rows[place + 1], earlier=earlier)

    whole = log_odds_of(moved.now) - log_odds_of(moved.before)
    if max(abs(log_odds_of(moved.now)), abs(log_odds_of(moved.before))) < 12:  # beyond it its digits run out
        assert math.fsum([*moved.moved.values(), moved.learned]) == pytest.approx(whole, abs=1e-9)


def test_a_feature_that_did_not_change_moved_nothing_and_the_same_model_learned_nothing():
    scorer = a_scorer(logins_30d=-0.5, salary_late_days=0.8, aum=0.3)
    moved = compared(
        scorer, values_with(aum=900, logins_30d=12), values_with(aum=900, logins_30d=2, salary_late_days=9)
    )

    assert moved.moved["aum"] == 0.0
    assert moved.moved["logins_30d"] == pytest.approx(0.5 * math.log(13 / 3), abs=2e-3)
    assert moved.moved["salary_late_days"] == pytest.approx(0.8 * math.log(10), abs=2e-3)
    assert moved.learned == pytest.approx(0.0, abs=1e-12)
    assert moved.risen
    assert [part.code for part in strongest_moves(moved, REASONS)] == ["salary_late_days", "logins_30d"]


def test_it_is_told_in_both_languages():
    scorer = a_scorer(logins_30d=-0.5, salary_late_days=0.8)
    reason = moved_in_words(compared(scorer, values_with(logins_30d=12), values_with(salary_late_days=9)), REASONS)

    assert reason.en == (
        "it was 4% 7 days ago and is 46% now, above all because: "
        "salary did not arrive: 9 days late; no login within 30 days"
    )
    assert reason.zh == "7 天前为 4%，现为 46%，主要因为：代发工资已迟到 9 天；近三十天没有登录"
    assert (reason.code, reason.contribution) == ("why_now", 0.0)


def test_a_score_that_fell_is_told_by_what_lowered_it():
    scorer = a_scorer(logins_30d=-0.5, salary_late_days=0.8)
    reason = moved_in_words(compared(scorer, values_with(salary_late_days=9), values_with(logins_30d=12)), REASONS)

    assert reason.en == (
        "it was 46% 7 days ago and has come down to 4%, above all because: no salary is late; logins within 30 days: 12"
    )


def test_what_the_model_learned_is_told_where_it_moved_the_score():
    now, then, same = a_scorer(base=1.0), a_scorer(base=-1.0, version=6), values_with(aum=10)
    moved = compared(now, same, same, earlier=then)

    assert moved.learned == pytest.approx(2.0)
    assert moved_in_words(moved, REASONS).en.endswith("above all because: the model has learned")


def a_move(before, now):
    """The score of one and the same features, under models that differ in their base alone."""
    same = values_with(aum=10)
    return compared(a_scorer(base=log_odds_of(now)), same, same, earlier=a_scorer(base=log_odds_of(before), version=6))


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (0.0602, 0.0598, "it was 6.02% 7 days ago and has come down to 5.98%, above"),
        (0.062, 0.058, "it was 6.2% 7 days ago and has come down to 5.8%, above"),
        (0.0600, 0.0604, "it was 6.00% 7 days ago and is 6.04% now, above"),
        (0.0640, 0.0660, "it was 6% 7 days ago and is 7% now, above"),
    ],
)
def test_what_would_be_written_alike_is_told_with_as_many_digits_as_tell_it_apart(before, now, said):
    assert moved_in_words(a_move(before, now), REASONS).en.startswith(said)


@pytest.mark.parametrize(("before", "now"), [(0.06, 0.06), (0.060001, 0.060002), (0.060002, 0.060001)])
def test_what_cannot_be_told_apart_is_not_told(before, now):
    assert moved_in_words(a_move(before, now), REASONS) is None


def test_without_a_score_of_a_day_ago_or_under_another_version_nothing_is_compared():
    scorer, values = a_scorer(), values_with(aum=10)
    profile = scored_in_weeks(scorer, values, values)
    newest, earlier = snapshots(profile)

    assert why_now(values, BEGINNING, (newest, earlier), scorer).span_ms == WEEK_MS
    assert why_now(values, after(days=2), (newest, earlier), scorer).span_ms == WEEK_MS * 2 // 7
    assert why_now(values, BEGINNING, (newest,), scorer) is None
    assert why_now(values, BEGINNING, (newest, earlier._replace(score=None)), scorer) is None
    assert explain(profile, "churn", a_scorer(version=8), POLICY).why_now is None


def test_a_customer_may_be_scored_anew_as_of_his_last_event():
    old, scorer = a_scorer(version=6, aum=1.0), a_scorer(days_since_login=1.0)
    profile = replace(scored_in_weeks(old, values_with(aum=5)), last_seen_ms=after(days=2), last_login_ms=after(days=1))
    explained = explain(scored_anew(profile, "churn", scorer, POLICY), "churn", scorer, POLICY)

    assert explained.values == features(profile, after(days=2))
    assert [reason.en for reason in explained.reasons] == ["no login for 1 day"]
    assert explained.why_now.before == profile.pending[0].score


def test_log_odds_undo_a_probability_within_their_limit():
    for value in (-9.0, 0.0, 3.5):
        assert log_odds_of(probability(value)) == pytest.approx(value)
    assert (log_odds_of(1.0), log_odds_of(0.0)) == (30.0, -30.0)


def whole_figures_that_do(feature, values, scorer, threshold):
    """All whole figures within policy's reach whose score lies below the threshold, tried one by one."""
    reach = REASONS.feature[feature].change
    place, unit = PLACE[feature], UNITS[feature]
    for figure in range(int(reach.least), int(reach.most) + 1):
        changed = [*values]
        changed[place] = unit.value(figure)
        if scorer.score(changed).value < threshold:
            yield figure, abs(changed[place] - values[place])


@given(weights, st.integers(0, 40), st.floats(-3, 3))
def test_each_change_is_the_smallest_of_its_feature_and_all_that_there_are_are_found(chosen, place, base):
    values = [abs(value) % 4 for value in list(examples(42, seed=6))[place][0]]
    scorer = linear(chosen, base)
    threshold = 0.65
    found = changes(values, scorer, threshold, REASONS)
    if scorer.score(values).value < threshold:
        assert found == ()
        return
    assert [change.size for change in found] == sorted(change.size for change in found)
    tried = {feature: list(whole_figures_that_do(feature, values, scorer, threshold)) for feature in ACTIONABLE}
    assert {change.feature for change in found} == {feature for feature, figures in tried.items() if figures}
    for change in found:
        figure, size = min(tried[change.feature], key=lambda one: one[1])
        assert change.figure == figure
        assert change.size == pytest.approx(size)
        assert change.score < threshold


class Stepwise:
    """A model that is no sum: high unless the customer logs in at least four times and no complaint is open."""

    version, examples = 7, 900

    def score(self, features, action="", slots=()):
        logins, complaints = features[PLACE["logins_30d"]], features[PLACE["open_complaints"]]
        log_odds = -1.0 if logins >= math.log1p(4) - 1e-6 and complaints == 0.0 else 2.0
        return Scored(probability(log_odds), log_odds, log_odds, (0.0,) * len(FEATURES), 900)


def test_of_a_model_that_is_not_linear_the_figures_are_tried_and_the_nearest_one_is_told():
    (change,) = changes(values_with(logins_30d=1), Stepwise(), 0.65, REASONS)
    assert (change.feature, change.figure) == ("logins_30d", 4)
    (other,) = changes(values_with(logins_30d=8, open_complaints=1), Stepwise(), 0.65, REASONS)
    assert (other.feature, other.figure) == ("open_complaints", 0)
    assert changes(values_with(logins_30d=1, open_complaints=1), Stepwise(), 0.65, REASONS) == ()


def test_the_change_is_said_with_its_figure_as_the_models_view():
    scorer = a_scorer(base=2.0, logins_30d=-1.0)
    profile = scored_in_weeks(scorer, values_with(logins_30d=1))
    explained = explain(profile, "churn", scorer, POLICY)

    (best,) = explained.what_if
    assert (best.feature, best.figure_now, best.figure) == ("logins_30d", pytest.approx(1, abs=1e-2), 3)
    assert change_text(best, REASONS, "zh") == "若近三十天登录 3 次"
    (told,) = explained.told
    assert told.code == "what_if"
    assert told.en == (
        "the model's view, not cause and effect: with 3 logins within 30 days the score would be 64%, below 65%"
    )


def test_where_no_change_suffices_that_is_said():
    scorer = a_scorer(base=9.0, logins_30d=-1.0)
    explained = explain(scored_in_weeks(scorer, values_with()), "churn", scorer, POLICY)

    assert explained.what_if == ()
    assert explained.told[0].en == "the model's view: no single change brings it below 65%"


def test_a_score_below_the_threshold_needs_no_change():
    scorer = a_scorer(base=-3.0)
    assert explain(scored_in_weeks(scorer, values_with()), "churn", scorer, POLICY).told == ()


def test_a_bank_that_alerts_of_no_score_has_a_threshold_that_none_reaches():
    assert threshold_of(POLICY) == 0.65
    assert threshold_of(with_rule("churn_risk", enabled=False)) == 1.0


def test_an_alert_that_quotes_a_score_says_why_now_and_what_if():
    scorer = a_scorer(base=-1.0, logins_30d=-0.5, salary_late_days=0.8)
    profile = scored_in_weeks(scorer, values_with(logins_30d=12), values_with(salary_late_days=9))
    before = scored_in_weeks(scorer, values_with(logins_30d=12))

    context = a_context(with_rule("churn_risk", score=0.5), churn=scorer)
    _, (alert,) = rescored(a_transaction(), before, profile.scores, into=profile, context=context)

    codes = [reason["code"] for reason in alert.data["reasons"]]
    assert codes == ["churn_score", "salary", "why_now", "what_if"]
    assert alert.data["reasons"][1]["zh"] == "代发工资已迟到 9 天"


def test_what_quotes_no_score_is_not_explained_and_without_a_scorer_only_the_reasons_are():
    scorer = a_scorer(salary_late_days=0.8)
    profile = scored_in_weeks(scorer, values_with(salary_late_days=9))

    assert score_explained(profile, None, a_context()) == ()
    assert score_explained(profile, "value", a_context()) == ()
    (reason,) = score_explained(profile, "churn", a_context())
    assert reason.en == "salary did not arrive: 9 days late"
    assert values_of(profile, "churn", POLICY) == values_with(salary_late_days=9)


def test_a_score_that_cannot_be_explained_costs_no_alert():
    """Its reasons are named, without figures."""
    scorer = a_scorer(base=0.0, salary_late_days=1.0)
    profile = scored_in_weeks(scorer, values_with(salary_late_days=9))

    class Failing:
        version, examples = 7, 900

        def score(self, features, action="", slots=()):
            raise OverflowError("math range error")

    _, (alert,) = rescored(a_transaction(), profile, profile.scores, profile, a_context(churn=Failing()))

    told = [reason for reason in alert.data["reasons"] if reason["code"] != "churn_score"]
    assert [(reason["code"], reason["en"]) for reason in told] == [("salary", "days that the salary is late")]


def test_nor_do_features_of_a_snapshot_that_cannot_be_read():
    profile = scored_in_weeks(a_scorer(salary_late_days=1.0), values_with(salary_late_days=9))
    broken = replace(profile, pending=tuple(one._replace(features=one.features[:-1]) for one in profile.pending))

    (reason,) = score_explained(broken, "churn", a_context())

    assert reason.en == "days that the salary is late"


def test_a_change_of_what_never_was_has_a_figure_now():
    assert UNITS["complaint_recent"].figure(0.0) == LONG_AGO_DAYS


def test_what_is_no_whole_number_is_changed_exactly_as_far_as_needed():
    """log(1 + yuan) weighs -1: for 0.65 it must be 9 less the log-odds of 0.65, and stay a bit above that."""
    feature = {**read("reasons")["feature"]}
    feature["aum"] = {
        **feature["aum"],
        "change": {"zh": "若资产 {amount}", "en": "with {amount}", "least": 0, "most": 1e6},
    }
    words = a_policy(reasons={"feature": feature}).reasons
    scorer = a_scorer(base=9.0, aum=-1.0)

    (change,) = changes(values_with(aum=100), scorer, 0.65, words)

    class OtherModel:
        version, examples, score = 7, 900, scorer.score

    assert changes(values_with(aum=100), OtherModel(), 0.65, words)[0].figure > change.figure, "tried in steps"
    assert change.value == pytest.approx(9.0 - log_odds_of(0.65), abs=1e-5)
    assert change.score < 0.65


def test_from_events_to_an_alert_that_tells_what_was_scored_and_what_has_changed_since_the_last_snapshot():
    """He logs in for five weeks, then pays on without logging in until the score is over the threshold."""
    scorer = a_scorer(base=-1.0, days_since_login=1.0)
    context = Context(POLICY, {**unlearned(), "churn": scorer}, 7, feelings)
    events = [a_consenting_customer(occurred_at=after(days=-1))]
    events += [an_interaction(kind="login", occurred_at=after(days=day)) for day in range(35)]
    events += [a_transaction(occurred_at=after(days=day)) for day in range(35, 45)]

    _, effects = lived_in(context, *events)

    (alert,) = [entry for entry in opened(tuple(effects)) if entry.data.get("kind") == "churn_risk"]
    told = {reason["code"]: reason["en"] for reason in alert.data["reasons"]}
    assert told["logins"] == "no login for 5 days"
    assert told["why_now"].startswith("it was ")
    assert told["why_now"].endswith("because: no login for 5 days")
    assert told["what_if"].startswith("the model's view, not cause and effect: with the last login 4 days ago")
    parts = [reason["contribution"] for reason in alert.data["reasons"]]
    assert math.fsum([-1.0, *parts]) == pytest.approx(log_odds_of(alert.data["score"]), abs=1e-9)
