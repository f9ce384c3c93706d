"""The product's whole job under measurement: a real worker process, fed from a recording of the simulated bank."""

import asyncio
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from models.policy import load_policy
from stream_app import kafka
from stream_app.bench.bank import RESULTS, Say
from stream_app.bench.broker import Broker
from stream_app.bench.open_loop import HarnessFailed, Matched, OpenLoop, Step, match
from stream_app.bench.process import Measured, Used
from stream_app.bench.recorded import Recorded
from stream_app.bench.schedule import SECOND_NS
from stream_app.demo import Scrape
from stream_app.embedded.service import free_ports
from stream_app.settings import CHECKOUT, Settings
from stream_app.topics import INPUTS, TopicSpec, all_topics
from stream_app.worker.process import is_ready, settings_as_environment

READY_SECONDS = 120.0
WAKING_SECONDS = 10.0
MOST_NAMED = 5
INNER = ("links", "mentions-linked", "mood", "timers")
WORKER_CORES, OTHERS_CORE = (1, 0), 0
"""The first worker has a core of its own; a second one shares that of all others."""


@dataclass(frozen=True)
class Burst:
    """What a backlog of `events` took, from the first one sent until the last was committed."""

    events: int
    seconds: float
    matched: Matched

    @property
    def events_per_second(self) -> float:
        """Rate by the wall clock, up to the last commit."""
        return self.events / self.seconds


@dataclass(frozen=True)
class Account:
    """Every message and every action accounted for, at the end: what was expected and what was seen."""

    expected: dict[str, int]
    seen: dict[str, int]
    actions_expected: int
    actions_seen: int
    missing: int
    unexpected: int
    twice: int
    named: tuple[str, ...] = ()
    """The first few that are missing or unexpected: id, stream, and which message, or time as of it, brings it."""

    @property
    def right(self) -> bool:
        """Whether all is as the oracle says."""
        return self.expected == self.seen and not (self.missing or self.unexpected or self.twice)


class WholeJob:
    """One worker or more, with topics of their own on running services; feed them phase by phase, slice by slice."""

    def __init__(
        self, settings: Settings, recorded: Recorded, home: Path, *, pinned: bool, say: Say, workers: int = 1
    ) -> None:
        """Take settings whose namespaces are this run's alone; `home` is for logs and data."""
        self.settings = settings
        self._recorded = recorded
        self._home = home
        self._say = say
        self._next = 0
        self._cores: list[int | None] = [WORKER_CORES[number % 2] if pinned else None for number in range(workers)]
        self.broker = Broker(settings.kafka.bootstrap)
        ours = [TopicSpec(name, ours=True, kept="delete").name(settings) for name in INNER]
        self._streams = tuple(f"{settings.namespace}:{stream}" for stream in recorded.streams)
        self._loop = OpenLoop(
            self.broker,
            group=settings.app_id,
            inputs=[spec.name(settings) for spec in INPUTS],
            inner=ours,
            prefix=f"{settings.input_namespace}.",
            file=recorded.file,
            home=home,
            listen={"redis": settings.redis.url, "streams": self._streams},
            core=OTHERS_CORE if pinned else None,
        )
        self._ports = free_ports(workers)
        self.workers: list[Measured] = []
        self._topics: dict[str, tuple[int, dict[str, str]]] = {}

    @property
    def worker(self) -> Measured:
        """The first worker's process."""
        return self.workers[0]

    def start(self) -> None:
        """Make the topics, lay the models there, start the workers, and play master data and history."""
        self.make_topics()
        self.start_workers()
        for name, count in zip(("master data", "history"), self._recorded.phases, strict=False):
            self._say(f"Bench: {count:,} events of {name}")
            self._loop.step(self._next, count, 0)
            self._next += count

    def make_topics(self) -> None:
        """Make the topics, and lay the models there."""
        models = load_policy(self.settings.policy_dir).models.names
        self._topics = all_topics(self.settings, len(models))
        asyncio.run(kafka.create_topics(self.settings, self._topics))
        self.broker.write(f"{self.settings.namespace}.models", self._recorded.models, partition=0)

    def start_workers(self, patience_seconds: float = READY_SECONDS) -> None:
        """Start the workers one after the other, and return when all are ready."""
        for number, port in enumerate(self._ports, 1):
            environ = {
                **os.environ,
                **settings_as_environment(self.settings),
                "RAPPORT_METRICS__PORT": str(port),
                "RAPPORT_WORKER_ID": f"w{number}",
                "RAPPORT_LEARNING": "off",
            }
            command = (sys.executable, "-m", "stream_app.cli", "worker")
            log, core = self._home / f"worker-{number}.log", self._cores[number - 1]
            worker = Measured(command, environ=environ, log=log, core=core, cwd=CHECKOUT)
            self.workers.append(worker)
            deadline = time.monotonic() + patience_seconds
            while not is_ready(port):
                if worker.used() is not None or time.monotonic() > deadline:
                    worker.kill()
                    raise HarnessFailed(f"worker {number} did not become ready: {worker.last_words()}")
                time.sleep(0.1)

    @property
    def left(self) -> int:
        """How many messages have not been sent yet."""
        return self._recorded.total - self._next

    def burst(self, events: int) -> Burst:
        """Send a backlog as fast as it goes, and time until it is done."""
        step, found = self.step(0, events, warm_share=0.0)
        return Burst(step.sending.messages, (step.done_ns - step.schedule.start_ns) / SECOND_NS, found)

    def step(self, rate: float, events: int, warm_share: float) -> tuple[Step, Matched]:
        """Send the next events at a rate; latency counts from the event at `warm_share` on. Raises HarnessFailed."""
        if events > self.left:
            raise HarnessFailed(f"{events:,} events are asked for and {self.left:,} are left: record more (--events)")
        first = self._next
        self._next += events
        step = self._loop.step(first, events, rate)
        for worker in self.workers:
            if worker.used() is not None:
                raise HarnessFailed(f"a worker ended: {worker.last_words()}")
        expected = self._recorded.expected(first, self._next)
        return step, match(expected, step.received, step.schedule, warm_up=int(events * warm_share))

    def account(self) -> Account:
        """Hold all that was sent so far against what became of it: the workers' counts, and all that lies on Redis.

        Time's work is woken by the second, some of it after the last event is done: what is missing may still come.
        """
        deadline = time.monotonic() + WAKING_SECONDS
        while not (account := self._account()).right and time.monotonic() < deadline:
            time.sleep(0.2)
        return account

    def _account(self) -> Account:
        counts = [self.counts(number) for number in range(len(self.workers))]
        ids = [fields[b"id"].decode() for fields in self.entries()]
        wanted = {one for one in self._recorded.actions if self._recorded.message_of(one) < self._next}
        found = set(ids)
        return Account(
            expected=self._recorded.outcomes(self._next),
            seen={result: sum(each.events(result) for each in counts) for result in RESULTS},
            actions_expected=len(wanted),
            actions_seen=len(found),
            missing=len(wanted - found),
            unexpected=len(found - wanted),
            twice=len(ids) - len(found),
            named=tuple(self._named(wanted - found, "missing") + self._named(found - wanted, "unexpected")),
        )

    def _named(self, ids: set[str], what: str) -> list[str]:
        by_message = sorted(ids, key=lambda one: (self._recorded.message_of(one), one))
        return [f"{what} {one}, {self._cause(one)} of {self._next}" for one in by_message[:MOST_NAMED]]

    def _cause(self, action: str) -> str:
        if action not in self._recorded.actions:
            return "by no message"
        number, _, stream = self._recorded.actions[action]
        how = "message" if number >= 0 else "time as of message"
        return f"{stream} by {how} {self._recorded.message_of(action)}"

    def counts(self, number: int = 0) -> Scrape:
        """Return a worker's metrics, those of the first by itself."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[number]}/metrics", timeout=10) as answer:
            return Scrape.of(answer.read().decode())

    def entries(self) -> Iterator[dict[bytes, bytes]]:
        """Yield the fields of all that lies on the streams of actions."""
        redis = Redis.from_url(self.settings.redis.url)
        try:
            for family in ("alerts", "offers", "arrivals"):
                for name in redis.scan_iter(match=f"{self.settings.namespace}:{family}:*", _type="stream", count=1_000):
                    entries: Any = redis.xrange(name)
                    for _, fields in entries:
                        yield fields
        finally:
            redis.close()

    def stop(self) -> Used:
        """End the workers in good order, and tell what the first one took."""
        used = [worker.stop() for worker in self.workers]
        return used[0]

    def remove(self) -> None:
        """End the workers that run, and leave nothing of this run on Kafka and Redis."""
        for worker in self.workers:
            worker.kill()
        self.broker.delete(self._topics)
        redis = Redis.from_url(self.settings.redis.url)
        try:
            for key in redis.scan_iter(match=f"{self.settings.namespace}:*", count=1_000):
                redis.delete(key)
        finally:
            redis.close()


@contextmanager
def whole_job(
    settings: Settings, recorded: Recorded, home: Path, *, pinned: bool, say: Say, workers: int = 1
) -> Iterator[WholeJob]:
    """Give a job that is ready for what is to be measured; workers, topics and keys go with the block."""
    job = WholeJob(settings, recorded, home, pinned=pinned, say=say, workers=workers)
    try:
        job.start()
        yield job
    finally:
        job.remove()
