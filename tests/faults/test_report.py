"""What a programme leaves in docs/figures.json: kills of the short scenarios, memory of a soak."""

import orjson
import pytest

from tests.faults import report
from tests.faults.run import Outcome
from tests.faults.scenario import Scenario
from tests.faults.scenarios import PROGRAMME, controls
from tests.faults.subject import ALERT_LOST, ALERT_TWICE, CLAIM, EXIT, LOST, STORE, STUCK, TWICE, Finding

SLOPE = {"mb_per_hour": 0.234, "low": -0.5, "high": 0.966, "minutes": 20.0, "points": 10}


async def nothing(run):
    pass


def outcome(kills, produced=1_000, findings=(), **figures):
    return Outcome("any", 1, produced, kills, 0, {}, [1.5] * kills, [*findings], 60.0, figures)


def kept(results, tmp_path):
    report.merge_figures(results, tmp_path / "figures.json", "make faults")
    return orjson.loads((tmp_path / "figures.json").read_bytes())


def test_a_soak_tells_of_memory_only(tmp_path):
    found = kept({Scenario("soak", nothing, minutes=30): [outcome(20, memory_slope=SLOPE)]}, tmp_path)
    assert list(found) == ["soak_memory_slope_mb_per_hour"]
    assert found["soak_memory_slope_mb_per_hour"]["value"] == 0.23
    assert found["soak_memory_slope_mb_per_hour"]["range"] == [-0.5, 0.97]


def test_kills_are_counted_without_those_of_a_soak(tmp_path):
    short, soak = Scenario("kills", nothing), Scenario("soak", nothing, minutes=30)
    found = kept({short: [outcome(100), outcome(110)], soak: [outcome(20)]}, tmp_path)
    assert found["kills"]["value"] == 210
    assert found["events_lost"] | {"command": ""} == {
        "value": 0, "unit": "of all in n inputs", "range": [0, 3.0], "n": 2_000, "command": "", "anchor": 0,
    }  # fmt: skip
    assert found["recovery_p95_seconds"]["value"] == 1.5


def test_a_loss_is_told_as_it_was_seen_and_bounds_nothing(tmp_path):
    found = kept({Scenario("kills", nothing): [outcome(10, findings=[Finding(LOST, "C-1", 3)])]}, tmp_path)
    assert (found["events_lost"]["value"], found["events_lost"]["range"]) == (3, None)


CONTROL = Scenario("without_something", nothing, must_show=frozenset({LOST, ALERT_LOST}))


@pytest.mark.parametrize("kind", [STUCK, EXIT, CLAIM, STORE, TWICE])
def test_a_control_that_hangs_or_does_other_harm_has_not_shown_what_it_must(kind):
    assert not report.passed(CONTROL, [outcome(1, findings=[Finding(kind, "any")])])
    assert not report.passed(CONTROL, [outcome(1)])


@pytest.mark.parametrize("kind", [LOST, ALERT_LOST])
def test_a_control_passes_when_one_of_its_runs_shows_what_it_must(kind):
    shows = outcome(1, findings=[Finding(STUCK, "any"), Finding(kind, "C-1")])
    assert report.passed(CONTROL, [outcome(1), shows])
    assert "fails as it must (1 of 2)" in report.table({CONTROL: [outcome(1), shows]})


def test_whatever_is_no_control_passes_when_nothing_is_found():
    assert report.passed(Scenario("kills", nothing), [outcome(1)])
    assert not report.passed(Scenario("kills", nothing), [outcome(1, findings=[Finding(CLAIM, "any")])])


def test_each_control_says_which_harm_it_must_show():
    harm = {LOST, TWICE, ALERT_LOST, ALERT_TWICE, STORE}
    named = [it for it in PROGRAMME if it.name.startswith("without_") or it.name == "idiomatic_faust"]
    assert {it.name for it in named} == {it.name for it in PROGRAMME if it.must_fail}
    assert all(it.must_show <= harm for it in named)
    assert {it.name for it in controls.ALL if STORE in it.must_show} == {"without_fence"}


def test_what_idiomatic_faust_keeps_is_no_figure_of_ours(tmp_path):
    others = Scenario("idiomatic_faust_left_alone", nothing, of_the_engine=False)
    found = kept({Scenario("kills", nothing): [outcome(7)], others: [outcome(0), outcome(0)]}, tmp_path)
    assert (found["kills"]["value"], found["events_lost"]["n"]) == (7, 1_000)
