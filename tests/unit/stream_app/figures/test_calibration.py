"""A calibration error is told beside the one that chance alone would give."""

import random

import pytest

from stream_app.figures.calibration import calibration, calibration_error


def examples(number=1_500, *, off=1.0):
    """Scores between 5 % and 30 %, of which `off` times as many come true."""
    chance = random.Random(3)
    for n in range(number):
        score = chance.uniform(0.05, 0.3)
        yield {"example_id": f"e-{n}", "score": score, "label": int(chance.random() < off * score)}


def test_scores_that_are_right_are_off_by_what_chance_gives():
    found = calibration(list(examples()))
    assert found.between[0] < found.error < found.between[1]
    assert found.between[0] < found.by_chance < found.between[1]
    assert 0.01 < found.by_chance < 0.03, "ten groups of 150, of which about a sixth comes true: 0.024"


def test_scores_that_are_wrong_are_off_by_more():
    found = calibration(list(examples(off=1.8)))
    assert found.error > found.between[1]
    assert found.error == pytest.approx(0.8 * 0.175, abs=0.03)


def test_chance_follows_from_the_examples():
    assert calibration(list(examples(200))) == calibration(list(examples(200)))


def test_of_nothing_there_is_no_error():
    assert calibration_error([]) == 0.0
