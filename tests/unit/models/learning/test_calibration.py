"""Calibration agrees with scikit-learn, comes back from a snapshot to the last bit, and believes no damaged one."""

import json
import random
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from models.evaluation.meters import Meter
from models.learning.calibration import SHIFTS, SLOPES, Line, Platt, log_odds
from models.learning.learner import DAMAGED

START = -3.0
QUICK = settings(max_examples=60, deadline=None)


def sigmoid(z):
    return 1 / (1 + exp(-z))


def distorted(number, *, seed=1, slope=2.0, shift=0.8):
    """Raw log-odds that are too steep and too high, with labels by the true chance."""
    chance = random.Random(seed)
    for _ in range(number):
        true = chance.gauss(START, 1.2)
        yield START + slope * (true - START) + shift, chance.random() < sigmoid(true)


def taught(calibration, examples):
    for raw, label in examples:
        calibration.learn(raw, label)
    return calibration


class TestPlatt:
    def test_it_finds_what_a_batch_regression_finds(self):
        examples = list(distorted(8_000))
        line = taught(Platt(START, fading=1.0), examples).line
        batch = LogisticRegression(C=1e6).fit([[raw - START] for raw, _ in examples], [label for _, label in examples])
        assert line.slope == pytest.approx(batch.coef_[0][0], abs=0.03)
        assert line.shift + START == pytest.approx(batch.intercept_[0], abs=0.05)

    def test_scores_become_probabilities(self):
        platt, before, after = taught(Platt(START), distorted(5_000)), Meter(), Meter()
        for raw, label in distorted(5_000, seed=2):
            before.update(label, sigmoid(raw))
            after.update(label, platt.line.calibrated(sigmoid(raw)))
        assert before.quality().calibration_error > 0.05
        assert after.quality().calibration_error < 0.01
        assert after.quality().auc == pytest.approx(before.quality().auc, abs=1e-3), "the order stays"

    def test_it_follows_a_change(self):
        platt = taught(Platt(START, fading=0.998), distorted(4_000))
        assert platt.line.slope == pytest.approx(0.5, abs=0.15)
        taught(platt, distorted(4_000, slope=1.0, shift=0.0))
        assert platt.line.slope == pytest.approx(1.0, abs=0.15)

    def test_until_it_knows_better_a_young_model_is_taken_for_too_sure(self):
        line = Platt(START).line
        assert line.of(START) == START
        assert START < line.of(0.0) < 0.0

    @QUICK
    @given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.booleans()), max_size=60))
    def test_whatever_it_learns_it_rises_and_can_be_traced_back(self, examples):
        line = taught(Platt(START), examples).line
        assert SLOPES[0] <= line.slope <= SLOPES[1]
        assert SHIFTS[0] <= line.shift <= SHIFTS[1]
        for raw in (-5.0, START, 0.0, 4.0):
            assert line.back(line.of(raw)) == pytest.approx(raw, abs=1e-9)

    def test_a_restored_one_goes_on_to_the_last_bit(self):
        first, second = taught(Platt(START), distorted(500)), Platt(START)
        second.restore(json.loads(json.dumps(first.snapshot())))
        for raw, label in distorted(200, seed=3):
            first.learn(raw, label)
            second.learn(raw, label)
            assert second.snapshot() == first.snapshot()

    @pytest.mark.parametrize("place", range(6))
    @pytest.mark.parametrize("wrong", [None, "text", float("nan"), float("inf"), 1e300, -1e300])
    def test_a_damaged_snapshot_is_refused_and_changes_nothing(self, place, wrong):
        platt = taught(Platt(START), distorted(100))
        before = platt.snapshot()
        damaged = [*before[:place], wrong, *before[place + 1 :]]
        with pytest.raises(DAMAGED):
            platt.restore(damaged)
        with pytest.raises(DAMAGED):
            platt.restore(before[:-1])
        assert platt.snapshot() == before


def test_a_line_maps_a_probability_through_its_log_odds():
    assert Line(START, 0.5, 0.2).calibrated(sigmoid(1.0)) == pytest.approx(sigmoid(START + 0.5 * 4.0 + 0.2))


def test_log_odds_of_what_is_certain_are_finite():
    assert -25 < log_odds(0.0) < -20
    assert 20 < log_odds(1.0) < 25
