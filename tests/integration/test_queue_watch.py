"""What the queue watch shows of a stream and its readers, on a real Redis."""

import secrets

import pytest
from redis.asyncio import Redis

from stream_app.settings import Settings
from stream_app.telemetry.metrics import Metrics
from stream_app.telemetry.queue_watch import QueueWatch
from tests.policies import default_policy

pytestmark = pytest.mark.integration


@pytest.fixture
async def redis(redis_url):
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


async def test_a_lag_that_the_server_cannot_tell_any_more_is_shown_no_longer(redis):
    settings, metrics = Settings.load(namespace=f"q-{secrets.token_hex(4)}"), Metrics()
    watch = QueueWatch(settings, default_policy(), metrics)
    stream = f"{settings.namespace}:alerts:fraud:p1"
    entries = [await redis.xadd(stream, {"id": str(number)}) for number in range(4)]
    await redis.xgroup_create(stream, "desks", id="0")
    await redis.xreadgroup("desks", "anna", {stream: ">"}, count=1)
    await watch.look(redis, now=0.0)
    labels = {"stream": stream, "group": "desks"}
    assert metrics.value("crm_queue_lag_entries", **labels) == 3

    await redis.xdel(stream, entries[2])
    await watch.look(redis, now=0.0)

    shown = [sample.labels for family in metrics.registry.collect() for sample in family.samples
             if sample.name == "crm_queue_lag_entries"]  # fmt: skip
    assert shown == []
    assert metrics.value("crm_queue_pending_entries", **labels) == 1
    await redis.delete(stream)
