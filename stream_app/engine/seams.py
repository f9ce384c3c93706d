"""The private members of Faust and aiokafka that are read from outside their classes, all in one place.

Overridden methods are in the subclasses; their sources, and those of what is used here, are pinned (`pins`).
"""
# ruff: noqa: SLF001 - reaching through Faust to its aiokafka objects is this file's purpose

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, NodeNotReadyError
from aiokafka.protocol.produce import ProduceRequest
from faust.exceptions import ConsumerNotStarted

LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: a close throws away what the kernel has not sent, and resets the connection."""
BURIAL_SECONDS = 5.0
NO_MEMBER = -1
"""The generation of who is in no group, as Kafka's protocol has it."""
ANSWER_MS = 3_000


def kafka_consumer(thread: Any) -> AIOKafkaConsumer:
    """Return the aiokafka consumer of Faust's consumer thread; raises `ConsumerNotStarted` before it runs."""
    return thread._ensure_consumer()


def kafka_client(consumer: AIOKafkaConsumer) -> AIOKafkaClient:
    """Return the client of an aiokafka consumer; to be used on that consumer's event loop."""
    return consumer._client


def coordinator(thread: Any) -> Any:
    """Return the group coordinator, which knows the generation and sends the heartbeats."""
    return thread._ensure_consumer()._coordinator


def set_longest_fetch(consumer: AIOKafkaConsumer, milliseconds: int) -> None:
    """Set how long a broker may hold a fetch; before the consumer is started."""
    consumer._fetch_max_wait_ms = milliseconds


def generation(app: Any) -> int:
    """Return the group generation as of the last join, -1 while we are no member: not started yet, or thrown out."""
    try:
        member = coordinator(app.consumer._thread)
    except ConsumerNotStarted:
        return NO_MEMBER
    return NO_MEMBER if member is None else int(member.generation)  # none while aiokafka still connects


def new_producer(app: Any) -> AIOKafkaProducer:
    """Make another aiokafka producer with the settings of Faust's."""
    return app.producer._new_producer()


def lease_requests(producer: AIOKafkaProducer, holds: Callable[[], bool]) -> AIOKafkaProducer:
    """Let no request with records leave, repeats included, at a moment at which `holds` says no."""
    client = producer.client
    send: Callable[..., Awaitable[Any]] = client.send

    async def send_while_it_holds(node_id: Any, request: Any, **kwargs: Any) -> Any:
        if isinstance(request, ProduceRequest):
            if not await client.ready(node_id, **kwargs):
                raise NodeNotReadyError(f"node {node_id}")
            if not holds():  # from here to the socket nothing waits
                raise NodeNotReadyError("the heartbeat lease has run out")
        return await send(node_id, request, **kwargs)

    client.send = send_while_it_holds
    return producer


def cut_off(producer: AIOKafkaProducer, error: KafkaError) -> None:
    """Close a producer at once: nothing of it leaves any more, and all that waits for it hears `error`."""
    client = producer.client

    async def refuse(*_: Any, **__: Any) -> Any:
        raise error

    async def no_connection(*_: Any, **__: Any) -> None:
        return None

    client.send, client._get_conn = refuse, no_connection
    producer.send = producer.send_batch = refuse
    producer._closed = True
    producer._message_accumulator.fail_all(error)
    for connection in client._conns.values():
        if connection._writer is not None:
            transport = connection._writer.transport
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            transport.abort()
        connection.close()


async def bury(producer: AIOKafkaProducer) -> None:
    """End the tasks of a producer that was cut off."""
    sender = producer._sender.sender_task
    if sender is not None:
        sender.remove_done_callback(producer._sender._fail_all)  # whoever waited has heard already
        sender.cancel()
        done, _ = await asyncio.wait({sender}, timeout=BURIAL_SECONDS)
        if done and not sender.cancelled():
            sender.exception()  # it stumbled over the batches that were failed under its hands
    await asyncio.wait({asyncio.ensure_future(producer.client.close())}, timeout=BURIAL_SECONDS)


async def kafka_answers(bootstrap_servers: str, security: Mapping[str, Any]) -> bool:
    """Ask the brokers, over a new connection, whether one serves requests."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=ANSWER_MS, **security)
    try:
        await client.bootstrap()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return True


def recovery_of(app: Any) -> Any:
    """Return Faust's recovery service, or None before the first assignment (the property would make one)."""
    return app.tables._recovery


def has_stopped(service: Any) -> bool:
    """Tell whether a mode service was asked to stop."""
    return bool(service._stopped.is_set())
