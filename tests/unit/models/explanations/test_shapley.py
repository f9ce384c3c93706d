"""Sampled Shapley values: exact where they can be, close to the exhaustive sum where not, and the same every time."""

from itertools import permutations
from math import factorial, fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.explanations.shapley import sampled_shapley

row = st.lists(st.floats(-5, 5), min_size=4, max_size=4)


def crossed(x):
    """A score that is no sum: a product, and a step that two features open together."""
    return 2 * x[0] * x[1] - x[2] + (3.0 if x[1] > 0 and x[3] > 0 else 0.0)


def exhaustive(score, values, background):
    """All orders from all references: the definition."""
    parts = [0.0] * len(values)
    for reference in background:
        for order in permutations(range(len(values))):
            at = list(reference)
            for place in order:
                before = score(at)
                at[place] = values[place]
                parts[place] += score(at) - before
    return [part / factorial(len(values)) / len(background) for part in parts]


@given(row, row, st.lists(row, min_size=1, max_size=5), st.integers(0, 9))
def test_on_a_linear_model_they_are_the_contributions_against_the_mean(weights, values, background, seed):
    def linear(x):
        return fsum(w * v for w, v in zip(weights, x, strict=True))

    found = sampled_shapley(linear, values, background, rounds=2 * len(background), seed=seed)
    means = [fsum(column) / len(background) for column in zip(*background, strict=True)]
    exact = [w * (v - m) for w, v, m in zip(weights, values, means, strict=True)]
    assert found.parts == pytest.approx(exact, abs=1e-9)
    assert found.base == pytest.approx(linear(means), abs=1e-9)


@given(row, st.lists(row, min_size=1, max_size=4), st.integers(1, 12))
def test_the_parts_sum_to_the_score_whatever_the_sample(values, background, rounds):
    found = sampled_shapley(crossed, values, background, rounds=rounds, seed=3)
    assert fsum([found.base, *found.parts]) == pytest.approx(crossed(values), abs=1e-9)


def test_they_come_close_to_all_orders():
    values, background = [1.0, 2.0, -1.0, 0.5], [[-1.0, 0.5, 0.0, -2.0], [0.0, -1.0, 1.0, 1.0]]
    found = sampled_shapley(crossed, values, background, rounds=400, seed=5)
    assert found.parts == pytest.approx(exhaustive(crossed, values, background), abs=0.1)
    assert found.walks == 800


def test_what_changes_nothing_adds_nothing_and_the_same_seed_says_the_same():
    def told(seed):
        return sampled_shapley(lambda x: x[0] * x[1], [1.0, 2.0, 9.0], [[0.5, 0.1, 0.0]], rounds=3, seed=seed)

    assert told(1).parts[2] == 0.0
    assert told(1) == told(1)
