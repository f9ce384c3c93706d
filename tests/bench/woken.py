"""What an alert waits for while thousands of silent customers wake: `python -m tests.bench.woken [--silent N]`.

A worker knows N customers of whom nothing is heard any more. At 50 events a second, each a large outflow of another
customer, the clock then jumps ten days ahead, so that all their weekly snapshots are due at once. Latency is that of
the alert: from sending its event to reading the entry on Redis; before the jump and after it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from redis import Redis

from stream_app import kafka
from stream_app.bench.process import ended_by_sigterm
from stream_app.embedded import use_or_start
from tests.builders import after, wire_form
from tests.integration.product.conftest import settings_of
from tests.integration.product.deployment import PATIENCE, Deployment, event

RATE, BEFORE, AFTER = 50, 100, 300
"""Events a second, and how many there are before the jump and after it."""


class Reader(threading.Thread):
    """Notes when each alert can be read (seconds), by the event that raised it, until `enough` have come."""

    def __init__(self, url: str, stream: str, enough: int) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self._redis, self._stream, self._enough = Redis.from_url(url, decode_responses=True), stream, enough

    def run(self) -> None:
        newest = "0-0"
        while len(self.seen) < self._enough:
            answer: Any = self._redis.xread({self._stream: newest}, block=1_000)
            now = time.time()
            for _, entries in answer.items() if isinstance(answer, dict) else answer or ():
                newest = entries[-1][0]
                for _, fields in entries:
                    self.seen[json.loads(fields["data"])["evidence"]["events"][0]] = now


async def send_events(deployment: Deployment) -> list[tuple[str, float]]:
    """Send the events at their pace; returns id and moment (seconds) of each."""
    sent = []
    settings = deployment.settings
    async with AIOKafkaProducer(**kafka.client_options(settings.kafka)) as producer:
        for number in range(BEFORE + AFTER):
            outflow = wire_form(
                "transactions",
                customer_id=f"L{number}",
                amount="60000.00",
                kind="transfer",
                counterparty_bank="BANK2",
                occurred_at=after(days=10 if number >= BEFORE else 0, seconds=1_000 + number),
            )
            sent.append((outflow["event_id"], time.time()))
            key = outflow["customer_id"].encode()
            await producer.send(f"{settings.input_namespace}.transactions", json.dumps(outflow).encode(), key=key)
            await asyncio.sleep(1 / RATE)
    return sent


def measure(bootstrap: str, redis_url: str, silent: int) -> list[float]:
    """Return the latencies (ms) of all alerts, in the order of their events."""
    settings = settings_of(bootstrap, redis_url, Path(tempfile.mkdtemp(prefix="woken-")), learning=False)
    with Deployment(settings.model_copy(update={"partitions": 1})) as deployment:
        once = [wire_form("transactions", customer_id=f"S{n}", occurred_at=after(seconds=n)) for n in range(silent)]
        deployment.send(*[event("transactions", one) for one in once])
        deployment.drain()
        reader = Reader(redis_url, f"{settings.namespace}:alerts:retention:p1", BEFORE + AFTER)
        reader.start()
        sent = asyncio.run(send_events(deployment))
        reader.join(PATIENCE)
        return [1_000 * (reader.seen[event_id] - at) for event_id, at in sent]


def told(latencies: list[float]) -> str:
    """Write median, 99th percentile and the longest."""
    ordered = sorted(latencies)
    return "  ".join(f"{ordered[int(share * (len(ordered) - 1))]:6.1f}" for share in (0.5, 0.99, 1.0))


@ended_by_sigterm()
def main() -> None:
    """Print what alerts took before and while the others woke."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    asked.add_argument("--silent", type=int, default=4_000, help="customers who wake")
    arguments = asked.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        use_or_start(None, None, data_dir=Path(home), on_progress=print) as found,
    ):
        latencies = measure(found.kafka_bootstrap, found.redis_url, arguments.silent)
    sys.stdout.write(
        f"alerts, ms: p50, p99, longest\nbefore  {told(latencies[:BEFORE])}\nwhile   {told(latencies[BEFORE:])}\n"
    )


if __name__ == "__main__":
    main()
