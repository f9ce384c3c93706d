"""A calibrated learner keeps every law of learners, and learns from scores as they were served weeks ago."""

import json
import random
from math import exp

import pytest

from models.evaluation.meters import Meter
from models.features import FEATURES
from models.learning.calibration import Line
from models.learning.scoring import Linear
from models.served.calibrated import Calibrated, stretched
from models.served.churn import ChurnLearner
from models.served.maps import MAX_MAPS
from tests.unit.models.model_checks import OF_MAPPED, examples, name_of, refuses, taught

DAY_MS = 86_400_000
START = -3.0


def calibrated():
    return Calibrated(ChurnLearner(), 0.0)


def busy():
    """One that has published versions, and heard what came true of their scores."""
    learner = taught(calibrated, 150)
    for version in range(1, 6):
        learner.published(version, version * DAY_MS)
        for features, label, _ in examples(30, seed=version):
            learner.came_true(learner.score(features), version, label)
    return learner


@pytest.mark.parametrize("check", OF_MAPPED, ids=name_of)
def test_it_keeps_the_law_of_every_learner(check):
    check(calibrated)


def test_its_contributions_are_those_of_the_learner_stretched_and_still_sum_to_the_score():
    learner = busy()
    line, plain, mapped = learner.line, learner.learner.scorer(9), learner.scorer(9)
    assert line.slope != 1.0
    for features, _, _ in examples(20, seed=30):
        raw, scored = plain.score(features), mapped.score(features)
        assert sum(scored.contributions, scored.base) == scored.log_odds
        assert scored.contributions == pytest.approx([line.slope * part for part in raw.contributions])
        assert scored.log_odds == pytest.approx(line.of(raw.log_odds))
        assert scored.value == learner.score(features)


def test_lines_stay_about_what_they_were_learned_about_whatever_policy_starts_with_by_now():
    learner, moved, as_before = busy(), Calibrated(ChurnLearner(), START), Calibrated(ChurnLearner(), 0.0)
    told = json.loads(json.dumps(learner.snapshot()))
    for other in (moved, as_before):
        other.restore(told)
    del told["pivot"]
    first = Calibrated(ChurnLearner(), 0.0)
    first.restore(told)
    assert moved.line == first.line == learner.line != Line(0.0)
    for version, (features, label, _) in enumerate(examples(40, seed=31), 6):
        assert moved.score(features) == learner.score(features)
        for one in (moved, learner):
            one.came_true(one.score(features), 3, label)
            one.published(version, version * DAY_MS)
    assert moved.snapshot() == learner.snapshot()
    assert as_before.snapshot()["pivot"] == 0.0


def test_what_the_learner_refuses_is_told():
    learner = calibrated()
    learner.learner.refused = 3
    assert learner.refused == 3


def test_what_is_known_of_a_contact_is_stretched_too():
    linear = Linear((1.0,), (0.5,), START, 3, {7: (2.0, 0.1, 4.0)})
    assert stretched(linear, Line(START, 0.5, 0.25)) == Linear((0.5,), (0.5,), START + 0.25, 3, {7: (1.0, 0.1, 4.0)})


class Sure:
    """A learner that is too sure of one feature, and never learns."""

    examples, refused = 1, 0

    def linear(self):
        return Linear((3.0, *(0.0 for _ in FEATURES[1:])), (0.0,) * len(FEATURES), START, 1)

    def learn(self, *example):
        return


def weeks_of_delay(learner, days=200, horizon=30, *, hears=True):
    """Score twenty customers a day, hear of each a horizon later; judge the scores of the second half."""
    chance, waiting, judged = random.Random(5), [], Meter()
    for day in range(1, days):
        learner.published(day, day * DAY_MS)
        for _due, score, version, label in [it for it in waiting if it[0] == day]:
            if hears:
                learner.came_true(score, version, label)
        for _ in range(20):
            one = chance.gauss(0, 0.5)
            score = learner.score((one, *(0.0 for _ in FEATURES[1:])))
            label = chance.random() < 1 / (1 + exp(-(START + one)))
            waiting.append((day + horizon, score, day, label))
            if day > days // 2:
                judged.update(label, score)
    return judged.quality()


def test_scores_that_were_served_weeks_ago_teach_it_whatever_map_they_went_through():
    told, untold = (weeks_of_delay(Calibrated(Sure(), START), hears=hears) for hears in (True, False))
    assert told.calibration_error < 0.015
    assert untold.calibration_error > 0.02
    assert told.log_loss < untold.log_loss


def test_the_map_in_use_changes_once_a_day():
    learner = busy()
    before = learner.line
    for features, _, _ in examples(50, seed=31):
        learner.came_true(learner.score(features), 5, True)
    learner.published(6, 5 * DAY_MS + 1)
    assert learner.line == before
    learner.published(7, 6 * DAY_MS)
    assert learner.line != before


def test_versions_of_another_model_in_between_are_not_its_own():
    learner = busy()
    learner.published(9, 5 * DAY_MS + 1)
    before = learner.snapshot()["calibration"]
    learner.came_true(0.9, 7, True)
    assert learner.snapshot()["calibration"] == before
    learner.came_true(0.9, 9, True)
    assert learner.snapshot()["calibration"] != before


def test_of_a_version_that_it_does_not_know_nothing_is_learned():
    learner = busy()
    before = learner.snapshot()
    learner.came_true(0.9, 0, True)
    learner.came_true(0.9, 99, True)
    assert learner.snapshot() == before


def test_maps_are_bounded():
    learner = calibrated()
    for version in range(1, 3 * MAX_MAPS):
        learner.published(version, version * DAY_MS)
    assert len(learner.snapshot()["maps"]) == MAX_MAPS
    restored = calibrated()
    restored.restore(learner.snapshot())


def test_a_restored_one_has_the_same_future_to_the_last_bit():
    first, second = busy(), calibrated()
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert second.line == first.line
    for version, (features, label, _) in enumerate(examples(60, seed=32), start=6):
        for learner in (first, second):
            learner.published(version, version * DAY_MS)
            learner.came_true(learner.score(features), version - 2, label)
            learner.learn(features, label)
        assert second.snapshot() == first.snapshot()


@pytest.mark.parametrize(
    "damage",
    [
        {"maps": [[1, 2, 0.0, 0.0]]},
        {"maps": [[2, 1, 1.0, 0.0]]},
        {"maps": [[1, 2, 1.0]]},
        {"maps": [[1, 2, 1.0, 0.0]] * (MAX_MAPS + 1)},
        {"calibration": []},
        {"calibration": [0, 0.7, 0.0, 20.0, 0.0, 5.0, -2]},
    ],
)
def test_a_damaged_calibration_is_refused_and_changes_nothing(damage):
    assert refuses(busy(), damage)


def test_off_duty_the_map_goes_on_by_the_labels_of_what_it_had_said():
    learner = busy()
    before, said = learner.line, [(learner.score(values), label) for values, label, _ in examples(40, seed=50)]
    for score, label in said:
        learner.came_true(score, 5, not label)
    learner.off_duty(5 * DAY_MS)
    assert learner.line == before, "not within the day"
    for day in (6, 7):
        learner.off_duty(day * DAY_MS)
    assert learner.line != before
    assert len(learner.snapshot()["maps"]) == 6, "days off duty are one row"
    again = calibrated()
    again.restore(learner.snapshot())
    assert again.line == learner.line
    learner.published(9, 7 * DAY_MS)
    learner.published(10, 8 * DAY_MS)
    assert [row[:2] for row in learner.snapshot()["maps"]][-3:] == [[0, 0], [9, 9], [10, 10]]


def test_who_never_was_on_duty_has_no_map_to_go_on_with():
    learner = calibrated()
    learner.off_duty(DAY_MS)
    assert learner.snapshot()["maps"] == []
