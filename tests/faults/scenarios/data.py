"""What lies in the data: repeats, disorder, times of another century, poison in floods, hostile bytes, one hot key."""

import time
from functools import partial

from tests.faults.hostile import FORGED, bombs_refused
from tests.faults.run import Run
from tests.faults.scenario import Scenario
from tests.faults.tally.inputs import Mix, flood
from tests.faults.tally.subject import TallySubject
from tests.integration.engine.tally import Rule

PACE = 500


async def killed_in_the_midst(run: Run) -> None:
    """The data come, and the worker is killed twice meanwhile."""
    await run.flow.send(2_000)
    run.flow.begin(PACE)
    await run.start()
    for _ in range(2):
        await run.works(60)
        killed = await run.crew.kill("w1")
        await run.start()
        await run.recovered(killed)
    await run.flow.end()


async def poison_flood(run: Run, count: int = 6_000) -> None:
    """More poison than good for a while: all of it is put aside, no worker ends, and the good goes on."""
    await run.start()
    run.flow.begin(PACE)
    await run.works()
    for start in range(0, count, 500):
        await run.flow.send_these(
            flood(run.chance.randrange(1 << 30) + start, run.subject.sources[0].rpartition(".")[2], 500)
        )
    flooded = time.monotonic()
    run.figures["resumed_seconds"] = await run.got_on(flooded)
    run.claim(not run.crew.exits, f"poison ended a worker: {dict(run.crew.exits)}")


async def hostile(run: Run, bombs: int = 10) -> None:
    """Hostile payloads and ids: nothing crashes, memory stays, no log line and no Redis key is of their making."""
    await run.start()
    await run.flow.send(1_000)
    await run.works()
    await run.quiet()
    before = run.crew.memory_bytes("w1")
    await run.flow.send(3_000)
    refused = await bombs_refused(run.stage.direct.kafka_bootstrap, run.subject.sources[0], bombs)
    run.claim(refused == bombs, f"{bombs - refused} of {bombs} compression bombs got onto the topic")
    await run.quiet()
    grown = run.crew.memory_bytes("w1") - before
    run.figures["memory_grown_bytes"] = grown
    run.claim(grown <= 50 << 20, f"memory grew by {grown >> 20} MB")
    run.claim(not run.crew.exits, f"a payload ended a worker: {dict(run.crew.exits)}")
    lines = run.crew.log("w1").decode("utf-8", "replace").splitlines()
    run.claim(not any(line.startswith(FORGED) for line in lines), "a log line was forged")


ALL = (
    Scenario(
        "repeats_and_disorder",
        killed_in_the_midst,
        partial(
            TallySubject,
            mix=Mix(duplicates=0.0, late=0.011, skew_ms=600_000, shuffled=1_000),
            ordered=False,
        ),
        seeds=3,
    ),
    Scenario("repeats_of_the_producer", killed_in_the_midst, partial(TallySubject, mix=Mix(duplicates=0.05)), seeds=3),
    Scenario(
        "times_of_other_centuries",
        killed_in_the_midst,
        partial(TallySubject, mix=Mix(absurd=0.002, late=0.01), ordered=False),
        seeds=3,
    ),
    Scenario("hot_key", killed_in_the_midst, partial(TallySubject, mix=Mix(hot=0.5)), seeds=3),
    Scenario("poison_flood", poison_flood, seeds=2),
    Scenario("hostile_payloads", hostile, partial(TallySubject, mix=Mix(hostile=0.1)), seeds=3),
    Scenario(
        "long_keys",
        killed_in_the_midst,
        partial(TallySubject, mix=Mix(padded_keys=True, keys=60), rule=Rule(every=5)),
        seeds=1,
    ),
)
