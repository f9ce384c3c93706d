"""The wiring of a worker on one screen: settings and policy in, a Faust app with agents, tables and timers out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from agents.handle import handle
from agents.ports import Advance, Meter, Outbox
from models.context import Context, Verdict
from models.learning.scoring import Scorer
from models.policy import Policy, load_policy
from models.sentiment import SentimentAnalyser, load_lexicon
from schemas.errors import BadMessage
from schemas.internal import Timer
from schemas.partitioner import partition_for
from schemas.wire import decode, encode, unreadable
from stream_app.engine.batch import Decode
from stream_app.engine.clocks import TimerRule
from stream_app.engine.effects import BadInput
from stream_app.engine.engine import Engine, Work
from stream_app.engine.fatal import Exit, die
from stream_app.engine.faust_settings import EngineSettings
from stream_app.engine.producer import Place
from stream_app.engine.records import Record
from stream_app.engine.state_table import TablePort
from stream_app.engine.topic_ids import all_told
from stream_app.kafka import client_options, partition_counts
from stream_app.routes import ROUTES, TABLES, Step
from stream_app.settings import Settings
from stream_app.telemetry.metrics import Metrics
from stream_app.telemetry.observer import Observer
from stream_app.telemetry.queue_watch import QueueWatch
from stream_app.topics import all_topics, full_names
from stream_app.training.punctuator import Punctuator
from stream_app.training.snapshots import ModelBoard
from stream_app.training.trainer import Trainer
from stream_app.worker.app import WorkerApp
from stream_app.worker.sibling_clocks import SiblingClocks

KNOWN_KEYS = 100_000
"""Keys whose partition was checked, per topic and worker."""


class LiveContext:
    """The context of all steps; new scorers are taken up at the first event of a batch, never within one."""

    def __init__(self, context: Context, newest: Callable[[], Mapping[str, Scorer]], engine: Engine) -> None:
        self._context = context
        self._newest = newest
        self._engine = engine
        self._work: Work | None = None

    @property
    def current(self) -> Context:
        """The context of the batch under way."""
        work = self._engine.work
        if work is not self._work:
            self._work = work
            scorers = self._newest()
            if scorers is not self._context.scorers:
                self._context = replace(self._context, scorers=scorers)
        return self._context


class Table:
    """A table's port as agents see it: putting None deletes."""

    def __init__(self, port: TablePort) -> None:
        self.get = port.get
        self._put = port.put
        self._delete = port.delete

    def put(self, key: str, value: Any) -> None:
        """Stage a value."""
        if value is None:
            self._delete(key)
        else:
            self._put(key, value)


@dataclass(frozen=True)
class RoutePorts:
    """The ports of one agent."""

    profiles: Table
    outbox: Outbox
    meter: Meter


@dataclass(frozen=True)
class Worker:
    """One worker, built and not yet started."""

    app: WorkerApp
    board: ModelBoard
    observer: Observer
    policy: Policy


def build_worker(settings: Settings, metrics: Metrics) -> Worker:
    """Build a worker; raises PolicyError. Nothing is connected before it runs."""
    policy = load_policy(settings.policy_dir)
    app = WorkerApp(engine_settings(settings), place_of_examples(policy))
    board = ModelBoard(settings, policy)
    analyser = SentimentAnalyser(load_lexicon(settings.policy_dir / "sentiment.toml"))
    steps = {table.name: table.step for table in TABLES}
    tables = {table.name: Table(app.state_table(table.name, table.codec, stubs=table.stubs)) for table in TABLES}
    names = full_names(settings)
    observer = Observer(metrics)
    newest = observer.counted(board.current)
    context = LiveContext(Context(policy, newest(), settings.seed, analyser.sentiment), newest, app.engine)
    app.engine.checkpointer.listen(observer.on_checkpoint)
    app.on_restored = partial(metrics.set, "crm_recovery_seconds")
    for route in ROUTES:
        meter = observer.meter(names[route.topic])
        topic = app.event_topic(
            names[route.topic],
            decode=meter.reading(
                decoder(route.topic, settings.partitions), clock_of(app) if route.moves_clock else None
            ),
            table=route.table,
            repeats=route.repeats,
            moves_clock=route.moves_clock,
        )
        ports = RoutePorts(tables[route.table], app.outbox, app.meter_port(meter))
        bound = partial(handle, advance=advancer(steps[route.table], context), ports=ports)
        app.agent(topic, name=route.topic)(agent_of(route.consume, bound))
    app.timers(TimerRule("profiles", names["timers"], encode_timer, policy.lateness_ms))
    app.before_start += [partial(find_topics, settings, policy), board.start]
    app.companions += [QueueWatch(settings, policy, metrics).run, SiblingClocks(app, settings).run]
    if settings.learning:
        app.companions += [
            board.follow,
            Punctuator(app, settings, policy).run,
            partial(Trainer(settings, policy, observer.model_report).run, asyncio.Event()),  # until Faust cancels it
        ]
    return Worker(app, board, observer, policy)


async def find_topics(settings: Settings, policy: Policy) -> None:
    """End the worker with a line that names the topics which are not there; a client would wait for them in silence.

    They are asked for again for some seconds, since a broker that has just come up may tell of none for a moment. Kafka
    lists no topic that an ACL hides: it may be there, but the worker could neither read nor write it.

    Raises `KafkaUnavailable`.
    """
    wanted = all_topics(settings, len(policy.models.names))
    found = await all_told(partial(partition_counts, settings, wanted), wanted)
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        names = ", ".join(missing)
        die(Exit.BROKEN, f"topics are missing or hidden by an ACL, run `rapport topics create`: {names}")


def clock_of(app: WorkerApp) -> Callable[[int], int | None]:
    """Make what tells the clock of a partition number (epoch ms; None while it stands still)."""
    return lambda number: app.lifecycle.clock_ms.get(("profiles", number))


def advancer(step: Step, context: LiveContext) -> Advance:
    """Bind a table's step to the live context."""

    def advance(value: Any, event: Any) -> Verdict[Any]:
        return step(value, event, context.current)

    return advance


def agent_of(consume: Any, bound: Any) -> Callable[[Any], Awaitable[None]]:
    """Make the function that Faust calls with the stream."""

    async def agent(stream: Any) -> None:
        await consume(stream, bound)

    return agent


def decoder(topic: str, partitions: int) -> Decode:
    """Make the decoder of a topic: bytes to event, or the reason why not."""
    places: dict[bytes, int] = {}

    def place(key: bytes) -> int:
        number = places.get(key)
        if number is None:
            if len(places) >= KNOWN_KEYS:
                places.clear()
            number = places[key] = partition_for(key, partitions)
        return number

    def decode_record(record: Record) -> Any:
        try:
            event = decode(
                topic, record.key or None, record.value, record.headers, record.timestamp_ms, record.position
            )
        except BadMessage as bad:
            return unreadable(topic, bad) or BadInput(bad.reason, bad.detail)
        if place(record.key) != record.partition:
            return BadInput("key_mismatch", "partition: not the one that murmur2 gives the key")
        return event

    return decode_record


def place_of_examples(policy: Policy) -> Place:
    """Send a model's examples to the partition of its place in policy; all else goes by its key."""

    def place(topic: str, key: str) -> int | None:
        return policy.models.names.index(key) if topic == "examples" else None

    return place


def encode_timer(key: bytes, until_ms: int) -> bytes:
    """Write the timer "advance this customer to that time"."""
    return encode(Timer(customer_id=key.decode(), until_ms=until_ms))


def engine_settings(settings: Settings) -> EngineSettings:
    """Translate the settings for the engine."""
    return EngineSettings(
        app_id=settings.app_id,
        bootstrap_servers=settings.kafka.bootstrap,
        redis_url=settings.redis.url,
        namespace=settings.namespace,
        data_dir=settings.data_dir / settings.worker_id,
        dead_letters=f"{settings.namespace}.dead-letters",
        partitions=settings.partitions,
        session_timeout=settings.kafka.session_timeout_seconds,
        commit_interval=settings.kafka.commit_interval_seconds,
        redis_retention=float(settings.redis.retention),
        redis_replicas=settings.redis.replicas,
        worker_id=settings.worker_id,
        standby_replicas=settings.standby_replicas,
        write_buffer=settings.write_buffer_mb << 20,
        instance_id=settings.kafka.instance_id,
        security={name: value for name, value in client_options(settings.kafka).items() if name != "bootstrap_servers"},
    )


def profile_of(worker: Worker, customer_id: str) -> Any:
    """Return a customer's committed profile if this worker holds it."""
    return worker.app.engine.tables["profiles"].committed(customer_id)
