"""How well needs are foreseen is judged on the later half, beside a batch model that has seen all other customers."""

import random

from stream_app.figures.needs import Asked, foreseen, in_batch


def a_bank(customers: int, seed: int) -> list[Asked]:
    """Only the features tell who takes it; what was said is the opposite, and what was planted is the same for all."""
    chance, found = random.Random(seed), []
    for number in range(customers):
        taken = chance.random() < 0.4
        example = {"customer_id": f"C{number}", "features": [float(taken), chance.random()]}
        found.append(Asked(example, taken, 0.1 if taken else 0.2, 0.5, number % 2 == 1))
    return found


def test_only_the_later_half_is_judged():
    bank = a_bank(100, seed=1)
    one = foreseen(bank)
    assert (one.taken, one.examples) == (sum(asked.taken for asked in bank[1::2]), 50)
    assert (one.auc, one.planted) == (0.0, 0.5)
    assert one.base_rate == one.taken / 50


def test_the_batch_model_learns_from_all_banks_what_there_is_to_be_seen():
    assert in_batch([a_bank(80, seed) for seed in (1, 2, 3)]) == 1.0
