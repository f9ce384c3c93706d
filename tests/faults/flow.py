"""Produces inputs, at once or at a steady pace in the background, each after it stands in the ground truth."""

import asyncio
import itertools
import time
from collections.abc import Iterator

from aiokafka import AIOKafkaProducer

from tests.faults.truth import HEADER, Input, Truth

TICK_SECONDS = 0.05
OUTAGE_MS = 300_000
"""How long a record may wait for a broker that is away."""


def producer_to(bootstrap: str) -> AIOKafkaProducer:
    """A producer that repeats nothing and gives up nothing."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=200_000,
        max_request_size=1_100_000,
        request_timeout_ms=OUTAGE_MS,
    )


class Flow:
    """The feed of one run."""

    def __init__(
        self, producer: AIOKafkaProducer, namespace: str, truth: Truth, inputs: Iterator[Input], pace_share: float = 1.0
    ) -> None:
        self._producer = producer
        self._pace_share = pace_share
        self._namespace = namespace
        self._truth = truth
        self._inputs = inputs
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def send(self, count: int) -> None:
        """Send the next inputs and wait until all are acknowledged."""
        await self.send_these(list(itertools.islice(self._inputs, count)))

    async def send_these(self, inputs: list[Input]) -> None:
        """Send these inputs and wait until all are acknowledged."""
        numbers = self._truth.write(inputs)
        futures = [
            await self._producer.send(
                f"{self._namespace}.{item.topic}", item.value, key=item.key, headers=[(HEADER, b"%d" % number)]
            )
            for number, item in zip(numbers, inputs, strict=True)
        ]
        for number, where in zip(numbers, await asyncio.gather(*futures), strict=True):
            self._truth.acknowledge(number, where.topic, where.partition, where.offset)

    def begin(self, per_second: int) -> None:
        """Send at this pace until `end`, an open loop: what a broker that was away has kept back comes at once.

        Of the pace the subject's share is taken.
        """
        self._ended.clear()
        self._task = asyncio.create_task(self._run(per_second * self._pace_share), name="flow")

    async def end(self) -> None:
        """End the flow; all that was sent is acknowledged."""
        self._ended.set()
        if self._task is not None:
            task, self._task = self._task, None
            await task

    async def _run(self, per_second: float) -> None:
        ended = asyncio.create_task(self._ended.wait())
        began, sent = time.monotonic(), 0
        while not ended.done():
            due = int((time.monotonic() - began) * per_second) - sent
            await self.send(due)
            sent += due
            await asyncio.wait({ended}, timeout=TICK_SECONDS)
