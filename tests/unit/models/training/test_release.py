"""The trainer's core: order of maturity whatever the order of arrival, nothing learned twice, nothing early."""

import random

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.meters import Meter
from models.features import FEATURES
from models.served.calibrated import Calibrated
from models.served.calibrated_actions import CalibratedActions
from models.served.churn import ChurnLearner
from models.served.propensity import PropensityLearner
from models.training.bookmark import Position
from models.training.learners import report
from models.training.published import Cadence
from models.training.punctuation import punctuation
from models.training.release import Release
from schemas.internal import ExampleRecord, Punctuation

DAY = 86_400_000
SOURCES = 3


def an_example(number: int, **changes) -> ExampleRecord:
    chance = random.Random(number)
    features = tuple(chance.gauss(0, 1) for _ in FEATURES)
    values = {
        "model": "churn",
        "example_id": f"e-{number}",
        "customer_id": "C1",
        "due_ms": DAY + 1_000 * (number // 2),  # pairs share their time: the id decides
        "snapshot_ms": 1,
        "features": features,
        "label": int(features[0] > 0),
        "score": 0.25,
        "model_version": 1,
    }
    return ExampleRecord(**values | changes)


def a_promise(source: int, below_ms: int, *, idle: bool = False, model: str = "churn") -> Punctuation:
    return Punctuation(model=model, source_partition=source, below_ms=below_ms, idle=idle)


def a_release(*, every: int = 10, daily: bool = True, sources: int = SOURCES) -> Release:
    return Release("churn", Calibrated(ChurnLearner(), 0.0), sources, Cadence(every, daily))


class Feed:
    """The trainer's topic as a list: examples and promises at rising offsets, with positions of their sources."""

    def __init__(self) -> None:
        self.records: list[tuple[ExampleRecord | Punctuation, Position | None]] = []
        self._offsets: dict[str, int] = {}

    def add(self, example: ExampleRecord, source: str = "p0") -> "Feed":
        offset = self._offsets[source] = self._offsets.get(source, 0) + 1
        self.records.append((example, Position(source, offset, 0)))
        return self

    def repeat(self, place: int) -> "Feed":
        self.records.append(self.records[place])
        return self

    def promise(self, source: int, below_ms: int, **more) -> "Feed":
        self.records.append((a_promise(source, below_ms, **more), None))
        return self

    def promise_all(self, below_ms: int) -> "Feed":
        for source in range(SOURCES):
            self.promise(source, below_ms)
        return self

    def into(self, release: Release, start: int = 0, end: int | None = None):
        published = []
        for offset, (record, position) in list(enumerate(self.records))[start:end]:
            if position is None:
                published += release.promise(record, offset)
            else:
                release.take(record, position, offset)
        return published


def model_bytes(release: Release) -> bytes:
    return msgpack.packb(release.state())


def learned(release: Release) -> int:
    return sum(release.counts.learned.values())


def test_nothing_is_learned_before_every_source_has_promised():
    release = a_release()
    feed = Feed().add(an_example(1)).promise(0, 9 * DAY).promise(1, 9 * DAY)
    feed.into(release)
    assert learned(release) == 0
    Feed.into(feed.promise(2, 9 * DAY), release, start=3)
    assert learned(release) == 1


def test_the_slowest_source_holds_the_others_back_unless_it_is_idle():
    release = a_release()
    feed = Feed().add(an_example(1)).promise(0, 9 * DAY).promise(1, 9 * DAY).promise(2, 5)
    feed.into(release)
    assert learned(release) == 0
    feed.promise(2, 5, idle=True).into(release, start=4)
    assert learned(release) == 1


def test_when_all_are_idle_the_highest_promise_counts():
    release = a_release()
    feed = Feed().add(an_example(1)).add(an_example(2, due_ms=9 * DAY))
    for source, below in enumerate((0, 2 * DAY, 5)):
        feed.promise(source, below, idle=True)
    feed.into(release)
    assert learned(release) == 1


def test_a_promise_taken_back_changes_nothing():
    release = a_release()
    Feed().promise_all(9 * DAY).promise(0, 3).add(an_example(1)).promise(1, 9 * DAY).into(release)
    assert learned(release) == 1


def test_an_example_at_the_promise_itself_waits():
    release = a_release()
    feed = Feed().add(an_example(1, due_ms=DAY)).promise_all(DAY)
    feed.into(release)
    assert learned(release) == 0
    feed.promise_all(DAY + 1).into(release, start=4)
    assert learned(release) == 1


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(24)), st.lists(st.integers(0, SOURCES - 1), min_size=24, max_size=24))
def test_any_order_of_arrival_gives_the_same_model_bytes(order, sources):
    sorted_feed, shuffled = Feed(), Feed()
    for number in range(24):
        sorted_feed.add(an_example(number))
    for number in order:
        shuffled.add(an_example(number), f"p{sources[number]}")
    one, other = a_release(), a_release()
    published = sorted_feed.promise_all(9 * DAY).into(one)
    assert [p.version for p in shuffled.promise_all(9 * DAY).into(other)] == [p.version for p in published]
    assert model_bytes(other) == model_bytes(one)
    assert learned(one) == 24


def test_learning_on_arrival_would_depend_on_the_order():
    """The negative control of the law above."""
    one, other = ChurnLearner(), ChurnLearner()
    numbers = list(range(24))
    for number in numbers:
        one.learn(an_example(number).features, an_example(number).label == 1)
    for number in reversed(numbers):
        other.learn(an_example(number).features, an_example(number).label == 1)
    assert one.snapshot() != other.snapshot()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_crash_after_any_version_gives_the_same_bytes_as_none(seed):
    chance = random.Random(seed)
    feed, highest = Feed(), 0
    for number in chance.sample(range(40), 40):
        feed.add(an_example(number, due_ms=DAY + chance.randrange(3 * DAY)), f"p{number % SOURCES}")
        if chance.random() < 0.3:
            highest = max(highest, DAY + chance.randrange(3 * DAY))
            feed.promise(chance.randrange(SOURCES), highest, idle=chance.random() < 0.3)
        if chance.random() < 0.2:
            feed.records.append(chance.choice(feed.records))
    feed.promise_all(9 * DAY).promise(0, 9 * DAY)  # promises go on; a restart finishes its release with the next record
    whole = a_release(every=7)
    versions = feed.into(whole)
    for version in versions:
        again = a_release(every=7)
        start = again.restore(msgpack.unpackb(msgpack.packb(version.snapshot)))
        rest = feed.into(again, start=start)
        assert model_bytes(again) == model_bytes(whole)
        assert [v.version for v in rest] == [v.version for v in versions if v.version > version.version]
        assert (again.counts.late, again.counts.repeated) == (whole.counts.late, whole.counts.repeated)


def test_without_the_guard_a_restart_would_learn_examples_twice():
    """The negative control of the law above: a restart that forgets what was released and which offsets were seen."""
    feed = Feed()
    for number in range(20):
        feed.add(an_example(number))
    feed.promise_all(9 * DAY).promise(0, 9 * DAY)
    whole = a_release(every=7)
    version = feed.into(whole)[0]
    again = a_release(every=7)
    again.restore(msgpack.unpackb(msgpack.packb(version.snapshot)))
    again._released, again._bookmark._seen_offset, again._bookmark._positions = (-1, ""), 0, {}
    feed.into(again)
    assert again.learner.examples == 27, "seven of the twenty twice"
    assert model_bytes(again) != model_bytes(whole)


def test_what_comes_after_its_turn_is_late_counted_and_not_learned():
    release = a_release()
    feed = Feed().add(an_example(4)).promise_all(9 * DAY)
    feed.add(an_example(2)).promise_all(10 * DAY).into(release)
    assert (learned(release), release.counts.late) == (1, 1)


def test_a_repeated_example_is_learned_once():
    release = a_release()
    feed = Feed().add(an_example(1)).repeat(0).promise_all(9 * DAY).repeat(0).promise_all(10 * DAY)
    feed.into(release)
    assert (learned(release), release.counts.repeated, release.counts.late) == (1, 2, 0)


def test_the_same_example_from_another_source_position_is_learned_once():
    release = a_release()
    Feed().add(an_example(1), "p0").add(an_example(1), "p1").promise_all(9 * DAY).into(release)
    assert (learned(release), release.counts.repeated) == (1, 1)


def test_the_censored_are_counted_and_not_learned():
    release = a_release()
    Feed().add(an_example(1, label=None)).add(an_example(2)).promise_all(9 * DAY).into(release)
    assert (learned(release), release.counts.censored) == (1, 1)
    assert release.learner.examples == 1


def test_a_version_comes_after_so_many_examples_and_where_the_day_changes():
    release = a_release(every=4)
    feed = Feed()
    for number in range(9):
        feed.add(an_example(number))
    feed.add(an_example(90, due_ms=3 * DAY)).add(an_example(91, due_ms=4 * DAY, label=None)).promise_all(9 * DAY)
    published = feed.into(release)
    assert [(p.version, p.quality.examples) for p in published] == [(1, 4), (2, 8), (3, 9), (4, 10)]
    assert [p.version for p in feed.into(a_release(every=4, daily=False))] == [1, 2]


def test_an_example_is_scored_before_it_is_learned():
    """The first one meets an unlearned model: its score is a half, and the log loss is that of a half."""
    release = a_release()
    Feed().add(an_example(1)).promise_all(9 * DAY).into(release)
    assert release.meter.quality().log_loss == pytest.approx(0.6931, abs=1e-3)
    assert release.served.quality().log_loss != release.meter.quality().log_loss


def test_a_score_by_no_version_does_not_count_as_served():
    release = a_release()
    feed = Feed().add(an_example(1, model_version=0)).add(an_example(2, score=None)).promise_all(9 * DAY)
    feed.into(release)
    assert (release.served.quality().examples, release.meter.quality().examples) == (0, 2)


def test_what_came_true_of_the_scores_that_were_served_calibrates_those_to_come():
    release = a_release(every=4)
    feed = Feed()
    for day in range(6):
        for number in range(10):
            feed.add(an_example(10 * day + number, due_ms=(day + 2) * DAY, label=1))
    published = feed.promise_all(20 * DAY).into(release)
    lines = [published[-1].snapshot["state"]["learner"]["maps"][place][2:] for place in (0, -1)]
    assert lines[0] != lines[1]
    assert lines[1][1] > 0.0, "a quarter was said of what always came true"


def test_what_came_true_of_offers_that_were_made_calibrates_their_action():
    """All that was offered at 25 % came true; of the other action nothing did."""
    learner = CalibratedActions(PropensityLearner({"loan": 0.25, "fund": 0.25}))
    release, feed = Release("propensity", learner, 1, Cadence(4)), Feed()
    for day in range(8):
        for number in range(20):
            label, action = (1, "loan") if number % 2 else (0, "fund")
            due_ms = (day + 2) * DAY
            feed.add(an_example(20 * day + number, model="propensity", about=action, due_ms=due_ms, label=label))
    feed.promise(0, 20 * DAY, model="propensity").into(release)
    assert learner.line("loan").shift > learner.line("fund").shift
    again = CalibratedActions(PropensityLearner({"loan": 0.25, "fund": 0.25}))
    again.restore(msgpack.unpackb(msgpack.packb(learner.snapshot())))
    assert again.snapshot() == learner.snapshot()


def test_each_action_is_learned_for_itself():
    release = Release("propensity", PropensityLearner(), 1, Cadence(10))
    feed = Feed()
    for number, action in enumerate(("loan", "fund")):
        feed.add(an_example(number, model="propensity", about=action))
    feed.promise(0, 9 * DAY, model="propensity").into(release)
    assert sorted(release.learner.snapshot()["actions"]) == ["fund", "loan"]


def test_the_memory_of_the_waiting_is_freed_when_they_are_learned():
    release = a_release()
    feed = Feed()
    for number in range(50):
        feed.add(an_example(number))
    feed.into(release)
    assert release.waiting == len(release._bookmark._ids) == 50
    feed.promise_all(9 * DAY).into(release, start=50)
    assert release.waiting == len(release._bookmark._ids) == 0


def test_the_report_says_what_became_of_every_example():
    release = a_release()
    feed = Feed().add(an_example(1)).add(an_example(2)).add(an_example(3, label=None)).repeat(0).promise_all(9 * DAY)
    feed.into(release)
    said = report(release)
    assert (said["examples"], said["censored"], said["repeated"], said["late"], said["refused"]) == (2, 1, 1, 0, 0)
    assert said["served"]["examples"] == 2


@pytest.mark.parametrize(
    ("clock", "due", "idle", "below", "says_idle"),
    [
        (None, None, True, 0, True),  # nothing ever came: it holds nobody back
        (None, 500, True, 0, False),
        (1_000, None, False, 1_000, False),
        (1_000, 400, False, 400, False),  # work that is due and not yet done
        (1_000, 4_000, False, 1_000, False),
        (1_000, 4_000, True, 1_000, False),  # read to its end, but something waits there
        (-5, None, True, 0, True),
    ],
)
def test_a_source_promises_no_more_than_it_can_keep(clock, due, idle, below, says_idle):
    promise = punctuation("churn", 2, clock, due, idle=idle)
    assert (promise.below_ms, promise.idle, promise.source_partition) == (below, says_idle, 2)


def test_a_meter_restored_goes_on_bit_by_bit_and_refuses_damage():
    meter, chance = Meter(), random.Random(3)
    for _ in range(500):
        meter.update(chance.random() < 0.2, chance.random())
    again = Meter()
    again.restore(msgpack.unpackb(msgpack.packb(meter.snapshot())))
    assert again.snapshot() == meter.snapshot()
    assert again.quality() == meter.quality()
    for bins in ([[99_999, 1, 1, 0.5]], [[3, 1, 1, float("nan")]]):
        with pytest.raises(ValueError, match="bin"):
            again.restore({"bins": bins, "loss": 0.0})
    assert again.snapshot() == meter.snapshot()


def test_examples_that_no_promise_covers_yet_are_told():
    release, feed = a_release(), Feed()
    for number in range(5):
        feed.add(an_example(number))
    feed.into(release)
    assert report(release)["waiting"] == 5
    feed.promise_all(2 * DAY).into(release, start=5)
    assert report(release)["waiting"] == 0


@pytest.mark.parametrize("turns", [True, False])
def test_a_drift_is_counted_when_the_world_turns_and_not_while_the_model_gets_better(turns):
    release, feed = a_release(), Feed()
    for number in range(3_000):
        example = an_example(number)
        after_the_turn = turns and number >= 1_500
        feed.add(example.model_copy(update={"label": 1 - example.label}) if after_the_turn else example)
    feed.promise_all(2 * DAY).into(release)
    assert (report(release)["drifts"] > 0) is turns
