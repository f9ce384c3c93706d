"""A lease that runs out takes the producer from all who send through it, and each of them sends again."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from stream_app.engine.leased import AbandonedError, LeasedProducer
from stream_app.engine.sole_writer import LeaseRanOutError


class Lease:
    """A fence whose lease runs until `out` is set."""

    def __init__(self):
        self.out = asyncio.Event()

    async def outlasts(self, pending):
        ran_out = asyncio.ensure_future(self.out.wait())
        await asyncio.wait({pending, ran_out}, return_when=asyncio.FIRST_COMPLETED)
        ran_out.cancel()
        return pending.done()


def a_producer() -> AIOKafkaProducer:
    """A producer that no broker answers."""
    return AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")


async def send(producer: AIOKafkaProducer) -> None:
    """Hand a record over, and wait for an acknowledgement that never comes."""
    batch = producer.create_batch()
    batch.append(key=b"ann", value=b"1", timestamp=0)
    await (await producer._message_accumulator.add_batch(batch, TopicPartition("changelog", 0), 60))


@pytest.fixture
async def lease():
    return Lease()


@pytest.fixture
async def producers(lease):
    producers = LeasedProducer(a_producer, lease)
    yield producers
    await producers.close()


async def test_two_that_send_through_one_producer_both_hear_that_the_lease_ran_out(lease, producers):
    producers._producer = shared = a_producer()
    both = [asyncio.ensure_future(producers.within_lease(shared, send(shared))) for _ in range(2)]
    await asyncio.sleep(0)
    lease.out.set()
    heard = await asyncio.gather(*both, return_exceptions=True)
    assert [type(error) for error in heard] == [LeaseRanOutError, LeaseRanOutError]
    assert shared._closed


async def test_who_sends_through_a_producer_that_another_has_cut_off_sends_again_too(lease, producers):
    producers._producer = shared = a_producer()
    waiting = asyncio.ensure_future(producers.within_lease(shared, send(shared)))
    await asyncio.sleep(0)
    lease.out.set()
    with pytest.raises(LeaseRanOutError):
        await waiting
    lease.out.clear()
    for late in (send(shared), shared.send("changelog", b"1"), shared.send_batch(shared.create_batch(), "changelog")):
        with pytest.raises(LeaseRanOutError) as heard:
            await producers.within_lease(shared, late)
        assert isinstance(heard.value.__cause__, AbandonedError)


async def test_one_that_still_sends_through_an_old_producer_does_not_cut_off_the_new_one(lease, producers):
    old = a_producer()
    producers._producer = new = a_producer()
    lease.out.set()
    with pytest.raises(LeaseRanOutError):
        await producers.within_lease(old, send(old))
    assert producers._producer is new
    assert not new._closed
    producers._producer = None
    await old.stop()
    await new.stop()
