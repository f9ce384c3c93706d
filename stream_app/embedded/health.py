"""Questions to a server in its own protocol that show whether it serves."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import redis
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

ANSWER_SECONDS = 5.0


def kafka_answers(bootstrap: str) -> bool:
    """Tell whether a cluster behind `host:port[,host:port…]` names its controller and at least one live broker."""
    if not any(_accepts(address) for address in bootstrap.split(",")):
        return False  # spares the log of aiokafka's complaints while a broker starts
    with ThreadPoolExecutor(1) as aside:  # a caller may have an event loop of its own running
        return aside.submit(asyncio.run, _describes_itself(bootstrap)).result()


def redis_answers(url: str) -> bool:
    """Tell whether the server behind a `redis://` or `rediss://` URL answers PING (not while it loads its data)."""
    try:
        with redis.Redis.from_url(
            url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        ) as connection:
            return bool(connection.ping())
    except redis.RedisError:
        return False


async def _describes_itself(bootstrap: str) -> bool:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(ANSWER_SECONDS * 1000))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await client.start()
            cluster = await client.describe_cluster()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return bool(cluster["brokers"]) and cluster["controller_id"] >= 0


def _accepts(address: str) -> bool:
    host, _, port = address.strip().rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS):
            return True
    except (OSError, ValueError):
        return False
