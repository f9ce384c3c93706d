"""The champion is the mean of two regressions that differ in memory, and tells days apart by the bins of numbers."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.learning.champion import QUICK, STEADY, Champion
from models.learning.hashing import KEYS, SLOTS, WORD_SLOTS, bin_of, slots_of
from models.learning.learner import BadSnapshotError
from models.learning.pooled import PooledRegression
from models.learning.slots import MOST_CERTAINTY
from tests.unit.models.model_checks import contacts

NAMES = ("tired",)
START = 0.1


def turned(model, number: int = 4_000):
    """Learned from a world that turns round after three quarters: who is tired says no, then yes."""
    chance = random.Random(5)
    for turn in range(number):
        tired = chance.gauss(0, 1)
        sign = -1 if turn < number * 3 // 4 else 1
        model.learn((tired,), chance.random() < 1 / (1 + math.exp(-sign * 2 * tired)), "loan", START)
    return model


def test_its_log_odds_are_the_mean_of_both():
    champion, quick, steady = Champion(()), PooledRegression((), QUICK, bins=True), PooledRegression((), STEADY)
    for _, label, about, slots in contacts(300):
        for model in (champion, quick, steady):
            model.learn((), label, about, START, slots)
    for _, _, about, slots in contacts(50, seed=3):
        said = [model.linear(about, START).score((), slots).log_odds for model in (quick, steady)]
        assert champion.linear(about, START).score((), slots).log_odds == pytest.approx(sum(said) / 2, abs=1e-12)


def test_what_has_turned_round_is_followed_by_the_quick_one_and_not_by_the_steady():
    models = turned(PooledRegression(NAMES, QUICK)), turned(Champion(NAMES)), turned(PooledRegression(NAMES, STEADY))
    quick, both, steady = [model.linear("loan", START).weights[0] for model in models]
    assert steady < both < quick, "no was learned from three thousand, yes from the last thousand"


def test_a_day_that_only_its_number_tells_apart_is_learned():
    champion, chance = Champion(()), random.Random(2)
    days = [4.857, 4.191, 1.405]  # the middle one is the good one: no line through the number says so
    for _ in range(1_500):
        day = chance.choice(days)
        champion.learn((), chance.random() < (0.8 if day == days[1] else 0.05), "loan", START, slots_of({"rate": day}))
    linear = champion.linear("loan", START)
    before, good, after = [linear.score((), slots_of({"rate": day})).value for day in days]
    assert good > 1.5 * max(before, after)


@given(st.integers(WORD_SLOTS, SLOTS - 1), st.floats(-1e6, 1e6, width=32))
def test_a_bin_has_a_key_beyond_the_slots_and_the_same_always(slot, value):
    assert SLOTS <= bin_of(slot, value) < KEYS
    assert bin_of(slot, value) == bin_of(slot, value)


@given(st.integers(WORD_SLOTS, SLOTS - 1), st.floats(1e-3, 1e6))
def test_numbers_that_differ_by_a_hundredth_have_two_bins_or_fall_together_by_chance(slot, value):
    keys = {bin_of(slot, value * (1 + step / 50)) for step in range(40)}
    assert len(keys) > 20


def test_nothing_is_surer_than_the_limit_however_wild_the_values():
    champion = Champion(NAMES)
    for turn in range(200):
        champion.learn((1e6 * (-1) ** turn,), turn % 3 == 0, "loan", START, ((0, 1e6), (SLOTS - 1, 1e6)))
    told = champion.snapshot()
    certainties = [*told["certainties"], *told["steady"]["certainties"]]
    certainties += [row[-1] for part in (told, told["steady"]) for row in part["actions"]["loan"]["slots"]]
    assert max(certainties) <= MOST_CERTAINTY
    assert Champion.of(json.loads(json.dumps(told)), NAMES).snapshot() == told


def test_halves_that_have_not_learned_the_same_are_refused():
    one, other = turned(Champion(NAMES), 40).snapshot(), turned(Champion(NAMES), 41).snapshot()
    with pytest.raises(BadSnapshotError, match="the same examples"):
        Champion.of({**one, "steady": other["steady"]}, NAMES)
