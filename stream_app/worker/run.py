"""Run one worker in this process until SIGTERM or Ctrl-C."""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas.profile_view import view
from stream_app.engine.run import run_worker
from stream_app.settings import Settings
from stream_app.telemetry import logs
from stream_app.telemetry.metrics import Metrics
from stream_app.worker.build import Worker, build_worker, profile_of
from stream_app.worker.health import HealthServer

log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Build a worker with its health port, and run it; raises SystemExit when it has stopped."""
    logs.configure(settings)
    metrics = Metrics()
    worker = build_worker(settings, metrics)
    readiness = Readiness(worker, settings)
    health = HealthServer(
        settings.metrics,
        metrics,
        readiness=readiness,
        profile=ProfileLookup(partial(profile_of, worker), worker.policy.home_currency, settings),
        tokens=settings.tokens,
        before_scrape=lambda: worker.observer.scrape(worker.app, worker.board.current()),
    )
    worker.app.before_start.append(health.start)
    worker.app.before_stop += [health.stop, readiness.close]
    run_worker(worker.app, settings.log_level)


class Readiness:
    """Answers /readyz: tables restored, Kafka and Redis reachable."""

    def __init__(self, worker: Worker, settings: Settings) -> None:
        self._app = worker.app
        self._redis = Redis.from_url(settings.redis.url, socket_timeout=1, socket_connect_timeout=1)

    async def __call__(self) -> dict[str, Any]:
        """Return the facts; a rebalance ends only once the tables are restored, be it of no partition at all."""
        app = self._app
        facts = {
            "restored": app.rebalancing_count > 0 and not app.rebalancing,
            "kafka": app.engine.fence.holds,
            "redis": await self._redis_answers(),
        }
        progress = {
            "partitions": sorted({number for _, number in app.engine.owned}),
            "standby": sorted({number for table in app.engine.tables.values() for number in table.store.standby}),
            "records_to_restore": app.lifecycle.restoring.records_left,
            "lag": sum(app.lifecycle.lag.values()),
        }
        return {"ready": all(facts.values()), **facts, **progress}

    async def _redis_answers(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()


class ProfileLookup:
    """Answers /profiles/{id} from this worker's local store; the log says that somebody looked, and at whose."""

    def __init__(self, find: Callable[[str], Any], home_currency: str, settings: Settings) -> None:
        self._find = find
        self._home_currency = home_currency
        self._log_key = settings.log_key.get_secret_value()

    async def __call__(self, customer_id: str) -> dict[str, Any] | None:
        """Return the profile as others see it."""
        found = self._find(customer_id)
        hashed = logs.customer_hash(customer_id, self._log_key)
        log.info("profile looked up", customer=hashed, found=found is not None)
        return None if found is None else view(found, self._home_currency)
