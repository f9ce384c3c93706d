"""A synthetic bank live: its events go to Kafka at any speed, its customers answer the offers that come back."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from schemas.vocabulary import OFFER_CHANNELS
from stream_app.kafka import producer as connected_producer
from stream_app.settings import Settings
from stream_app.simulate.lines import Line
from stream_app.simulate.town import ReadOffers, Send, Sent, play
from stream_app.simulate.world import World

SENT_HEADER = "sent_ms"  # wall clock of sending, for the latency from sending to the entry on Redis

OnSending = Callable[[Line, int], None]
"""Hears of each line that goes out, and the wall clock (epoch ms)."""


def _deaf(line: Line, now_ms: int) -> None:
    """Hear nothing."""


class Live:
    """One world on the way to the services that the settings name; `sent` may be watched while it runs.

    `speed` is simulated seconds per second, 0 as fast as possible; what lies before `pace_from_ms` (default: the
    world's start) is sent without pacing. `on_sending` hears of each line.
    """

    def __init__(
        self,
        settings: Settings,
        world: World,
        *,
        speed: float = 0.0,
        pace_from_ms: int | None = None,
        on_sending: OnSending = _deaf,
    ) -> None:
        self.world = world
        self.sent = Sent()
        self._settings = settings
        self._speed = speed
        self._pace_from_ms = pace_from_ms
        self._on_sending = on_sending

    async def run(self, stop: asyncio.Event) -> dict[str, Any]:
        """Send until the world's period ends or `stop` is set; returns the counts of what was sent and planned.

        Raises KafkaUnavailable or a RedisError where a service does not answer. Afterwards the world's truth is
        complete for the time reached (`sent.reached_ms`).
        """
        redis = Redis.from_url(self._settings.redis.url)
        try:
            async with connected_producer(self._settings.kafka, linger_ms=5) as producer:
                await play(
                    self.world,
                    kafka_sender(producer, on_sending=self._on_sending),
                    offer_reader(redis, self._settings.namespace),
                    stop,
                    speed=self._speed,
                    pace_from_ms=self._pace_from_ms,
                    sent=self.sent,
                )
        finally:
            await redis.aclose()
        return self.sent.summary()


def kafka_sender(
    producer: AIOKafkaProducer, clock: Callable[[], float] = time.time, on_sending: OnSending = _deaf
) -> Send:
    """Return a sender over a started producer whose partitioner is the Java client's (murmur2 of the key).

    A batch counts as sent when the broker has acknowledged all of it; each record tells when it was sent.
    """

    async def send(batch: list[Line]) -> None:
        now_ms = int(clock() * 1000)
        stamp = str(now_ms).encode()
        on_way = []
        for line in batch:
            headers = [(SENT_HEADER, stamp), *((name, text.encode()) for name, text in line.headers)]
            on_sending(line, now_ms)
            key = None if line.key is None else line.key.encode()
            on_way.append(await producer.send(line.topic, line.value, key=key, headers=headers))
        await asyncio.gather(*on_way)

    return send


def offer_reader(redis: Redis, namespace: str, block_ms: int = 200) -> ReadOffers:
    """Return a reader of the offers of all channels; those made before its first call are left alone.

    A call waits up to `block_ms` for an offer and returns the data of those that came.
    """
    read: dict[bytes, bytes] = {}

    async def read_offers() -> list[dict[str, Any]]:
        if not read:
            for channel in OFFER_CHANNELS:
                stream = f"{namespace}:offers:{channel}"
                last: Any = await redis.xrevrange(stream, count=1)
                read[stream.encode()] = last[0][0] if last else b"0-0"
        positions: Any = dict(read)
        found: Any = await redis.xread(positions, count=500, block=block_ms)
        offers = []
        for stream, entries in found.items() if isinstance(found, dict) else found:
            for entry_id, fields in entries:
                read[stream] = entry_id
                if fields[b"type"] == b"crm.offer.made":
                    offers.append(orjson.loads(fields[b"data"]))
        return offers

    return read_offers
