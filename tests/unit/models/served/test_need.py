"""What the model of needs says: the level of a family, and half of what its regression adds for a customer."""

import pytest

from models.features import FEATURES
from models.learning.scoring import log_odds_of
from models.served.need import SLOPE, NeedLearner
from models.served.propensity import PropensityLearner
from schemas.vocabulary import PRODUCT_FAMILIES
from tests.policies import default_policy
from tests.unit.models.model_checks import examples

POLICY = default_policy()
FAMILY = "fund"


def taught(learner):
    for features, label, _ in examples(400, seed=3):
        learner.learn(features, label, FAMILY)
    return learner


def test_a_forecast_goes_half_as_far_from_the_level_of_its_family_as_what_was_learned():
    need = taught(NeedLearner(POLICY))
    plain = taught(PropensityLearner(dict.fromkeys(PRODUCT_FAMILIES, POLICY.value.start_need)))
    level = plain.linear(FAMILY).base
    for features, _, _ in examples(20, seed=4):
        learned = log_odds_of(plain.score(features, FAMILY)) - level
        assert log_odds_of(need.score(features, FAMILY)) - level == pytest.approx(SLOPE * learned)
    assert need.snapshot() == plain.snapshot(), "what is learned is the same"


def test_the_scorer_that_is_served_says_the_same_and_its_contributions_add_up():
    need = taught(NeedLearner(POLICY))
    scorer = need.scorer(3)
    for features, _, _ in examples(20, seed=4):
        scored = scorer.score(features, FAMILY)
        assert scored.value == need.score(features, FAMILY)
        assert scorer.chances(features, [FAMILY], 0) == {FAMILY: scored.value}
        assert len(scored.contributions) == len(FEATURES)


def test_a_family_of_which_nothing_was_learned_starts_with_policys_share():
    assert NeedLearner(POLICY).score((0.0,) * len(FEATURES), "loan") == pytest.approx(POLICY.value.start_need)
