"""kill -9 at each named point and at any moment: values equal one pass over the input, and each alert is there once."""

import asyncio
import random
import shutil
from collections import Counter

import pytest

from tests.waiting import until

from .lab import Lab, a_stream_of_events, expected_alerts, expected_tallies

pytestmark = pytest.mark.integration

SMALL = {"TALLY_BATCH": "100", "TALLY_IN_FLIGHT": "300", "TALLY_INSTANCE": "one"}
"""Many small checkpoints, and a static member: a restart need not wait for the dead one's session."""
POINTS = (
    "mid_changelog:4",
    "after_changelog:3",
    "mid_effects:5",
    "after_effects:4",
    "after_offsets:3",
    "after_store:6",
    "after_commit:1",
    "recovery:1",
)


async def assert_exact(lab: Lab) -> None:
    tallies = await lab.tallies()
    assert {key: (t.count, t.total, t.digest) for key, t in tallies.items()} == expected_tallies(lab.sent)
    assert Counter(i for i in await lab.alerts() if not i.startswith("due-")) == expected_alerts(lab.sent)


@pytest.mark.slow
async def test_a_worker_killed_at_each_named_point_leaves_exact_results(lab: Lab):
    for n, point in enumerate(POINTS):
        await lab.send(a_stream_of_events(2_000, start=n * 2_000))
        worker = lab.worker(RAPPORT_CRASH_AT=point, **SMALL)
        assert await worker.ended() == -9, point
    worker = lab.worker(**SMALL)
    await lab.caught_up()
    assert await worker.stop() == 0
    await assert_exact(lab)


@pytest.mark.slow
async def test_a_worker_killed_at_any_moment_leaves_exact_results(lab: Lab):
    chance = random.Random(7)
    for n in range(3):
        await lab.send(a_stream_of_events(6_000, start=n * 6_000))
        seen = await lab.alert_count()
        worker = lab.worker(**SMALL)
        await until(lambda seen=seen: _more_alerts(lab, seen + chance.randrange(20, 300)), "the worker is in mid-work")
        await worker.kill()
    shutil.rmtree(lab.data / "w1")  # the last one starts without local stores: the changelog rebuilds them
    worker = lab.worker(**SMALL)
    await lab.caught_up()
    assert await worker.stop() == 0
    await assert_exact(lab)


async def _more_alerts(lab: Lab, count: int) -> bool:
    return await lab.alert_count() >= count


async def test_without_the_guard_the_same_kill_applies_events_twice(lab: Lab):
    await lab.send(a_stream_of_events(2_000))
    off = {**SMALL, "TALLY_SABOTAGE": "guard_off", "TALLY_REMEMBERED": "0"}  # nor may the ids of events save it
    worker = lab.worker(RAPPORT_CRASH_AT="after_effects:3", **off)
    assert await worker.ended() == -9
    worker = lab.worker(**off)
    await lab.caught_up()
    await worker.kill()
    applied = sum(t.count for t in (await lab.tallies()).values())
    assert applied > len(lab.sent), "the negative control must fail, or the tests above prove nothing"


@pytest.mark.slow
async def test_partitions_move_to_a_worker_that_joins_and_back_when_it_leaves(lab: Lab):
    done = asyncio.Event()
    ended = asyncio.create_task(done.wait())

    async def keep_sending() -> None:
        start = 0
        while not done.is_set():
            await lab.send(a_stream_of_events(200, start=start))
            start += 200
            await asyncio.wait({ended}, timeout=0.05)

    sending = asyncio.create_task(keep_sending())
    first = lab.worker("w1", TALLY_BATCH="100")
    await until(lambda: _more_alerts(lab, 20), "the first worker works")
    second = lab.worker("w2", TALLY_BATCH="100")
    await until(lambda: second.log.exists() and b"Worker ready" in second.log.read_bytes(), "the second has joined")
    seen = await lab.alert_count()
    await until(lambda: _more_alerts(lab, seen + 50), "both work")
    assert await second.stop() == 0
    seen = await lab.alert_count()
    await until(lambda: _more_alerts(lab, seen + 50), "the first works on alone")
    done.set()
    await sending
    await lab.caught_up()
    assert await first.stop() == 0
    await assert_exact(lab)


@pytest.mark.slow
async def test_a_worker_that_slept_through_its_session_writes_nothing_over_its_successor(lab: Lab):
    await lab.send(a_stream_of_events(2_000))
    sleeper = lab.worker("w1", **{**SMALL, "TALLY_INSTANCE": "sleeper"})
    await until(lambda: _more_alerts(lab, 5), "the first worker is in mid-work")
    sleeper.pause()
    await lab.send(a_stream_of_events(2_000, start=2_000))
    successor = lab.worker("w2", **{**SMALL, "TALLY_INSTANCE": "successor"})
    await lab.caught_up()
    sleeper.resume()
    await lab.send(a_stream_of_events(500, start=4_000))
    await lab.caught_up()
    assert await sleeper.stop() in (0, 76), "it rejoined, or ended itself at the fence"
    assert await successor.stop() == 0
    await assert_exact(lab)
