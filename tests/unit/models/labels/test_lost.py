"""Ten examples of a customer wait at a time; who finds no room is lost, and the step that lost it says so, once."""

from dataclasses import replace

import pytest

from models.context import Context
from models.labels.escalation import MODEL as ESCALATION
from models.labels.outcomes import WEEKLY_SNAPSHOT
from models.step import step
from models.training.learners import starting_scorers
from schemas.internal import Erasure, Timer
from schemas.profile import MAX_PENDING, PendingExample
from stream_app.telemetry.metrics import Metrics
from stream_app.telemetry.observer import TopicMeter
from tests.builders import after, an_interaction
from tests.customers import a_consenting_customer
from tests.policies import a_policy, read

MODELS = read("models")
NAMED = {"names": [*MODELS["names"], ESCALATION], "floor_examples": {**MODELS["floor_examples"], ESCALATION: 100}}
POLICY = a_policy(models=NAMED)
CONTEXT = Context(POLICY, starting_scorers(POLICY), 7)


def a_call(**changes):
    return an_interaction(
        **{"channel": "phone", "kind": "call_started", "offered_action": "high_yield_savings", **changes}
    )


def with_waiting(count):
    """A customer, seen an hour ago, of whom so many examples wait for another year."""
    profile = None
    for event in (a_consenting_customer(occurred_at=after(days=-1)), an_interaction(occurred_at=after(hours=-1))):
        profile = step(profile, event, CONTEXT).value
    long_after = after(days=365)
    waiting = [PendingExample(f"e-{n}", "churn", after(days=-1), long_after, b"") for n in range(count)]
    return replace(profile, pending=tuple(waiting))


SNAPSHOT_MS = next(due.due_ms for due in with_waiting(0).due if due.name == WEEKLY_SNAPSHOT)
WAYS = {
    "an offer of somebody else's": (a_call(), ("propensity",)),
    "an offer of ours": (an_interaction(kind="login"), ("propensity",)),
    "a complaint": (an_interaction(kind="complaint", channel="phone", topic="fees"), ("escalation",)),
    "a snapshot, woken": (Timer(customer_id="C1", until_ms=SNAPSHOT_MS), ("churn",)),
    "a snapshot before an erasure": (
        Erasure(customer_id="C1", event_id="gone-1", occurred_ms=SNAPSHOT_MS),
        ("churn",),
    ),
    "a snapshot, then an offer": (a_call(occurred_at=SNAPSHOT_MS), ("churn", "propensity")),
}


@pytest.mark.parametrize(("event", "lost"), WAYS.values(), ids=WAYS)
def test_the_eleventh_is_lost_and_told_of_whatever_it_is_about(event, lost):
    assert step(with_waiting(MAX_PENDING), event, CONTEXT).lost == lost


@pytest.mark.parametrize("event", [event for event, _ in WAYS.values()], ids=WAYS)
def test_where_there_is_room_nothing_is_lost(event):
    assert step(with_waiting(MAX_PENDING - 2), event, CONTEXT).lost == ()


def test_nothing_is_lost_of_who_may_not_be_learned_from():
    profile = with_waiting(MAX_PENDING)
    without = replace(profile, identity=profile.identity._replace(consents=("marketing",)))
    verdicts = [step(without, event, CONTEXT) for event, _ in WAYS.values()]
    assert [verdict.lost for verdict in verdicts] == [()] * len(WAYS)


def test_it_is_counted_once_by_model_and_a_replay_of_the_event_not_at_all():
    meter, metrics, profile = TopicMeter("bank.interactions"), Metrics(), with_waiting(MAX_PENDING - 1)
    for event in (a_call(event_id="tenth"), a_call(event_id="eleventh"), a_call(event_id="eleventh")):
        verdict = step(profile, event, CONTEXT)
        profile = verdict.value
        meter.observe(verdict)
    meter.flush(metrics)
    meter.flush(metrics)
    assert metrics.value("crm_examples_lost_total", model="propensity") == 1
    assert metrics.value("crm_examples_lost_total", model="churn") == 0
    assert len(profile.pending) == MAX_PENDING
