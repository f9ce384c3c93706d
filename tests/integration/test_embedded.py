"""The embedded services serve, keep their data over a crash, and leave no process behind, whatever happens."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stream_app.embedded import EmbeddedServices, use_or_start

DEADLINE_SECONDS = 120.0

pytestmark = pytest.mark.integration


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


async def produce(bootstrap: str, topic: str, value: bytes, timestamp_ms: int | None = None) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=2_000_000) as producer:
        await producer.send_and_wait(topic, value, timestamp_ms=timestamp_ms)


async def consume(bootstrap: str, topic: str, group: str | None = None) -> bytes:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest")
    async with consumer:
        return (await consumer.getone()).value


def descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [grandchild for child in children for grandchild in descendants(child)]


def all_end(descriptors: list[int]) -> bool:
    """Wait until each of the processes behind these pidfds has ended; False if one outlives the deadline."""
    ended = all(select.select([descriptor], [], [], DEADLINE_SECONDS)[0] for descriptor in descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return ended


class Program:
    """`python -m stream_app.embedded` in a process of its own, once it has printed its addresses."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stream_app.embedded"],
            env={**os.environ, "RAPPORT_DATA_DIR": str(data_dir)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.addresses = [self.process.stdout.readline(), self.process.stdout.readline()]
        self.started = descendants(self.process.pid)

    def end(self, number: signal.Signals) -> tuple[int, bool]:
        """Send the signal; return the exit code, and whether all that it had started ended too."""
        descriptors = [os.pidfd_open(pid) for pid in self.started]
        self.process.send_signal(number)
        self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode, all_end(descriptors)


async def test_kafka_gives_back_what_a_producer_sent_to_a_group(kafka_bootstrap, namespace):
    await create_topic(kafka_bootstrap, namespace)
    await produce(kafka_bootstrap, namespace, b"hello")
    assert await consume(kafka_bootstrap, namespace, group=namespace) == b"hello"


async def test_kafka_takes_a_value_of_one_mebibyte(kafka_bootstrap, namespace):
    await create_topic(kafka_bootstrap, namespace)
    await produce(kafka_bootstrap, namespace, b"x" * 1_048_576)
    assert len(await consume(kafka_bootstrap, namespace)) == 1_048_576


@pytest.mark.parametrize("timestamp_ms", [725_846_400_000, 4_102_444_800_000], ids=["1993", "2100"])
async def test_kafka_takes_records_of_any_event_time(kafka_bootstrap, namespace, timestamp_ms):
    await create_topic(kafka_bootstrap, namespace)
    await produce(kafka_bootstrap, namespace, b"then", timestamp_ms)
    assert await consume(kafka_bootstrap, namespace) == b"then"


def test_redis_gives_back_what_was_added_to_a_stream(redis_url, namespace):
    with redis.Redis.from_url(redis_url) as connection:
        entry = connection.xadd(namespace, {"kind": "alert"})
        assert connection.xread({namespace: "0"}) == [[namespace.encode(), [(entry, {b"kind": b"alert"})]]]


async def test_kafka_keeps_what_it_acknowledged_over_a_crash(services, namespace):
    address = services.kafka_bootstrap
    await create_topic(address, namespace)
    await produce(address, namespace, b"acknowledged")
    services.kafka.kill()
    assert services.dead() == ("Kafka",)
    services.kafka.start()
    assert services.kafka_bootstrap == address
    assert services.dead() == ()
    assert await consume(address, namespace) == b"acknowledged"


def test_redis_keeps_what_it_acknowledged_over_a_crash_and_an_orderly_restart(services, namespace):
    address = services.redis_url
    with redis.Redis.from_url(address) as connection:
        connection.set(namespace, "1")
        services.redis.kill()
        with pytest.raises(redis.ConnectionError):
            connection.ping()
        services.redis.start()
        assert services.redis_url == address
        connection.incr(namespace)
        services.redis.stop()
        services.redis.start()
        assert connection.get(namespace) == b"2"


def test_existing_services_are_used_as_they_are(services):
    with use_or_start(services.kafka_bootstrap, services.redis_url) as addresses:
        assert addresses.kafka_bootstrap == services.kafka_bootstrap
        assert addresses.redis_url == services.redis_url
    assert services.dead() == ()


def test_leaving_the_context_leaves_no_process_and_no_data(tmp_path):
    lines: list[str] = []
    with EmbeddedServices(data_dir=tmp_path, on_progress=lines.append) as own:
        descriptors = [os.pidfd_open(pid) for pid in own.pids]
        assert len(descriptors) == 4
        assert [line.split(":")[0] for line in lines[-2:]] == ["Redis", "Kafka"]
    assert all_end(descriptors)
    assert list(tmp_path.iterdir()) == []


def test_killing_the_program_outright_leaves_no_process(tmp_path):
    program = Program(tmp_path)
    assert len(program.started) == 4
    assert program.end(signal.SIGKILL) == (-signal.SIGKILL, True)


def test_sigterm_ends_the_program_in_good_order(tmp_path):
    program = Program(tmp_path)
    assert [line.split("=")[0] for line in program.addresses] == ["RAPPORT_KAFKA__BOOTSTRAP", "RAPPORT_REDIS__URL"]
    assert program.end(signal.SIGTERM) == (0, True)
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_fails_keeps_its_data_and_logs(tmp_path):
    with pytest.raises(ZeroDivisionError), EmbeddedServices(data_dir=tmp_path, kafka=False) as own:
        _ = 1 // 0
    assert own.dead() == ("Redis",)
    assert (own.directory / "redis" / "redis.log").stat().st_size > 0


def test_kept_data_are_found_again_by_the_next_start(tmp_path):
    for expected in (1, 2):
        with (
            EmbeddedServices(data_dir=tmp_path, kafka=False, keep=True) as own,
            redis.Redis.from_url(own.redis_url) as connection,
        ):
            assert connection.incr("starts") == expected


async def test_services_can_be_started_under_a_running_event_loop(kafka_bootstrap, tmp_path):
    with use_or_start(kafka_bootstrap, data_dir=tmp_path) as addresses:
        assert addresses.redis_url.startswith("redis://127.0.0.1:")
