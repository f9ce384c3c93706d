"""`rapport model show`: the weights are those that score, or the title says whose they are."""

import pytest

from models.features import FEATURES
from models.served.calibrated_actions import CalibratedActions
from models.served.propensity import PropensityLearner
from stream_app.commands.models import off_duty, print_versions, weights
from tests.unit.models.model_checks import examples, taught
from tests.unit.models.training.test_release import DAY, Feed, a_release, an_example


def a_trained_release(**cadence):
    release, feed = a_release(**cadence), Feed()
    for day in range(6):
        for number in range(10):
            feed.add(an_example(10 * day + number, due_ms=(day + 2) * DAY, label=int(number < 6)))
    feed.promise_all(20 * DAY).into(release)
    return release


@pytest.mark.parametrize("published", [True, False])
def test_weights_are_shown_stretched_as_scores_are(published):
    learner = (a_trained_release(every=4) if published else a_trained_release(every=1_000, daily=False)).learner
    told = learner.snapshot()
    raw = weights({name: part for name, part in told.items() if name not in ("calibration", "maps")})[""]
    assert bool(told["maps"]) is published
    assert not published or learner.line.slope != 1.0
    assert weights(told)[""] == {name: pytest.approx(learner.line.slope * weight) for name, weight in raw.items()}


def test_a_calibrated_score_is_the_raw_one_with_its_weights_stretched():
    """The independent way to the same: by the scorer."""
    learner = a_trained_release(every=4).learner
    raw, scores_by = learner.learner.linear().weights, learner.linear().weights
    assert list(scores_by) == pytest.approx([learner.line.slope * weight for weight in raw])


@pytest.mark.parametrize("published", [True, False])
def test_weights_of_an_action_are_shown_stretched_as_its_scores_are(published):
    learner = taught(lambda: CalibratedActions(PropensityLearner({"loan": 0.2})), 100)
    for day in range(1, 4) if published else ():
        learner.published(day, day * DAY)
        for values, label, about in examples(40, seed=day):
            learner.came_true(learner.score(values, about), day, label, about)
    learner.learn([0.5] * len(FEATURES), True, "newer than the map")
    told = weights(learner.snapshot())
    slopes = {action: learner.line(action).slope for action in told}
    assert set(slopes) == {"loan", "fund", "card", "newer than the map"}
    assert not published or len(set(slopes.values())) == 4, "each action has a slope of its own"
    for action, shown in told.items():
        raw = weights(learner.learner.snapshot())[action]
        assert shown == {name: pytest.approx(slopes[action] * weight) for name, weight in raw.items()}


@pytest.mark.parametrize(
    ("champion", "pinned", "title"),
    [
        ("logistic", None, ""),
        ("ensemble", None, ": logistic, while ensemble is on duty"),
        ("logistic", 41, ": logistic, while version 41 is pinned"),
    ],
)
def test_weights_that_do_not_score_are_named(champion, pinned, title):
    assert off_duty({"champion": champion, "pinned": pinned}) == title


def test_before_the_first_version_the_list_says_when_it_will_come(capsys):
    print_versions({"churn": [], "propensity": []})
    assert capsys.readouterr().out.startswith("no model has a version yet")
