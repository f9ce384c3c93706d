"""A connection that closes between two steps of the loop: under uvloop it must not end the task that was sending.

The worker runs on uvloop, whose word for a write to a closed connection aiokafka and redis-py do not know. The moment
is made here by hand: the transport is closed, and the reader has not heard of it yet.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import uvloop
from aiokafka import conn
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from stream_app.embedded import EmbeddedServices
from stream_app.engine.connection import closed_is_an_os_error, use_our_connections

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def aiokafkas_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test changes holds for that test only."""
    monkeypatch.setattr(conn, "AIOKafkaConnection", conn.AIOKafkaConnection)


@pytest.fixture
def on_uvloop() -> Iterator[Callable[[Awaitable[Any]], Any]]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run


async def a_client(bootstrap: str) -> AIOKafkaClient:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    await client.ready(the_broker(client))
    return client


def the_broker(client: AIOKafkaClient) -> Any:
    (broker,) = client.cluster.brokers()
    return broker.nodeId


async def closed(client: AIOKafkaClient) -> Any:
    """Close the client's connection, and return it in the moment in which aiokafka's reader has not heard of it."""
    connection = await client._get_conn(the_broker(client))
    connection._writer.transport.abort()
    await connection._closed_fut
    assert connection._writer is not None
    return connection


async def request_on_a_closed_connection(bootstrap: str) -> str:
    """Return which error it is."""
    client = await a_client(bootstrap)
    try:
        connection = await closed(client)
        await connection.send(MetadataRequest([]))
    except (KafkaConnectionError, RuntimeError) as error:
        return type(error).__name__
    finally:
        await client.close()
    return "none"


async def metadata_over_a_closed_connection(bootstrap: str) -> bool:
    """Do what the task that keeps the metadata does; returns whether there were any."""
    client = await a_client(bootstrap)
    try:
        connection = await closed(client)

        async def found(_node: Any) -> Any:
            return connection

        client._get_conn = found
        return bool(await client._metadata_update(client.cluster, set()))
    finally:
        await client.close()


def test_a_request_that_comes_too_late_is_an_error_of_kafkas(on_uvloop: Any, kafka_bootstrap: str):
    use_our_connections()
    assert on_uvloop(request_on_a_closed_connection(kafka_bootstrap)) == "KafkaConnectionError"


def test_the_task_that_keeps_the_metadata_goes_on_without_an_answer(on_uvloop: Any, kafka_bootstrap: str):
    use_our_connections()
    assert on_uvloop(metadata_over_a_closed_connection(kafka_bootstrap)) is False


def test_without_our_connections_that_task_would_end(on_uvloop: Any, kafka_bootstrap: str):
    assert on_uvloop(request_on_a_closed_connection(kafka_bootstrap)) == "RuntimeError"
    with pytest.raises(RuntimeError, match="the handler is closed"):
        on_uvloop(metadata_over_a_closed_connection(kafka_bootstrap))


async def write_on_a_closed_connection(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.transport.abort()
    await writer.wait_closed()
    with closed_is_an_os_error():
        writer.write(b"PING")


def test_to_redis_it_is_an_error_of_the_connection(on_uvloop: Any, services: EmbeddedServices):
    with pytest.raises(ConnectionError, match="the handler is closed"):
        on_uvloop(write_on_a_closed_connection(int(services.redis.address.rpartition(":")[2])))


def test_another_runtime_error_stays_what_it_is():
    with pytest.raises(RuntimeError, match="ours"), closed_is_an_os_error():
        raise RuntimeError("ours")
