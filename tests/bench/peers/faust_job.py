"""The reduced job on Faust, written as its user guide says. JOB_STORE names the store; JOB_TUNED=1 tunes its settings.

As it comes: an agent over a topic of records, a table, `send` for alerts. Tuned: the same code on uvloop with larger
batches, fetches and buffers, and a linger; what a user finds in the reference of the settings.
"""

import os
from collections.abc import AsyncIterable
from typing import Any

import faust

from tests.bench.reduced.job import ALERTS, DAY_MS, DAYS
from tests.bench.reduced.mark import mark_first

TUNED: dict[str, Any] = {
    "producer_linger": 0.010,
    "producer_max_batch_size": 400_000,
    "consumer_max_fetch_size": 4_000_000,
    "broker_max_poll_records": 8_000,
    "stream_buffer_maxsize": 32_768,
    "stream_publish_on_commit": False,
    "stream_wait_empty": False,
}

namespace = os.environ["JOB_NAMESPACE"]
tuned = os.environ.get("JOB_TUNED") == "1"


class Transaction(faust.Record, serializer="json"):  # type: ignore[call-arg]
    event_id: str
    customer_id: str
    occurred_ms: int
    amount: int


class Alert(faust.Record, serializer="json"):  # type: ignore[call-arg]
    id: str
    customer: str
    amount: int
    mean: float


app = faust.App(
    namespace,
    broker=f"kafka://{os.environ['JOB_KAFKA']}",
    store=os.environ.get("JOB_STORE", "memory://"),
    datadir=os.environ["JOB_DATA"],
    autodiscover=False,
    web_enabled=False,
    topic_partitions=1,
    topic_disable_leader=True,
    processing_guarantee="at_least_once",
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=float(os.environ["JOB_COMMIT_SECONDS"]),
    **(TUNED if tuned else {}),
)
transactions = app.topic(os.environ["JOB_TOPIC"], key_type=str, value_type=Transaction)
alerts = app.topic(f"{namespace}.{ALERTS}", key_type=str, value_type=Alert)
states = app.Table("states", default=lambda: [0, 0, 0, [0] * DAYS], partitions=1)


@app.agent(transactions)
async def process(stream: AsyncIterable[Transaction]) -> None:
    first = True
    async for event in stream:
        if first:
            mark_first()
            first = False
        count, total, last_ms, ring = states[event.customer_id]
        if count >= 5 and event.amount * count > 4 * total:
            alert = Alert(id=event.event_id, customer=event.customer_id, amount=event.amount, mean=total / count)
            await alerts.send(key=event.customer_id, value=alert)
        day, last_day = event.occurred_ms // DAY_MS, last_ms // DAY_MS
        for passed in range(max(last_day + 1, day - DAYS + 1), day + 1):
            ring[passed % DAYS] = 0
        ring[day % DAYS] += event.amount
        states[event.customer_id] = [count + 1, total + event.amount, event.occurred_ms, ring]


if __name__ == "__main__":
    if tuned:
        import uvloop

        uvloop.install()
    worker = faust.Worker(app, loglevel="WARN", quiet=True)
    worker.execute_from_commandline()
