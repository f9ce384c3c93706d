"""A laboratory for the engine: topics and streams of one namespace, workers as processes, and what they left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import ConsumerRecord
from redis.asyncio import Redis

from stream_app import kafka
from stream_app.engine import stored
from stream_app.engine.fatal import Exit
from stream_app.settings import Settings
from tests.waiting import until

from .tally import Tally, TallyCodec

APP = Path(__file__).with_name("tally_app.py")
MOST_RESTARTS = 1
"""A machine that stalls once may end a worker. What a test allows is told at the end of the run all the same."""


@dataclass(frozen=True)
class Sent:
    """One event as it was produced."""

    topic: str
    event_id: str
    key: str
    ms: int
    amount: int
    fail: int = 0

    @property
    def value(self) -> bytes:
        return orjson.dumps({"id": self.event_id, "ms": self.ms, "amount": self.amount, "fail": self.fail})


class Worker:
    """One worker process, or several one after the other where it asks for a restart."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], log: Path) -> None:
        self._start = start
        self._process = start()
        self._told = False
        self.log = log
        self.ends: list[str] = []
        """With which words it ended itself, each time that it was started again."""

    @property
    def restarts(self) -> int:
        return len(self.ends)

    def supervise(self) -> None:
        """Start it again where it has ended itself as docs/operations.md says: cut off on a machine that is stalled."""
        if not self._told and self.exit_code in {Exit.STUCK, Exit.FENCED}:
            self.ends.append(self.last_words)
            assert self.restarts <= MOST_RESTARTS, f"it is no stall of the machine: {self.ends}"
            self._process = self._start()

    @property
    def last_words(self) -> str:
        """How it ended, and the last line that it said."""
        said = self.log.read_text(errors="replace").splitlines() or [""]
        return f"{self.log.stem} ended with {self.exit_code}: {said[-1]}"

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    async def ended(self) -> int:
        """Wait for the process to end by itself."""
        await until(lambda: self.exit_code is not None, f"worker ends; see {self.log}")
        return self._process.returncode

    async def stop(self) -> int:
        """SIGTERM, and wait."""
        self._told = True
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    def pause(self) -> None:
        """Stop the process where it stands; whether it ends itself after that is for the test to say."""
        self._told = True
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on, as if no time had passed."""
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """SIGKILL, and wait."""
        self._told = True
        if self.exit_code is None:
            self._process.kill()
        await self.ended()


class Lab:
    """One namespace on the shared Kafka and Redis."""

    def __init__(self, address: str, redis_url: str, namespace: str, data: Path, topics: tuple[str, ...]) -> None:
        self.kafka, self.redis_url, self.namespace, self.data, self.topics = address, redis_url, namespace, data, topics
        self.partitions = 2
        self.sent: list[Sent] = []
        self._producer = AIOKafkaProducer(
            bootstrap_servers=address, linger_ms=5, max_batch_size=200_000, enable_idempotence=True
        )
        self._redis = Redis.from_url(redis_url)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=address)
        self._workers: list[Worker] = []

    # -- life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        await self._admin.start()
        ours = dict.fromkeys((*self.topics, "timers", "outputs"), self.partitions) | {"dead-letters": 1}
        topics = {f"{self.namespace}.{name}": count for name, count in ours.items()}
        await self.create(topics | {f"{self.namespace}-tallies-changelog": self.partitions})
        await self._producer.start()

    async def close(self) -> None:
        for worker in self._workers:
            await worker.kill()
        await self._producer.stop()
        await self._admin.close()
        await self._redis.aclose()

    async def create(self, partitions: Mapping[str, int]) -> None:
        """Create topics by their full names, and wait until each partition has a leader."""
        settings = Settings.load(kafka={"bootstrap": self.kafka})
        made, _ = await kafka.create_topics(settings, {name: (count, {}) for name, count in partitions.items()})
        assert made == sorted(partitions)

    async def delete(self, name: str) -> None:
        await self._admin.delete_topics([f"{self.namespace}.{name}"])

    async def recreate(self, name: str) -> None:
        """Create a topic again once its deletion has come through."""

        async def made() -> bool:
            response = await self._admin.create_topics([NewTopic(f"{self.namespace}.{name}", self.partitions, 1)])
            return all(error[1] == 0 for error in response.topic_errors)

        await until(made, f"{name} exists again")

    def worker(self, name: str = "w1", **environ: str) -> Worker:
        """Start a worker; same name, same data directory."""
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(self.data.parent / "pycache"),  # compile once, not at every start
            "TALLY_KAFKA": self.kafka,
            "TALLY_REDIS": self.redis_url,
            "TALLY_NAMESPACE": self.namespace,
            "TALLY_DATA": str(self.data / name),
            "TALLY_TOPICS": ",".join(self.topics),
            "TALLY_WORKER": name,
            **environ,
        }
        log = self.data / f"{name}.log"
        command = [sys.executable, str(APP)]

        def start() -> subprocess.Popen[bytes]:
            with log.open("ab") as out:
                return subprocess.Popen(command, env=environment, stderr=out, stdout=out)

        worker = Worker(start, log)
        self._workers.append(worker)
        return worker

    @property
    def ends(self) -> list[str]:
        """With which words workers ended themselves that were started again."""
        return [words for worker in self._workers for words in worker.ends]

    # -- input --------------------------------------------------------------------------------------------------------

    async def send(self, events: Iterable[Sent]) -> None:
        """Produce events and wait for their acknowledgement."""
        batch = list(events)
        futures = [
            await self._producer.send(f"{self.namespace}.{e.topic}", key=e.key.encode(), value=e.value) for e in batch
        ]
        await asyncio.gather(*futures)
        self.sent += batch

    async def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: object = None) -> None:
        """Produce any bytes."""
        await self._producer.send_and_wait(f"{self.namespace}.{topic}", key=key, value=value, headers=headers)

    # -- what is left behind ------------------------------------------------------------------------------------------

    async def caught_up(self) -> None:
        """Wait until everything on the source topics is committed."""
        await until(self._no_lag, f"all of {self.namespace} is committed")

    async def _no_lag(self) -> bool:
        for worker in self._workers:
            worker.supervise()
        living = any(worker.exit_code is None for worker in self._workers)
        assert living, [worker.last_words for worker in self._workers]
        committed = await kafka.committed(self._admin, self.namespace, self._partitions_of(*self.topics))
        ends = await self._ends(*self.topics)
        return all(end == 0 or committed[tp].offset == end for tp, end in ends.items())

    def _partitions_of(self, *topics: str) -> list[TopicPartition]:
        return [TopicPartition(f"{self.namespace}.{t}", p) for t in topics for p in range(self.partitions)]

    async def _ends(self, *topics: str) -> dict[TopicPartition, int]:
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer:
            ends: dict[TopicPartition, int] = await consumer.end_offsets(self._partitions_of(*topics))
            return ends

    async def records(self, topic: str, partitions: int | None = None) -> list[ConsumerRecord]:
        """Read a topic from its beginning to its present end."""
        tps = [TopicPartition(topic, p) for p in range(partitions or self.partitions)]
        found: list[ConsumerRecord] = []
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka, auto_offset_reset="earliest") as consumer:
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            await consumer.seek_to_beginning(*tps)
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += records
        return found

    async def tallies(self) -> dict[str, Tally]:
        """The values as the changelog has them."""
        values: dict[str, Tally] = {}
        for record in await self.records(f"{self.namespace}-tallies-changelog"):
            body = None if record.value is None else stored.decode(record.value).body
            if body is None:
                values.pop(record.key.decode(), None)
            else:
                values[record.key.decode()] = TallyCodec().decode(body)
        return values

    async def alerts(self) -> list[str]:
        """The ids on the stream, in its order."""
        entries = await self._redis.xrange(f"{self.namespace}:alerts:test:p1")
        return [fields[b"id"].decode() for _, fields in entries]

    async def alert_count(self) -> int:
        return int(await self._redis.xlen(f"{self.namespace}:alerts:test:p1"))

    async def letters(self) -> list[ConsumerRecord]:
        return await self.records(f"{self.namespace}.dead-letters", partitions=1)


def a_stream_of_events(
    count: int, *, topic: str = "events", keys: int = 97, start: int = 0, step_ms: int = 10
) -> list[Sent]:
    """Events e<start> …, their amounts rising, over so many keys."""
    return [
        Sent(topic, f"{topic}-{i}", f"C{i % keys:03d}", 1_000_000 + i * step_ms, i) for i in range(start, start + count)
    ]


def expected_tallies(sent: Iterable[Sent]) -> dict[str, tuple[int, int, int]]:
    """The oracle: (count, total, digest) per key by one plain pass, independent of the worker's fold."""
    values: dict[str, tuple[int, int, int]] = {}
    for event in sent:
        count, total, digest = values.get(event.key, (0, 0, 0))
        values[event.key] = (count + 1, total + event.amount, (digest * 31 + event.amount) % 1_000_003)
    return values


def expected_alerts(sent: Iterable[Sent]) -> Counter[str]:
    """The oracle: one alert for each event whose amount is a multiple of seven."""
    return Counter(event.event_id for event in sent if event.amount % 7 == 0)


@asynccontextmanager
async def opened(lab: Lab) -> AsyncIterator[Lab]:
    await lab.open()
    try:
        yield lab
    finally:
        await lab.close()
