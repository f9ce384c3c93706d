"""What a worker promises the trainers of its examples, so that these learn in order of event time."""

import asyncio

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from models.policy import Policy
from models.training.punctuation import punctuation
from schemas.internal import Punctuation
from schemas.wire import encode
from stream_app.engine.app import EngineApp
from stream_app.kafka import producer
from stream_app.settings import Settings
from stream_app.training.trainer import example_partition, examples_topic

TABLE = "profiles"
INTERVAL_SECONDS = 1.0
NO_END_MS = 2**62

log = structlog.get_logger(__name__)


class Punctuator:
    """Tells the trainers, for each owned partition number, below which time no example will still come from it.

    The local store is written only after the effects of a checkpoint are acknowledged, so what its index by due time
    no longer holds has its examples on the topic already.
    """

    def __init__(self, app: EngineApp, settings: Settings, policy: Policy) -> None:
        self._app = app
        self._settings = settings
        self._policy = policy
        self._said: dict[tuple[str, int], tuple[int, bool]] = {}

    async def run(self) -> None:
        """Send what has changed, every second, for ever."""
        async with producer(self._settings.kafka) as sender:
            while True:
                await asyncio.sleep(INTERVAL_SECONDS)
                await self.tell(sender)

    async def tell(self, sender: AIOKafkaProducer) -> None:
        """Send each promise that differs from the last one sent; what cannot be sent is tried at the next call."""
        numbers = [number for table, number in self._app.engine.owned if table == TABLE]
        # Whoever owned a number in between may have promised otherwise: it is told anew.
        self._said = {(model, number): said for (model, number), said in self._said.items() if number in numbers}
        for number in numbers:
            try:
                for promise in await self.promises(number):
                    await sender.send_and_wait(
                        examples_topic(self._settings),
                        encode(promise),
                        key=promise.model.encode(),
                        partition=example_partition(promise.model, self._policy),
                    )
                    self._said[promise.model, number] = (promise.below_ms, promise.idle)
            except (KafkaError, TimeoutError) as error:
                log.warning("punctuation waits", partition=number, error=type(error).__name__)

    async def promises(self, number: int) -> list[Punctuation]:
        """Return a promise for each model to which another one was sent last for this partition number."""
        engine = self._app.engine
        unread = await self._app.lifecycle.unread(TABLE, number)
        stores = engine.tables[TABLE].store
        if (TABLE, number) not in engine.owned or number not in stores.owned:  # given away while we asked
            return []
        earliest = next((due_ms for _, due_ms in stores.partition(number).due(NO_END_MS)), None)
        idle = earliest is None and bool(unread) and not any(unread.values())
        clock_ms = engine.clocks.now_ms(TABLE, number, unread)
        if clock_ms is None and not idle:
            return []
        made = [punctuation(model, number, clock_ms, earliest, idle=idle) for model in self._policy.models.names]
        return [it for it in made if self._said.get((it.model, number)) != (it.below_ms, it.idle)]
