"""`EngineApp`: a Faust app whose event topics go through the engine. Everything is registered by explicit calls.

app = EngineApp(settings)
profiles = app.state_table("profiles", codec)
topic = app.event_topic("bank.transactions", decode=decode, table="profiles", moves_clock=True)
app.agent(topic, name="transactions")(consume)      # async def consume(stream): async for given in stream: ...
app.timers(TimerRule("profiles", "crm.timers", encode_timer, lateness_ms=600_000))
run_worker(app)
"""

import inspect
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import faust
from aiokafka import AIOKafkaConsumer
from faust.types import TransportT
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from stream_app.engine.agent import EventAgent
from stream_app.engine.batch import Decode
from stream_app.engine.clocks import TimerRule
from stream_app.engine.consumer import EngineConsumer
from stream_app.engine.crash_points import CrashPoints
from stream_app.engine.engine import Engine
from stream_app.engine.faust_settings import EngineSettings, faust_settings
from stream_app.engine.fence import Fence
from stream_app.engine.garbage import keep_collecting, settle
from stream_app.engine.leased import LeasedProducer
from stream_app.engine.lifecycle import Lifecycle
from stream_app.engine.ports import Codec, Ports
from stream_app.engine.producer import KafkaLog, KafkaOutputs, Place, by_key
from stream_app.engine.redis_sink import RedisSink
from stream_app.engine.rules import EngineUseError, TopicRule
from stream_app.engine.seams import generation, kafka_answers, new_producer
from stream_app.engine.sole_writer import SoleWriter
from stream_app.engine.state_table import Meter, MeterPort, OutboxPort, StateTable, TablePort, TableStores
from stream_app.engine.stream import EventStream
from stream_app.engine.topics import Registry
from stream_app.engine.transport import EngineTransport
from stream_app.engine.vitals import VitalSigns
from stream_app.engine.watchdog import start_watchdog

Repeats = Literal["unknown", "by_partition", "by_key"]


class EngineApp(faust.App):
    """A Faust app with event topics and state tables."""

    def __init__(
        self, settings: EngineSettings, environ: Mapping[str, str] | None = None, place: Place = by_key
    ) -> None:
        super().__init__(**faust_settings(settings), Stream=EventStream, Agent=EventAgent)
        self.settings = settings
        crash_point = CrashPoints(os.environ if environ is None else environ)
        fence = Fence(settings.session_timeout, self._generation)
        self.sink = RedisSink(
            _redis(settings.redis_url),
            namespace=settings.namespace,
            group=settings.app_id,
            retention_ms=int(settings.redis_retention * 1000),
            replicas=settings.redis_replicas,
        )
        stores = TableStores()
        self.producers = LeasedProducer(partial(new_producer, self), fence)
        changelogs = KafkaLog(self.producers, self._changelog_of, self._reader, crash_point)
        self.changelog = SoleWriter(changelogs, stores, self._generation)
        stores.written_in = self.changelog.epoch
        ports = Ports(
            fence=fence,
            changelog=self.changelog,
            sink=self.sink,
            outputs=KafkaOutputs(self.producers, settings.namespace, settings.dead_letters, place=place),
            offsets=_Offsets(self),
            store=stores,
        )
        self.engine = Engine(
            registry=Registry(),
            ports=ports,
            fence=fence,
            crash_point=crash_point,
            batch_records=settings.batch_records,
            in_flight_records=settings.in_flight_records,
            cached_values=settings.cached_values,
        )
        stores.tables = self.engine.tables
        self.outbox = OutboxPort(self.engine.current)
        answers = partial(kafka_answers, settings.bootstrap_servers, settings.security)
        signs = VitalSigns(self, self.engine, lambda: self.engine_consumer, answers)
        self.lifecycle = Lifecycle(self, self.engine, lambda: self.engine_consumer, signs)

    # -- registration -------------------------------------------------------------------------------------------------

    def state_table(self, name: str, codec: Codec, *, stubs: bool = True) -> TablePort:
        """Register a table, and return the port through which agents read and write it; `stubs` as in `TableSource`."""
        table = StateTable(self, name=name, codec=codec, partitions=self.settings.partitions, stubs=stubs)
        self.tables.add(table)
        self.engine.add_table(table)
        return TablePort(name, self.engine.current)

    def event_topic(
        self,
        name: str,
        *,
        decode: Decode,
        table: str,
        repeats: Repeats = "unknown",
        moves_clock: bool = False,
    ) -> Any:
        """Register a source topic whose records fold into `table`; give it to `agent`.

        `decode` turns a record into an event or a `BadInput`. `repeats` is for topics that the engine itself writes
        (see `TopicRule`). With `moves_clock`, events have `occurred_ms` and count for the clock of their partition.
        """
        if table not in self.engine.tables:
            raise EngineUseError(f"event topic {name}: register the table {table} first")
        self.engine.registry.add(name, decode, TopicRule(table, repeats, moves_clock))
        return self.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    def agent(self, channel: Any = None, *, name: str | None = None, **kwargs: Any) -> Callable[[Any], Any]:
        """Register an agent; an event topic has exactly one, with concurrency 1, that yields nothing."""
        topics = getattr(channel, "topics", None) or ()
        register = super().agent(channel, name=name, **kwargs)
        for topic in topics:
            if self.engine.registry.get(topic) is not None:
                if name is None or set(kwargs) - {"concurrency"}:
                    raise EngineUseError(f"agent of event topic {topic}: give it a name, and no sinks or strategies")
                self.engine.registry.claim(topic, name, kwargs.get("concurrency", 1))
                return _only_plain(register)
        return register

    def meter_port(self, meter: Meter) -> MeterPort:
        """Return the port through which agents tell `meter` what they found."""
        return MeterPort(meter, self.engine.current)

    def timers(self, rule: TimerRule) -> None:
        """Register whose due work is woken by timer records."""
        if rule.table not in self.engine.tables:
            raise EngineUseError(f"timers: register the table {rule.table} first")
        self.engine.add_timers(rule)

    # -- Faust --------------------------------------------------------------------------------------------------------

    def _new_transport(self) -> TransportT:
        return EngineTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> TransportT:
        return EngineTransport(self.conf.broker_producer, self)

    def _create_directories(self) -> None:
        self.conf.datadir.mkdir(parents=True, exist_ok=True)
        super()._create_directories()

    async def _on_agent_error(self, agent: Any, exc: BaseException) -> None:
        """Commit nothing: Faust would commit behind the event that failed."""

    async def on_start(self) -> None:
        """Start the pulse and the thread that listens to it."""
        await super().on_start()
        settle()
        self.add_future(keep_collecting(lambda: self.engine.under_way, lambda: self.engine.checkpointer.records_done))
        self.add_future(self.lifecycle.signs.beat())
        self.add_future(self.lifecycle.signs.look_around())
        start_watchdog(self.lifecycle.signs.vitals)

    async def on_started_init_extra_tasks(self) -> None:
        """Start the timers and the audit, now that the tables are restored."""
        await super().on_started_init_extra_tasks()
        self.add_future(self.lifecycle.audit_changelogs(self.changelog))
        self.add_future(self.lifecycle.wake_due_work())

    async def on_stop(self) -> None:
        """Finish what is under way, then close Redis and the engine's producer."""
        await super().on_stop()
        await self.producers.close()
        await self.sink.close()

    # -- what the ports ask for ---------------------------------------------------------------------------------------

    @property
    def engine_consumer(self) -> EngineConsumer:
        """The consumer, as what it is."""
        consumer = self.consumer
        assert isinstance(consumer, EngineConsumer)
        return consumer

    def _generation(self) -> int:
        return generation(self)

    def _reader(self) -> AIOKafkaConsumer:
        security = self.settings.security
        return AIOKafkaConsumer(bootstrap_servers=self.settings.bootstrap_servers, enable_auto_commit=False, **security)

    def _changelog_of(self, table: str) -> str:
        return str(self.engine.tables[table].changelog_topic.get_topic_name())


class _Offsets:
    """Port `Offsets`: the consumer is made when Faust starts, later than the ports."""

    def __init__(self, app: EngineApp) -> None:
        self._app = app

    def advance(self, topic: str, partition: int, next_offset: int) -> None:
        self._app.engine_consumer.advance(topic, partition, next_offset)


def _only_plain(register: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(function: Any) -> Any:
        if inspect.isasyncgenfunction(function):
            raise EngineUseError("on an event topic an agent yields nothing; stage effects instead")
        return register(function)

    return checked


def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
