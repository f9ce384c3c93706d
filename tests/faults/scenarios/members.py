"""Workers that join, leave, stop and sleep: partitions move, and nothing is done twice."""

import asyncio
import time
from functools import partial

from tests.faults.crew import START_SECONDS
from tests.faults.run import Run
from tests.faults.scenario import Scenario
from tests.faults.tally.subject import TallySubject
from tests.waiting import until

PACE = 300
THREE = partial(TallySubject, partitions=3)
PAUSES = ("before_changelog", "mid_changelog", "after_changelog", "mid_effects", "after_effects", "after_offsets")


async def churn(run: Run) -> None:
    """One to three workers; whoever chance names joins, leaves or is killed, and the partitions move."""
    run.flow.begin(PACE)
    await run.crew.start("w1")
    await run.works()
    run.figures["rebalances"] = []
    for _ in range(run.kills_wanted):
        alive = run.crew.alive
        absent = [name for name in ("w1", "w2", "w3") if name not in alive]
        began = time.monotonic()
        if absent and (len(alive) == 1 or run.chance.random() < 0.5):
            await run.crew.start(absent[0])
        elif run.chance.random() < 0.6:
            began = await run.crew.kill(run.chance.choice(alive))
        else:
            await run.crew.stop(run.chance.choice(alive))
        run.figures["rebalances"].append(await run.got_on(began))


async def rolling_stop(run: Run, rounds: int = 3) -> None:
    """SIGTERM for each of three workers in turn, and a new start: each round without a gap in the work."""
    run.flow.begin(PACE)
    for name in ("w1", "w2", "w3"):
        await run.crew.start(name)
    await run.works()
    run.figures["stalls"] = []
    for _ in range(rounds):
        for name in ("w1", "w2", "w3"):
            began = time.monotonic()
            code = await run.crew.stop(name)
            run.claim(code == 0, f"{name} stopped with {code}")
            await run.crew.start(name)
            run.figures["stalls"].append(await run.got_on(began))


async def killed_at_revocation(run: Run) -> None:
    """The worker dies in the moment in which it is to give partitions away."""
    run.flow.begin(PACE)
    run.crew.supervised = False
    await run.crew.start("w1", RAPPORT_CRASH_AT="revoke:2")
    await run.works()
    await run.crew.start("w2")
    await run.crew.end_at_point("w1")
    killed = time.monotonic()
    run.figures["rebalance_seconds"] = await run.got_on(killed)


async def sleeps_through_its_session(run: Run) -> None:
    """SIGSTOP beyond the session timeout at any moment; the others take over; then the sleeper goes on."""
    run.flow.begin(PACE)
    await run.crew.start("w1")
    await run.works()
    for _ in range(2):
        await asyncio.sleep(run.chance.uniform(0.0, 1.0))  # the moment is what chance decides
        run.crew.pause("w1")
        began = time.monotonic()
        await run.crew.start("w2")
        await run.got_on(began)
        run.crew.resume("w1")
        await run.works(50)
        await run.crew.stop("w2")
        await run.works(50)


async def sleeps_at_a_point(run: Run, **options: str) -> None:
    """Put to sleep exactly between two steps of a checkpoint; a successor does all; then the sleeper goes on."""
    point = run.figures["point"] = options.pop("point", "") or PAUSES[run.chance.randrange(len(PAUSES))]
    await run.flow.send(1_500)
    await run.crew.start("w1", RAPPORT_PAUSE_AT=f"{point}:{run.chance.randrange(2, 6)}", **options)
    await until(lambda: run.crew.is_paused("w1"), f"w1 sleeps at {point}", START_SECONDS)
    await run.crew.start("w2", **options)
    await run.flow.send(500)
    await run.quiet()
    run.crew.resume("w1")
    await run.crew.noticed("w1")
    run.figures["sleeper"] = dict(run.crew.exits)


ALL = (
    Scenario("churn_of_three", churn, THREE, seeds=3, kills=12),
    Scenario("rolling_stop_of_three", rolling_stop, THREE, seeds=2),
    Scenario("killed_at_revocation", killed_at_revocation, seeds=4),
    Scenario("sleeps_through_its_session", sleeps_through_its_session, seeds=3),
    Scenario("sleeps_at_a_point", sleeps_at_a_point, seeds=6),
)
