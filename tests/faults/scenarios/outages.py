"""Kafka or Redis killed, away for longer than a session, or full: the worker waits and goes on by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from redis.asyncio import Redis

from stream_app.embedded import Service
from tests.faults.run import Run
from tests.faults.scenario import Scenario

PACE = 200
KAFKA_SECONDS, REDIS_SECONDS = 70.0, 60.0
RESUMES = {"Kafka": 30.0, "Redis": 10.0}
"""Within so many seconds of the service's return everything goes on."""
SETTLED_SECONDS = 10.0
"""Offsets are committed once a second; a busy machine gets ten."""


async def away(
    service: Service, seconds: float, meanwhile: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> float:
    """Kill a service, leave it away for so long, and start it again; returns when it answered."""
    await asyncio.to_thread(service.kill)
    await meanwhile(seconds)  # the length of the outage is the fault
    await asyncio.to_thread(service.start)
    return time.monotonic()


async def outage(run: Run, which: str, seconds: float) -> None:
    """The service goes while the worker works; whatever the worker does, nobody helps it."""
    run.flow.begin(PACE)
    await run.start()
    await run.works()
    if which == "Redis":
        back = await away(run.stage.redis, seconds, partial(_nothing_is_committed, run))
    else:
        back = await away(run.stage.kafka, seconds)
    took = await run.got_on(back)
    run.figures["resumed_seconds"] = took
    run.claim(took <= RESUMES[which], f"{took:.1f} s after {which} came back")


async def _nothing_is_committed(run: Run, seconds: float) -> None:
    """Wait for so long; once what was out when Redis went is committed, nothing more is."""
    settling = min(SETTLED_SECONDS, seconds)
    await asyncio.sleep(settling)
    before = await run.watch.committed()
    await asyncio.sleep(seconds - settling)
    after = await run.watch.committed()
    if seconds > settling:
        run.claim(bool(before), "Kafka did not tell what was committed")
        run.claim(before == after, f"committed while Redis was away: {before}, then {after}")


async def broker_away_at_start(run: Run, seconds: float) -> None:
    """The worker starts into an outage; its supervisor may start it again."""
    await run.flow.send(500)
    await run.start()
    await run.works()
    await run.crew.kill("w1")
    gone = asyncio.create_task(away(run.stage.kafka, seconds))
    await run.start()
    back = await gone
    await run.flow.send(500)
    run.figures["resumed_seconds"] = await run.got_on(back)


async def broker_away_in_recovery(run: Run, seconds: float) -> None:
    """The broker goes while the changelog is read: recovery must neither die in silence nor skip anything."""
    await run.flow.send(4_000)
    await run.start()
    await run.quiet()
    await run.crew.kill("w1")
    run.crew.destroy("w1")
    run.stage.kafka_proxy.delay(0.2)  # so that reading takes a while
    await run.start_by_proxy()
    await run.in_recovery()
    run.stage.kafka_proxy.delay(0.0)
    back = await away(run.stage.kafka, seconds)
    await run.flow.send(500)
    run.figures["resumed_seconds"] = await run.got_on(back)


async def redis_full(run: Run) -> None:
    """Redis refuses to grow; lag rises; once there is room again everything comes, once."""
    run.flow.begin(PACE)
    await run.start()
    await run.works()
    async with Redis.from_url(run.stage.direct.redis_url) as redis:
        used = int((await redis.info("memory"))["used_memory"])
        await redis.config_set("maxmemory", str(used - 1))
        await run.lag_above(PACE)
        await redis.config_set("maxmemory", "0")
    run.figures["resumed_seconds"] = await run.got_on(time.monotonic())


def of(seconds_kafka: float, seconds_redis: float) -> tuple[Scenario, ...]:
    """The scenarios with outages of these lengths."""
    return (
        Scenario("broker_killed", partial(outage, which="Kafka", seconds=0.0), seeds=2),
        Scenario("broker_outage", partial(outage, which="Kafka", seconds=seconds_kafka), seeds=3),
        Scenario("broker_away_at_start", partial(broker_away_at_start, seconds=seconds_kafka), seeds=1),
        Scenario("broker_away_in_recovery", partial(broker_away_in_recovery, seconds=seconds_kafka), seeds=1),
        Scenario("redis_killed", partial(outage, which="Redis", seconds=0.0), seeds=3),
        Scenario("redis_outage", partial(outage, which="Redis", seconds=seconds_redis), seeds=2),
        Scenario("redis_full", redis_full, seeds=3),
    )


ALL = of(KAFKA_SECONDS, REDIS_SECONDS)
