"""Figures of the comparison: medians and ratios within a round; a run whose results are wrong counts for nothing."""

import orjson
import pytest

from stream_app.bench import figures, whole_figures
from tests.bench.reduced import report
from tests.bench.reduced.report import Result


def result(job, cpu, *, alerts=True, totals=True):
    return Result(job, 1_000, 500.0, cpu, 0.1, 50.0, alerts, totals)


def made(*results):
    return report.make_figures(report.by_job(results), "the command")


def test_a_ratio_compares_runs_of_the_same_round():
    found = made(result("engine", 1.0), result("quix", 3.0), result("engine", 2.0), result("quix", 4.0))

    assert found["ratio_to_quix_streams"]["value"] == pytest.approx(2.5)
    assert found["ratio_to_quix_streams"]["range"] == [2.0, 3.0]
    assert found["cpu_seconds_per_100k_reduced_job"]["value"] == pytest.approx(1.5)


def test_a_peer_counts_by_the_cheapest_of_its_rows():
    found = made(result("engine", 1.0), result("quix", 4.0), result("quix-5s", 3.0))

    assert found["ratio_to_quix_streams"]["value"] == 3.0
    assert "quix-5s" in found["ratio_to_quix_streams"]["unit"]


@pytest.mark.parametrize("wrong", [{"alerts": False}, {"totals": False}])
def test_a_run_with_wrong_results_does_not_count(wrong):
    found = made(result("engine", 1.0), result("quix", 0.1, **wrong), result("quix", 5.0))

    assert found["ratio_to_quix_streams"]["value"] == 5.0


def test_what_cannot_be_read_is_not_wrong():
    assert result("bytewax", 1.0, totals=None).right


def test_figures_of_others_stay_in_the_file(tmp_path):
    file = tmp_path / "figures.json"
    file.write_bytes(orjson.dumps({"theirs": {"value": 1}}))

    figures.keep(figures.figure("ours", [2.0, 1.0, 4.0], "s", "make bench", n=9), file)

    kept = orjson.loads(file.read_bytes())
    assert kept["theirs"] == {"value": 1}
    assert kept["ours"] == {
        "value": 2.0, "unit": "s", "range": [1.0, 4.0], "n": 9, "command": "make bench", "anchor": None,
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


def a_step(rate, n, *, void=None, humps=()):
    pauses = {"humps": [{"share": share} for share in humps], "humps_seen_from_share": 8 / n}
    return {
        "rate": rate, "void": void, "pauses": pauses,
        "latency_ms": {"n": n, "p50": 5.0, "p90": 9.0, "p99": 30.0, "p99_9": 60.0, "max": 70.0},
    }  # fmt: skip


def latencies(*steps, job="engine"):
    return {name: told["value"] for name, told in report.latency_figures([{"job": job, "steps": steps}], "it").items()}


def test_latencies_of_the_engine_are_figures_by_rate_with_the_share_of_second_humps():
    assert latencies(a_step(2_000.0, 4_000, humps=[0.01, 0.02])) == {
        "latency_p50_ms_reduced_job_2000": 5.0,
        "latency_p99_ms_reduced_job_2000": 30.0,
        "latency_p99_9_ms_reduced_job_2000": 60.0,
        "latency_hump_share_reduced_job_2000": 0.03,
    }


def test_of_few_alerts_there_is_no_p99_9():
    assert "latency_p99_9_ms_reduced_job_2000" not in latencies(a_step(2_000.0, 900))


def test_a_void_step_a_share_of_the_ladder_and_a_peer_give_no_figures():
    assert latencies(a_step(2_000.0, 4_000, void="the schedule slipped"), a_step(1_530.5, 4_000)) == {}
    assert latencies(a_step(2_000.0, 4_000), job="quix") == {}


def test_latencies_of_the_whole_job_are_those_of_alerts_but_for_what_needs_many():
    every = a_step(707.0, 1_500, humps=[0.04])
    step = {**every, "share_of_sustainable": 0.5, "latency_ms": {"all": every["latency_ms"], "alert": {
        "n": 21, "p50": 14.0, "p99": 19.0, "p99_9": 20.0,
    }}}  # fmt: skip
    cost = {"events": 1, "cpu_seconds_per_100k": 30.0, "events_per_second": 3_000.0}

    made = whole_figures.make({"cost": [cost], "latency": {"steps": [step]}})

    told = {name: (it["value"], it["n"]) for name, it in made.items() if name.startswith("latency")}
    assert told == {
        "latency_p50_ms_at_half_load": (14.0, 21),
        "latency_p99_ms_at_half_load": (19.0, 21),
        "latency_p99_9_ms_at_half_load": (60.0, 1_500),
        "latency_hump_share_at_half_load": (0.04, 1_500),
    }
