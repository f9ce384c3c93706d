"""`rapport model show`: the weights are those that score, or the title says whose they are."""

import pytest

from stream_app.commands.models import off_duty, weights
from tests.unit.models.test_release import DAY, Feed, a_release, an_example


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
