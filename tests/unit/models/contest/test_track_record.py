"""How good each model was over time: points that cover every example, in bounded memory, the same after a restart."""

import random

import msgpack
import pytest

from models.contest.track_record import POINTS, TrackRecord, told
from models.evaluation.meters import Meter
from models.learning.learner import BadSnapshotError
from models.served.calibrated import Calibrated
from models.served.churn import ChurnLearner
from models.training.published import Cadence
from models.training.release import Release
from models.training.snapshot_shape import check_snapshot

DAY = 86_400_000


def noted(count: int, *, every: int = 10, groups=("young", "old"), record: TrackRecord | None = None, first: int = 0):
    record = record or TrackRecord(("one", "other"), groups, every)
    for number in range(first, first + count):
        chance = random.Random(number)
        label, group = chance.random() < 0.3, chance.choice(groups)
        record.update(label, {"one": chance.random(), "other": 0.3}, (group,))
        record.close(number * DAY, number, "one")
    return record


def everybody(record: TrackRecord, name: str = "one") -> list:
    return [row for row in told(record.snapshot()) if (row["name"], row["segment"]) == (name, "")]


def test_a_point_tells_of_the_examples_since_the_one_before():
    record = noted(25)
    assert [row["examples"] for row in everybody(record)] == [10, 10]
    meter = Meter()
    for number in range(10, 20):
        chance = random.Random(number)
        label = chance.random() < 0.3
        chance.choice(("young", "old"))
        meter.update(label, chance.random())
    second, quality = everybody(record)[1], meter.quality()
    figures = (second["positives"], second["auc"], second["log_loss"], second["ece"])
    assert figures == (quality.positives, quality.auc, quality.log_loss, quality.calibration_error)


def test_a_row_says_who_was_on_duty_and_of_which_day_it_is():
    first, second = (row for row in told(noted(10).snapshot()) if row["segment"] == "")
    assert (first["due_day"], first["version"], first["name"], first["role"]) == ("1970-01-10", 9, "one", "champion")
    assert (second["name"], second["role"]) == ("other", "challenger")


def test_groups_are_told_apart_and_make_up_the_whole():
    rows = [row for row in told(noted(100, every=100).snapshot()) if row["name"] == "one"]
    whole = {row["segment"]: (row["examples"], row["positives"]) for row in rows}
    assert set(whole) == {"", "young", "old"}
    assert tuple(map(sum, zip(whole["young"], whole["old"], strict=True))) == whole[""]


def test_a_group_in_which_nobody_was_has_no_row():
    rows = told(noted(10, groups=("young",), record=TrackRecord(("one", "other"), ("young", "old"), 10)).snapshot())
    assert {row["segment"] for row in rows} == {"", "young"}


def test_memory_is_bounded_and_the_points_cover_the_whole_time():
    record = noted(10 * POINTS * 9)
    days = [row["due_day"] for row in everybody(record)]
    assert POINTS // 2 <= len(days) <= POINTS
    assert days == sorted(days)
    assert len(msgpack.packb(record.snapshot())) < 40_000
    assert everybody(record)[-1]["examples"] == 160, "points are four doublings apart"


def test_a_restored_record_goes_on_as_the_first_would_have():
    whole, again = noted(777), TrackRecord(("one", "other"), ("young", "old"), 10)
    again.restore(msgpack.unpackb(msgpack.packb(noted(555).snapshot())))
    assert noted(222, record=again, first=555).snapshot() == whole.snapshot()


def test_a_model_that_policy_no_longer_names_stays_in_the_past():
    again = TrackRecord(("one",), ("young", "old"), 10)
    again.restore(noted(15).snapshot())
    assert {row["name"] for row in told(again.snapshot())} == {"one", "other"}
    again.update(True, {"one": 0.5}, ("old",))
    assert {name for name, _, _ in again.snapshot()["since"]} == {"one"}


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("points", [[0, 0, "one", [["one", "", 1, 1, 1.5, 0.5, 0.5]]]]),
        ("points", [[0, 0, "one", [["one", "", 1, 1, 0.5, float("nan"), 0.5]]]]),
        ("points", [[0, 0, "one", [["one", 7, 1, 1, 0.5, 0.5, 0.5]]]]),
        ("points", [[0, 0, "one", []]] * (POINTS + 1)),
        ("points", [[0, "0", "one", []]]),
        ("since", [["one", "", {"bins": [[9_999, 1, 1, 0.5]], "loss": 0.0}]]),
        ("since", [["one", "", 7]]),
        ("every", 0),
        ("count", -1),
    ],
)
def test_a_record_that_cannot_be_is_refused_by_name(part, wrong):
    snapshot = Release("churn", Calibrated(ChurnLearner(), 0.0), 1, Cadence(10)).snapshot()
    check_snapshot("churn", snapshot)
    snapshot["state"]["contest"]["record"][part] = wrong
    with pytest.raises(BadSnapshotError, match=f"record.{part}"):
        check_snapshot("churn", snapshot)
