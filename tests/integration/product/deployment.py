"""A whole deployment under names of its own: topics, a worker as a process, and a look at all that it leaves behind."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self, TypeVar

import orjson
import redis
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import profile_codec
from schemas.profile import Profile
from stream_app import kafka
from stream_app.demo import Scrape
from stream_app.embedded.service import ServiceUnavailable, free_ports
from stream_app.engine import stored
from stream_app.routes import ROUTES
from stream_app.settings import Settings
from stream_app.simulate.lines import Line
from stream_app.topics import full_names
from stream_app.worker.process import settings_as_environment, worker_service
from tests import waiting
from tests.commands import Answer, rapport

PATIENCE = waiting.PATIENCE_SECONDS
T = TypeVar("T")


class Raw(NamedTuple):
    """A record as any producer may send it; `partition` None: murmur2 of the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = []  # noqa: RUF012 - never mutated
    partition: int | None = None


def event(topic: str, value: dict[str, Any] | None, key: str | None = None, **more: Any) -> Raw:
    """A well-formed record of an event (or, for None, of a null), under the key that it needs."""
    if key is None:
        assert value is not None
        key = f"{value['platform']}:{value['author']}" if topic == "mentions" else value["customer_id"]
    return Raw(topic, key.encode(), None if value is None else json.dumps(value).encode(), **more)


def raw(line: Line) -> Raw:
    """A line of the simulator as a record."""
    key = None if line.key is None else line.key.encode()
    return Raw(line.topic.rpartition(".")[2], key, line.value, [(name, text.encode()) for name, text in line.headers])


def until(look: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """Look again and again until there is something to see, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"did not come true in {seconds} s: {what}"
        time.sleep(0.05)
    return found


class Deployment:
    """One namespace on the shared Kafka and Redis."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environ = dict(settings_as_environment(settings))
        self.log = settings.data_dir / "worker.log"
        (self.port,) = free_ports(1)
        self.worker = worker_service(settings, self.log, self.port)
        self.redis: redis.Redis = redis.Redis.from_url(settings.redis.url, decode_responses=True)
        self.produced = 0

    def __enter__(self) -> Self:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        assert self.rapport("topics", "create").code == 0
        try:
            self.worker.start()
        except ServiceUnavailable:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.worker.stop()
        self.redis.close()

    def rapport(self, *arguments: Any, stdin: str = "") -> Answer:
        """Run a command with this deployment's settings."""
        return rapport(*arguments, environ=self.environ, stdin=stdin)

    # -- in ---------------------------------------------------------------------------------------------------------

    def send(self, *records: Raw) -> list[tuple[str, int, int]]:
        """Send records to `bank.*`; returns (topic, partition, offset) of each."""
        self.produced += len(records)
        return asyncio.run(self._send(records))

    async def _send(self, records: Iterable[Raw]) -> list[tuple[str, int, int]]:
        namespace = self.settings.input_namespace
        options = kafka.client_options(self.settings.kafka)
        async with AIOKafkaProducer(
            **options, enable_idempotence=True, linger_ms=2, max_request_size=4_000_000
        ) as producer:
            sent = [
                await producer.send(
                    f"{namespace}.{record.topic}",
                    record.value,
                    key=record.key,
                    headers=record.headers,
                    partition=record.partition,
                )
                for record in records
            ]
            where = await asyncio.gather(*sent)
        return [(meta.topic, meta.partition, meta.offset) for meta in where]

    def drain(self) -> None:
        """Wait until the group has committed everything on the topics that the worker reads.

        An offset is committed only after changelog and effects, so all that follows from what was sent can be seen.
        """
        what = f"{self.settings.app_id} has no lag; log: {self.log}"
        asyncio.run(waiting.until(self._committed_all, what, every=0.1))

    async def _committed_all(self) -> bool:
        chosen = self.settings
        names = [full_names(chosen)[route.topic] for route in ROUTES]
        partitions = [TopicPartition(name, number) for name in names for number in range(chosen.partitions)]
        async with kafka.admin(chosen.kafka) as admin:
            committed = await kafka.committed(admin, chosen.app_id, partitions)
        async with kafka.consumer(chosen.kafka) as reader:
            ends = await reader.end_offsets(partitions)
        return all(end == 0 or committed[tp].offset == end for tp, end in ends.items())

    # -- out --------------------------------------------------------------------------------------------------------

    def get(self, path: str, token: str = "") -> tuple[int, str]:
        """Ask the worker's own port; returns status and body."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metrics(self) -> Scrape:
        """Read /metrics."""
        return Scrape.of(self.get("/metrics")[1])

    def topic(self, logical: str) -> str:
        """The full name of a topic."""
        return full_names(self.settings)[logical]

    def count(self, name: str, **labels: str) -> int:
        """One metric, summed over the labels that are not given."""
        return int(self.metrics().sum(name, **labels))

    def accounted(self) -> int:
        """How many records of `bank.*` the worker says are done."""
        return self.metrics().events("applied", "duplicate", "dead_letter")

    def entries(self, stream: str, about: str | None = None) -> list[dict[str, Any]]:
        """All entries of a stream (named without its namespace), their data parsed; `about` one customer."""
        found = self.redis.xrange(f"{self.settings.namespace}:{stream}")
        entries = [{**fields, "data": orjson.loads(fields["data"])} for _, fields in found]
        return [entry for entry in entries if about is None or entry["data"]["customer_id"] == about]

    def next_entry(self, stream: str, about: str, kind: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """Read the stream as a consumer does, from its beginning, until an entry of that type is about the customer."""
        deadline, read = time.monotonic() + seconds, "0-0"
        while time.monotonic() < deadline:
            answer: Any = self.redis.xread({f"{self.settings.namespace}:{stream}": read}, block=500)
            for _, entries in answer.items() if isinstance(answer, dict) else answer or ():
                for position, fields in entries:
                    read, data = position, orjson.loads(fields["data"])
                    if fields["type"] == kind and data["customer_id"] == about:
                        return {**fields, "data": data}
        raise AssertionError(f"no {kind} about {about} on {stream} within {seconds} s; log: {self.log}")

    def streams(self) -> list[str]:
        """The names of all our streams."""
        return sorted(self.redis.scan_iter(match=f"{self.settings.namespace}:*", count=1_000, _type="stream"))

    def ids(self) -> dict[str, list[str]]:
        """By stream: the ids of all its entries, in its order."""
        return {name: [fields["id"] for _, fields in self.redis.xrange(name)] for name in self.streams()}

    def records(self, topic: str) -> list[ConsumerRecord]:
        """Read a whole topic (by its full name)."""

        async def read() -> list[ConsumerRecord]:
            return [record async for record, _ in kafka.read_to_end(self.settings.kafka, topic)]

        return asyncio.run(read())

    def letters(self) -> dict[tuple[str, int, int], ConsumerRecord]:
        """The dead letters by where they came from; that there are no two of one record is not asked here."""
        found = {}
        for record in self.records(f"{self.settings.namespace}.dead-letters"):
            headers = dict(record.headers)
            place = headers["dl-topic"].decode(), int(headers["dl-partition"]), int(headers["dl-offset"])
            found[place] = record
        return found

    def profiles(self) -> dict[str, Profile]:
        """All profiles, as the changelog has them."""
        newest = {record.key: record.value for record in self.records(f"{self.settings.app_id}-profiles-changelog")}
        bodies = {key: stored.decode(value).body for key, value in newest.items() if value is not None}
        return {key.decode(): profile_codec.decode(body) for key, body in bodies.items() if body is not None}
