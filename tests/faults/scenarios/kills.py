"""kill -9: at any moment, at each named point, and while nothing but the guard tells repeats."""

import asyncio
import time
from functools import partial

from stream_app.engine.crash_points import OF_A_CHECKPOINT, OF_A_START
from tests.faults.run import Run
from tests.faults.scenario import Scenario
from tests.faults.tally.inputs import Mix
from tests.faults.tally.subject import TallySubject
from tests.integration.engine.tally import Rule

PACE = 400
"""Inputs a second: enough that every partition always has something under way."""


async def at_random(run: Run) -> None:
    """One worker, killed again and again, some time between its start and a few seconds of work."""
    run.flow.begin(PACE)
    await run.start()
    await run.works()
    for _ in range(run.kills_wanted):
        await asyncio.sleep(run.chance.uniform(0.1, 2.0))  # the moment is what chance decides
        killed = await run.crew.kill("w1")
        if run.chance.random() < 0.3:  # killed while it starts
            await run.start()
            await asyncio.sleep(run.chance.uniform(0.1, 2.0))
            killed = await run.crew.kill("w1")
        await run.start()
        await run.recovered(killed)


async def at_points(run: Run, points: tuple[str, ...] = OF_A_CHECKPOINT) -> None:
    """One worker, killed at each point of a checkpoint, each at a passage that chance decides."""
    run.flow.begin(PACE)
    run.crew.supervised = False
    for point in points:
        if run.crew.alive:
            await run.crew.kill("w1")
        await run.start(RAPPORT_CRASH_AT=f"{point}:{run.chance.randrange(1, 2 if point == 'after_commit' else 12)}")
        await run.crew.end_at_point("w1")
        killed = time.monotonic()
        await run.start()
        await run.recovered(killed)


async def while_it_starts(run: Run) -> None:
    """Killed when partitions come, while the changelog is read, and when it has been read."""
    run.flow.begin(PACE)
    await run.start()
    await run.works()
    run.crew.supervised = False
    for point in OF_A_START:
        await run.crew.kill("w1")
        run.crew.destroy("w1")  # so that there is a changelog to read
        await run.start(RAPPORT_CRASH_AT=f"{point}:1")
        await run.crew.end_at_point("w1")
        killed = time.monotonic()
        await run.start()
        await run.recovered(killed)


async def with_changes_between(run: Run) -> None:
    """Two topics; after each kill other batches and another policy: replays meet another state, and must not decide."""
    run.flow.begin(PACE)
    run.crew.supervised = False
    for _ in range(run.kills_wanted):
        point = run.chance.choice(OF_A_CHECKPOINT[:-1])
        options = {"TALLY_BATCH": str(run.chance.randrange(20, 300)), "TALLY_EVERY": str(run.chance.randrange(2, 9))}
        await run.start(RAPPORT_CRASH_AT=f"{point}:{run.chance.randrange(2, 10)}", **options)
        await run.crew.end_at_point("w1")
    killed = time.monotonic()
    await run.start()
    await run.recovered(killed)


ALL = (
    Scenario("kills_at_random", at_random, seeds=12, kills=10),
    Scenario("kills_at_points", at_points, seeds=10),
    Scenario("kills_while_it_starts", while_it_starts, seeds=6),
    Scenario(
        "kills_with_changes_between",
        with_changes_between,
        partial(TallySubject, names=("events", "others"), ordered=False, mix=Mix(keys=60, asks=0.3)),
        seeds=8,
        kills=8,
    ),
    Scenario(
        "kills_with_the_guard_alone",
        at_random,
        partial(TallySubject, rule=Rule(every=5, remembered=0), mix=Mix(duplicates=0.0)),
        seeds=3,
        kills=8,
    ),
)
