"""Reasons sum to the score and say, in two languages and in people's units, what the customer did."""

import math
import re
from dataclasses import replace
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.explanations.reasons import (
    by_reason,
    parts_in_words,
    parts_of,
    score_card,
    sentence,
    snapshots,
    strongest,
    values_of,
)
from models.features import FEATURES
from models.features import features as describe
from models.learning.scoring import Linear, LinearScorer, Scored
from models.policy.wording import FeatureWords
from models.reason_figures import MONTH_OF, PLACE, UNITS, figures, moved_by
from models.served.churn import ChurnLearner
from models.served.propensity import PropensityLearner
from schemas.errors import PolicyError
from schemas.profile import ReasonPart, Score
from tests.builders import BEGINNING, after
from tests.explaining import a_scorer, scored_in_weeks, values_with
from tests.policies import a_policy, default_policy, read
from tests.unit.models.model_checks import contacts, examples, in_contact, taught

POLICY = default_policy()
REASONS = POLICY.reasons
WIDTH = len(FEATURES)
numbers = st.floats(-1e4, 1e4, allow_nan=False)


def in_words(feature, values, language="en"):
    return sentence(feature, values, REASONS, language)


def total(scored, parts):
    return math.fsum([scored.base, *(part.contribution for part in parts)])


@given(st.lists(st.tuples(numbers, numbers), min_size=WIDTH, max_size=WIDTH), numbers)
def test_all_reasons_and_the_base_sum_to_the_log_odds(terms, base):
    """Within 1e-9 of the size of what is summed: addition is not associative."""
    weights, features = map(tuple, zip(*terms, strict=True))
    scored = LinearScorer(Linear(weights, (0.0,) * WIDTH, base, 9), version=4).score(features)
    size = math.fsum(map(abs, scored.contributions)) + abs(base)

    assert total(scored, by_reason(parts_of(scored), REASONS)) == pytest.approx(scored.log_odds, abs=1e-9 * (1 + size))


def test_so_they_do_of_what_learned_churn_and_of_what_learned_offers_in_their_context():
    churn, propensity = taught(ChurnLearner).scorer(1), in_contact(PropensityLearner).scorer(1)
    for features, _, about, slots in contacts(50, seed=21):
        for scored in (churn.score(features), propensity.score(features, about, slots)):
            reasons = by_reason(parts_of(scored), REASONS)
            assert total(scored, reasons) == pytest.approx(scored.log_odds, abs=1e-9)
            assert [abs(part.contribution) for part in reasons] == sorted(
                (abs(part.contribution) for part in reasons), reverse=True
            )


def test_what_is_known_of_the_contact_is_one_part():
    scored = Scored(0.5, 0.0, -3.0, (*(0.0 for _ in FEATURES), 1.0, 2.0), 9)
    assert by_reason(parts_of(scored), REASONS) == (ReasonPart("context", 3.0),)


def test_features_of_one_kind_do_not_argue_with_each_other():
    scored = a_scorer(logins_7d=2.0, logins_30d=-1.5, mood=-1.0).score(values_with(logins_7d=4, logins_30d=9, mood=0.5))
    mood, logins = by_reason(parts_of(scored), REASONS)

    assert (logins.code, mood) == ("logins_30d", ReasonPart("mood", -0.5))
    assert logins.contribution == pytest.approx(2 * math.log(5) - 1.5 * math.log(10), abs=2e-3)


def test_who_speaks_for_a_reason_is_its_strongest_feature_on_the_side_of_the_sum():
    parts = {"logins_7d": 3.0, "logins_30d": -2.0, "days_since_login": -2.0}
    assert by_reason(parts, REASONS) == (ReasonPart("logins_30d", -1.0),)


@given(st.lists(st.sampled_from((-2.5, -1.0, 0.0, 0.5, 1.0, 3.0)), min_size=WIDTH, max_size=WIDTH + 3))
def test_the_quick_way_to_the_strongest_says_what_the_plain_one_says(contributions):
    scored = Scored(0.5, 0.0, 0.0, tuple(contributions), 9)
    for count in (0, 3, 5, 40):
        assert strongest(scored, POLICY, count) == by_reason(parts_of(scored), REASONS, count)


def test_what_adds_nothing_is_no_reason_and_no_more_are_given_than_asked_for():
    parts = {"logins_7d": 1.0, "logins_30d": -1.0, "mood": 0.0, "aum": 2.0, "age": 3.0}
    assert [part.code for part in by_reason(parts, REASONS)] == ["age", "aum"]
    assert [part.code for part in by_reason(parts, REASONS, 1)] == ["age"]


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_has_a_code_both_languages_and_a_sentence_without_gaps_for_any_value(feature):
    words = REASONS.feature[feature]
    code = REASONS.code[words.code]
    assert words.said is not None
    assert code.zh
    assert code.en
    assert words.none is not None, "a feature of 0 means that nothing was there: that needs a sentence of its own"
    seen = set()
    for features, _, _ in [*examples(60, seed=23), ((0.0,) * WIDTH, None, None), ((-0.5,) * WIDTH, None, None)]:
        for language in ("zh", "en"):
            said = in_words(feature, features, language)
            seen.add(said)
            assert said
            assert "{" not in said
            assert "nan" not in said
    assert len(seen) >= 4, "it says something else when the value is another"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in words.said.zh)


@pytest.mark.parametrize(
    ("feature", "figure", "zh", "en"),
    [
        ("salary_late_days", 9, "代发工资已迟到 9 天", "salary did not arrive: 9 days late"),
        ("salary_late_days", 1, "代发工资已迟到 1 天", "salary did not arrive: 1 day late"),
        ("salary_late_days", 0.2, "代发工资已迟到 不到 1 天", "salary did not arrive: less than a day late"),
        ("days_since_login", 400, "已 400 天以上未登录", "no login for 400 days or more"),
        ("aum", 1_234_567, "资产约 120万 元", "assets of about 1,200,000 yuan"),
        ("aum", 250_000_000, "资产约 2.5亿 元", "assets of about 250,000,000 yuan"),
        ("aum", 860, "资产约 860 元", "assets of about 860 yuan"),
        ("aum", 0.5, "资产约 0 元", "assets of about 0 yuan"),
        ("aum_to_high", 45, "资产为近九十日周度高点的 45%", "assets are at 45% of their weekly high of 90 days"),
        ("cash_share", 0.2, "近三十天往来资金中现金占 <1%", "<1% of the money moved within 30 days was cash"),
        ("net_flow_7d", -60, "近七天净流出占往来资金的 60%", None),
        ("open_complaints", 2, "未结投诉 2 件", "open complaints: 2"),
        ("complaint_recent", 10, "10 天前投诉过", "complained 10 days ago"),
        ("last_rating", 2.0, "最近一次评分 2.0（满分 10）", "last rating 2.0 of 10"),
        ("mood", -0.625, "最近公开言论负面（-0.6）", "the last public post was negative (-0.6)"),
        ("age", 67, "年龄约 67 岁", "about 67 years old"),
        ("offers_14d", 3, "近两周营销 3 次", "offers made within two weeks: 3"),
        ("has_salary", 1, "工资在我行代发", "the salary comes here"),
        ("has_salary", 0, "没有代发工资", "no salary comes here"),
    ],
)
def test_a_sentence_has_the_figure_rounded_for_people(feature, figure, zh, en):
    values = values_with(**{"tenure_days": 400, feature: figure})
    assert in_words(feature, values, "zh") == zh
    if en is not None:
        assert in_words(feature, values) == en


def test_a_trend_tells_what_was_and_what_is_usual_in_a_month():
    """Three logins now, twelve in an ordinary month: 63 days with 25.2 of them."""
    trend = math.log1p(3 / 30) - math.log1p(25.2 / 63)
    values = values_with(
        logins_30d=3, login_trend_month=trend, debit_30d=0, debit_trend_month=-math.log1p(10.0), tenure_days=90
    )

    assert in_words("login_trend_month", values) == "3 logins within 30 days, down from the usual 12"
    assert in_words("debit_trend_month", values) == "spent about 0 yuan within 30 days, down from the usual 300"
    assert in_words("count_trend_month", values_with(count_trend_month=-0.5, tenure_days=90)) == (
        "fewer transactions within 30 days than usual"
    )


def of_month(feature, recent, in_nine_weeks):
    """A trend as the features tell it: of 30 days against 63."""
    trend = math.log1p(recent / 30) - math.log1p(in_nine_weeks / 63)
    return {MONTH_OF[feature]: recent, feature: trend}


@pytest.mark.parametrize(
    ("feature", "zh", "en"),
    [
        ("days_since_login", "从未登录", "never logged in"),
        ("days_since_activity", "从未有过主动操作", "never did anything of his own"),
    ],
)
def test_what_never_happened_is_not_told_as_longer_ago_than_the_customer_is_known(feature, zh, en):
    new = describe(replace(scored_in_weeks(a_scorer(), values_with()), first_seen_ms=after(days=-5)), BEGINNING)
    assert (in_words(feature, new, "zh"), in_words(feature, new)) == (zh, en)
    assert in_words(feature, values_with(tenure_days=900, **{feature: 400})).endswith("400 days or more")


def test_a_comparison_of_figures_that_are_written_alike_says_as_usual():
    """10 logins in 30 days and 22 in 63 are 10 in an ordinary month, rounded."""
    values = values_with(tenure_days=200, **of_month("login_trend_month", 10, 22))
    assert values[PLACE["login_trend_month"]] < 0
    assert (in_words("login_trend_month", values, "zh"), in_words("login_trend_month", values)) == (
        "登录与往常相同",
        "logs in as usual",
    )
    spent = values_with(tenure_days=200, **of_month("debit_trend_month", 6_000, 12_550))
    assert in_words("debit_trend_month", spent) == "spends as usual"
    plain = FeatureWords.model_validate({**read("reasons")["feature"]["login_trend_month"], "none": None})
    assert plain.sentence("login_trend_month", values, "en") == plain.name.en


@pytest.mark.parametrize("feature", ["debit_trend_month", "login_trend_month", "count_trend_month"])
def test_who_is_not_with_us_for_nine_weeks_has_no_usual_month(feature):
    trend = of_month(feature, 6_000, 6_000) if feature in MONTH_OF else {feature: 0.5}
    assert in_words(feature, values_with(tenure_days=20, **trend)) == REASONS.feature[feature].name.en
    assert in_words(feature, values_with(tenure_days=63, **trend)) != REASONS.feature[feature].name.en
    assert in_words(feature, values_with(tenure_days=20, **{feature: 0})) == REASONS.feature[feature].name.en


@given(
    st.sampled_from(FEATURES),
    st.lists(st.floats(-1.0, 7.0, width=16), min_size=WIDTH, max_size=WIDTH).map(tuple),
    st.sampled_from(["zh", "en"]),
)
def test_no_two_figures_of_a_sentence_contradict_it(feature, values, language):
    said = in_words(feature, values, language)
    if " the usual " in said:
        recent, usual = re.findall(r"[\d,]+(?= logins| yuan|$)", said)
        assert recent != usual
    assert "{" not in said


@given(st.sampled_from(FEATURES), st.floats(-1.0, 5.9))
def test_a_figure_goes_back_to_the_value_that_it_came_from(feature, value):
    unit = UNITS[feature]
    if unit.name == "days" and value <= 0:
        return
    assert unit.value(unit.figure(value)) == pytest.approx(value, abs=1e-9)


def test_a_complaint_that_never_was_has_no_figure():
    assert figures("complaint_recent", values_with(), "en") == {}


def test_without_the_values_a_reason_is_called_by_its_name_and_without_words_by_its_code():
    known, unknown = parts_in_words((ReasonPart("mood", 0.5), ReasonPart("new_one", -0.5)), POLICY)

    assert (known.code, known.zh, known.en, known.contribution) == (
        "feedback",
        "公开言论情感",
        "mood of public posts",
        0.5,
    )
    assert (unknown.code, unknown.zh, unknown.en) == ("new_one", "new_one", "new_one")


def test_what_a_feature_adds_is_cut_to_what_a_record_may_hold():
    """Weights and centres of a snapshot go up to 1e12 each: a product of them is told only so far."""
    parts = (ReasonPart("mood", -1e24), ReasonPart("aum", float("nan")), ReasonPart("age", 0.5))
    assert [reason.contribution for reason in parts_in_words(parts, POLICY)] == [-1e18, 0.0, 0.5]


def test_a_card_quotes_the_features_of_the_snapshot_that_was_scored():
    profile = scored_in_weeks(a_scorer(salary_late_days=1.0), values_with(), values_with(salary_late_days=9))
    card = score_card(profile, "churn", POLICY)

    assert [reason.en for reason in card.reasons] == ["salary did not arrive: 9 days late"]
    assert [example.example_id for example in snapshots(profile)] == ["e1", "e0"]


def test_a_snapshot_of_another_score_tells_nothing_of_this_one():
    scorer = a_scorer(aum=1.0)
    profile = scored_in_weeks(scorer, values_with(aum=100))
    score = profile.scores["churn"]

    assert values_of(profile, "churn", POLICY) == values_with(aum=100)
    for other in (score._replace(version=8), score._replace(value=0.5)):
        assert values_of(scored_again(profile, other), "churn", POLICY, scorer) is None
    assert values_of(scored_again(profile, None), "churn", POLICY) is None


def test_what_was_scored_with_an_event_is_described_again():
    """As long as the same version says the same of it."""
    scorer = a_scorer(days_since_login=1.0)
    profile = replace(scored_in_weeks(scorer, values_with()), pending=(), last_login_ms=after(days=-23))
    described = describe(profile, BEGINNING)
    scored = scorer.score(described)
    told = scored_again(profile, Score(scored.value, 7, 900, BEGINNING))
    later = replace(told, last_seen_ms=after(days=1))
    changed = replace(later, last_login_ms=after(days=-1))

    assert [values_of(one, "churn", POLICY, scorer) for one in (told, later)] == [described, described]
    assert values_of(changed, "churn", POLICY, scorer) is None
    assert values_of(told, "churn", POLICY, a_scorer(days_since_login=1.0, version=8)) is None
    assert values_of(told, "churn", POLICY) is None
    assert in_words("days_since_login", described) == "no login for 23 days"


def scored_again(profile, score):
    changed = profile.copied()
    changed.scores = {} if score is None else {"churn": score}
    return changed


def test_a_sentence_falls_back_where_policy_has_no_other():
    words = FeatureWords.model_validate({"code": "a", "name": {"zh": "甲", "en": "a"}})
    assert {words.sentence("mood", values_with(mood=value), "en") for value in (-1.0, 0.0, 1.0)} == {"a"}
    assert words.sentence("days_since_login", values_with(days_since_login=400), "en") == "a"


def refused(**changes):
    with pytest.raises(PolicyError) as error:
        a_policy(reasons=changes)
    return str(error.value)


def with_feature(name, /, **changes):
    features = read("reasons")["feature"]
    return {**features, name: {**features.get(name, features["base"]), **changes}}


def test_a_text_that_quotes_what_nobody_knows_is_refused():
    both = {"zh": "{luck}", "en": "x"}
    assert "unknown figures ['luck']; known: ['days']" in refused(feature=with_feature("salary_late_days", said=both))
    assert "unknown figures" in refused(feature=with_feature("salary_late_days", name={"zh": "{days}", "en": "x"}))
    assert "unknown figures" in refused(rose=both)
    assert "unknown figures" in refused(what_if=both)


def test_words_for_what_is_no_feature_an_unknown_code_and_a_change_without_a_figure_are_refused():
    change = {"zh": "x", "en": "x", "least": 0, "most": 1}
    assert "no feature is called 'luck'" in refused(feature=with_feature("luck"))
    assert "no reason code is called 'luck'" in refused(feature=with_feature("mood", code="luck"))
    assert "has no figure that could change" in refused(feature=with_feature("has_salary", change=change))
    assert "least must not be above most" in refused(feature=with_feature("logins_7d", change={**change, "least": 2}))


@pytest.mark.parametrize(
    ("feature", "changes", "told"),
    [
        ("complaint_recent", {"none": None}, "feature.complaint_recent: the sentence in zh for a value of 0"),
        ("logins_7d", {"said": {"zh": "x", "en": "{count:d}"}}, "feature.logins_7d.said.en: figures are written"),
        ("logins_7d", {"none": {"zh": "{count!r}", "en": "x"}}, "feature.logins_7d.none.zh: figures are written"),
        ("logins_7d", {"said": {"zh": "x", "en": "{count"}}, "feature.logins_7d.said.en: expected '}'"),
        ("logins_7d", {"less": {"zh": "{0}", "en": "x"}}, "feature.logins_7d.less.zh: the text quotes unknown"),
        ("mood", {"never": {"zh": "{days}", "en": "x"}}, "feature.mood.never.zh: the text quotes unknown figures"),
        ("logins_7d", {"said": {"zh": "x", "en": "{count}" * 16}}, "said.en: with its figures it may take 512"),
    ],
)
def test_a_text_that_could_fail_or_overflow_while_an_alert_is_written_is_refused(feature, changes, told):
    message = refused(feature=with_feature(feature, **changes))
    assert message.startswith("reasons.toml: ")
    assert told in message


@pytest.mark.parametrize(
    ("feature", "least", "most", "told"),
    [
        ("logins_7d", -5, 7, "feature.logins_7d.change.least: count go from 0 to 10000 (it is -5)"),
        ("logins_7d", 0, 20_000, "feature.logins_7d.change.most: count go from 0 to 10000 (it is 20000)"),
        ("days_since_login", 1, 401, "feature.days_since_login.change.most: days go from 0 to 400 (it is 401)"),
        ("last_rating", 0, 11, "feature.last_rating.change.most: rating go from 0 to 10"),
        ("complaint_recent", 0, 9, "feature.complaint_recent.change: it has no figure that could change"),
        ("login_trend_month", 0, 1, "feature.login_trend_month.change: it has no figure that could change"),
        ("age", 0, 1, "feature.age.change: it has no figure that could change"),
        ("context", 0, 1, "feature.context.change: it has no figure that could change"),
    ],
)
def test_a_change_may_go_as_far_as_its_figure_can(feature, least, most, told):
    change = {"zh": "x", "en": "x", "least": least, "most": most}
    assert told in refused(feature=with_feature(feature, change=change))


@pytest.mark.parametrize("feature", FEATURES)
def test_a_change_that_is_allowed_has_a_value_at_both_its_ends(feature):
    unit = moved_by(feature)
    for figure in () if unit is None else (unit.least, unit.most):
        assert unit.figure(unit.value(figure)) == pytest.approx(figure)


def test_texts_of_the_default_policy_quote_something():
    quoted = [
        name
        for words in REASONS.feature.values()
        for _, name, _, _ in Formatter().parse(words.said.en if words.said else "")
        if name
    ]
    assert len(quoted) > 25
