"""Calibration agrees with scikit-learn, comes back from a snapshot to the last bit, and believes no damaged one."""

import json
import random
from itertools import pairwise
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from models.calibration import SHIFTS, SLOPES, Isotonic, Line, Platt, interpolated, log_odds, pooled
from models.learner import DAMAGED
from models.meters import Meter

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


bins = st.lists(
    st.tuples(st.integers(1, 50), st.floats(0, 1)).flatmap(
        lambda it: st.tuples(st.just(it[0]), st.just(it[1]), st.integers(0, it[0]))
    ),
    min_size=1,
    max_size=30,
)


@QUICK
@given(bins)
def test_pooling_adjacent_violators_is_isotonic_regression(drawn):
    rising = sorted(drawn, key=lambda it: it[1])
    steps = pooled([(count, count * mean, positives) for count, mean, positives in rising])
    oracle = IsotonicRegression().fit(
        range(len(rising)), [p / c for c, _, p in rising], sample_weight=[c for c, _, _ in rising]
    )
    ours = [step.share for step in steps for _ in range(_bins_of(step, rising, steps))]
    assert ours == pytest.approx(list(oracle.predict(range(len(rising)))))
    assert all(below.share < above.share for below, above in pairwise(steps))


def _bins_of(step, rising, steps):
    """How many of the bins a step has taken in, by its weight."""
    before = sum(it.weight for it in steps[: steps.index(step)])
    sums = [sum(count for count, _, _ in rising[: place + 1]) for place in range(len(rising))]
    return sum(before < total <= before + step.weight for total in sums)


def test_between_the_middles_of_steps_the_curve_is_straight_and_beyond_them_level():
    steps = pooled([(10, 1.0, 1), (10, 3.0, 5)])
    assert [interpolated(steps, score) for score in (0.0, 0.1, 0.2, 0.3, 0.9)] == pytest.approx(
        [0.1, 0.1, 0.3, 0.5, 0.5]
    )
    twice = pooled([(10, 2.0, 1), (10, 2.0, 5)])
    assert interpolated(twice, 0.2) == 0.1, "two steps of the same score"


class TestIsotonic:
    def bent(self, number, seed=1):
        """Scores whose true chance is no line of their log-odds."""
        chance = random.Random(seed)
        for _ in range(number):
            score = chance.random()
            yield score, chance.random() < score**3

    def test_scores_of_any_rising_shape_become_probabilities(self):
        isotonic, before, after = taught(Isotonic(), self.bent(6_000)), Meter(), Meter()
        for score, label in self.bent(6_000, seed=2):
            before.update(label, score)
            after.update(label, isotonic.calibrated(score))
        assert before.quality().calibration_error > 0.2
        assert after.quality().calibration_error < 0.03

    def test_it_never_turns_the_order_round(self):
        isotonic = taught(Isotonic(), self.bent(1_000))
        mapped = [isotonic.calibrated(place / 200) for place in range(201)]
        assert mapped == sorted(mapped)

    def test_at_first_it_changes_nothing(self):
        isotonic = taught(Isotonic(least=200), self.bent(199))
        assert isotonic.calibrated(0.37) == 0.37
        assert taught(isotonic, self.bent(1)).calibrated(0.37) != 0.37

    def test_what_was_long_ago_counts_no_more_and_numbers_stay_small(self):
        isotonic = Isotonic(least=1, fading=0.9)
        for _ in range(300):
            isotonic.learn(0.5, True)
        for _ in range(100):
            isotonic.learn(0.5, False)
        assert isotonic.calibrated(0.5) < 1e-4
        assert json.dumps(isotonic.snapshot()).count("e+") <= 1

    def test_a_restored_one_goes_on_to_the_last_bit(self):
        first, second = taught(Isotonic(fading=0.9), self.bent(300)), Isotonic(fading=0.9)
        second.restore(json.loads(json.dumps(first.snapshot())))
        for score, label in self.bent(200, seed=3):
            assert second.calibrated(score) == first.calibrated(score)
            first.learn(score, label)
            second.learn(score, label)
        assert second.snapshot() == first.snapshot()

    @pytest.mark.parametrize(
        "damage",
        [
            {"examples": -1},
            {"weight": 0.5},
            {"weight": float("nan")},
            {"bins": [[0, 0.0, 0.0, 0.0]]},
            {"bins": [[0, 1.0, 2.0, 0.0]]},
            {"bins": [[0, 1.0, 0.5, float("inf")]]},
            {"bins": [[0, 1.0]]},
            {"bins": [[place, 1.0, 0.5, 1.0] for place in range(500)]},
            {"bins": "text"},
        ],
    )
    def test_a_damaged_snapshot_is_refused_and_changes_nothing(self, damage):
        isotonic = taught(Isotonic(), self.bent(300))
        before = isotonic.snapshot()
        with pytest.raises(DAMAGED):
            isotonic.restore({**before, **damage})
        assert isotonic.snapshot() == before


def test_log_odds_of_what_is_certain_are_finite():
    assert -25 < log_odds(0.0) < -20
    assert 20 < log_odds(1.0) < 25
