"""A Faust agent that restarts in place: an event on which it raises is undone, tried once more, then dead-lettered.

Faust's supervisor would start the replacement at its next wake-up, up to five seconds later, and end the process at a
hundred restarts a second.
"""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable
from typing import Any, cast

from faust.agents.agent import Agent, _current_agent

from stream_app.engine.rules import EngineUseError
from stream_app.engine.stream import EventStream

log = logging.getLogger(__name__)


class EventAgent(Agent):
    """The one agent of an event topic; on ordinary topics, Faust's own."""

    async def _execute_actor(self, coro: Awaitable[Any], aref: Any) -> None:
        stream = aref.stream
        if not isinstance(stream, EventStream) or stream.source is None:
            await super()._execute_actor(coro, aref)
            return
        if isinstance(aref, AsyncIterable):
            raise EngineUseError(f"agent {self.name}: on an event topic an agent yields nothing; stage effects instead")
        _current_agent.set(self)
        attempt: Awaitable[Any] = coro
        while True:
            try:
                await attempt
            except asyncio.CancelledError as exc:
                if self.should_stop:
                    raise
                await aref.crash(exc)
                self.supervisor.wakeup()
                return
            except Exception as exc:
                # The class only: the message may quote the payload. No reference stays, it would hold the generator.
                log.warning("agent %s: %s", self.name, type(exc).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
                stream.fail(exc)
            else:
                return
            await stream.restart()
            attempt = cast("Awaitable[Any]", self.fun(stream))
