"""The bank played against a clock, with a hand-moved clock and lists in place of Kafka and Redis."""

import asyncio
from collections import Counter

import pytest

from stream_app.simulate import Options, World, simulate
from stream_app.simulate.pace import Speed
from stream_app.simulate.town import Sent, play

OPTIONS = Options(customers=20, days=10, seed=4)


class Topics:
    """Takes batches; may do something after each."""

    def __init__(self, after=None):
        self.lines = []
        self._after = after

    async def __call__(self, batch):
        self.lines += batch
        if self._after is not None:
            self._after(self)


class Offers:
    """Makes one offer to each customer at the first call, nothing later."""

    def __init__(self, world):
        self._waiting = [
            {"action_id": f"a-{p.customer_id}", "customer_id": p.customer_id, "action": "fund", "channel": "mobile"}
            for p in world.people
        ]

    async def __call__(self):
        offers, self._waiting = self._waiting, []
        return offers


async def no_offers():
    return []


async def test_without_offers_the_stream_is_the_files():
    topics = Topics()
    sent = await play(World(OPTIONS), topics, no_offers, asyncio.Event())

    assert [line.encode() for line in topics.lines] == [line.encode() for line in simulate(OPTIONS)]
    assert sent.tally.total == len(topics.lines)


async def test_offers_are_answered_in_days_to_come():
    world, topics = World(Options(customers=100, days=30, seed=4)), Topics()
    sent = await play(world, topics, Offers(world), asyncio.Event())

    outcomes = [line for line in topics.lines if line.event_id.startswith("O-")]
    assert sent.offers == 100
    assert outcomes
    assert {line.topic for line in outcomes} == {"bank.outcomes"}
    arrivals = [line.arrival_ms for line in topics.lines]
    assert arrivals == sorted(arrivals)
    assert len(world.truth.offers) > 90  # some had left
    assert world.truth.tally.lines == sent.tally.lines


async def test_the_stop_ends_the_run_and_the_counts_are_those_of_what_was_sent():
    stop = asyncio.Event()
    topics = Topics(after=lambda topics: stop.set())
    world = World(Options(customers=100, days=20, seed=4))
    sent = await play(world, topics, no_offers, stop)

    assert 0 < sent.tally.total == len(topics.lines) < 3_000
    assert Counter(line.topic for line in topics.lines) == {
        topic: sum(states.values()) for topic, states in sent.summary()["lines"].items()
    }
    assert world.truth.tally.summary() == sent.tally.summary()


async def test_a_paced_run_sends_nothing_before_its_time():
    world, now = World(OPTIONS), [100.0]
    sent_at = []

    async def send(batch):
        reached = world.start_ms + (now[0] - 100.0) * 86_400 * 1000
        assert all(line.arrival_ms <= reached for line in batch)
        sent_at.append(now[0])

    async def pause(seconds, stop):
        now[0] += seconds

    await play(
        world, send, no_offers, asyncio.Event(), speed=86_400.0, clock=lambda: now[0], pause=pause
    )  # a day a second
    assert len(sent_at) > 30
    assert sent_at[0] == pytest.approx(100.0, abs=0.5)
    assert 109.0 <= sent_at[-1] <= 112.0


async def test_history_before_the_pacing_is_sent_at_once():
    world = World(OPTIONS)
    stop = asyncio.Event()
    sent = Sent()
    eve = world.start_ms + 5 * 86_400_000

    async def send(batch):
        if batch[-1].arrival_ms >= eve - 3_600_000:
            stop.set()

    await asyncio.wait_for(
        play(world, send, no_offers, stop, speed=1.0, pace_from_ms=eve, sent=sent, clock=lambda: 0.0), 60
    )
    assert sent.reached_ms >= eve - 3_600_000


async def test_an_error_of_the_reader_ends_the_run():
    async def broken():
        raise ConnectionError("no Redis")

    with pytest.raises(ConnectionError):
        await play(World(Options(customers=200, days=30)), Topics(), broken, asyncio.Event())


async def test_an_error_of_the_sender_ends_the_run():
    async def broken(batch):
        raise ConnectionError("no Kafka")

    with pytest.raises(ConnectionError):
        await play(World(OPTIONS), broken, no_offers, asyncio.Event())


def test_without_a_speed_everything_is_due():
    assert Speed(0.0, from_ms=0, wall_seconds=0.0).seconds_until(10**15, 0.0) == 0.0


def test_time_runs_as_many_times_faster_as_asked():
    speed = Speed(3_600.0, from_ms=1_000_000, wall_seconds=50.0)
    assert speed.reached_ms(51.0) == 1_000_000 + 3_600_000
    assert speed.seconds_until(1_000_000 + 7_200_000, 51.0) == pytest.approx(1.0)
