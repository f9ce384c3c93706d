"""How the final (count, sum, last time) by customer are read from what an engine's own store left on Kafka."""

import struct
from collections.abc import Callable

import msgpack
import orjson

from stream_app.bench.broker import Broker
from stream_app.engine import stored

Totals = dict[str, tuple[int, int, int]]
Reader = Callable[[Broker, str, str], Totals]
"""Of broker, namespace and source topic."""


def engine(broker: Broker, namespace: str, _source: str) -> Totals:
    """Our changelog: msgpack inside the stored value."""
    records = broker.read(f"{namespace}-states-changelog")
    return {r.key.decode(): tuple(msgpack.unpackb(stored.decode(r.value).body)[:3]) for r in records}


def faust(broker: Broker, namespace: str, _source: str) -> Totals:
    """Faust's changelog: JSON keys and values."""
    records = broker.read(f"{namespace}-states-changelog")
    return {orjson.loads(r.key): tuple(orjson.loads(r.value)[:3]) for r in records if r.value}


def quix(broker: Broker, namespace: str, source: str) -> Totals:
    """Quix's changelog: the message's key stands before the state's, the value is JSON."""
    records = broker.read(f"changelog__{namespace}--{source}--default")
    return {r.key.partition(b"|")[0].decode().strip('"'): tuple(orjson.loads(r.value)[:3]) for r in records}


def kafka_streams(broker: Broker, namespace: str, _source: str) -> Totals:
    """The Java job's changelog: three longs, and thirty more."""
    records = broker.read(f"{namespace}-states-changelog")
    return {r.key.decode(): struct.unpack_from(">3q", r.value) for r in records}
