"""Evidence may be looked at after every example: chance passes the threshold no more often than was allowed."""

import random
from math import exp, log

import pytest

from models.evaluation.evidence import LEAST, RANGE, SHARES, Evidence, loss


def saved_by_noise(chance: random.Random) -> float:
    """Two forecasts that are equally far from the truth, on one example."""
    truth = 1.0 / (1.0 + exp(2.0 - chance.gauss(0, 1)))
    off = chance.gauss(0, 0.5)
    odds = truth / (1 - truth)
    one, other = (odds * exp(shift) / (1 + odds * exp(shift)) for shift in (off, -off))
    label = chance.random() < truth
    return loss(label, one) - loss(label, other)


def first_pass(seed: int, needed: float, number: int, better: float = 0.0) -> int | None:
    chance, evidence = random.Random(seed), Evidence()
    for n in range(number):
        evidence.add(min(RANGE, saved_by_noise(chance) + better))
        if evidence.log_value() >= needed:
            return n
    return None


def test_of_equals_hardly_any_passes_however_often_one_looks():
    passed = sum(first_pass(seed, log(1 / 0.05), 1_000) is not None for seed in range(40))
    assert passed / 40 < 0.05


def test_looking_for_two_standard_errors_would_pass_far_more_often():
    """The negative control: the usual test is not made for looking after every example."""
    passed = 0
    for seed in range(60):
        chance, total, squares = random.Random(seed), 0.0, 0.0
        for n in range(1, 1_500):
            saved = saved_by_noise(chance)
            total, squares = total + saved, squares + saved * saved
            if n > 30 and total / squares**0.5 > 1.645:
                passed += 1
                break
    assert passed / 60 > 0.2


@pytest.mark.parametrize("seed", range(4))
def test_who_is_better_passes(seed):
    assert first_pass(seed, log(1 / 0.005), 3_000, better=0.06) is not None


def test_a_watch_hears_a_change_that_comes_late_and_plain_evidence_does_not():
    watch, plain, chance = Evidence(floor=True), Evidence(), random.Random(1)
    heard: list[Evidence] = []
    for n in range(6_000):
        saved = saved_by_noise(chance) + (-0.05 if n < 4_000 else 0.25)
        for evidence in (watch, plain):
            evidence.add(max(-RANGE, min(RANGE, saved)))
            if evidence.log_value() >= log(10_000) and evidence not in heard:
                heard.append(evidence)
        if n == 4_000:
            assert heard == []
        if n == 4_800:
            assert heard == [watch]


def test_no_single_example_can_ruin_or_decide():
    assert all(share * RANGE < 1.0 for share in SHARES), "wealth stays above nothing"
    evidence = Evidence()
    evidence.add(RANGE)
    assert evidence.log_value() < log(2)


def test_losses_are_bounded_and_rank_forecasts():
    assert loss(True, 0.0) == loss(True, LEAST) == pytest.approx(-log(LEAST))
    assert loss(False, 0.0) == pytest.approx(-log(1 - LEAST))
    assert loss(True, 0.9) < loss(True, 0.8)
    assert loss(True, LEAST) - loss(False, LEAST) == pytest.approx(RANGE)


def test_evidence_goes_on_from_its_wealth():
    first = Evidence()
    for n in range(50):
        first.add(0.1 * (n % 3 - 1))
    again = Evidence(first.wealth)
    first.add(0.2)
    again.add(0.2)
    assert again.wealth == first.wealth
    assert again.log_value() == first.log_value()
