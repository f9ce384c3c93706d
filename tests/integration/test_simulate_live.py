"""The synthetic bank over real services: what it says it sent lies in Kafka, and offers on Redis are answered."""

import asyncio
from collections import Counter
from itertools import count

import orjson
import pytest
from redis.asyncio import Redis

from schemas.partitioner import partition_for
from stream_app.kafka import create_topics, read_to_end
from stream_app.settings import Settings
from stream_app.simulate import Options, World
from stream_app.simulate.live import SENT_HEADER, Live
from stream_app.topics import INPUTS

pytestmark = pytest.mark.integration


@pytest.fixture
async def chosen(kafka_bootstrap, redis_url, namespace):
    settings = Settings.load(
        kafka={"bootstrap": kafka_bootstrap},
        redis={"url": redis_url},
        namespace=namespace,
        input_namespace=f"{namespace}-in",
        partitions=3,
    )
    await create_topics(settings, {spec.name(settings): (3, spec.config()) for spec in INPUTS})
    return settings


async def records(settings):
    found = []
    for spec in INPUTS:
        found += [record async for record, _ in read_to_end(settings.kafka, spec.name(settings))]
    return found


async def test_the_records_in_kafka_are_those_that_were_counted(chosen):
    world = World(Options(customers=60, days=20, seed=9, namespace=chosen.input_namespace))
    summary = await Live(chosen, world).run(asyncio.Event())
    found = await records(chosen)

    by_topic = {topic: sum(states.values()) for topic, states in summary["lines"].items()}
    assert Counter(record.topic for record in found) == by_topic
    for record in found:
        assert SENT_HEADER in dict(record.headers)
        if record.key is not None:
            assert record.partition == partition_for(record.key, 3)


BY_CUSTOMERS = b'"by":"customer"'


async def test_offers_on_redis_are_answered_with_outcomes(chosen, redis_url):
    """The bank plays ten days a second, for longer than is needed, and is stopped once enough was answered."""
    world = World(Options(customers=60, days=600, seed=9, namespace=chosen.input_namespace))
    sent: list[bytes] = []
    live = Live(chosen, world, speed=10 * 86_400.0, on_sending=lambda line, _: sent.append(line.value or b""))
    stop = asyncio.Event()
    playing = asyncio.create_task(live.run(stop))
    redis = Redis.from_url(redis_url)
    for number in count():
        assert not playing.done(), live.sent.summary()
        answered = any(BY_CUSTOMERS in value for value in sent)
        if answered and live.sent.offers > 10 and live.sent.planned["Impression"] > 5:
            stop.set()
            break
        person = world.people[number % len(world.people)]
        offer = {"action_id": f"a-{number}", "customer_id": person.customer_id, "action": "fund", "channel": "web"}
        await redis.xadd(f"{chosen.namespace}:offers:web", {"type": "crm.offer.made", "data": orjson.dumps(offer)})
        await redis.xread({"no-such-stream": "$"}, block=20)  # a breath between two offers
    summary = await playing
    await redis.aclose()

    answers = [orjson.loads(record.value) for record in await records(chosen) if BY_CUSTOMERS in record.value]
    assert summary["offers"] > 10
    assert summary["planned_outcomes"]["Impression"] > 5
    assert len(answers) == sum(BY_CUSTOMERS in value for value in sent)
    assert {answer["event_id"].split("-")[0] for answer in answers} == {"O"}
