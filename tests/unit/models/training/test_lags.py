"""How long labels take is counted with the examples, lies in each version, and is bounded whatever comes."""

from models.training.lags import MOST_DAYS, lag_days
from models.training.learners import new_release
from schemas.internal import Punctuation
from tests.unit.models.training.test_release import DAY, Position, an_example
from tests.unit.models.training.test_release_training import POLICY


def after(*examples):
    release = new_release("churn", POLICY, 1)
    for offset, example in enumerate(examples):
        release.take(example, Position("s", offset, 0), offset)
    versions = list(release.promise(Punctuation(model="churn", source_partition=0, below_ms=900 * DAY), len(examples)))
    return release, versions


def waited(number, days, **changes):
    return an_example(number, due_ms=(200 + days) * DAY, snapshot_ms=200 * DAY, **changes)


def test_examples_are_counted_by_the_days_from_score_to_label_censored_ones_too():
    release, _ = after(waited(1, 14), waited(2, 30), waited(3, 14, label=None), waited(4, 30, score=None))
    assert release.lags.snapshot() == [[14, 2], [30, 1]]


def test_only_what_had_its_turn_counts():
    release, _ = after(waited(1, 14), waited(2, 30))
    release.take(waited(3, 14), Position("s", 9, 0), 9)
    assert release.lags.snapshot() == [[14, 1], [30, 1]], "it came too late"


def test_a_restart_goes_on_counting_and_a_version_that_tells_no_lags_begins_at_none():
    release, _ = after(waited(1, 14))
    told = release.snapshot()
    again = new_release("churn", POLICY, 1)
    again.restore(told)
    assert again.lags.snapshot() == [[14, 1]]
    del told["state"]["lags"]
    again.restore(told)
    assert again.lags.snapshot() == []


def test_lags_are_bounded_whatever_an_example_says():
    assert lag_days(10 * DAY, 0) == 0
    release, _ = after(*[an_example(n, due_ms=(n + 1) * DAY, snapshot_ms=1) for n in range(2 * MOST_DAYS)])
    told = release.lags.snapshot()
    assert len(told) == MOST_DAYS
    assert told[-1] == [MOST_DAYS, MOST_DAYS + 1]
    new_release("churn", POLICY, 1).restore(release.snapshot())
