"""The bank played against the clock: lines go out when they are due, and offers that come back are answered.

This loop knows neither Kafka nor Redis: `play` takes a function that sends a batch of lines and one that reads new
offers; `live.py` has the real ones.
"""

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from stream_app.simulate.lines import Line, key_of
from stream_app.simulate.outcomes import Respondents
from stream_app.simulate.pace import Speed
from stream_app.simulate.tally import Tally
from stream_app.simulate.world import World
from stream_app.tasks import ended

BATCH_LINES = 1_000
_TICK_SECONDS = 0.02  # how often a paced run looks for what is due

Send = Callable[[list[Line]], Awaitable[None]]
Pause = Callable[[float, asyncio.Event], Awaitable[None]]
ReadOffers = Callable[[], Awaitable[list[dict[str, Any]]]]


@dataclass(slots=True)
class Sent:
    """What a run has sent so far: records that are acknowledged, offers read, outcomes planned by label."""

    tally: Tally = field(default_factory=Tally)
    offers: int = 0
    planned: Counter[str] = field(default_factory=Counter)
    reached_ms: int = 0

    def count(self, line: Line) -> None:
        """Count a line that was acknowledged."""
        self.tally.count(line)
        self.reached_ms = max(self.reached_ms, line.arrival_ms)

    def summary(self) -> dict[str, Any]:
        """Return the counts as plain values for JSON; `total` counts all records sent to the bank's topics."""
        return {**self.tally.summary(), "offers": self.offers, "planned_outcomes": dict(sorted(self.planned.items()))}


@dataclass(slots=True)
class Town:
    """A world and what its customers still have to answer, as one stream in order of arrival."""

    world: World
    respondents: Respondents
    answers: list[tuple[int, int, Line]] = field(default_factory=list)
    number: int = 0

    def answer(self, offer: dict[str, Any], now_ms: int) -> list[str]:
        """Let a customer answer an offer in days to come; returns the labels of the outcomes."""
        topic = f"{self.world.options.namespace}.outcomes"
        answers = self.respondents.respond(offer, now_ms)
        for ms, outcome in answers:
            self.number += 1
            line = Line(topic, key_of(outcome), orjson.dumps(outcome), ms, str(outcome["event_id"]))
            heapq.heappush(self.answers, (ms, self.number, line))
        return [str(answer.outcome["label"]) for answer in answers]

    def lines(self) -> Iterator[Line]:
        """Yield the world's lines with the outcomes among them; an outcome after the last line is never due."""
        for line in self.world.lines():
            while self.answers and self.answers[0][0] <= line.arrival_ms:
                outcome = heapq.heappop(self.answers)[2]
                self.world.truth.tally.count(outcome)
                yield outcome
            yield line


async def pause_for(seconds: float, stop: asyncio.Event) -> None:
    """Wait for the next line that is due (at least a tick, so that lines travel in batches), or for the stop."""
    try:
        await asyncio.wait_for(stop.wait(), max(seconds, _TICK_SECONDS))
    except TimeoutError:
        return


async def play(
    world: World,
    send: Send,
    read_offers: ReadOffers,
    stop: asyncio.Event,
    *,
    speed: float = 0.0,
    pace_from_ms: int | None = None,
    sent: Sent | None = None,
    clock: Callable[[], float] = time.time,
    pause: Pause = pause_for,
) -> Sent:
    """Send a world's lines until its period ends or `stop` is set, and answer the offers that come back.

    `speed` is simulated seconds per second, 0 as fast as possible; what lies before `pace_from_ms` (default: the
    world's start) is sent without pacing. `sent` may be passed in to watch the counts. Errors of `send` and
    `read_offers` end the run.
    """
    sent = sent or Sent()
    town = Town(world, Respondents(world.by_id, world.options))
    from_ms = world.start_ms if pace_from_ms is None else pace_from_ms
    waiter = asyncio.create_task(_answer_offers(town, read_offers, sent))
    try:
        await _send_all(town, send, stop, sent, Speed(speed, from_ms, clock()), waiter, clock, pause)
    finally:
        await ended([waiter])
        world.truth.offers[:] = town.respondents.answered
    return sent


async def _send_all(
    town: Town,
    send: Send,
    stop: asyncio.Event,
    sent: Sent,
    speed: Speed,
    waiter: asyncio.Task[None],
    clock: Callable[[], float],
    pause: Pause,
) -> None:
    batch: list[Line] = []
    for line in town.lines():
        while (wait := speed.seconds_until(line.arrival_ms, clock())) > 0.0 and not stop.is_set():
            batch = await _flush(batch, send, sent)
            await pause(min(wait, _TICK_SECONDS * 10), stop)
        batch.append(line)
        if len(batch) >= BATCH_LINES:
            batch = await _flush(batch, send, sent)
            await asyncio.sleep(0)  # the offers' turn
        if waiter.done():
            waiter.result()
        if stop.is_set():
            break
    await _flush(batch, send, sent)


async def _flush(batch: list[Line], send: Send, sent: Sent) -> list[Line]:
    if batch:
        await send(batch)
        for line in batch:
            sent.count(line)
    return []


async def _answer_offers(town: Town, read_offers: ReadOffers, sent: Sent) -> None:
    while True:
        for offer in await read_offers():
            sent.offers += 1
            sent.planned.update(town.answer(offer, max(sent.reached_ms, town.world.start_ms)))
        await asyncio.sleep(0)
