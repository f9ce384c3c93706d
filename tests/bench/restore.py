"""How long a worker takes to be ready again: `python -m tests.bench.restore [--profiles 1000000] [--figures]`.

A changelog of so many real profiles, on the embedded broker. Three ways to come back: from nothing (the changelog is
read from its beginning), with the local store that the worker left, and after the death of the other of two workers,
with a standby and without. Each says how many changelog records were read; the values are counted at the end.
"""

import argparse
import asyncio
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from schemas.partitioner import partition_for
from schemas.profile_codec import encode
from stream_app.bench import figures
from stream_app.bench.broker import Broker
from stream_app.bench.process import Measured, ended_by_sigterm
from stream_app.embedded import EmbeddedServices
from stream_app.engine import stored
from stream_app.engine.app import EngineApp
from stream_app.engine.epochs import headers_of
from stream_app.engine.faust_settings import EngineSettings
from stream_app.engine.run import run_worker
from tests.bench.profile_size import profiles

PARTITIONS = 2
SESSION_SECONDS = 6.0
SAMPLES = (100, 60)
"""Customers and days of the bank whose profiles are written again and again under other keys."""
PATIENCE = 900.0
NAMESPACE = "restore"
CHANGELOG = f"{NAMESPACE}-profiles-changelog"
POLL_SECONDS = 0.05


class RawCodec:
    """The bytes as they are: nothing is folded here."""

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, raw: bytes) -> bytes:
        return raw

    def next_due_ms(self, value: bytes) -> None:
        return None


class RestoreApp(EngineApp):
    """A worker that writes down ten times a second how far it is."""

    async def on_start(self) -> None:
        await super().on_start()
        self.add_future(self._tell())

    async def _tell(self) -> None:
        path = Path(os.environ["RESTORE_STATUS"])
        store = self.engine.tables["profiles"].store
        while True:
            ready = self.rebalancing_count > 0 and not self.rebalancing
            status = Status(ready, len(store.owned), len(store.standby), store.records_restored, store.value_count)
            draft = path.with_suffix(".draft")
            draft.write_bytes(orjson.dumps([*status]))
            draft.replace(path)
            await asyncio.sleep(0.1)


class Status(NamedTuple):
    """How far a worker is."""

    ready: bool = False
    owned: int = 0
    followed: int = 0
    records_read: int = 0
    values: int = 0


def run_job() -> None:
    """Be the worker, as RESTORE_* says."""
    environ = os.environ
    app = RestoreApp(
        EngineSettings(
            app_id=NAMESPACE,
            bootstrap_servers=environ["RESTORE_KAFKA"],
            redis_url=environ["RESTORE_REDIS"],
            namespace=NAMESPACE,
            data_dir=Path(environ["RESTORE_DATA"]),
            dead_letters=f"{NAMESPACE}.dead-letters",
            partitions=PARTITIONS,
            session_timeout=SESSION_SECONDS,
            worker_id=environ["RESTORE_WORKER"],
            standby_replicas=int(environ["RESTORE_STANDBY"]),
        )
    )
    app.state_table("profiles", RawCodec())
    topic = app.event_topic(f"{NAMESPACE}.events", decode=lambda record: None, table="profiles")

    async def consume(stream: Any) -> None:
        async for _ in stream:
            pass

    app.agent(topic, name="events")(consume)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    run_worker(app, "WARNING")


class Job:
    """One worker process."""

    def __init__(self, services: EmbeddedServices, directory: Path, name: str, *, standby: int) -> None:
        self._status = directory / f"{name}.json"
        self._status.unlink(missing_ok=True)
        self.began = time.monotonic()
        self.process = Measured(
            (sys.executable, "-m", "tests.bench.restore", "worker"),
            environ={
                **os.environ,
                "RESTORE_KAFKA": services.kafka_bootstrap,
                "RESTORE_REDIS": services.redis_url,
                "RESTORE_DATA": str(directory / name),
                "RESTORE_WORKER": name,
                "RESTORE_STANDBY": str(standby),
                "RESTORE_STATUS": str(self._status),
            },
            log=directory / f"{name}.log",
            core=None,
        )

    @property
    def status(self) -> Status:
        """What it wrote down last."""
        return Status(*orjson.loads(self._status.read_bytes())) if self._status.exists() else Status()

    def until(self, **wanted: int) -> float:
        """Wait until its status has these values; returns the seconds since it was started."""
        while any(getattr(self.status, name) != value for name, value in wanted.items()):
            if self.process.used() is not None or time.monotonic() - self.began > PATIENCE:
                raise SystemExit(f"the worker did not come to {wanted}: {self.process.last_words(30)}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - self.began


async def fill(bootstrap: str, values: Sequence[bytes], count: int) -> int:
    """Write a changelog of `count` values, as an owner's checkpoints would; returns its bytes."""
    total = 0
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=400_000, acks="all") as producer:
        builders = [producer.create_batch() for _ in range(PARTITIONS)]
        headers, sent = headers_of(1), list[asyncio.Future[Any]]()
        for n in range(count):
            key, value = b"C%08d" % n, values[n % len(values)]
            number = partition_for(key, PARTITIONS)
            if builders[number].append(timestamp=None, key=key, value=value, headers=headers) is None:
                sent.append(await producer.send_batch(builders[number], CHANGELOG, partition=number))
                builders[number] = producer.create_batch()
                builders[number].append(timestamp=None, key=key, value=value, headers=headers)
            total += len(value)
        for number, builder in enumerate(builders):
            sent.append(await producer.send_batch(builder, CHANGELOG, partition=number))
        await asyncio.gather(*sent)
    return total


def one_worker(services: EmbeddedServices, directory: Path, count: int) -> dict[str, float]:
    """Measure from nothing, and with the local store."""
    found = {}
    for name in ("from nothing", "with the local store"):
        job = Job(services, directory, "one", standby=0)
        found[name] = job.until(ready=1, owned=PARTITIONS, values=count)
        sys.stdout.write(f"{found[name]:8.1f} s  {name}; {job.status.records_read:,} changelog records read\n")
        job.process.stop()
    return found


def after_a_death(services: EmbeddedServices, directory: Path, count: int, *, standby: int) -> float:
    """Kill one of two workers and measure until the other has all partitions, restored."""
    for name in ("first", "second"):
        shutil.rmtree(directory / name, ignore_errors=True)
    first = Job(services, directory, "first", standby=standby)
    first.until(ready=1, owned=PARTITIONS)  # so that the second never has what it is not to have
    second = Job(services, directory, "second", standby=standby)
    for job in (first, second):
        job.until(ready=1, owned=1, followed=standby)
    while standby and second.status.records_read < count:  # its own partition, and the one that it follows
        time.sleep(POLL_SECONDS)
    before, began = second.status.records_read, time.monotonic()
    first.process.kill()
    second.until(ready=1, owned=PARTITIONS, values=count)
    took = time.monotonic() - began
    how = "with a standby" if standby else "without a standby"
    sys.stdout.write(
        f"{took:8.1f} s  after the other's death, {how} (session {SESSION_SECONDS:.0f} s of it); "
        f"{second.status.records_read - before:,} changelog records read\n"
    )
    second.process.stop()
    return took


@ended_by_sigterm()
def main(count: int, *, keep: bool) -> None:
    """Measure and print."""
    encoded = [encode(profile) for profile in profiles(*SAMPLES)]
    values = [stored.encode(stored.Stored({str(n): n}, {}, 1_000_000 + n, n, (), v)) for n, v in enumerate(encoded)]
    with tempfile.TemporaryDirectory() as base, EmbeddedServices(data_dir=Path(base)) as services:
        directory = Path(base)
        broker = Broker(services.kafka_bootstrap)
        broker.create([f"{NAMESPACE}.dead-letters"])
        broker.create([f"{NAMESPACE}.events", CHANGELOG], PARTITIONS)
        idle = Job(services, directory, "idle", standby=0)
        start = idle.until(ready=1, owned=PARTITIONS)
        idle.process.stop()
        total = asyncio.run(fill(services.kafka_bootstrap, values, count))
        sys.stdout.write(
            f"{count:,} profiles, {total / count:,.0f} bytes on average, {PARTITIONS} partitions; an empty worker is "
            f"ready after {start:.1f} s\n"
        )
        alone = one_worker(services, directory, count)
        deaths = {n: after_a_death(services, directory, count, standby=n) for n in (1, 0)}
    per_100k = (alone["from nothing"] - start) / count * 100_000
    sys.stdout.write(f"{per_100k:8.2f} s  per 100,000 profiles, beyond the start\n")
    if keep:
        command = f"python -m tests.bench.restore --profiles {count}"
        found = figures.figure("restore_seconds_per_100k_profiles", [per_100k], "s", command, n=count)
        for n, name in ((1, "takeover_seconds_with_standby"), (0, "takeover_seconds_without_standby")):
            found |= figures.figure(name, [deaths[n]], "s", command, n=count)
        figures.keep(found)


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        run_job()
    else:
        asked = argparse.ArgumentParser(prog="python -m tests.bench.restore", description=__doc__)
        asked.add_argument("--profiles", type=int, default=100_000)
        asked.add_argument("--figures", action="store_true", help="write docs/figures.json")
        given = asked.parse_args()
        main(given.profiles, keep=given.figures)
