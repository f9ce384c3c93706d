"""Run the reduced job on one engine after the other, interleaved: `python -m tests.bench.reduced.run [JOB…]`.

Every job reads the same topic with a group of its own on core 1, while broker and Redis have core 0. CPU seconds count
from the first event in hand to the end of the process, children included. A figure counts only when all alerts and,
where the engine's state can be read, all totals are those of the oracle.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgpack
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError
from confluent_kafka import Producer

from stream_app.embedded import EmbeddedServices
from stream_app.engine import stored
from tests.bench.reduced.job import ALERTS, Expected, Workload, as_json, events, oracle

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "reduced.events"
PATIENCE = 600.0


@dataclass(frozen=True)
class Result:
    """What one run of one job took."""

    job: str
    events_per_second: float
    cpu_seconds_per_100k: float
    alerts_right: bool
    totals_right: bool | None


JOBS: dict[str, Sequence[str]] = {
    "engine": (sys.executable, "-m", "tests.bench.reduced.engine_job"),
}


async def produce(kafka: str, load: Workload) -> None:
    """Write the events to one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(SOURCE, 1, 1)])
    await admin.close()
    producer = Producer({"bootstrap.servers": kafka, "linger.ms": 5, "batch.size": 400_000, "acks": "all"})
    for event in events(load):
        while True:
            try:
                producer.produce(SOURCE, as_json(event), event.customer_id, partition=0)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0, "the broker did not take all events"


async def run(job: str, services: EmbeddedServices, number: int, load: Workload, expected: Expected) -> Result:
    """Run one job until it has committed all events, and compare what it left behind."""
    namespace = f"{job}-{number}"
    kafka = services.kafka_bootstrap
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    names = [f"{namespace}.{ALERTS}", f"{namespace}.dead-letters", f"{namespace}-states-changelog"]
    await admin.create_topics([NewTopic(name, 1, 1) for name in names])
    data = Path(tempfile.mkdtemp(prefix=f"{namespace}-", dir=services.directory))
    mark = data / "first"
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JOB_KAFKA": kafka,
        "JOB_REDIS": services.redis_url,
        "JOB_NAMESPACE": namespace,
        "JOB_TOPIC": SOURCE,
        "JOB_DATA": str(data),
        "JOB_MARK": str(mark),
    }
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - asyncio would reap it, and its CPU time with it
            ["taskset", "-c", "1", *JOBS[job]], env=environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    ended = await committed_all(admin, namespace, load.events, process)
    process.send_signal(signal.SIGTERM)
    _, _, used = await asyncio.to_thread(os.wait4, process.pid, 0)
    await admin.close()
    cpu_before, began = (float(part) for part in mark.read_text().split())
    cpu = used.ru_utime + used.ru_stime - cpu_before
    alerts = frozenset([json.loads(value)["id"] for _, value in await read(kafka, f"{namespace}.{ALERTS}")])
    totals = {
        key.decode(): tuple(msgpack.unpackb(stored.decode(value).body)[:3])
        for key, value in await read(kafka, f"{namespace}-states-changelog")
    }
    if "-v" in sys.argv:
        sys.stdout.write((data / "log").read_text())
    shutil.rmtree(data)
    return Result(
        job,
        load.events / (ended - began),
        cpu / load.events * 100_000,
        alerts == expected.alerts,
        totals == expected.totals if totals else None,
    )


async def committed_all(
    admin: AIOKafkaAdminClient, group: str, wanted: int, process: "subprocess.Popen[bytes]"
) -> float:
    """Wait until the group has committed so many; return when (monotonic seconds)."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        assert process.poll() is None, f"the job {group} ended early: {process.returncode}"
        try:
            offsets = await admin.list_consumer_group_offsets(group)
        except GroupCoordinatorNotAvailableError:
            continue  # the first group ever: its topic is being made
        found = offsets.get(TopicPartition(SOURCE, 0))
        if found is not None and found.offset >= wanted:
            return time.monotonic()
    raise TimeoutError(f"{group} did not finish within {PATIENCE:.0f} s")


async def read(kafka: str, topic: str) -> list[tuple[bytes, bytes]]:
    """Read a topic of one partition to its end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    tp = TopicPartition(topic, 0)
    consumer.assign([tp])
    end = (await consumer.end_offsets([tp]))[tp]
    found: list[tuple[bytes, bytes]] = []
    while await consumer.position(tp) < end:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            found += [(record.key, record.value) for record in records]
    await consumer.stop()
    return found


async def main(arguments: argparse.Namespace) -> int:
    """Run the rounds and print medians."""
    load = Workload(events=arguments.events)
    expected = oracle(load)
    results: dict[str, list[Result]] = {job: [] for job in arguments.jobs}
    os.sched_setaffinity(0, {0})
    with EmbeddedServices() as services:
        await produce(services.kafka_bootstrap, load)
        for number in range(arguments.rounds):
            for job in arguments.jobs:
                result = await run(job, services, number, load, expected)
                results[job].append(result)
                sys.stdout.write(f"{orjson.dumps(result).decode()}\n")
                sys.stdout.flush()
    for job, found in results.items():
        rate = statistics.median(r.events_per_second for r in found)
        cpu = statistics.median(r.cpu_seconds_per_100k for r in found)
        sys.stdout.write(f"{job:<16}{rate:>10.0f} events/s{cpu:>8.2f} CPU s per 100,000\n")
    return 0 if all(r.alerts_right and r.totals_right in (True, None) for rs in results.values() for r in rs) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("jobs", nargs="*", default=list(JOBS))
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-v", action="store_true")
    sys.exit(asyncio.run(main(parser.parse_args())))
