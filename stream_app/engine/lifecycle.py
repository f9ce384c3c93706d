"""What runs beside the batches: timers for due work, and the look at what others wrote into our changelogs."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError
from faust.types import TP

from stream_app.engine.backoff import Backoff
from stream_app.engine.clock import Timer
from stream_app.engine.consumer import EngineConsumer
from stream_app.engine.engine import Engine
from stream_app.engine.sole_writer import SoleWriter, Where
from stream_app.engine.turns import Turns, in_turn
from stream_app.engine.vitals import Restoring, VitalSigns

log = logging.getLogger(__name__)

TIMER_SECONDS = 1.0
REST_SECONDS = 0.02
"""Between two handfuls of timers, for events."""
SENDING_SECONDS = 1.0
"""What has not gone out by then is looked up anew, with the clocks of that moment."""
AUDIT_SECONDS = 1.0


class NotOursError(Exception):
    """The generation moved during an audit: whoever owns the partition now looks for himself."""


class Lifecycle:
    """The background tasks of a worker."""

    def __init__(self, app: Any, engine: Engine, consumer: Callable[[], EngineConsumer], signs: VitalSigns) -> None:
        self._app = app
        self._engine = engine
        self._consumer = consumer
        self._backoff = Backoff()
        self.signs = signs
        self.clock_ms: dict[tuple[str, int], int | None] = {}
        """Clock per (table, partition number), epoch ms; None where it stands still for want of traffic."""

    @property
    def lag(self) -> Mapping[TP, int]:
        """Records not done yet, by assigned event partition."""
        return self.signs.lag

    @property
    def restoring(self) -> Restoring:
        """What is left of restoring the tables of owned partitions."""
        return self.signs.restoring

    # -- changelogs ---------------------------------------------------------------------------------------------------

    async def audit_changelogs(self, writer: SoleWriter) -> None:
        """Look every second for records of others behind our own, which a checkpoint would find only at its next."""
        while True:
            await asyncio.sleep(AUDIT_SECONDS)
            generation = self._engine.fence.generation
            owned = {TP(self._changelog_of(table), number): (table, number) for table, number in self._engine.owned}
            try:
                ends = await self._ends(owned)
                for tp, end in ends.items():
                    await self._audit(writer, owned[tp], end, generation)
            except NotOursError:
                continue
            except (KafkaError, TimeoutError) as exc:
                log.warning("audit: end offsets: %r", exc)

    async def _audit(self, writer: SoleWriter, where: Where, end: int, generation: int) -> None:
        table, number = where

        async def fence() -> None:
            await self._engine.fence.check_lease()
            store = self._engine.tables[table].store  # closed by a stop before the partition is released
            moved = self._engine.fence.generation != generation or where not in self._engine.owned
            if moved or number not in store.owned:
                raise NotOursError

        await writer.audit(where, end, fence)

    def _changelog_of(self, table: str) -> str:
        return str(self._engine.tables[table].changelog_topic.get_topic_name())

    # -- timers -------------------------------------------------------------------------------------------------------

    async def wake_due_work(self) -> None:
        """Send timers for what is due by the clock of each owned partition number."""
        waiting: list[Where] = []
        while True:
            await asyncio.sleep(TIMER_SECONDS)
            self.clock_ms = {
                where: told for where, told in self.clock_ms.items() if where in self._engine.clocks.numbers
            }
            numbers = in_turn(self._engine.clocks.numbers, waiting)
            try:
                ends = await self._ends(tp for table, number in numbers for tp in self._moving(table, number))
            except (KafkaError, TimeoutError) as exc:
                log.warning("timers: end offsets: %r", exc)
                continue
            due = {where: self._due(*where, self._behind(*where, ends)) for where in numbers}
            waiting = await self._wake(Turns(due))

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

    def _due(self, table: str, number: int, unread: Mapping[str, bool]) -> list[Timer]:
        engine = self._engine
        engine.clocks.look(table, number, unread)
        now = engine.clocks.now_ms(table, number, unread)
        self.clock_ms[table, number] = now
        stores = engine.tables[table].store
        if now is None or number not in stores.owned:  # closed while we asked for the end offsets
            return []
        return engine.clocks.due(table, number, stores.partition(number), now)

    async def _wake(self, turns: Turns) -> list[Where]:
        """Send timers by handfuls; if the worker is behind, and all is late anyway, at one go.

        Returns the partition numbers of which some are left.
        """
        clock, checkpointer = asyncio.get_running_loop().time, self._engine.checkpointer
        until = clock() + SENDING_SECONDS
        while turns and clock() < until:
            at_once = checkpointer.behind
            await self._send_until_out(*turns.take(at_once=at_once))
            if turns and not at_once:
                await asyncio.sleep(REST_SECONDS)
        for where, timers in turns:
            self._engine.clocks.forget(*where, timers)
        return [where for where, _ in turns]

    async def _send_until_out(self, where: Where, timers: Sequence[Timer]) -> None:
        attempt = 0
        while where in self._engine.owned:
            try:
                await self._send(*where, timers)
            except KafkaError as exc:
                wait = self._backoff.wait(attempt)
                log.warning("timers of %s-%d: %r; again in %.2f s", *where, exc, wait)
                attempt += 1
                await asyncio.sleep(wait)
            else:
                return

    async def _send(self, table: str, number: int, timers: Sequence[Timer]) -> None:
        rule = self._engine.clocks.rules[table]
        producer = await self._app.producers.ready()
        futures = [
            await producer.send(
                rule.topic, value=rule.encode(timer.key, timer.until_ms), key=timer.key, partition=number
            )
            for timer in timers
        ]
        await asyncio.gather(*futures)
