"""Expected actions = seen actions: what is missing or comes twice is counted; latency is from when it was due."""

import pytest

from stream_app.bench.open_loop import match
from stream_app.bench.schedule import Schedule

MS = 1_000_000
SCHEDULE = Schedule(100 * MS, 1_000)
EXPECTED = {"a": (0, "alert"), "b": (5, "alert"), "c": (7, "offer")}


def test_latency_counts_from_the_time_at_which_the_cause_was_due():
    found = match(EXPECTED, [("a", 104 * MS), ("b", 106 * MS), ("c", 109 * MS)], SCHEDULE)

    assert found.wrong == 0
    assert found.latency["alert"].figures()["n"] == 2
    assert found.latency["alert"].max_ms == pytest.approx(4, rel=0.01)
    assert found.latency["offer"].max_ms == pytest.approx(2, rel=0.01)


def test_what_is_missing_and_what_comes_twice_is_wrong():
    found = match(EXPECTED, [("a", 101 * MS), ("a", 102 * MS), ("c", 109 * MS)], SCHEDULE)

    assert (found.missing, found.twice, found.seen) == (1, 1, 2)


def test_what_belongs_to_a_step_before_is_left_alone():
    assert match(EXPECTED, [("z", 101 * MS)], SCHEDULE).twice == 0


def test_the_warm_up_counts_as_seen_but_has_no_latency():
    found = match(EXPECTED, [("a", 104 * MS), ("b", 106 * MS), ("c", 109 * MS)], SCHEDULE, warm_up=6)

    assert found.seen == 3
    assert [*found.latency] == ["offer"]
