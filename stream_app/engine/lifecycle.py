"""What runs beside the batches: the pulse that the watchdog listens to, lag, and the timers."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka.errors import IllegalStateError, KafkaError
from faust.types import TP

from stream_app.engine.backoff import Backoff
from stream_app.engine.clock import Timer
from stream_app.engine.consumer import EngineConsumer
from stream_app.engine.engine import Engine
from stream_app.engine.seams import kafka_producer, recovery_of
from stream_app.engine.watchdog import Vitals

log = logging.getLogger(__name__)

PULSE_SECONDS = 0.5
PULSE_LOST_SECONDS = 5.0
"""An event loop that has not turned for this long counts as standing still."""
TIMER_SECONDS = 1.0


class Lifecycle:
    """The background tasks of a worker, and its vital signs."""

    def __init__(self, app: Any, engine: Engine, consumer: Callable[[], EngineConsumer]) -> None:
        self._app = app
        self._engine = engine
        self._consumer = consumer
        self._pulse_at = time.monotonic()
        self._backoff = Backoff()
        self.lag: dict[TP, int] = {}
        """Records not done yet, by assigned event partition."""
        self.clock_ms: dict[tuple[str, int], int | None] = {}
        """Clock per (table, partition number), epoch ms; None where it stands still for want of traffic."""

    # -- vital signs --------------------------------------------------------------------------------------------------

    async def beat(self) -> None:
        """Prove that the event loop turns, and measure the lag."""
        while True:
            self._pulse_at = time.monotonic()
            self.lag = self._measure_lag()
            await asyncio.sleep(PULSE_SECONDS)

    def vitals(self) -> Vitals:
        """Look at the worker; called from the watchdog's thread, so it only reads."""
        app, engine = self._app, self._engine
        recovery = recovery_of(app)
        recovering = recovery is not None and recovery.in_recovery
        restored = sum(offset or 0 for offset in dict(recovery.active_offsets).values()) if recovering else 0
        silent = time.monotonic() - self._pulse_at > PULSE_LOST_SECONDS
        waiting = bool(sum(dict(self.lag).values())) or engine.work is not None
        idle_with_work = waiting and engine.checkpointer.idle and engine.fence.holds
        return Vitals(
            expects_progress=app.rebalancing or recovering or idle_with_work or silent,
            progress=(
                app.rebalancing_count,
                app.rebalancing,
                recovering,
                restored,
                engine.checkpointer.records_done,
                self._pulse_at if silent else None,
            ),
            crashed=bool(app.crashed or app.should_stop),
        )

    def _measure_lag(self) -> dict[TP, int]:
        consumer = self._consumer()
        lag: dict[TP, int] = {}
        for tp, done in dict(consumer.done).items():
            try:
                end = consumer.highwater(tp)
            except IllegalStateError:
                continue  # not assigned any more: unknown lag is no lag
            lag[tp] = max(0, (end or 0) - done)
        return lag

    # -- timers -------------------------------------------------------------------------------------------------------

    async def wake_due_work(self) -> None:
        """Send timers for what is due by the clock of each owned partition number."""
        while True:
            await asyncio.sleep(TIMER_SECONDS)
            self.clock_ms = {
                where: told for where, told in self.clock_ms.items() if where in self._engine.clocks.numbers
            }
            numbers = self._engine.clocks.numbers
            try:
                ends = await self._ends(tp for table, number in numbers for tp in self._moving(table, number))
            except (KafkaError, TimeoutError) as exc:
                log.warning("timers: end offsets: %r", exc)
                continue
            for table, number in numbers:
                await self._wake(table, number, self._behind(table, number, ends))

    async def unread(self, table: str, number: int) -> Mapping[str, bool]:
        """Tell by fresh end offsets which topics that move the clock have records behind the last delivered one."""
        return self._behind(table, number, await self._ends(self._moving(table, number)))

    def _moving(self, table: str, number: int) -> list[TP]:
        return [TP(topic.name, number) for topic in self._engine.registry.of_table(table) if topic.rule.moves_clock]

    async def _ends(self, tps: Iterable[TP]) -> Mapping[TP, int]:
        wanted = list(tps)
        return await self._consumer().highwaters(*wanted) if wanted else {}

    def _behind(self, table: str, number: int, ends: Mapping[TP, int]) -> Mapping[str, bool]:
        done = self._consumer().done
        return {tp.topic: ends[tp] > done[tp] for tp in self._moving(table, number) if tp in done and tp in ends}

    async def _wake(self, table: str, number: int, unread: Mapping[str, bool]) -> None:
        engine = self._engine
        now = engine.clocks.now_ms(table, number, unread)
        self.clock_ms[table, number] = now
        stores = engine.tables[table].store
        if now is None or number not in stores.owned:  # closed while we asked for the end offsets
            return
        timers = engine.clocks.due(table, number, stores.partition(number), now)
        attempt = 0
        while timers and (table, number) in engine.owned:
            try:
                await self._send(table, number, timers)
            except KafkaError as exc:
                wait = self._backoff.wait(attempt)
                log.warning("timers of %s-%d: %r; again in %.2f s", table, number, exc, wait)
                attempt += 1
                await asyncio.sleep(wait)
            else:
                return

    async def _send(self, table: str, number: int, timers: list[Timer]) -> None:
        rule = self._engine.clocks.rules[table]
        producer = kafka_producer(self._app)
        futures = [
            await producer.send(
                rule.topic, value=rule.encode(timer.key, timer.until_ms), key=timer.key, partition=number
            )
            for timer in timers
        ]
        await asyncio.gather(*futures)
