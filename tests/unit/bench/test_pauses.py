"""What waits tell of pauses: of which moments a hump comes, and whether events wait longer near commits."""

import random

import pytest

from stream_app.bench import pauses
from stream_app.bench.pauses import MS_NS, Wait

SECOND = 1_000 * MS_NS
COMMITS = [second * SECOND for second in range(1, 20)]


def waits_of(seconds=20, rate=100, longer=lambda due_ns: 0.0, seed=1):
    """So many a second, some 5 ms each, and what `longer` says of a moment (ms) on top."""
    chance = random.Random(seed)
    dues = [int(number * SECOND / rate) for number in range(seconds * rate)]
    return [Wait(due, due + int((chance.lognormvariate(1.6, 0.3) + longer(due)) * MS_NS)) for due in dues]


def behind(pause_ms, at_ns):
    """How long what is due at a moment waits for the end of a pause that begins at each of these moments (ms)."""

    def wait(due_ns):
        since = [(due_ns - at) / MS_NS for at in at_ns if 0 <= due_ns - at < pause_ms * MS_NS]
        return pause_ms - since[0] if since else 0.0

    return wait


def test_a_hump_tells_of_how_many_pauses_it_comes():
    often = pauses.told(waits_of(longer=behind(200, COMMITS)), [])
    once = pauses.told(waits_of(longer=behind(1_000, [5 * SECOND])), [])

    assert [hump["moments"] for hump in often["humps"]] == [len(COMMITS)]
    assert [hump["moments"] for hump in once["humps"]] == [1]


def test_without_a_pause_nothing_is_told_of_one():
    told = pauses.told(waits_of(), COMMITS)

    assert told["humps"] == []
    assert told["commits"]["share_of_slowest"] == pytest.approx(told["commits"]["share_of_all"], abs=0.15)
    assert told["commits"]["near"]["p99"] == pytest.approx(told["commits"]["away"]["p99"], rel=0.4)


def test_a_commit_that_makes_events_wait_has_more_than_its_share_of_the_slowest():
    commits = pauses.told(waits_of(longer=behind(30, COMMITS)), COMMITS)["commits"]

    assert (commits["commits"], commits["slowest"]) == (19, 20)
    assert commits["share_of_all"] == pytest.approx(0.1, abs=0.01)  # 50 ms on either side, each second
    assert commits["share_of_slowest"] == 1.0
    assert commits["near"]["p99"] > 25 > commits["away"]["p99"]
    assert commits["near"]["n"] + commits["away"]["n"] == 2_000


def test_commits_before_and_after_what_is_measured_do_not_count():
    commits = pauses.told(waits_of(), [-SECOND, *COMMITS, 30 * SECOND])["commits"]

    assert commits["commits"] == len(COMMITS)


@pytest.mark.parametrize("commits", [[], [ms * MS_NS for ms in range(0, 20_000, 20)]])
def test_without_commits_or_with_nothing_but_commits_there_is_nothing_to_hold_them_against(commits):
    assert pauses.told(waits_of(), commits)["commits"] is None


def test_of_no_waits_nothing_is_told():
    assert pauses.told([], COMMITS) == {"humps": [], "humps_seen_from_share": None, "commits": None}


def test_the_line_for_people_says_which_hump_would_be_seen():
    assert pauses.line(pauses.told(waits_of(seconds=4), [])) == "no second hump of 2.0% or more"
    assert pauses.line(pauses.told([], [])) == "too few for a hump to be told"


def test_the_line_for_people_names_humps_and_commits():
    line = pauses.line(pauses.told(waits_of(longer=behind(200, COMMITS)), COMMITS))

    assert line.startswith("A SECOND HUMP at ")
    assert "in 19 pauses; due within 50 ms of one of 19 commits: " in line
