"""What a network does between worker, Kafka and Redis: delay, loss in one direction, cuts in mid-answer."""

import asyncio
import time
from functools import partial

from tests.faults.crew import START_SECONDS
from tests.faults.run import Run
from tests.faults.scenario import Scenario
from tests.waiting import until

PACE = 200
FORGOTTEN_SECONDS = 120.0
"""A request is given up after 90 seconds; the watchdog's patience is shorter, and a start comes on top."""


async def replies_lost(run: Run) -> None:
    """Redis has run the script, and the connection is cut before its answer arrives."""
    proxy = run.stage.redis_proxy
    run.flow.begin(PACE)
    await run.start_by_proxy()
    await run.works()
    for _ in range(10):
        done = proxy.cuts_done
        proxy.cut_after(0, "down")
        await until(lambda done=done: proxy.cuts_done > done, "an answer is lost", START_SECONDS)
        await run.works(5)
    run.figures["replies_lost"] = proxy.cuts_done


async def cut_in_the_middle(run: Run) -> None:
    """Connections end after some bytes of a request or an answer, towards Kafka and Redis."""
    run.flow.begin(PACE)
    await run.start_by_proxy()
    await run.works()
    for _ in range(12):
        proxy = run.chance.choice((run.stage.kafka_proxy, run.stage.redis_proxy))
        way = run.chance.choice(("up", "down"))
        done = proxy.cuts_done
        proxy.cut_after(run.chance.randrange(1, 3_000), way)
        await until(lambda p=proxy, done=done: p.cuts_done > done, "a connection is cut", START_SECONDS)
        await run.works(5)


async def slow(run: Run) -> None:
    """Every piece of data takes a tenth of a second longer."""
    run.flow.begin(PACE // 4)
    run.stage.kafka_proxy.delay(0.1)
    run.stage.redis_proxy.delay(0.1)
    await run.start_by_proxy()
    await run.works(50)
    await run.crew.kill("w1")
    await run.start_by_proxy()
    await run.works(50)


async def cut_off(run: Run, seconds: float) -> None:
    """The worker alone loses Kafka, without being told; a second one takes over; then the network heals."""
    run.flow.begin(PACE)
    await run.crew.start("w1", run.stage.cut_kafka)
    await run.works()
    run.stage.kafka_proxy.lose(*run.chance.choice((("up", "down"), ("down",), ("up",))))
    began = time.monotonic()
    await run.crew.start("w2")
    await asyncio.sleep(seconds)  # the length of the cut is the fault
    await run.got_on(began)
    run.stage.kafka_proxy.heal()
    healed = time.monotonic()
    await run.works(50)
    await run.crew.stop("w2")
    run.figures["resumed_seconds"] = await run.got_on(healed)


async def forgotten(run: Run, seconds: float) -> None:
    """The worker is alone and loses Kafka; the network is back for new connections, and the old ones stay silent.

    Nobody tells it that they are dead. It notices, or its watchdog ends it and its supervisor starts it again.
    """
    run.flow.begin(PACE)
    await run.start_by_proxy()
    await run.works()
    run.stage.kafka_proxy.lose("up", "down")
    await asyncio.sleep(seconds)  # the length of the cut is the fault
    run.stage.kafka_proxy.forget()
    took = run.figures["resumed_seconds"] = await run.got_on(time.monotonic())
    run.claim(took <= FORGOTTEN_SECONDS, f"{took:.0f} s after the network came back")


ALL = (
    Scenario("redis_replies_lost", replies_lost, seeds=3),
    Scenario("cut_in_the_middle", cut_in_the_middle, seeds=3),
    Scenario("slow_network", slow, seeds=1),
    Scenario("cut_off_from_kafka_5s", partial(cut_off, seconds=5.0), seeds=2),
    Scenario("cut_off_from_kafka_15s", partial(cut_off, seconds=15.0), seeds=2),
    Scenario("cut_off_from_kafka_90s", partial(cut_off, seconds=90.0), seeds=1),
    Scenario("connections_forgotten_5s", partial(forgotten, seconds=5.0), seeds=1),
    Scenario("connections_forgotten_90s", partial(forgotten, seconds=90.0), seeds=1),
)
