"""Tasks that are told to end do end, also where a cancellation is lost."""

import asyncio
from contextlib import suppress

import pytest

from stream_app.tasks import ended


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr("stream_app.tasks.AGAIN_SECONDS", 0.001)


async def loses(cancellations: int) -> None:
    """Go on for ever, but for the cancellation after so many that are lost."""
    for _ in range(cancellations):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def begun(*tasks: asyncio.Task) -> list[asyncio.Task]:
    await asyncio.sleep(0)
    return list(tasks)


async def test_a_task_ends_whose_cancellation_is_lost():
    tasks = await begun(*[asyncio.create_task(loses(n)) for n in range(3)])
    await ended(tasks)
    assert [task.cancelled() for task in tasks] == [True] * 3


async def test_a_task_ends_that_is_cancelled_just_when_what_it_waits_for_has_come():
    """As redis-py waits with every request; once would not do on this Python."""
    arrived = asyncio.Event()
    rounds = 0

    async def reads() -> None:
        nonlocal rounds
        while True:
            await asyncio.wait_for(arrived.wait(), 60)
            arrived.clear()
            rounds += 1

    (task,) = await begun(asyncio.create_task(reads()))
    await asyncio.sleep(0)
    arrived.set()
    await asyncio.sleep(0)  # the answer is there, and the reader has not heard of it
    await ended([task])
    assert task.done()
    assert rounds <= 1


async def test_what_a_task_raised_is_passed_by_and_nothing_to_end_is_nothing_to_wait_for():
    async def fails() -> None:
        raise ValueError

    tasks = await begun(asyncio.create_task(fails()))
    await ended(tasks)
    await ended([])
    assert isinstance(tasks[0].exception(), ValueError)
