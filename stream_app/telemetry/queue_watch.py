"""How our Redis streams stand: what each group has still to read or to acknowledge, and how old the oldest entry is."""

import asyncio
import time
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.policy import Policy
from stream_app.settings import Settings
from stream_app.streams import stream_names
from stream_app.telemetry.metrics import Metrics

INTERVAL_SECONDS = 5.0


log = structlog.get_logger(__name__)


class QueueWatch:
    """Looks at the streams now and then, by their names: a scan would go over every key that Redis holds."""

    def __init__(self, settings: Settings, policy: Policy, metrics: Metrics) -> None:
        self._settings = settings
        self._names = stream_names(policy, settings.namespace)
        self._metrics = metrics
        self._groups: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Look for ever; Redis being away is the engine's affair, here it is only noted."""
        async with Redis.from_url(self._settings.redis.url, decode_responses=True) as redis:
            while True:
                try:
                    await self.look(redis, time.time())
                except (RedisError, OSError) as error:
                    log.warning("queues cannot be looked at", error=type(error).__name__)
                await asyncio.sleep(INTERVAL_SECONDS)

    async def look(self, redis: Any, now: float) -> None:
        """Set the gauges of every stream; `now` is in epoch seconds, as the server's entry ids are."""
        found: set[tuple[str, str]] = set()
        async with redis.pipeline(transaction=False) as pipeline:
            for name in self._names:
                pipeline.exists(name)
            present = await pipeline.execute()
        for name, exists in zip(self._names, present, strict=True):
            if exists:
                found |= await self._look_at(redis, name, now)
        for gone in self._groups - found:
            self._metrics.forget("crm_queue_lag_entries", gone)
            self._metrics.forget("crm_queue_pending_entries", gone)
        self._groups = found

    async def _look_at(self, redis: Any, name: str, now: float) -> set[tuple[str, str]]:
        oldest = await redis.xrange(name, count=1)
        age = now - int(oldest[0][0].partition("-")[0]) / 1_000 if oldest else 0.0
        self._metrics.set("crm_queue_oldest_seconds", max(0.0, age), name)
        groups = await redis.xinfo_groups(name)
        for group in groups:
            reader = name, group["name"]
            if group.get("lag") is None:  # after deletions in the middle the server cannot tell
                self._metrics.forget("crm_queue_lag_entries", reader)
            else:
                self._metrics.set("crm_queue_lag_entries", group["lag"], *reader)
            self._metrics.set("crm_queue_pending_entries", group["pending"], *reader)
        return {(name, group["name"]) for group in groups}
