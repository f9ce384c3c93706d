"""The broker is away for longer than the lease and the session: the worker waits, and the results are exact.

And what nobody may write but the owner: a foreign record in a changelog is found, and its key's value written again.
"""

import signal
from collections import Counter

import pytest
from aiokafka import AIOKafkaProducer

from schemas.partitioner import partition_for
from stream_app.embedded import EmbeddedServices
from stream_app.engine.epochs import headers_of
from tests.waiting import until

from .lab import Lab, Worker, a_stream_of_events, expected_alerts, expected_tallies

pytestmark = pytest.mark.integration

SMALL = {"TALLY_BATCH": "100", "TALLY_IN_FLIGHT": "300", "TALLY_INSTANCE": "one"}
RESENT = b"the lease ran out with records on the way"


async def assert_exact(lab: Lab) -> None:
    tallies = await lab.tallies()
    assert {key: (t.count, t.total, t.digest) for key, t in tallies.items()} == expected_tallies(lab.sent)
    assert Counter(i for i in await lab.alerts() if not i.startswith("due-")) == expected_alerts(lab.sent)


def says(worker: Worker, line: bytes) -> bool:
    return worker.log.exists() and line in worker.log.read_bytes()


@pytest.mark.slow
async def test_a_worker_outlives_a_broker_that_is_away_for_longer_than_its_session(
    lab: Lab, services: EmbeddedServices
):
    await lab.send(a_stream_of_events(20_000))
    worker = lab.worker(**SMALL)
    await until(lambda: _more_alerts(lab, 50), "the worker is in mid-work")
    services.kafka.signal(signal.SIGSTOP)  # requests stay on the wire, without an answer
    try:
        await until(lambda: says(worker, RESENT), "the lease runs out with values on the wire")
        services.kafka.kill()
    finally:
        if services.kafka.is_alive():
            services.kafka.kill()
        services.kafka.start()
    await lab.send(a_stream_of_events(2_000, start=20_000))
    await lab.caught_up()
    assert (worker.exit_code, worker.restarts) == (None, 0), "it waited"
    assert await worker.stop() == 0
    await assert_exact(lab)


async def _more_alerts(lab: Lab, count: int) -> bool:
    return await lab.alert_count() >= count


FOREIGN = "records of another writer"


async def a_foreign_record(lab: Lab, key: str, value: bytes | None) -> None:
    """Write into a changelog as an owner that was overtaken long ago: with a low epoch."""
    number = partition_for(key.encode(), lab.partitions)
    async with AIOKafkaProducer(bootstrap_servers=lab.kafka) as producer:
        await producer.send_and_wait(
            f"{lab.namespace}-tallies-changelog",
            key=key.encode(),
            value=value,
            partition=number,
            headers=headers_of(1),
        )


async def a_stale_value(lab: Lab, key: str) -> bytes | None:
    """The first value that the key ever had."""
    records = await lab.records(f"{lab.namespace}-tallies-changelog")
    values = [record.value for record in records if record.key == key.encode()]
    assert values[0] != values[-1]
    return values[0]


async def test_a_foreign_record_is_found_while_the_worker_is_idle_and_its_key_written_again(lab: Lab):
    await lab.send(a_stream_of_events(500))
    worker = lab.worker(**SMALL)
    await lab.caught_up()
    await a_foreign_record(lab, "C001", await a_stale_value(lab, "C001"))
    await a_foreign_record(lab, "C002", None)
    await until(lambda: _newest_values_are_right(lab), "the newest values of the keys are written again")
    assert says(worker, FOREIGN.encode())
    await lab.send(a_stream_of_events(500, start=500))
    await lab.caught_up()
    assert await worker.stop() == 0
    await assert_exact(lab)


async def _newest_values_are_right(lab: Lab) -> bool:
    tallies = await lab.tallies()
    return {key: (t.count, t.total, t.digest) for key, t in tallies.items()} == expected_tallies(lab.sent)


async def test_a_foreign_record_that_no_owner_has_seen_is_passed_over_by_the_next_one(lab: Lab):
    await lab.send(a_stream_of_events(500))
    worker = lab.worker("w1", **SMALL)
    await lab.caught_up()
    assert await worker.stop() == 0
    await a_foreign_record(lab, "C001", await a_stale_value(lab, "C001"))
    await lab.send(a_stream_of_events(200, start=500))
    successor = lab.worker("w2", **{**SMALL, "TALLY_INSTANCE": "two"})  # restores it all
    await lab.caught_up()
    await until(lambda: _newest_values_are_right(lab), "the newest value of the key is written again")
    assert await successor.stop() == 0
    await assert_exact(lab)
