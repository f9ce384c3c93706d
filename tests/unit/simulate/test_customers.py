"""Who leaves and shows it, who only seems to, what fraud looks like, who says what."""

from collections import Counter
from dataclasses import replace
from statistics import mean

from schemas.times import parse_rfc3339
from stream_app.simulate import Options, World
from stream_app.simulate.causes import CAUSES
from stream_app.simulate.channels import LOGIN_FAILED
from stream_app.simulate.fraud import KINDS
from stream_app.simulate.personas import PERSONAS
from stream_app.simulate.seasons import DAY_MS
from stream_app.simulate.texts import INCIDENT, MENTIONS


def of_customers(bank, topic, customers):
    events = {customer: [] for customer in customers}
    for event in bank.good[topic]:
        if event["customer_id"] in events:
            events[event["customer_id"]].append(event)
    return events


def truth_of(bank, record):
    return [entry for entry in bank.truth if entry["record"] == record]


def test_every_share_of_personas_adds_up():
    assert abs(sum(persona.share for persona in PERSONAS) - 1.0) < 1e-9


def test_four_to_eight_in_a_hundred_leave_within_sixty_days():
    leaving = [person.leaving for person in World(Options(customers=3_000, days=60)).people]
    end_ms = World(Options(customers=1, days=60)).end_ms
    gone = [leaves for leaves in leaving if leaves is not None and leaves.left_ms < end_ms]

    assert 0.04 <= len(gone) / 3_000 <= 0.08
    assert {leaves.cause for leaves in gone} == set(CAUSES)
    assert all(4 <= (leaves.left_ms - leaves.first_sign_ms) / DAY_MS <= 40 for leaves in gone)
    assert 0.4 < mean(leaves.closes for leaves in gone) < 0.8


def test_those_who_leave_do_less_from_the_first_sign_on(bank, departures):
    weeks_before, weeks_after = Counter(), Counter()
    activity = of_customers(bank, "interactions", departures), of_customers(bank, "transactions", departures)
    days_before = days_after = 0.0
    for customer, leaves in departures.items():
        sign, left = leaves["first_sign_ms"], leaves["planted_ms"]
        half_way = (sign + left) // 2
        days_before += max(sign - bank.world.start_ms, 0) / DAY_MS
        days_after += (left - half_way) / DAY_MS
        for events in activity:
            for event in events[customer]:
                if event["kind"] in ("login", "view", "card"):
                    at = parse_rfc3339(event["occurred_at"])
                    weeks_before[event["kind"]] += at < sign
                    weeks_after[event["kind"]] += half_way <= at < left

    assert len(departures) >= 12
    for kind in ("login", "card"):
        assert weeks_after[kind] / days_after < 0.6 * weeks_before[kind] / days_before, kind


def test_those_who_leave_take_their_money_to_another_bank(bank, departures):
    transactions = of_customers(bank, "transactions", departures)
    for customer, leaves in departures.items():
        out = [
            t
            for t in transactions[customer]
            if t["kind"] == "transfer" and t["direction"] == "debit" and "counterparty_bank" in t
        ]
        at = [parse_rfc3339(t["occurred_at"]) for t in out if t["counterparty_id"].startswith("X")]
        assert at, customer
        assert leaves["first_sign_ms"] < min(at)
        assert max(at) <= leaves["planted_ms"]


def test_a_closed_customer_is_closed_in_every_topic(bank, departures):
    closed = {c: leaves["planted_ms"] for c, leaves in departures.items() if leaves["how"] == "closed"}
    assert closed
    records = of_customers(bank, "customers", closed)
    interactions = of_customers(bank, "interactions", closed)
    for customer in closed:
        assert "closed_on" in records[customer][-1]
        assert records[customer][-1]["products"] == []
        assert any(event["kind"] == "product_closed" for event in interactions[customer])
    for topic in ("transactions", "interactions"):
        for customer, events in of_customers(bank, topic, closed).items():
            latest = max(parse_rfc3339(event["occurred_at"]) for event in events)
            assert latest <= closed[customer] + 15 * 60_000


def test_those_who_leave_from_disappointment_have_complained_without_an_answer(bank, departures):
    causes = [c for c, leaves in departures.items() if leaves["cause"] == "complaint"]
    assert causes
    for customer, events in of_customers(bank, "interactions", causes).items():
        complaints = [e for e in events if e["kind"] == "complaint"]
        assert complaints, customer


def test_some_show_signs_and_stay(bank):
    customers = truth_of(bank, "customer")
    decoys = [c for c in customers if c["decoys"]]

    assert 0.06 < len(decoys) / len(customers) < 0.18
    assert all(c["leaves"] is None for c in decoys)


def test_each_kind_of_fraud_is_planted_with_its_events(bank):
    world = World(replace(bank.options, customers=600, fraud_per_60_days=0.2, days=30))
    ids = {line.event_id for line in world.lines() if not line.fault.startswith(("broken", "dup"))}
    episodes = [entry for entry in world.truth_records() if entry["record"] in ("fraud", "look_alike")]

    assert {e["kind"] for e in episodes if e["record"] == "fraud"} == set(KINDS)
    assert any(e["record"] == "look_alike" for e in episodes)
    assert all(ids.issuperset(e["event_ids"]) for e in episodes)
    assert mean(bool(e["event_ids"]) for e in episodes) > 0.9


def test_a_taken_over_account_shows_failed_logins_and_then_the_transfer(bank):
    world = World(replace(bank.options, customers=600, fraud_per_60_days=0.2, days=30))
    events = {}
    for line in world.lines():
        if line.topic in ("bank.interactions", "bank.transactions") and not line.fault.startswith(("broken", "dup")):
            events[line.event_id] = line.data()
    for episode in world.truth.episodes:
        told = [events[event_id] for event_id in episode.event_ids]
        if episode.kind == "account_takeover" and len(told) > 9:
            assert sum(event.get("topic") == LOGIN_FAILED for event in told) >= 5
            assert told[-1]["kind"] == "transfer"
            assert "counterparty_bank" in told[-1]


def test_an_analyst_finds_what_the_truth_knows(bank):
    really = {event_id: e["record"] for e in bank.truth if "event_ids" in e for event_id in e["event_ids"]}
    findings = bank.good["outcomes"]

    assert findings
    for finding in findings:
        assert really[finding["about_event_id"]] == {"Confirmed": "fraud", "Dismissed": "look_alike"}[finding["label"]]


def test_there_are_sixty_texts_in_each_language_and_all_moods():
    for language, texts in MENTIONS.items():
        assert len({text for _, _, text in texts}) >= 60, language
        assert Counter(mood for mood, _, _ in texts).keys() == {"positive", "negative", "neutral"}
    assert all(len(texts) >= 8 for texts in INCIDENT.values())


def test_every_mention_has_its_sentiment_in_the_truth(bank):
    truth = {record["event_id"]: record for record in truth_of(bank, "mention")}
    assert {mention["event_id"] for mention in bank.good["mentions"]} == set(truth)
    assert {record["language"] for record in truth.values()} == {"zh", "en"}


def test_only_consenting_authors_are_linked(bank):
    records = {c["customer_id"]: c for c in bank.good["customers"]}
    mentions = {m["event_id"]: m for m in bank.good["mentions"]}
    kinds = Counter()
    for record in truth_of(bank, "mention"):
        customer = record["customer_id"]
        kinds["stranger" if customer is None else "linked" if record["linked"] else "unlinked"] += 1
        if record["linked"]:
            mention = mentions[record["event_id"]]
            assert f"{mention['platform']}:{mention['author']}" in records[customer]["handles"]
            assert records[customer]["consents"]["social_linking"]

    assert min(kinds["stranger"], kinds["linked"], kinds["unlinked"]) > 5


def test_the_incident_brings_a_burst_of_anger(bank):
    start = next(record["start_ms"] for record in bank.truth if record["record"] == "incident")
    truth = {record["event_id"]: record["sentiment"] for record in truth_of(bank, "mention")}
    angry = Counter()
    for mention in bank.good["mentions"]:
        if truth[mention["event_id"]] == "negative":
            angry[(parse_rfc3339(mention["occurred_at"]) - start) // (3 * 3_600_000)] += 1

    assert angry[0] >= 40
    assert angry[0] > 5 * max(n for window, n in angry.items() if window != 0)


def test_a_period_without_incident_has_none():
    world = World(Options(customers=5, days=4, incident_day=99))
    list(world.lines())
    assert not [record for record in world.truth_records() if record["record"] == "incident"]
