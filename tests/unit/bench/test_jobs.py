"""The jobs of the benchmarks: what an engine folds event by event is what the oracle says of the whole list."""

import orjson
import pytest

from tests.bench.dspbench import job as fraud
from tests.bench.espbench import job as threshold
from tests.bench.espbench.run import void
from tests.bench.reduced.job import DAY_MS, DAYS, Workload, as_json, events, fold, oracle
from tests.bench.reduced.jobs import JOBS
from tests.bench.reduced.report import RATIOS

LOADS = [Workload(5_000, 200, seed=1), Workload(5_000, 200, seed=2), Workload(3_000, 50, seed=3, zipf=1.0)]


def folded(load, fold=fold):
    states, alerts = {}, set()
    for event in events(load):
        given = orjson.loads(as_json(event))
        states[event.customer_id], alert = fold(states.get(event.customer_id), given)
        if alert is not None:
            alerts.add(alert["id"])
    return states, alerts


@pytest.mark.parametrize("load", LOADS)
def test_the_fold_of_the_reduced_job_agrees_with_its_oracle(load):
    states, alerts = folded(load)
    expected = oracle(load)

    assert alerts == expected.alerts
    assert len(alerts) > 20
    assert {key: state[:3] for key, state in states.items()} == expected.totals


def test_the_ring_holds_the_sums_of_the_last_thirty_days():
    load = Workload(4_000, 20, seed=4)
    states, _ = folded(load)
    for customer, (_, _, last_ms, ring) in states.items():
        own = [event for event in events(load) if event.customer_id == customer]
        for day in range(last_ms // DAY_MS - DAYS + 1, last_ms // DAY_MS + 1):
            assert ring[day % DAYS] == sum(e.amount for e in own if e.occurred_ms // DAY_MS == day)


def test_a_fold_that_loses_an_event_is_found_out():
    def loses(state, event):
        return fold(state, event) if not event["event_id"].endswith("77") or state is None else (state, None)

    states, _ = folded(LOADS[0], loses)

    assert {key: state[:3] for key, state in states.items()} != oracle(LOADS[0]).totals


def test_equal_loads_are_equal_events():
    assert [*events(LOADS[2])] == [*events(LOADS[2])]
    assert [*events(LOADS[0])] != [*events(LOADS[1])]


def test_an_event_is_about_as_large_as_the_peers_were_measured_with():
    assert 230 <= len(as_json(next(events(LOADS[0])))) <= 260


def test_the_fold_of_the_fraud_job_agrees_with_its_oracle():
    given = [line._replace(entity=line.entity[:1]) for line in fraud.lines(4_000)]
    windows, scores = {}, {}
    for line in given:
        windows[line.entity], score = fraud.fold(windows.get(line.entity, b""), fraud.INDEX[line.state])
        if score is not None and score > fraud.THRESHOLD:
            scores[line.record] = score

    assert scores == pytest.approx(fraud.oracle(iter(given)))
    assert 0.3 < len(scores) / len(given) < 0.38  # a full window nearly always: the share of those that is emitted


def test_the_rows_of_the_transition_matrix_sum_to_one():
    rows = fraud.matrix()

    assert len(rows) == len(fraud.STATES) == 18
    assert [sum(row) for row in rows] == pytest.approx([1.0] * 18)


def test_the_threshold_query_agrees_with_its_oracle():
    given = [*threshold.records(3_000, 1_000)]
    passed = {number for number, _, value in given if threshold.passes(value)}

    assert passed == threshold.oracle(value for _, _, value in given)
    assert 0.1 < len(passed) / len(given) < 0.2


def test_a_record_of_the_threshold_query_has_the_shape_of_the_recording():
    _, _, value = next(threshold.records(1, 1_000))
    number, at_ms, row = value.decode().split(";")

    assert (number, at_ms) == ("0", str(threshold.BEGIN_MS))
    assert len(row.split("\t")) == threshold.FIELDS


def test_the_ratios_are_to_jobs_that_there_are():
    assert {"engine", *(row for rows in RATIOS.values() for row in rows)} <= set(JOBS)


EVEN = [*range(0, 3_001, 2)]
GAP = [*range(0, 1_000, 2), *[2_999] * 1_000, 3_001]


@pytest.mark.parametrize(
    ("appended_ms", "rate", "why"),
    [
        (EVEN, 500.0, None),
        (EVEN, 510.0, "500 a second reached the log"),
        (GAP, 500.0, "in one second 0 reached the log"),
    ],
)
def test_an_input_that_did_not_reach_the_log_at_its_rate_is_void(appended_ms, rate, why):
    assert void(appended_ms, rate) == why
