"""What every engine does with one event, what comes in, and what must come out.

Per customer: count, sum, last time, and a ring of thirty day buckets; an alert when an amount is over four times the
customer's own mean after five events. Peers import `fold`; the oracle below does not.
"""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

DAY_MS = 86_400_000
DAYS = 30
BEGIN_MS = 1_767_225_600_000  # 2026-01-01
ALERTS = "alerts"


class Workload(NamedTuple):
    """So many events of so many customers, as a seed tells them; `zipf` 0 is uniform, else the exponent."""

    events: int = 200_000
    customers: int = 10_000
    seed: int = 1
    zipf: float = 0.0


class Event(NamedTuple):
    """One event as the oracle sees it."""

    event_id: str
    customer_id: str
    occurred_ms: int
    amount: int


def events(load: Workload) -> Iterator[Event]:
    """Make the events, in order of time: a month of them; one in fifty is eight times as large."""
    chance = random.Random(load.seed)
    weights = [1 / (rank + 1) ** load.zipf for rank in range(load.customers)]
    who = chance.choices(range(load.customers), weights, k=load.events)
    step = DAYS * DAY_MS / load.events
    for number, customer in enumerate(who):
        amount = int(chance.lognormvariate(9, 0.4)) * (8 if chance.random() < 0.02 else 1)
        yield Event(f"t{load.seed}-{number:08d}", f"C{customer:06d}", BEGIN_MS + int(number * step), amount)


def as_json(event: Event) -> bytes:
    """Return the event as it lies in Kafka (some 245 bytes)."""
    return orjson.dumps(
        {
            "event_id": event.event_id,
            "customer_id": event.customer_id,
            "occurred_ms": event.occurred_ms,
            "amount": event.amount,
            "currency": "CNY",
            "kind": "card",
            "channel": "mobile",
            "direction": "debit",
            "status": "booked",
            "counterparty": "merchant-0042",
            "product_id": "CURRENT-1",
            "country": "CN",
        }
    )


State = tuple[int, int, int, list[int]]
"""Count, sum, time of the last event (epoch ms), and the sums of thirty days, by day modulo thirty."""


def fold(state: State | None, event: dict[str, Any]) -> tuple[State, dict[str, Any] | None]:
    """Apply one event: the new state and the alert, if any. The state that was given may be changed."""
    count, total, last_ms, ring = state or (0, 0, 0, [0] * DAYS)
    amount, at_ms = event["amount"], event["occurred_ms"]
    alert = None
    if count >= 5 and amount * count > 4 * total:
        alert = {"id": event["event_id"], "customer": event["customer_id"], "amount": amount, "mean": total / count}
    day, last_day = at_ms // DAY_MS, last_ms // DAY_MS
    if day != last_day:
        for passed in range(max(last_day + 1, day - DAYS + 1), day + 1):
            ring[passed % DAYS] = 0
    ring[day % DAYS] += amount
    return (count + 1, total + amount, at_ms, ring), alert


class Expected(NamedTuple):
    """What any engine must come to: ids of the alerts, and (count, sum, last time) by customer."""

    alerts: frozenset[str]
    totals: dict[str, tuple[int, int, int]]


def oracle(load: Workload) -> Expected:
    """Compute the expectation from each customer's list of events."""
    by_customer: dict[str, list[Event]] = {}
    for event in events(load):
        by_customer.setdefault(event.customer_id, []).append(event)
    alerts, totals = set(), {}
    for customer, own in by_customer.items():
        amounts = [event.amount for event in own]
        totals[customer] = (len(own), sum(amounts), own[-1].occurred_ms)
        before = 0
        for number, amount in enumerate(amounts):
            if number >= 5 and amount > 4 * before / number:
                alerts.add(own[number].event_id)
            before += amount
    return Expected(frozenset(alerts), totals)
