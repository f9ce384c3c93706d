"""Sustainable throughput: a lag that grows is told from one that saws, and the ladder closes in on the limit."""

import pytest

from stream_app.bench.sustain import Ladder, LagPoint, judge, slope


def lag(grows_by, seconds=60, saw=0):
    return [LagPoint(at / 4, int(grows_by * at / 4 + saw * (at % 4))) for at in range(seconds * 4)]


def verdict(**changes):
    given = {"rate": 1_000, "lag": lag(0), "p99_ms": 20.0, "objective_ms": 500.0, "drain_seconds": 0.5, "wrong": 0}
    return judge(**(given | changes))


def test_the_slope_is_that_of_the_line_through_the_points():
    assert slope(lag(37)) == pytest.approx(37, rel=0.05)
    assert slope([]) == 0.0
    assert slope([LagPoint(1, 5)]) == 0.0


def test_a_lag_that_saws_with_the_commits_is_sustained():
    assert verdict(lag=lag(0, saw=300)).passed


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"lag": lag(25, seconds=120)}, "grows"),
        ({"p99_ms": 501.0}, "p99"),
        ({"drain_seconds": 5.1}, "gone"),
        ({"wrong": 1}, "lost"),
    ],
)
def test_each_of_the_four_rules_alone_fails_a_rate(change, word):
    found = verdict(**change)

    assert not found.passed
    assert word in found.why


@pytest.mark.parametrize("limit", [300, 1_000, 5_700, 23_456])
def test_the_ladder_ends_just_below_the_limit(limit):
    ladder = Ladder()
    while (rate := ladder.next_rate()) is not None:
        ladder.tell(rate, passed=rate <= limit)

    assert ladder.passed <= limit < ladder.failed
    assert ladder.failed / ladder.passed <= 1.15


def test_a_system_that_fails_the_first_rung_sustains_nothing():
    ladder = Ladder()
    ladder.tell(ladder.next_rate(), passed=False)

    assert ladder.next_rate() is None
    assert ladder.passed == 0.0
