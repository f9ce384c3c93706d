"""What the owners of partition numbers tell each other of their clocks, on `<ns>.clocks` (compacted, one partition).

A number that is read to its end for the idle time follows the others (`stream_app.engine.clock`), so that the work of
customers who are alone on a silent partition number is done too. Nothing is decided by these records but when.
"""

import asyncio

import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from schemas.internal import ClockMark
from schemas.wire import encode
from stream_app.engine.app import EngineApp
from stream_app.engine.clock import Siblings, Told
from stream_app.kafka import KafkaUnavailable, consumer, producer
from stream_app.settings import Settings

TABLE = "profiles"
INTERVAL_SECONDS = 1.0
RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


def clocks_topic(settings: Settings) -> str:
    """Return the topic's full name."""
    return f"{settings.namespace}.clocks"


class SiblingClocks:
    """Tells the others of the clocks of this worker's partition numbers, and hears of theirs."""

    def __init__(self, app: EngineApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._partition = TopicPartition(clocks_topic(settings), 0)
        self._siblings = Siblings(settings.partitions)
        self._said: dict[int, Told] = {}
        app.engine.clocks.follow(self._siblings, settings.idle_seconds)

    async def run(self) -> None:
        """Hear and tell, once a second, for ever; broken connections are made anew."""
        while True:
            try:
                await self._run()
            except (KafkaError, KafkaUnavailable, OSError) as error:
                log.warning("clocks wait", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _run(self) -> None:
        self._said.clear()
        async with producer(self._settings.kafka) as sender, consumer(self._settings.kafka) as reader:
            reader.assign([self._partition])
            await reader.seek_to_beginning(self._partition)
            while True:
                for records in (await reader.getmany(timeout_ms=0)).values():
                    self.hear(records)
                await self.tell(sender)
                await asyncio.sleep(INTERVAL_SECONDS)

    def hear(self, records: list[ConsumerRecord]) -> None:
        """Note what the owners of partition numbers say; what is no clock is passed by.

        What another says of a number that is ours (its last owner, that slept through the rebalance) is said anew.
        """
        for record in records:
            try:
                mark = ClockMark.model_validate_json(record.value or b"")
            except ValidationError:
                log.warning("not a clock", offset=record.offset)
                continue
            told = Told(mark.clock_ms, mark.idle)
            self._siblings.hear(mark.partition, told)
            if self._said.get(mark.partition) != told:
                self._said.pop(mark.partition, None)

    async def tell(self, sender: AIOKafkaProducer) -> None:
        """Send what has changed of our partition numbers' clocks; what cannot be sent is tried at the next call."""
        generation = self._app.engine.fence.generation
        owned = {number for table, number in self._app.engine.clocks.numbers if table == TABLE}
        # Whoever owned a number in between may have said otherwise: it is told anew.
        self._said = {number: said for number, said in self._said.items() if number in owned}
        for number in sorted(owned):
            try:
                await self._tell_one(sender, number, generation)
            except (KafkaError, TimeoutError) as error:
                log.warning("clock waits", partition=number, error=type(error).__name__)

    async def _tell_one(self, sender: AIOKafkaProducer, number: int, generation: int) -> None:
        engine = self._app.engine
        unread = await self._app.lifecycle.unread(TABLE, number)
        told = engine.clocks.told(TABLE, number, unread)
        if told is None or told == self._said.get(number):
            return
        if not engine.fence.holds or engine.fence.generation != generation:  # it may be another's by now
            return
        mark = ClockMark(partition=number, clock_ms=told.clock_ms, idle=told.idle)
        await sender.send_and_wait(self._partition.topic, encode(mark), key=str(number).encode(), partition=0)
        self._said[number] = told
