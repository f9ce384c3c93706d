"""What the demo counts on Redis, on a real one: all that is there when it is told to stop, also in new streams."""

import asyncio

import pytest
from redis.asyncio import Redis

from stream_app.demo import _entries

pytestmark = pytest.mark.integration


async def test_what_came_just_before_the_end_is_counted_too(redis_url, namespace):
    stop = asyncio.Event()
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        await redis.xadd(f"{namespace}:alerts:fraud:p1", {"id": "first"})
        entries = _entries(redis, namespace, stop)
        found = [await anext(entries)]
        for number in range(1_500):  # more than one answer of Redis holds
            await redis.xadd(f"{namespace}:alerts:fraud:p1", {"id": f"more-{number}"})
        await redis.xadd(f"{namespace}:offers:web", {"id": "in a stream of its own"})
        stop.set()
        found += [entry async for entry in entries]
    assert sorted(fields["id"] for _, _, fields in found) == sorted(
        ["first", *(f"more-{number}" for number in range(1_500)), "in a stream of its own"]
    )
