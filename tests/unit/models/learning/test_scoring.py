"""Scores are exact sums of contributions, and the hot path says what River says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import FEATURES
from models.learning.learner import LogisticLearner, tame
from models.learning.scoring import ActionScorer, Linear, LinearScorer, probability
from models.learning.starts import OTHER
from models.served.churn import ChurnLearner
from models.served.propensity import PropensityLearner
from tests.unit.models.model_checks import WIDTH, examples

numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=40), numbers)
def test_contributions_and_base_sum_to_the_log_odds_to_the_last_bit(terms, base):
    weights, centres, features = map(tuple, zip(*terms, strict=True))
    scored = LinearScorer(Linear(weights, centres, base, 9), version=4).score(features)
    assert sum(scored.contributions, scored.base) == scored.log_odds
    assert scored.value == probability(scored.log_odds)
    assert [w * (x - c) for w, c, x in terms] == list(scored.contributions)


@given(st.floats(-700, 700))
def test_a_probability_is_the_logistic_function_of_its_log_odds(log_odds):
    assert probability(log_odds) == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-12)
    assert 0 <= probability(log_odds) <= 1


def test_the_exported_weights_say_what_river_says():
    model = LogisticLearner(FEATURES)
    for features, label, _ in examples(500):
        model.learn(features, label)
    for features, _, _ in examples(50, seed=3):
        pipeline = model._scaler | model._regression
        river = pipeline.predict_proba_one(dict(zip(FEATURES, features, strict=True)))[True]
        assert model.score(features) == pytest.approx(river, abs=1e-9)


def test_a_feature_that_never_varied_weighs_nothing():
    model = LogisticLearner(("moves", "stands"))
    for number in range(50):
        model.learn((float(number % 2), 3.0), number % 2 == 1)
    assert model.linear().score((1.0, 99.0)).contributions[1] == 0.0
    assert model.linear().score((1.0, 99.0)).contributions[0] > 0.0


def test_the_average_customer_has_the_base_score():
    linear = Linear((2.0, -1.0), (5.0, 3.0), -1.0, 10)
    scored = linear.score((5.0, 3.0))
    assert scored.log_odds == -1.0


def test_each_action_has_weights_of_its_own_and_an_unknown_one_its_start():
    known, unknown = Linear((1.0,), (0.0,), 0.0, 10), Linear((0.0,), (0.0,), -2.0, 0)
    scorer = ActionScorer({"loan": known}, {"card": Linear((0.0,), (0.0,), -1.0, 0)}, unknown, version=2)
    assert scorer.score((1.0,), "loan").log_odds == 1.0
    assert scorer.score((1.0,), "card").log_odds == -1.0
    assert scorer.score((1.0,), "never heard of").log_odds == -2.0
    assert (scorer.version, scorer.examples, scorer.score((1.0,), "fund").examples) == (2, 10, 0)


def test_an_action_starts_at_the_propensity_that_policy_believes():
    model = PropensityLearner({"loan": 0.3})
    scorer = model.scorer(1)
    assert scorer.score((1.0,) * WIDTH, "loan").value == pytest.approx(0.3)
    assert scorer.score((1.0,) * WIDTH, "fund").value == pytest.approx(0.1)
    assert model.score((1.0,) * WIDTH, "loan") == pytest.approx(0.3)


def test_actions_beyond_the_bound_are_learned_together():
    model = PropensityLearner(max_actions=3)
    for features, label, _ in examples(30):
        for action in ("loan", "fund", "card", "gold"):
            model.learn(features, label, action)
    assert sorted(model.snapshot()["actions"]) == ["fund", "loan", OTHER]
    assert model.snapshot()["actions"][OTHER]["examples"] == 60
    scorer = model.scorer(1)
    features = next(examples(1, seed=2))[0]
    assert scorer.score(features, "gold").value == scorer.score(features, "card").value == model.score(features, "gold")


def test_churn_says_a_half_before_it_has_learned():
    assert ChurnLearner().score((3.0,) * WIDTH) == 0.5


@given(st.lists(st.floats(), max_size=5))
def test_no_feature_is_beyond_its_limit_or_not_a_number(values):
    assert all(-1e6 <= value <= 1e6 for value in tame(values))
