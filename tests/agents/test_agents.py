"""Each agent over fakes: a stream in, staged effects and stored values out. No Faust, no Kafka."""

from functools import partial

import pytest

from agents import customers, interactions, linked_mentions, links, mentions, mood, outcomes, timers, transactions
from models.links import step as link
from models.mood import step as hear
from models.step import step
from schemas.author import Author
from schemas.events import linked
from schemas.internal import Claim, Erasure, MoodMark, Timer
from tests.builders import (
    BEGINNING,
    a_mention,
    a_transaction,
    after,
    an_interaction,
    an_outcome,
)
from tests.customers import a_consenting_customer, the_context
from tests.fakes import FakePorts, feed


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def of_customers(ports):
    return ports.handling(partial(step, context=the_context()))


def of_authors(ports):
    return ports.handling(partial(link, context=the_context()))


def of_platforms(ports):
    return ports.handling(partial(hear, context=the_context()))


async def test_transactions_become_a_profile_and_an_alert(ports):
    outflow = a_transaction(kind="transfer", counterparty_bank="OTHER", amount="50000.00")
    await transactions.consume(feed(a_transaction(), outflow), of_customers(ports))
    assert [alert["kind"] for alert in ports.outbox.to("alerts:retention:p1")] == ["large_outflow"]
    assert ports.profiles.values["C1"].events.transactions == 2
    assert ports.meter.results == ["applied", "applied"]


async def test_a_duplicate_is_counted_and_not_written(ports):
    event = a_transaction()
    await transactions.consume(feed(event, event), of_customers(ports))
    assert (ports.profiles.puts, ports.meter.results) == (1, ["applied", "duplicate"])


async def test_a_visit_becomes_a_card_at_the_branch(ports):
    visit = an_interaction(kind="visit", channel="branch", branch_id="B001")
    await interactions.consume(feed(visit, an_interaction(kind="view", customer_id="C2")), of_customers(ports))
    assert [card["customer_id"] for card in ports.outbox.to("arrivals:B001")] == ["C1"]
    assert set(ports.profiles.values) == {"C1", "C2"}


async def test_master_data_claim_handles_and_an_erasure_withdraws_them(ports):
    erasure = Erasure(customer_id="C1", event_id="@t-0-1", occurred_ms=after(days=1))
    await customers.consume(feed(a_consenting_customer(handles=("weibo:a",)), erasure), of_customers(ports))
    assert [claim["op"] for claim in ports.outbox.to("links")] == ["claim", "withdraw"]
    assert ports.profiles.values["C1"].identity is None


async def test_an_outcome_is_counted_with_how_it_was_heard(ports):
    await outcomes.consume(feed(an_outcome(label="Converted")), of_customers(ports))
    assert [verdict.outcome for verdict in ports.meter.verdicts] == [("Converted", "dangling")]


async def test_a_mention_of_a_claimed_author_is_rekeyed_and_a_strangers_writes_nothing(ports):
    claim = Claim(author_key="weibo:someone", customer_id="C1", op="claim")
    await links.consume(feed(claim), of_authors(ports))
    await mentions.consume(feed(a_mention(), a_mention(author="stranger")), of_authors(ports))
    assert [mention["customer_id"] for mention in ports.outbox.to("mentions-linked")] == ["C1"]
    assert len(ports.outbox.to("mood")) == 2
    assert ports.profiles.values == {"weibo:someone": Author(("C1",))}


async def test_a_linked_mention_counts_while_the_customer_consents(ports):
    handle = of_customers(ports)
    await linked_mentions.consume(feed(linked(a_mention(), "C1")), handle)
    await customers.consume(feed(a_consenting_customer()), handle)
    await linked_mentions.consume(feed(linked(a_mention(text="good"), "C1")), handle)
    assert ports.meter.results == ["ignored", "applied", "applied"]
    assert ports.profiles.values["C1"].mood.sum_thousandths == 800


async def test_a_timer_brings_what_is_due_and_nothing_to_a_stranger(ports):
    handle = of_customers(ports)
    await interactions.consume(feed(an_interaction(kind="complaint")), handle)
    before = len(ports.outbox.staged)
    later = [Timer(customer_id=name, until_ms=after(days=30)) for name in ("C1", "stranger")]
    await timers.consume(feed(*later), handle)
    assert all(effect.timed for effect in ports.outbox.staged[before:])
    assert len(ports.outbox.staged) > before
    assert "stranger" not in ports.profiles.values


async def test_the_mood_of_each_platform_is_its_own(ports):
    marks = [
        MoodMark(platform=platform, event_id=f"m-{number}", occurred_ms=BEGINNING, sentiment=-1.0)
        for number, platform in enumerate(["weibo", "x", "weibo"])
    ]
    await mood.consume(feed(*marks), of_platforms(ports))
    heard = {
        name: sum(bucket.mentions for bucket in value.hours.values()) for name, value in ports.profiles.values.items()
    }
    assert heard == {"weibo": 2, "x": 1}


async def test_a_value_that_time_has_ended_is_deleted(ports):
    handle = of_customers(ports)
    await customers.consume(feed(Erasure(customer_id="C1", event_id="@t-0-1", occurred_ms=BEGINNING)), handle)
    await timers.consume(feed(Timer(customer_id="C1", until_ms=after(days=36))), handle)
    assert ports.profiles.values == {}
