"""The vital signs of a worker: what the watchdog listens to, what is left to restore, and how much is unread."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiokafka.errors import IllegalStateError, KafkaError
from faust.types import TP

from stream_app.engine.consumer import EngineConsumer
from stream_app.engine.engine import Engine
from stream_app.engine.seams import recovery_of
from stream_app.engine.watchdog import Vitals

PULSE_SECONDS = 0.5
PULSE_LOST_SECONDS = 5.0
"""An event loop that has not turned for this long counts as standing still."""
LOOK_SECONDS = 3.0
"""How often the broker is asked whether it answers (while it accepts no heartbeat), and for fresh end offsets."""
CONSUMER_LOST_SECONDS = 12.0
"""A consumer that has not told end offsets for this long counts as standing still."""


class Restoring(NamedTuple):
    """How far the tables are from being restored; nothing is left once they are."""

    records_left: int
    seconds: float


class VitalSigns:
    """Measures, from within the event loop, what the watchdog's thread reads."""

    def __init__(
        self,
        app: Any,
        engine: Engine,
        consumer: Callable[[], EngineConsumer],
        kafka_answers: Callable[[], Awaitable[bool]],
    ) -> None:
        self._app = app
        self._engine = engine
        self._consumer = consumer
        self._ask_kafka = kafka_answers
        self._pulse_at = self._told_at = time.monotonic()
        self._kafka_answered = False
        self._restoring_since: float | None = None
        self._ends: dict[TP, int] = {}
        self.lag: dict[TP, int] = {}
        """Records not done yet, by assigned event partition."""

    # -- measuring ----------------------------------------------------------------------------------------------------

    async def beat(self) -> None:
        """Prove that the event loop turns, and measure the lag."""
        while True:
            now = self._pulse_at = time.monotonic()
            self.lag = self._measure_lag()
            if not self._app.rebalancing:
                self._restoring_since = None
            elif self._restoring_since is None:
                self._restoring_since = now
            await asyncio.sleep(PULSE_SECONDS)

    async def look_around(self) -> None:
        """Ask the broker whether it is there while it accepts no heartbeat, and the consumer how much is unread.

        A consumer that has stopped fetching would not learn from its fetches that there is more.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._kafka_answered = self._engine.fence.holds or await self._ask_kafka()
            if not self._kafka_answered or self._app.rebalancing:
                self._told_at = time.monotonic()
                continue
            consumer = self._consumer()
            try:
                ends = await asyncio.wait_for(consumer.highwaters(*consumer.done), LOOK_SECONDS)
            except (KafkaError, IllegalStateError, TimeoutError):
                continue
            self._ends, self._told_at = dict(ends), time.monotonic()

    def _measure_lag(self) -> dict[TP, int]:
        consumer = self._consumer()
        lag: dict[TP, int] = {}
        for tp, done in dict(consumer.done).items():
            try:
                end = consumer.highwater(tp)
            except IllegalStateError:
                continue  # not assigned any more: unknown lag is no lag
            lag[tp] = max(0, max(end or 0, self._ends.get(tp, 0)) - done)
        return lag

    # -- reading ------------------------------------------------------------------------------------------------------

    @property
    def restoring(self) -> Restoring:
        """What is left of restoring the tables of owned partitions."""
        since, recovery = self._restoring_since, recovery_of(self._app)
        left = 0
        if recovery is not None and recovery.in_recovery:
            offsets = dict(recovery.active_offsets)
            for tp, end in dict(recovery.active_highwaters).items():
                left += max(0, end - (-1 if offsets.get(tp) is None else offsets[tp]))
        return Restoring(left, 0.0 if since is None else time.monotonic() - since)

    def vitals(self) -> Vitals:
        """Look at the worker; called from the watchdog's thread, so it only reads."""
        app, engine = self._app, self._engine
        recovery = recovery_of(app)
        offsets = dict(recovery.active_offsets) if recovery is not None else {}
        silent = time.monotonic() - self._pulse_at > PULSE_LOST_SECONDS
        return Vitals(
            awaits=self._awaits(silent=silent),
            progress=(
                app.rebalancing_count,
                app.rebalancing,
                sum(offset or 0 for offset in offsets.values()),
                engine.checkpointer.records_done,
                self._pulse_at if silent else None,
            ),
            crashed=bool(app.crashed or app.should_stop),
        )

    def _awaits(self, *, silent: bool) -> str | None:
        """Say what should get on, if anything should that nothing outside holds up."""
        holds = self._engine.fence.holds
        if silent:
            return "the event loop stands still"
        if not holds and not self._kafka_answered:
            return None  # an outage: to be waited for
        if self._app.rebalancing_count == 0:
            return "no partitions were ever assigned, though Kafka answers"
        if self._app.rebalancing:
            return f"a rebalance has not ended, with {self.restoring.records_left} changelog records left to restore"
        return self._reading() if holds else "Kafka answers, but has accepted no heartbeat"

    def _reading(self) -> str | None:
        if time.monotonic() - self._told_at > CONSUMER_LOST_SECONDS:
            return "the consumer does not answer"
        engine, unread = self._engine, sum(dict(self.lag).values())
        if engine.checkpointer.idle and (unread or engine.work is not None):
            return f"{unread} records are unread, and nothing is under way"
        return None
