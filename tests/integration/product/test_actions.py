"""What people see on Redis, from events on Kafka through one live worker: alerts, cards, and what takes them back."""

import json
import secrets

import pytest

from tests.builders import BEGINNING, after, wire_form

from .deployment import event, until

pytestmark = pytest.mark.integration

OUTFLOWS = "alerts:retention:p1"
ANGRY = "alerts:service:p2"
CONSENTS = ["marketing", "personalisation", "profiling", "social_linking"]
FURY = "客服态度太差了，乱收费，太坑了，气死我了😡😡"


@pytest.fixture
def author() -> str:
    """An author whom no other test knows."""
    return f"someone-{secrets.token_hex(4)}"


def an_outflow(customer, **changes):
    """The transfer that always raises an alert (docs/rules.md, 25)."""
    transfer = {"kind": "transfer", "counterparty_bank": "BANK2", "amount": "50000.00"}
    return wire_form("transactions", customer_id=customer, **{**transfer, **changes})


# -- the rule that can be counted on ----------------------------------------------------------------------------------


def test_a_large_transfer_to_another_bank_raises_one_alert_however_often_it_is_sent(bank, customer):
    transfer = an_outflow(customer)
    repeats = bank.count("crm_duplicates_total", topic=bank.topic("transactions"))
    for _ in range(3):
        sent = bank.rapport("send", "transactions", json.dumps(transfer), "--json")
        assert sent.json["topic"] == f"{bank.settings.input_namespace}.transactions"
        bank.produced += 1

    entry = bank.next_entry(OUTFLOWS, customer, "crm.alert.raised")
    until(
        lambda: bank.count("crm_duplicates_total", topic=bank.topic("transactions")) == repeats + 2,
        "both repeats are counted",
    )
    assert len(bank.entries(OUTFLOWS, customer)) == 1

    assert set(entry) == {"id", "type", "data", "occurred_at", "expires_at"}
    alert = entry["data"]
    assert entry["id"] == alert["action_id"]
    assert (alert["kind"], alert["queue"], alert["priority"]) == ("large_outflow", "retention", 1)
    assert alert["evidence"]["events"] == [transfer["event_id"]]
    assert alert["evidence"]["figures"]["amount_minor"] == 5_000_000
    assert {"code", "zh", "en", "contribution"} <= set(alert["reasons"][0])
    assert "50,000.00" in alert["reasons"][0]["zh"]
    assert alert["title"]
    assert alert["next_step"]
    assert entry["occurred_at"] == alert["occurred_at"] == "2026-03-02T01:00:00.000Z"
    assert entry["expires_at"] == alert["expires_at"] == "2026-03-05T01:00:00.000Z"


def test_a_cent_less_or_within_the_bank_raises_no_such_alert_and_each_event_raises_its_own(bank, customer):
    first, second = an_outflow(customer), an_outflow(customer, currency="JPY", amount="50000")
    bank.send(
        event("transactions", an_outflow(customer, amount="49999.99")),
        event("transactions", an_outflow(customer, counterparty_bank=...)),
        event("transactions", an_outflow(customer, status="declined")),
        event("transactions", an_outflow(customer, direction="credit")),
        event("transactions", first),
        event("transactions", second),
    )
    bank.drain()
    raised = [entry["data"] for entry in bank.entries(OUTFLOWS, customer) if entry["data"]["kind"] == "large_outflow"]
    assert [alert["evidence"]["events"] for alert in raised] == [[first["event_id"]], [second["event_id"]]]


def test_the_trace_of_an_event_goes_on_in_the_entry(bank, customer):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    bank.send(event("transactions", an_outflow(customer), headers=[("traceparent", parent.encode())]))
    entry = bank.next_entry(OUTFLOWS, customer, "crm.alert.raised")
    assert entry["traceparent"].split("-")[1] == parent.split("-")[1]


# -- who comes in -----------------------------------------------------------------------------------------------------


def a_visit(customer, **changes):
    visit = {"kind": "visit", "channel": "branch", "branch_id": "B001"}
    return wire_form("interactions", customer_id=customer, **{**visit, **changes})


def test_a_ticket_and_a_beacon_of_one_visit_make_one_card_and_leaving_takes_it_back(bank, customer):
    bank.send(
        event("customers", wire_form("customers", customer_id=customer, consents=CONSENTS, products=["current"],
                                     relationship_manager_id="RM7")),
    )  # fmt: skip
    bank.drain()
    bank.send(
        event("interactions", a_visit(customer, source="queue_ticket", ticket="A17", occurred_at=after(minutes=10))),
        event("interactions", a_visit(customer, source="beacon", confidence=0.8, occurred_at=after(minutes=11))),
    )
    bank.drain()
    (card,) = bank.entries("arrivals:B001", customer)
    assert card["type"] == "crm.customer.arrived"
    shown = card["data"]
    assert (shown["branch_id"], shown["ticket"], shown["relationship_manager"]) == ("B001", "A17", "RM7")
    assert shown["holdings"] == ["current"]
    assert shown["arrived_at"] == card["occurred_at"] == "2026-03-02T01:10:00.000Z"
    assert shown["tier"]

    bank.send(event("interactions", a_visit(customer, kind="leave", occurred_at=after(minutes=40))))
    gone = bank.next_entry("arrivals:B001", customer, "crm.arrival.retracted")
    assert gone["refers_to"] == card["id"] != gone["id"]


def test_a_visit_to_a_branch_that_policy_does_not_name_is_shown_among_the_others(bank, customer):
    bank.send(event("interactions", a_visit(customer, branch_id="B999", source="staff")))
    card = bank.next_entry("arrivals:other", customer, "crm.customer.arrived")
    assert card["data"]["branch_id"] == "B999"


# -- what is said in public -------------------------------------------------------------------------------------------


def a_mention(author, **changes):
    return event("mentions", wire_form("mentions", author=author, **{"text": FURY, **changes}))


def linked_mentions(bank, author):
    namespace = bank.settings.namespace
    return [r for r in bank.records(f"{namespace}.mentions-linked") if json.loads(r.value)["author"] == author]


def test_an_angry_mention_by_a_customer_who_consents_to_linking_is_an_alert_about_him(bank, customer, author):
    master = wire_form("customers", customer_id=customer, handles=[f"weibo:{author}"], consents=CONSENTS)
    bank.send(event("customers", master))
    bank.drain()  # the author is claimed
    bank.send(a_mention(author, platform="weibo", reach=1200))

    alert = bank.next_entry(ANGRY, customer, "crm.alert.raised")["data"]
    assert alert["kind"] == "angry_mention"
    assert "1200" in alert["reasons"][0]["en"]
    (linked,) = linked_mentions(bank, author)
    assert (linked.key, json.loads(linked.value)["customer_id"]) == (customer.encode(), customer)


@pytest.mark.parametrize("known", ["a customer without the consent", "nobody"])
def test_a_mention_that_may_not_be_linked_counts_into_the_mood_alone(bank, customer, author, known):
    if known != "nobody":
        consents = [name for name in CONSENTS if name != "social_linking"]
        master = wire_form("customers", customer_id=customer, handles=[f"x:{author}"], consents=consents)
        bank.send(event("customers", master))
        bank.drain()
    heard = bank.count("crm_events_total", topic=bank.topic("mood"), result="applied")
    mention = a_mention(author, platform="x")
    bank.send(mention)
    until(
        lambda: bank.count("crm_events_total", topic=bank.topic("mood"), result="applied") > heard,
        "the mood has heard it",
    )
    bank.drain()

    assert linked_mentions(bank, author) == []
    assert bank.entries(ANGRY, customer) == []
    sent = json.loads(mention.value)
    marks = [json.loads(record.value) for record in bank.records(f"{bank.settings.namespace}.mood")]
    (mark,) = [mark for mark in marks if mark["event_id"] == sent["event_id"]]
    assert mark["sentiment"] < -0.5
    assert not {"text", "author"} & set(mark)


def test_many_angry_mentions_at_once_are_one_alert_about_the_bank(bank, author):
    at_once = after(minutes=5)  # the authors lie on several partitions, so their order is free
    burst = [a_mention(f"{author}-{number}", platform="app_store", occurred_at=at_once) for number in range(15)]
    bank.send(*burst)
    alert = bank.next_entry("alerts:service:p1", "app_store", "crm.alert.raised")["data"]
    assert alert["kind"] == "mood_burst"
    figures = alert["evidence"]["figures"]
    assert figures["negative"] == 10  # the tenth negative mention is the one that makes a burst
    until(lambda: sum(_on(bank, "app_store")) == len(burst), "the mood has heard all of them")
    bank.drain()
    assert len(bank.entries("alerts:service:p1", "app_store")) == 1


def _on(bank, platform):
    records = bank.records(f"{bank.settings.namespace}.mood")
    return [json.loads(record.value)["platform"] == platform for record in records]


# -- who is forgotten -------------------------------------------------------------------------------------------------


def test_a_null_forgets_the_customer_takes_back_what_is_open_and_ignores_what_occurred_before(bank, customer):
    bank.send(
        event("customers", wire_form("customers", customer_id=customer, name="张三", consents=CONSENTS)),
        event("transactions", an_outflow(customer)),
        event("interactions", wire_form("interactions", customer_id=customer, kind="complaint", topic="fees")),
    )
    raised = bank.next_entry(OUTFLOWS, customer, "crm.alert.raised")
    complaint = bank.next_entry(ANGRY, customer, "crm.alert.raised")
    bank.drain()

    bank.send(event("customers", None, customer))
    for stream, entry in ((OUTFLOWS, raised), (ANGRY, complaint)):
        gone = bank.next_entry(stream, customer, "crm.alert.retracted")
        assert gone["refers_to"] == entry["id"]
        assert gone["data"]["reason"]["code"] == "erased"
    bank.drain()
    bank.send(event("transactions", an_outflow(customer, occurred_at=BEGINNING + 1)))
    bank.drain()

    stub = bank.rapport("profile", customer, "--json").json
    assert stub["erased_at"] is not None
    assert stub["events"] == {"transactions": 0, "interactions": 0, "mentions": 0, "outcomes": 0}
    assert (stub["totals"], stub["open_alerts"], stub["open_complaints"]) == ({}, [], [])
    assert not any(stub["consents"].values())
    assert len([e for e in bank.entries(OUTFLOWS, customer) if e["type"] == "crm.alert.raised"]) == 1
    newest = bank.profiles()[customer]
    assert newest.identity is None
