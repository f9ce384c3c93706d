"""The engine's own Kafka producer: it writes while the heartbeat lease runs, and is replaced when it has run out.

aiokafka's idempotent producer never gives up a batch that it has sent once: after an outage it would deliver values
that may by then be older than a new owner's. So when the lease runs out with something on the way, the producer is
closed hard (unsent bytes are thrown away, also those in the kernel's buffers), and the caller sends again through a new
one once the fence lets it. Faust's producer is another one: what ordinary agents send waits for the broker.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream_app.engine.backoff import Backoff
from stream_app.engine.fence import Fence
from stream_app.engine.seams import bury, cut_off, lease_requests
from stream_app.engine.sole_writer import LeaseRanOutError

log = logging.getLogger(__name__)

T = TypeVar("T")


class AbandonedError(KafkaError):  # type: ignore[misc] # aiokafka is untyped
    """The producer was closed while the record waited: it may or may not arrive."""

    retriable = True


class LeasedProducer:
    """Hands out the present producer, and runs what sends through it for as long as the lease runs."""

    def __init__(self, make: Callable[[], AIOKafkaProducer], fence: Fence, backoff: Backoff | None = None) -> None:
        self._make = make
        self._fence = fence
        self._backoff = backoff or Backoff()
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._burials: set[asyncio.Task[None]] = set()

    async def ready(self) -> AIOKafkaProducer:
        """Return the producer, starting one if there is none; waits as long as no broker answers.

        It may have taken long: pass the fence before you send.
        """
        async with self._starting:
            attempt = 0
            while self._producer is None:
                producer = lease_requests(self._make(), lambda: self._fence.holds)
                try:
                    await producer.start()
                except (KafkaError, OSError) as exc:
                    await producer.stop()
                    wait = self._backoff.wait(attempt)
                    log.warning("kafka: no producer yet: %r; again in %.2f s", exc, wait)
                    attempt += 1
                    await asyncio.sleep(wait)
                else:
                    self._producer = producer
            return self._producer

    async def within_lease(self, producer: AIOKafkaProducer, sending: Coroutine[Any, Any, T]) -> T:
        """Run what sends through `producer` and awaits its acknowledgements.

        Raises `LeaseRanOutError` when the lease runs out before, also where another who sends has heard it first.
        """
        task = asyncio.ensure_future(sending)
        try:
            if await self._fence.outlasts(task):
                return task.result()
        except asyncio.CancelledError:
            task.cancel()
            raise
        except AbandonedError as gone:
            raise LeaseRanOutError("the heartbeat lease ran out with records on the way") from gone
        log.warning("the lease ran out with records on the way; they go out again, by a new producer, when it runs")
        self._abandon(producer)
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # heard, and of no interest
        raise LeaseRanOutError("the heartbeat lease ran out with records on the way")

    async def close(self) -> None:
        """Close the producer, once what it has is sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
        if self._burials:
            await asyncio.wait(self._burials)

    def _abandon(self, producer: AIOKafkaProducer) -> None:
        if producer is not self._producer:
            return  # another who sends through it was first
        self._producer = None
        cut_off(producer, AbandonedError("its producer was closed"))
        burial = asyncio.ensure_future(bury(producer))
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)
