"""The oracle and the report, without any server: every kind of loss and repeat is seen, and counted as what it is."""

from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest
from aiokafka.structs import ConsumerRecord

from tests.faults import report
from tests.faults.idiomatic.subject import IdiomaticSubject
from tests.faults.judge import Evidence, judge
from tests.faults.remains import Alert
from tests.faults.subject import ALERT_LOST, ALERT_TWICE, LOST, STATE, STORE, TWICE
from tests.faults.tally.inputs import Mix, TallyInputs
from tests.faults.tally.oracle import TallyExpected
from tests.faults.tally.subject import TallySubject
from tests.faults.truth import Landed, Truth
from tests.integration.engine.tally import Rule, Tally

RULE = Rule(every=5)


@pytest.fixture(scope="module")
def log():
    inputs = islice(iter(TallyInputs(3, ("events",), Mix(keys=20))), 2_000)
    return [Landed(item, "events", 0, offset) for offset, item in enumerate(inputs)]


@pytest.fixture(scope="module")
def expected(log):
    return TallyExpected(log, RULE, exact=True)


@pytest.fixture
def state(expected):
    return dict(expected._tallies)


@pytest.fixture
def alerts(expected, log):
    keys = {item.input.event_id: item.input.key.decode() for item in log if item.input.key}
    return [
        Alert("s", i, {"key": i.split("-")[1] if i.startswith("due-") else keys[i.split("-")[-1]]})
        for i in expected.alerts
    ]


def kinds(findings):
    return {finding.kind for finding in findings}


def test_the_outcome_of_the_plain_pass_is_exact(expected, state, alerts, log):
    assert expected.of_state(state) == []
    assert expected.of_alerts(state, alerts) == []
    assert expected.of_counts(state, len(expected.letters), len(log)) == []


def test_an_event_less_or_more_is_told_from_another_state(expected, state):
    key, tally = next(iter(state.items()))
    assert kinds(expected.of_state({**state, key: replace(tally, count=tally.count - 1)})) == {LOST}
    assert kinds(expected.of_state({**state, key: replace(tally, count=tally.count + 1)})) == {TWICE}
    assert kinds(expected.of_state({**state, key: replace(tally, total=tally.total + 1)})) == {STATE}
    assert kinds(expected.of_state({**state, key: replace(tally, fired=tally.fired + 1)})) == {STATE}
    assert kinds(expected.of_state({other: it for other, it in state.items() if other != key})) == {LOST}


def test_an_alert_less_or_more_is_seen(expected, state, alerts):
    assert ALERT_LOST in kinds(expected.of_alerts(state, alerts[1:]))
    assert ALERT_TWICE in kinds(expected.of_alerts(state, [alerts[0], *alerts]))
    stranger = alerts[0]._replace(alert_id="nobody's")
    assert ALERT_TWICE in kinds(expected.of_alerts(state, [stranger, *alerts]))


def test_where_the_order_is_open_redis_must_still_hold_what_the_values_remember(log, state, alerts):
    loose = TallyExpected(log, RULE, exact=False)
    assert loose.of_alerts(state, alerts) == []
    milestones = [alert for alert in alerts if alert.alert_id.startswith("m-")]
    assert ALERT_LOST in kinds(loose.of_alerts(state, [alert for alert in alerts if alert != milestones[0]]))


def test_a_record_that_was_put_aside_and_applied_does_not_add_up(expected, state, log):
    assert expected.of_counts(state, len(expected.letters) + 1, len(log)) != []
    assert expected.of_counts({**state, "more": Tally(count=1)}, len(expected.letters), len(log)) != []


def test_the_same_seed_gives_the_same_inputs():
    first, second = (
        list(
            islice(
                iter(
                    TallyInputs(9, ("a", "b"), Mix(hostile=0.1, skew_ms=100)),
                ),
                500,
            )
        )
        for _ in "12"
    )
    assert first == second
    assert len(Counter(item.kind for item in first)) == 4


def test_bounds_follow_the_rule_of_three_and_say_nothing_where_something_was_seen():
    assert report.upper_bound(0, 300) == 0.01
    assert report.upper_bound(1, 300) is None
    assert report.percentile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert report.percentile([], 0.95) is None


def test_only_a_store_of_our_layout_is_looked_for(tmp_path):
    """Another worker's store cannot be read, and what cannot be read is no finding: a control must show its harm."""
    changelog = [changed(0, b"C-1"), changed(1, b"C-2")]
    truth = Truth(tmp_path / "truth")
    truth.close()
    for subject, missing in ((TallySubject("f-1"), {STORE}), (IdiomaticSubject("f-1"), set())):
        expected = subject.expect([])
        records = dict.fromkeys((*subject.sources, *subject.outputs, subject.dead_letters), ())
        evidence = Evidence({**records, subject.changelog: changelog}, [], [])
        assert kinds(judge(subject, truth, evidence, expected, tmp_path)) == missing


def changed(partition, key):
    """A changelog record that says nothing of its key."""
    return ConsumerRecord("changelog", partition, 0, 0, 0, key, None, None, 0, 0, ())
