"""A Faust stream that unrolls batches: the agent iterates over events, the engine sees batches.

Agents seldom wait, so a long batch would hold up all else that a worker does: checkpoints, heartbeats, clocks. Once a
slice of time has passed, what is done by then is sealed, and the others have their turns, so that an alert leaves while
the rest of its batch is folded. A worker that is behind seals whole batches: all is late anyway, and a key that changes
often is written once.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, NoReturn

import faust

from schemas.errors import BrokenInvariant, StateError
from stream_app.engine.batch import Given, Turn
from stream_app.engine.engine import Engine, Work
from stream_app.engine.fatal import Exit, die
from stream_app.engine.rules import EngineUseError
from stream_app.engine.sealed import SealedBatch
from stream_app.engine.topics import EventTopic

SLICE_SECONDS = 0.004
"""How long events are folded at one go."""
TURNS = 8
"""Turns of the event loop between two slices, some ten microseconds each: a checkpoint is a chain of them."""


class EventStream(faust.Stream):  # type: ignore[type-arg]
    """The stream of an event topic; of other topics, Faust's own."""

    @property
    def source(self) -> EventTopic | None:
        """The event topic that this stream reads, None for an ordinary one."""
        names = getattr(self.channel, "topics", None) or ()
        found = [topic for name in names if (topic := self._engine.registry.get(name)) is not None]
        return found[0] if found else None

    @property
    def _engine(self) -> Engine:
        engine: Engine = self.app.engine  # type: ignore[attr-defined]
        return engine

    def __aiter__(self) -> AsyncIterator[Any]:
        source = self.source
        if source is None:
            return super().__aiter__()
        events = self._events(source)
        self._active_agens.add(events)
        return events

    async def _events(self, source: EventTopic) -> AsyncGenerator[Given, None]:
        self._finalized = True
        engine = self._engine
        started_here = await self.maybe_start()
        try:
            while not self.should_stop:
                work = engine.work
                if work is None or work.batch.source is not source:
                    work = await source.mailbox.take()
                    engine.begin(work)
                    work.slice_ends = time.perf_counter() + SLICE_SECONDS
                batch = work.batch
                while not batch.done:
                    if batch.state.waiting:
                        await engine.wait_acknowledged(batch.state)
                    if time.perf_counter() >= work.slice_ends:
                        turn = await self._end_slice(work)
                    else:
                        turn = self._advance(work)
                    if isinstance(turn, Given):
                        yield turn
                engine.end()
                await asyncio.sleep(0)
        finally:
            if started_here:
                await self.stop()
                self.service_reset()

    async def _end_slice(self, work: Work) -> Turn:
        """Go a step on, which seals what is done if the worker is not behind; then others have their turns."""
        if not self._engine.checkpointer.behind:
            work.batch.cut()
        turn = self._advance(work)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        work.slice_ends = time.perf_counter() + SLICE_SECONDS
        return turn

    def _advance(self, work: Work) -> Turn:
        """Take the batch one step; what the core raises here is no event's fault."""
        batch = work.batch
        try:
            turn = batch.advance()
        except Exception as exc:  # noqa: BLE001 - whatever it is, nothing after it could be trusted
            die(Exit.BROKEN, f"batch {batch.topic}-{batch.partition}: {exc!r}")
        if isinstance(turn, SealedBatch):
            self._engine.seal(turn)
        return turn

    async def restart(self) -> None:
        """Close the generators of an agent that raised; the next one goes on within the same batch."""
        for generator in list(self._active_agens):
            await generator.aclose()

    def fail(self, error: BaseException) -> None:
        """Undo the event on which the agent raised; ends the process when the error is not an event's."""
        work = self._engine.work
        if work is None or work.batch.source is not self.source:
            die(Exit.BROKEN, f"agent failed outside of an event: {error!r}")
        try:
            work.batch.fail(error)
        except EngineUseError:
            die(Exit.BROKEN, f"agent failed outside of an event: {error!r}")
        except (BrokenInvariant, StateError) as ours:
            die(Exit.BROKEN, f"{work.batch.topic}-{work.batch.partition}@{work.batch.end_offset}: {ours!r}")

    # -- what would break the order of events, or the guard by key ----------------------------------------------------

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise EngineUseError("not offered on event topics: key the source topic by customer instead")

    def _unless_event_topic(self, name: str) -> Any:
        return self._refuse if self.source is not None else getattr(super(), name)

    def group_by(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse on event topics."""
        return self._unless_event_topic("group_by")(*args, **kwargs)

    def through(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse on event topics."""
        return self._unless_event_topic("through")(*args, **kwargs)

    def filter(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse on event topics."""
        return self._unless_event_topic("filter")(*args, **kwargs)

    def take(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse on event topics."""
        return self._unless_event_topic("take")(*args, **kwargs)

    def enumerate(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse on event topics."""
        return self._unless_event_topic("enumerate")(*args, **kwargs)

    def noack(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse on event topics."""
        return self._unless_event_topic("noack")(*args, **kwargs)
