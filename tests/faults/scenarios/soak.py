"""The soak: the product at a steady pace for half an hour or two, while one fault follows the other.

Two workers share the partitions. Chance, by the seed, says which fault comes next and when. `victim` is killed, stopped
and put to sleep; `veteran` never is (but for a moment's sleep), so that its memory is a series of one life, and suffers
all else: brokers and Redis that go, slow and cut connections, partitions that come and go.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial

from schemas.times import parse_rfc3339
from tests.faults.memory import MEGABYTE, Sampler, longest_life, objection, slope, warm
from tests.faults.product.inputs import Transactions
from tests.faults.product.subject import ProductSubject
from tests.faults.run import CLEAN, Run
from tests.faults.scenario import Scenario
from tests.faults.scenarios.outages import away
from tests.waiting import until

PACE = 50
STEP_MS = 1_200_000
"""A profile looks back 63 days: at this step all its windows are full, and stay so, after two minutes, and what a year
brings to a profile (offers, reports, outcomes) has come before the warm-up of half an hour's soak is over."""
BEGINNING_MS = parse_rfc3339("2000-01-03T09:00:00+08:00")
"""Its event time must not pass today, or its events become dead letters: three hours and a half of it do not."""
WARM_UP = 1 / 2
"""Of the time: until then caches and profiles still fill. In a run of 105 minutes memory tapered off for an hour."""
VETERAN, VICTIM = "veteran", "victim"
FILLING_SECONDS = 100.0
IN_A_ROW = 3
SHARE_SECONDS = 120.0
CALM_SECONDS = (5.0, 25.0)

Fault = Callable[[Run], Awaitable[float]]
"""Does its worst, and returns since when everything should get on (monotonic seconds)."""


SMALL_BUFFERS = {"RAPPORT_WRITE_BUFFER_MB": "1"}
"""RocksDB's write buffers of 16 MB fill once in many minutes at this pace, and would be all that the memory shows."""


async def _started(run: Run, name: str) -> None:
    options = {**run.subject.restart_options(name), **SMALL_BUFFERS}
    await run.crew.start(name, run.stage.proxied, **options)


async def _killed(run: Run) -> float:
    at = await run.crew.kill(VICTIM)
    await _started(run, VICTIM)
    return at


async def _killed_while_it_starts(run: Run) -> float:
    await _killed(run)
    await asyncio.sleep(run.chance.uniform(0.1, 3.0))  # the moment is what chance decides
    return await _killed(run)


async def _stopped(run: Run) -> float:
    began = time.monotonic()
    code = await run.crew.stop(VICTIM)
    run.claim(code in CLEAN, f"{VICTIM} stopped with {code}")
    await _started(run, VICTIM)
    return began


async def _slept(run: Run, name: str, shortest: float, longest: float) -> float:
    run.crew.pause(name)
    await asyncio.sleep(run.chance.uniform(shortest, longest))  # the length is what chance decides
    run.crew.resume(name)
    return time.monotonic()


async def _broker_away(run: Run) -> float:
    return await away(run.stage.kafka, run.chance.uniform(0.0, 20.0))


async def _redis_away(run: Run) -> float:
    return await away(run.stage.redis, run.chance.uniform(0.0, 15.0))


async def _slow(run: Run) -> float:
    run.stage.kafka_proxy.delay(run.chance.uniform(0.0, 0.1))
    run.stage.redis_proxy.delay(run.chance.uniform(0.0, 0.2))
    await asyncio.sleep(run.chance.uniform(5.0, 15.0))  # the length is what chance decides
    run.stage.kafka_proxy.delay(0.0)
    run.stage.redis_proxy.delay(0.0)
    return time.monotonic()


async def _cut(run: Run) -> float:
    proxy = run.chance.choice((run.stage.kafka_proxy, run.stage.redis_proxy))
    proxy.cut_after(run.chance.randrange(1, 3_000), run.chance.choice(("up", "down")), times=run.chance.randrange(1, 4))
    return time.monotonic()


FAULTS: dict[str, Fault] = {
    "kill": _killed,
    "kill_while_it_starts": _killed_while_it_starts,
    "stop": _stopped,
    "sleep_through_session": partial(_slept, name=VICTIM, shortest=8.0, longest=15.0),
    "sleep_for_a_moment": partial(_slept, name=VETERAN, shortest=0.2, longest=2.0),
    "broker_restart": _broker_away,
    "redis_restart": _redis_away,
    "slow_network": _slow,
    "cut": _cut,
}


async def soak(run: Run) -> None:
    """Load and faults for `run.minutes`; then what the veteran's memory has done."""
    await _both_work(run)
    sampler = Sampler(run.crew, VETERAN)
    sampling = asyncio.create_task(sampler.run(), name="sample memory")
    try:
        await _chaos(run)
    finally:
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
    _tell_of_memory(run, sampler)


async def _both_work(run: Run) -> None:
    """Start the veteran second: in a fresh checkout the first one compiles all modules, which is no work of a worker's.

    It left the veteran's heap 27 MB of holes, over which what came later was spread: 10 MB in the first minutes.
    """
    await _started(run, VICTIM)
    run.flow.begin(PACE)
    await run.works()
    await _started(run, VETERAN)
    await _each_owns_one(run)


async def _chaos(run: Run) -> None:
    ends = time.monotonic() + run.minutes * 60
    resumed: dict[str, list[float]] = {name: [] for name in FAULTS}
    run.figures["resumed_seconds"] = resumed
    while time.monotonic() < ends:
        await asyncio.sleep(min(run.chance.uniform(*CALM_SECONDS), max(0.0, ends - time.monotonic())))
        name = run.chance.choice(list(FAULTS))
        resumed[name].append(round(await run.got_on(await FAULTS[name](run)), 2))


def _tell_of_memory(run: Run, sampler: Sampler) -> None:
    life = longest_life(sampler.samples)
    rest = warm(life, run.minutes * 60 * WARM_UP)
    found = slope(rest)
    run.figures["lives_of_veteran"] = len({sample.pid for sample in sampler.samples})
    run.figures["memory"] = [(round(it.at), it.pid, it.resident, it.files) for it in sampler.samples]
    if rest:
        run.figures["open_files"] = [rest[0].files, rest[-1].files]
    if found is not None:
        run.figures["memory_slope"] = asdict(found)
    against = objection(found)
    run.claim(against is None, against or "")


async def memory_by_fault(run: Run) -> None:
    """What each kind of fault costs the veteran in memory: three times until all is as large as it gets, then again.

    Told and not judged: a write buffer more or less is a megabyte.
    """
    await _both_work(run)
    await asyncio.sleep(FILLING_SECONDS)  # until the windows are full
    told: dict[str, float] = {}
    run.figures["mb_per_fault"] = told
    for name in FAULTS:
        await _suffered(run, name)
        before = await _lowest_memory(run)
        await _suffered(run, name)
        told[name] = round((await _lowest_memory(run) - before) / MEGABYTE / IN_A_ROW, 2)


async def _suffered(run: Run, name: str) -> None:
    for _ in range(IN_A_ROW):
        await run.got_on(await FAULTS[name](run))


async def _lowest_memory(run: Run) -> int:
    """While each of the two owns one partition: a second one takes six to nine megabytes."""
    await _each_owns_one(run)
    found = []
    for _ in range(10):
        await asyncio.sleep(1.0)  # the time that is looked at
        found.append(run.crew.memory_bytes(VETERAN))
    return min(found)


async def _each_owns_one(run: Run) -> None:
    both = (VETERAN, VICTIM)
    await until(lambda: all(_owns_one(run.crew.log(name)) for name in both), "each owns one", SHARE_SECONDS, every=0.5)


def _owns_one(log: bytes) -> bool:
    told = re.findall(rb"table profiles: owns \[([^\]]*)\]", log)
    return bool(told) and len(told[-1].split(b",")) == 1


def _subject(namespace: str) -> ProductSubject:
    made = partial(Transactions, step_ms=STEP_MS, beginning_ms=BEGINNING_MS)
    return ProductSubject(namespace, make_inputs=made, pace_share=1.0)


ALL = (
    Scenario("soak", soak, _subject, seeds=1, minutes=30.0),
    Scenario("memory_by_fault", memory_by_fault, _subject, seeds=1),
)
