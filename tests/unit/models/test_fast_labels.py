"""Fake negatives: learned at once as negative, again when positive; corrected, the scores are right on the average."""

import random
from math import exp

from models.churn import ChurnLearner
from models.fast_labels import FakeNegatives
from models.features import FEATURES

NOTHING = (0.0,) * (len(FEATURES) - 1)


def bank(number, seed=1):
    """Customers of whom one feature tells the chance (a fifth on the average), and whether it came true."""
    chance = random.Random(seed)
    for _ in range(number):
        feature = chance.gauss(0, 1)
        yield (feature, *NOTHING), chance.random() < 1 / (1 + exp(1.5 - feature))


def mean_error(learner, seed=2):
    examples = list(bank(1_000, seed))
    return sum(learner.score(features) - label for features, label in examples) / len(examples)


def test_what_was_learned_as_negative_and_again_as_positive_is_corrected():
    plain = ChurnLearner(0.2)
    learner = FakeNegatives(plain)
    for features, label in bank(4_000):
        learner.met(features)
        if label:
            learner.came_true(features)
    assert abs(mean_error(learner)) < 0.03
    assert mean_error(plain) < -0.03, "uncorrected, the fake negatives count"


def test_a_score_stays_a_probability():
    learner = FakeNegatives(ChurnLearner(0.9))
    assert 0.999 < learner.score((0.0, *NOTHING)) < 1.0
