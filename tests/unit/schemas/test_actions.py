import json
import re

import pytest
from pydantic import TypeAdapter

from schemas.actions import (
    Alert,
    Arrival,
    BestAction,
    Evidence,
    Offer,
    OpenComplaint,
    Reason,
    ScoreCard,
    Withdrawal,
    action_id,
)
from schemas.decisions import Decision, Dropped, FunnelStage, decision_effect
from schemas.entries import alert_effect, arrival_effect, offer_effect, retraction_effect, supersession_effect
from tests.builders import BEGINNING, after

WHY = Reason(code="large_outflow", zh="大额转出", en="A large outflow", contribution=1.5)


def an_alert(**changes) -> Alert:
    fields = {
        "action_id": "a-1",
        "kind": "large_outflow",
        "queue": "retention",
        "priority": 1,
        "customer_id": "C1",
        "title": "大额转出",
        "reasons": (WHY,),
        "evidence": Evidence(events=("t-1",), figures={"amount_minor": 5_000_000, "share": 0.5}),
        "occurred_ms": BEGINNING,
        "expires_ms": after(days=3),
    }
    return Alert(**(fields | changes))


def an_arrival(**changes) -> Arrival:
    fields = {
        "action_id": "a-2",
        "branch_id": "B001",
        "customer_id": "C1",
        "arrived_ms": BEGINNING,
        "tier": "affluent",
        "open_complaint": OpenComplaint(event_id="i-1", opened_ms=BEGINNING, channel="phone"),
        "churn": ScoreCard(value=0.7, model="churn", version=3, examples=900, reasons=(WHY,)),
        "best_action": BestAction(action="fee_waiver", reason=WHY),
        "expires_ms": after(hours=2),
    }
    return Arrival(**(fields | changes))


def a_withdrawal(**changes) -> Withdrawal:
    fields = {"action_id": "a-3", "refers_to": "a-1", "customer_id": "C1", "reason": WHY}
    return Withdrawal(**(fields | {"occurred_ms": BEGINNING, "expires_ms": after(days=1)} | changes))


def entry_of(effect) -> dict:
    return json.loads(effect.body)


def test_an_id_is_short_and_the_same_for_the_same_cause():
    assert re.fullmatch("[a-z2-7]{20}", action_id("t-1", 5, "C1", "rule"))
    assert action_id("t-1", 5, "C1", "rule") == action_id("t-1", 5, "C1", "rule", 0)


@pytest.mark.parametrize(
    "other",
    [
        ("t-2", 5, "C1", "rule", 0),
        ("t-1", 6, "C1", "rule", 0),
        ("t-1", 5, "C2", "rule", 0),
        ("t-1", 5, "C1", "rules", 0),
        ("t-1", 5, "C1", "rule", 1),
    ],
)
def test_an_id_differs_with_each_part_of_its_cause(other: tuple):
    assert action_id(*other) != action_id("t-1", 5, "C1", "rule", 0)


def test_an_alert_goes_to_its_queue_by_priority():
    effect = alert_effect(an_alert(priority=2, queue="fraud"), timed=True)
    assert (effect.kind, effect.name, effect.key, effect.timed) == ("stream", "alerts:fraud:p2", "", True)


def test_an_entry_has_the_fields_of_the_contract_as_texts():
    entry = entry_of(alert_effect(an_alert()))
    assert list(entry) == ["id", "type", "data", "occurred_at", "expires_at"]
    assert (entry["id"], entry["type"]) == ("a-1", "crm.alert.raised")
    assert (entry["occurred_at"], entry["expires_at"]) == ("2026-03-02T01:00:00.000Z", "2026-03-05T01:00:00.000Z")


def test_the_data_of_an_entry_reads_back_as_the_alert():
    alert = an_alert(score=0.5, model="churn", supersedes="a-0")
    data = entry_of(alert_effect(alert))["data"]
    assert TypeAdapter(Alert).validate_json(data) == alert
    assert json.loads(data)["occurred_at"] == "2026-03-02T01:00:00.000Z"


def test_the_same_alert_gives_the_same_bytes():
    assert alert_effect(an_alert()).body == alert_effect(an_alert()).body


def test_an_offer_goes_to_its_channel():
    offer = Offer(
        action_id="a-4", decision_id="d-1", customer_id="C1", issue="retention", group="fees", action="fee_waiver",
        treatment="mobile_banner", channel="mobile", propensity=0.25, value=80.0, arbitration=20.0,
        occurred_ms=BEGINNING, expires_ms=after(days=7),
    )  # fmt: skip
    effect = offer_effect(offer)
    assert effect.name == "offers:mobile"
    assert entry_of(effect)["type"] == "crm.offer.made"
    assert TypeAdapter(Offer).validate_json(entry_of(effect)["data"]) == offer


@pytest.mark.parametrize(
    ("branches", "stream"), [(None, "arrivals:B001"), ({"B001"}, "arrivals:B001"), ({"B002"}, "arrivals:other")]
)
def test_an_arrival_goes_to_its_branch_where_policy_names_it(branches: set | None, stream: str):
    effect = arrival_effect(an_arrival(), branches=None if branches is None else frozenset(branches))
    assert effect.name == stream
    assert entry_of(effect)["type"] == "crm.customer.arrived"
    assert TypeAdapter(Arrival).validate_json(entry_of(effect)["data"]) == an_arrival()


def test_a_retraction_lies_in_the_stream_of_what_it_takes_back():
    effect = retraction_effect("alerts:retention:p1", "alert", a_withdrawal())
    entry = entry_of(effect)
    assert effect.name == "alerts:retention:p1"
    assert (entry["id"], entry["type"], entry["refers_to"]) == ("a-3", "crm.alert.retracted", "a-1")


def test_a_supersession_names_what_took_the_place():
    effect = supersession_effect("alerts:retention:p1", "alert", a_withdrawal(superseded_by="a-9"))
    entry = entry_of(effect)
    assert (entry["type"], entry["refers_to"]) == ("crm.alert.superseded", "a-1")
    assert TypeAdapter(Withdrawal).validate_json(entry["data"]).superseded_by == "a-9"


def test_a_decision_is_a_record_of_its_customer_also_when_nothing_was_chosen():
    stage = FunnelStage(stage="eligibility", entered=2, dropped=(Dropped(action="loan", reason="no_consent"),))
    decision = Decision(decision_id="d-1", customer_id="C1", event_id="t-1", occurred_ms=BEGINNING, trigger="visit",
                        policy="abc", models={"churn": 3}, scores={"churn": 0.5}, funnel=(stage,))  # fmt: skip
    effect = decision_effect(decision)
    assert (effect.kind, effect.name, effect.key) == ("topic", "decisions", "C1")
    assert json.loads(effect.body)["action"] is None
    assert TypeAdapter(Decision).validate_json(effect.body) == decision
