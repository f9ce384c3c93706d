"""Figures of the comparison: medians and ratios within a round; a run whose results are wrong counts for nothing."""

import orjson
import pytest

from stream_app.bench import figures
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
