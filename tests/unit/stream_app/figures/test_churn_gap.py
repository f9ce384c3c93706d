"""The churn model beside a batch model that has everything at hand: same examples, same truth."""

import random

from models.features import FEATURES
from stream_app.figures.churn_gap import against_batch
from stream_app.figures.truth import DAY_MS, Departures

CUSTOMERS, WEEKS = 30, 5


def a_bank(seed: int = 1):
    """Weekly examples of customers; a third leave after the end, and their first feature says so. Labels are noisy."""
    chance = random.Random(seed)
    leaving = {f"C{n}": (WEEKS * 7 + 5) * DAY_MS if n % 3 == 0 else None for n in range(CUSTOMERS)}
    examples = []
    for week in range(WEEKS):
        for customer, planted in leaving.items():
            at_ms = (WEEKS * 7 - 20 + week) * DAY_MS
            sign = (planted is not None) * 3.0 + chance.gauss(0, 1)
            label = int((planted is not None) ^ (chance.random() < 0.1))
            common = {"model": "churn", "customer_id": customer, "snapshot_ms": at_ms, "due_ms": at_ms + 30 * DAY_MS}
            values = (sign, *[0.0] * (len(FEATURES) - 1))
            examples.append({**common, "example_id": f"{week}{customer}", "features": values, "label": label})
    examples.append({**examples[0], "example_id": "censored", "label": None})
    examples.append({**examples[0], "example_id": "of another model", "model": "need"})
    return examples, Departures(leaving, 100 * DAY_MS)


def test_on_what_a_line_can_say_the_one_that_sees_each_example_once_is_not_behind():
    examples, departures = a_bank()
    compared = against_batch(examples[::-1], departures, 30)  # whatever the order in which they come
    assert (compared.examples, compared.leaving) == (CUSTOMERS * WEEKS, CUSTOMERS * WEEKS // 3)
    for side in (compared.by_label, compared.by_truth):
        assert min(side.ours[1], side.batch[1]) > 0.8
        assert side.gap == side.batch[1] - side.ours[1] < 0.05
    assert compared.plain[1] > 0.8
    assert compared.told()["simulated_churn_auc_gap_to_batch"] == compared.by_label.gap
