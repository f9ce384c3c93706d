"""The private members of Faust and aiokafka that are read from outside their classes, all in one place.

Overridden methods are in the subclasses; their sources, and those of what is used here, are pinned (`pins`).
"""
# ruff: noqa: SLF001 - reaching through Faust to its aiokafka objects is this file's purpose

from typing import Any

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, AIOKafkaProducer


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
    """Return the group generation as of the last join, -1 when the broker has thrown us out."""
    return int(app.consumer._thread._ensure_consumer()._coordinator.generation)


def kafka_producer(app: Any) -> AIOKafkaProducer:
    """Return the aiokafka producer of Faust's producer; raises `NotReady` before it runs."""
    return app.producer._ensure_producer()


def recovery_of(app: Any) -> Any:
    """Return Faust's recovery service, or None before the first assignment (the property would make one)."""
    return app.tables._recovery


def has_stopped(service: Any) -> bool:
    """Tell whether a mode service was asked to stop."""
    return bool(service._stopped.is_set())
