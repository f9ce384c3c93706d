"""Learning early beside learning what has matured, on offers whose answers come at known times."""

import random
from functools import partial
from math import exp

from models.features import FEATURES
from models.served.propensity import PropensityLearner
from stream_app.figures.label_modes import MODES, compared, left_ms, taken_ms
from stream_app.figures.truth import DAY_MS, Departures

HORIZON_DAYS = 14
MAKE = partial(PropensityLearner, {"loan": 0.2})


def offers(days: int, *, answered_after: float):
    """Twenty offers a day, of which one feature tells the chance; and when each was accepted."""
    chance, examples, accepted = random.Random(3), [], {}
    for number in range(20 * days):
        at_ms, rich = number * DAY_MS // 20, chance.gauss(0, 1)
        taken = chance.random() < 1 / (1 + exp(1.5 - rich))
        name = f"o-{number}"
        if taken:
            accepted[name] = round(at_ms + answered_after * DAY_MS)
        features = (rich, *(0.0,) * (len(FEATURES) - 1))
        told = {"example_id": name, "about": "loan", "features": features, "context": [], "label": int(taken)}
        examples.append({**told, "snapshot_ms": at_ms, "due_ms": at_ms + HORIZON_DAYS * DAY_MS})
    return examples, taken_ms(accepted)


def test_early_answers_are_right_on_the_average_where_they_come_soon_and_naive_ones_are_not():
    examples, known_ms = offers(45, answered_after=1)
    found = compared(examples[::-1], MAKE, known_ms)
    assert set(found) == set(MODES)
    assert {mode.quality.examples for mode in found.values()} == {20 * (45 - HORIZON_DAYS)}
    assert abs(found["fast"].bias) < 0.03
    assert found["naive"].bias > abs(found["fast"].bias) + 0.02
    assert found["fast"].quality.log_loss <= found["matured"].quality.log_loss + 0.005


def test_answers_that_come_at_the_horizon_make_the_fast_mode_say_too_little():
    examples, known_ms = offers(45, answered_after=HORIZON_DAYS)
    found = compared(examples, MAKE, known_ms)
    assert found["fast"].bias < -0.02
    assert found["naive"].bias == found["matured"].bias, "there is nothing early to learn"


def test_it_shows_that_a_customer_left_at_the_planted_date_or_else_at_the_horizon():
    departures = Departures({"C1": 5, "C2": None, "C3": 1, "C4": 99}, 100)
    examples = [{"customer_id": f"C{n}", "snapshot_ms": 3, "due_ms": 30} for n in range(1, 5)]
    assert [left_ms(departures)(example) for example in examples] == [5, 30, 3, 30]


def test_without_examples_nothing_is_compared():
    assert compared([], MAKE, taken_ms({})) == {}
    assert compared([{"label": None}], MAKE, taken_ms({})) == {}
