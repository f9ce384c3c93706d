"""Agents that never wait hold nobody up: events are folded in slices, and what is done leaves."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from stream_app.engine.app import EngineApp
from stream_app.engine.engine import Engine
from stream_app.engine.fetched import EngineBatch
from stream_app.engine.records import Record
from tests.unit.engine_seams.test_engine import ONE, TOPIC, TOPIC_ID, an_assignment, app

__all__ = ["app"]  # the fixture

EVENTS = 5


@pytest.fixture
def hasty(monkeypatch):
    """Slices without length: each event is one."""
    monkeypatch.setattr("stream_app.engine.stream.SLICE_SECONDS", 0)


async def folded(app: EngineApp, look: Callable[[], Any] = lambda: None) -> list[Any]:
    """Fold a batch with an agent that never waits; give what `look` saw at the turns of another task."""
    engine, handed, seen = app.engine, [], []
    engine.take_over(an_assignment())
    topic, state = engine.source(ONE)
    records = [Record(TOPIC, TOPIC_ID, 1, offset, b"C1", b"x") for offset in range(EVENTS)]

    async def agent() -> None:
        async for given in app.stream(app.topic(TOPIC)):
            handed.append(given.position.offset)  # noqa: PERF401 - others look at it as it grows

    async def other() -> None:
        while True:
            seen.append(look())
            await asyncio.sleep(0)

    others = asyncio.create_task(other())
    folding = asyncio.create_task(agent())
    handing = asyncio.create_task(engine.hand_over(EngineBatch(topic, state, records, 1)))
    await asyncio.wait({folding, handing}, return_when=asyncio.FIRST_COMPLETED)
    for task in (others, folding):
        task.cancel()
    await asyncio.wait({others, folding})
    assert handed == [*range(EVENTS)]
    return seen


def sealed(engine: Engine) -> list[int]:
    """Where what has been sealed ends."""
    return [batch.end_offset for batch in engine.checkpointer._next.batches]


@pytest.mark.usefixtures("hasty")
async def test_what_is_done_leaves_before_the_batch_ends(app: EngineApp):
    seen = await folded(app, lambda: sealed(app.engine))
    assert sealed(app.engine) == [1, 2, 3, 4, 5]
    assert all([*range(1, done + 1)] in seen for done in range(1, EVENTS)), "each part may be delivered meanwhile"


@pytest.mark.usefixtures("hasty")
async def test_a_worker_that_is_behind_seals_whole_batches_and_gives_others_their_turns_all_the_same(app: EngineApp):
    app.engine.checkpointer.seconds_behind = 1.0
    seen = await folded(app, lambda: app.engine.work is not None and app.engine.work.batch.end_offset)
    assert sealed(app.engine) == [5]
    assert {0, 1, 2, 3, 4} <= set(seen)


async def test_a_batch_that_is_done_within_a_slice_is_sealed_once(app: EngineApp, monkeypatch):
    monkeypatch.setattr("stream_app.engine.stream.SLICE_SECONDS", 3_600)
    await folded(app)
    assert sealed(app.engine) == [5]
