"""docs/rules.md through the whole core: events in, profiles and entries out. Named by the rules' numbers."""

from itertools import combinations

import orjson
import pytest

from tests.builders import BEGINNING, after, wire_form
from tests.hearing import Heard

TOPICS = ("transactions", "interactions", "mentions", "customers", "outcomes")
MINUTE_MS = 60_000
CONSENTS = {"marketing": True, "personalisation": True, "profiling": True, "social_linking": True}
AN_OUTFLOW = {"kind": "transfer", "counterparty_bank": "B2", "amount": "50000.00"}


def ids_of(heard, kind):
    return [alert["action_id"] for alert in heard.entries("crm.alert.raised") if alert["kind"] == kind]


# -------------------------------------------------------------------------------------------------------- 2: the future


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(("ahead_ms", "reasons"), [(10 * MINUTE_MS, []), (10 * MINUTE_MS + 1, ["future"])])
def test_2_just_ten_minutes_ahead_is_taken_and_a_millisecond_more_is_not(topic, ahead_ms, reasons):
    heard = Heard().take(topic, wire_form(topic, occurred_at=BEGINNING), timestamp_ms=BEGINNING - ahead_ms)

    assert [letter.reason for letter in heard.letters] == reasons


# ----------------------------------------------------------------------------------------------------------- 5: repeats


@pytest.mark.parametrize(("between", "times"), [(63, 1), (64, 2)])
def test_5_a_repeat_older_than_64_events_is_applied_once_more_under_the_same_ids(between, times):
    outflow = wire_form("transactions", **AN_OUTFLOW)
    heard = Heard().take("transactions", outflow)
    for _ in range(between):
        heard.take("interactions", wire_form("interactions"))
    heard.take("transactions", outflow)

    ids = ids_of(heard, "large_outflow")
    assert (len(ids), len(set(ids))) == (times, 1)
    assert heard.profiles["C1"].events.transactions == times


def test_5_an_id_is_one_customers_on_one_topic():
    heard = Heard()
    heard.take("transactions", wire_form("transactions", event_id="E-1"))
    heard.take("interactions", wire_form("interactions", event_id="E-1"))
    heard.take("transactions", wire_form("transactions", event_id="E-1", customer_id="C2"))
    heard.take("transactions", wire_form("transactions", event_id="E-1"))

    assert heard.profiles["C1"].events[:2] == (1, 1)
    assert heard.profiles["C2"].events[:2] == (1, 0)
    assert heard.runtime.counts["transactions", "duplicate"] == 1


def test_5_whatever_the_second_one_holds_the_first_one_wins():
    heard = Heard().take("transactions", wire_form("transactions", event_id="E-1", amount="10.00"))
    for second in ({"amount": "99.00"}, {"amount": "x"}, {"currency": ...}, {"occurred_at": "2999-01-01T00:00:00Z"}):
        again = wire_form("transactions", event_id="E-1", **second)
        heard.take("transactions", again, timestamp_ms=after(hours=1))

    assert heard.profiles["C1"].totals["CNY"].debit_minor == 1_000
    assert (heard.runtime.counts["transactions", "duplicate"], heard.letters) == (4, [])


# ----------------------------------------------------------------------------------------------------- 18: which reason

FAULTS = {
    "missing_field": {"direction": ...},
    "bad_value": {"status": "pending"},
    "bad_id": {"account_id": "a b"},
    "bad_amount": {"amount": "x"},
    "bad_currency": {"currency": "ABC"},
    "bad_time": {"occurred_at": "now"},
}


@pytest.mark.parametrize(("first", "second"), [*combinations(FAULTS, 2)])
def test_18_of_two_faults_the_first_in_order_is_told_and_a_wrong_key_last(first, second):
    both = wire_form("transactions", **FAULTS[first], **FAULTS[second])

    assert [letter.reason for letter in Heard().take("transactions", both, key=b"C2").letters] == [first]


def test_18_a_wrong_key_is_told_before_the_future():
    event = wire_form("transactions", occurred_at=after(days=1))
    heard = Heard().take("transactions", event, key=b"C2", timestamp_ms=BEGINNING)

    assert [letter.reason for letter in heard.letters] == ["key_mismatch"]


# -------------------------------------------------------------------------------------------------- 19: the same, twice


def a_month_of(customer):
    """Events of which time brings about as much as they do: a salary that stays away, a complaint without an answer."""
    master = {"consents": CONSENTS, "opened_on": "2019-01-01", "products": ["savings"], "birth_year": 1985}
    yield 0, "customers", {**master, "event_id": "m"}
    for day in (0, 30):
        paid = {"kind": "salary", "direction": "credit", "amount": "20000.00", "balance_after": "90000.00"}
        yield day, "transactions", {**paid, "event_id": f"s-{day}"}
    yield 3, "interactions", {"kind": "complaint", "topic": "fees", "event_id": "c"}
    yield 5, "transactions", {**AN_OUTFLOW, "event_id": "t"}
    for day in range(6, 40, 2 + customer % 3):
        yield day, "interactions", {"kind": "login", "event_id": f"l-{day}"}
    yield 41, "interactions", {"kind": "visit", "channel": "branch", "branch_id": "B001", "event_id": "v"}
    yield 80, "interactions", {"kind": "view", "event_id": "w"}


def lines_of_a_bank(customers=6):
    lines = [
        (after(days=day, minutes=customer), topic, {**fields, "customer_id": f"C{customer}"})
        for customer in range(customers)
        for day, topic, fields in a_month_of(customer)
    ]
    lines.sort(key=lambda line: line[0])
    return [(topic, wire_form(topic, occurred_at=at_ms, **fields)) for at_ms, topic, fields in lines]


def test_19_on_however_many_partitions_every_id_text_and_figure_is_the_same():
    lines, out = lines_of_a_bank(), []
    for partitions in (1, 5):
        heard = Heard(partitions=partitions, learning=False)
        for topic, value in lines:
            heard.take(topic, value)
        told = [effect for effect in heard.effects if effect.kind == "stream" or effect.name == "decisions"]
        out.append(sorted((effect.name, effect.body) for effect in told))
        assert {"large_outflow", "complaint", "complaint_deadline", "salary_missed"} <= set(heard.alerts())

    assert out[0] == out[1]


# -------------------------------------------------------------------------------------------------------------- 20: ids


def test_20_no_two_of_many_alerts_of_one_moment_share_an_id():
    heard = Heard()
    for _ in range(20):
        heard.take("transactions", wire_form("transactions", **AN_OUTFLOW))

    assert len(set(ids_of(heard, "large_outflow"))) == 20


# --------------------------------------------------------------------------------------------------------- 21: consents


def two_months(consents):
    """A life with payments, logins, a complaint, a visit and an offer by hand, under these consents."""
    heard = Heard()
    if consents is not None:
        heard.take("customers", wire_form("customers", consents=consents, products=["savings"], opened_on="2019-01-01"))
    for day in range(0, 60, 2):
        heard.take("transactions", wire_form("transactions", balance_after="90000.00", occurred_at=after(days=day)))
        heard.take("interactions", wire_form("interactions", kind="login", occurred_at=after(days=day, hours=1)))
    by_hand = {"kind": "call_started", "channel": "phone", "offered_action": "high_yield_savings"}
    heard.take("interactions", wire_form("interactions", **by_hand, occurred_at=after(days=59)))
    heard.take("interactions", wire_form("interactions", kind="complaint", occurred_at=after(days=60)))
    return heard.take("interactions", wire_form("interactions", kind="visit", occurred_at=after(days=61)))


def decisions(heard):
    return [orjson.loads(effect.body) for effect in heard.effects if effect.name == "decisions"]


@pytest.mark.parametrize(
    "consents", [None, {}, {**CONSENTS, "profiling": False}], ids=["stranger", "none", "no profiling"]
)
def test_21_without_profiling_nothing_is_scored_and_nothing_is_learned(consents):
    heard = two_months(consents)
    profile = heard.profiles["C1"]

    assert (profile.scores, profile.worth, profile.needs, profile.pending) == ({}, None, {}, ())
    assert [effect.name for effect in heard.effects if effect.name == "examples"] == []
    assert {len(decision["models"]) for decision in decisions(heard)} == {0}
    assert heard.alerts() == ["complaint"]  # service stays
    assert all("churn" not in card for card in heard.entries("crm.customer.arrived"))


def test_21_with_it_the_same_life_is_scored_and_learned_from():
    heard = two_months({"profiling": True})

    assert "churn" in heard.profiles["C1"].scores
    assert "examples" in {effect.name for effect in heard.effects}
    assert {tuple(decision["models"]) for decision in decisions(heard)} == {("propensity",)}


@pytest.mark.parametrize(
    "consents", [None, {}, {**CONSENTS, "marketing": False}], ids=["stranger", "none", "no marketing"]
)
def test_21_without_marketing_there_is_no_offer(consents):
    assert two_months(consents).entries("crm.offer.made") == []


def test_21_without_personalisation_only_what_is_not_personalised_is_offered():
    with_it, without = two_months(CONSENTS), two_months({**CONSENTS, "personalisation": False})
    general = {action.name for action in without.runtime.policy.actions.action if not action.personalised}

    assert not {offer["action"] for offer in with_it.entries("crm.offer.made")} <= general
    assert {offer["action"] for offer in without.entries("crm.offer.made")} <= general


# ------------------------------------------------------------------------------------------ 22, 25: what always goes on


def who_is_not_to_be_called(heard):
    heard.take("customers", wire_form("customers", consents=CONSENTS, do_not_contact=True))


def who_has_left(heard):
    heard.take("customers", wire_form("customers", closed_on="2026-03-01"))


def who_has_died(heard):
    heard.take("interactions", wire_form("interactions", kind="product_closed", topic="deceased"))


def who_was_erased(heard):
    heard.take("customers", None, key=b"C1", headers=(("ce_time", b"2026-03-02T00:00:00Z"),))


def who_is_seen_long_after(heard):
    heard.take("transactions", wire_form("transactions", occurred_at=after(days=200)))


@pytest.mark.parametrize(
    "known",
    [lambda _: None, who_is_not_to_be_called, who_has_left, who_has_died, who_was_erased, who_is_seen_long_after],
    ids=["a stranger", "do_not_contact", "closed", "deceased", "erased before", "months late"],
)
def test_25_a_large_outflow_is_told_of_whomever_and_whenever(known):
    heard = Heard()
    known(heard)
    heard.take("transactions", wire_form("transactions", **AN_OUTFLOW, occurred_at=after(minutes=1)))
    heard.take("transactions", wire_form("transactions", **AN_OUTFLOW, occurred_at=after(minutes=1)))

    assert [alert for alert in heard.alerts() if alert == "large_outflow"] == ["large_outflow"] * 2
    assert heard.entries("crm.offer.made") == []
