"""The trainer: one asyncio task that learns `<ns>.examples` and publishes versions on `<ns>.models`.

A partition of `<ns>.examples` is one model (its number is the model's place in policy), and belongs to one trainer of
the group `<app>-trainer`. Whoever gets it restores the last complete version and reads on from the offset that this
version names; nothing else is remembered anywhere. All that decides is in `models.training.release`, which is pure.

Versions are numbered at points that follow from the examples alone, but they are sent no more often than policy's
`publish_seconds`: a number that was skipped was overtaken before anyone could have used it.

It shares a core with the events, and they cannot wait: it learns in slices of milliseconds, and rests between them. So
versions are sent, and partitions taken from it, in the midst of what it has polled: it drops the rest, which whoever
gets them reads again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Any

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from models.contest.events import MAX_EVENTS
from models.contest.sealing import Seal
from models.learning.learner import DAMAGED
from models.policy import Policy
from models.training.admission import Message
from models.training.bookmark import Position
from models.training.learners import left_out, new_release, report, servable
from models.training.release import Release
from models.training.shelf import Shelf
from schemas.internal import ModelCommand, Punctuation
from stream_app.engine.records import Origin
from stream_app.kafka import KafkaUnavailable, consumer, producer
from stream_app.settings import Settings
from stream_app.training.held import Held
from stream_app.training.slices import Slices
from stream_app.training.snapshots import ModelWriter, read_shelf, say_left_out

POLL_MS = 200
RETRY_SECONDS = 1.0
MOST, MAX_SOURCE = 2**63, 200  # offset or ordinal, and characters of a source, that a snapshot can hold
LONGEST_LEARNING_MS = 3_600_000  # of what one poll gave: a trainer that is dead is known by its heartbeats
KEPT_EVENTS = 4 * MAX_EVENTS  # of a model's ledger, to know which were sent: more than any version tells
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


class NotRestored(Exception):
    """Models could not be restored at an assignment; the cause says why."""


START_AGAIN = (KafkaError, KafkaUnavailable, OSError, NotRestored)
# (model, what `models.training.learners.report` says; None once another trainer has it)
Report = Callable[[str, dict[str, Any] | None], None]
Send = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


def examples_topic(settings: Settings) -> str:
    """Return the topic's full name."""
    return f"{settings.namespace}.examples"


def example_partition(model: str, policy: Policy) -> int:
    """Return the partition of examples and punctuation of a model: its place in policy, not a hash of its key."""
    return policy.models.names.index(model)


class Trainer:
    """Trains the models whose partitions it holds. `run` returns when `stop` is set, everything sent."""

    def __init__(self, settings: Settings, policy: Policy, tell: Report | None = None) -> None:
        """Train by `policy`; `tell` hears after every batch how good the models are (metrics)."""
        self._settings = settings
        self._policy = policy
        self._tell = tell
        self._topic = examples_topic(settings)
        key = settings.model_key
        self._seal = None if key is None else Seal(key.get_secret_value().encode(), settings.namespace)
        self.held: dict[int, Held] = {}  # by partition
        self._shelf = Shelf(policy.models.keep_versions)  # as of the last assignment, and all that was sent since
        self._rejected = 0
        self._assignment = 0

    def reports(self) -> dict[str, dict[str, Any]]:
        """Say of each model that is trained here what it learned and how good it is."""
        return {held.release.model: report(held.release) for held in self.held.values()}

    async def run(self, stop: asyncio.Event) -> None:
        """Train until `stop`; broken connections are made anew from the last version that was sent."""
        while not stop.is_set():
            try:
                await self._train(stop)
            except START_AGAIN as error:
                log.warning("trainer starts again", error=type(error.__cause__ or error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _train(self, stop: asyncio.Event) -> None:
        kafka, group = self._settings.kafka, f"{self._settings.app_id}-trainer"
        patience = {"max_poll_interval_ms": LONGEST_LEARNING_MS}
        async with producer(kafka) as sender, consumer(kafka, group_id=group, **patience) as reader:
            listener = _Assignment(self, reader)
            try:
                reader.subscribe([self._topic], listener=listener)
                while not stop.is_set():
                    if listener.failed is not None:
                        raise NotRestored from listener.failed
                    batches = await reader.getmany(timeout_ms=POLL_MS)
                    assignment = self._assignment
                    for partition, records in batches.items():
                        await self._learn(partition.partition, records, assignment, partial(self._send_due, sender))
                    await self._send_due(sender)
                await self._send_due(sender, all_of_them=True)
            finally:
                self.forget(list(self.held))

    async def restore(self, partitions: Iterable[int]) -> dict[int, int | None]:
        """Restore the models of these partitions; returns per partition where to read on, None for its beginning."""
        shelf = self._shelf = await read_shelf(self._settings, self._policy, ledger=KEPT_EVENTS, left_out=say_left_out)
        offsets: dict[int, int | None] = {}
        for number in partitions:
            if number >= len(self._policy.models.names):
                log.warning("nobody trains this partition: policy names fewer models", partition=number)
                continue
            release = self._new(self._policy.models.names[number])
            offsets[number] = None
            for stored in shelf.newest_first(release.model):
                try:
                    offsets[number] = release.restore(stored.snapshot)
                    break
                except DAMAGED as error:
                    version = stored.manifest.version
                    log.warning("version left out", model=release.model, version=version, why=repr(error))
                    release = self._new(release.model)
            self.held[number] = Held(release)
            for name in release.began_anew:
                log.warning("challenger begins anew: new, or not sealed with our key", challenger=name)
            if self._seal is None:
                for name in left_out(release.model, self._policy):
                    log.warning("challenger left out: no RAPPORT_MODEL_KEY to seal it with", challenger=name)
            self._say(release)
            log.info("model restored", model=release.model, version=release.version, read_from=offsets[number])
        return offsets

    def _new(self, model: str) -> Release:
        return new_release(model, self._policy, self._settings.partitions, self._seal)

    def forget(self, partitions: Iterable[int]) -> None:
        """Let go of models that another trainer goes on with; what was not sent it learns again."""
        self._assignment += 1
        for number in partitions:
            held = self.held.pop(number, None)
            if held is not None and self._tell is not None:
                self._tell(held.release.model, None)

    async def _learn(
        self, partition: int, records: Iterable[ConsumerRecord], assignment: int, send: Send | None = None
    ) -> None:
        """Learn what was polled under an assignment, for as long as that holds; what is due meanwhile is sent."""
        held = self.held.get(partition)
        if held is None or self._assignment != assignment:
            return
        slices = Slices()
        for record in records:
            for _ in self._take(held, record):
                if slices.over:
                    await slices.rest()
                    if send is not None and self._assignment == assignment:
                        await send()
                    if self._assignment != assignment:
                        return
                    slices.begin()
        self._say(held.release)

    def _take(self, held: Held, record: ConsumerRecord) -> Iterator[None]:
        """Give a record to its model; yields where others may have their turn."""
        release = held.release
        message, rejected = _decoded(record.value), release.counts.rejected
        if message is None:
            release.pass_by(record.offset)
            self._reject(record, "it cannot be read")
        elif isinstance(message, Punctuation):
            for version in release.promise_stepwise(message, record.offset):
                if version is not None:
                    held.keep(version)
                yield
        elif isinstance(message, ModelCommand):
            for version in release.obey(message, record.offset, self._servable(release.model)):
                held.keep(version)
            held.hurry()
        else:
            release.take(message, position_of(record), record.offset)
        if message is not None and release.counts.rejected > rejected:
            self._reject(record, release.unfit(message))
        yield

    def _say(self, release: Release) -> None:
        if self._tell is not None:
            self._tell(release.model, report(release))

    def _servable(self, model: str) -> tuple[int, ...]:
        """List the versions on the topic that workers can serve."""
        found = self._shelf.newest_first(model)
        return tuple(stored.manifest.version for stored in found if servable(stored, self._policy))

    def _reject(self, record: ConsumerRecord, why: str) -> None:
        self._rejected += 1
        log.warning("rejected", offset=record.offset, partition=record.partition, why=why, rejected=self._rejected)

    async def _send_due(self, sender: AIOKafkaProducer, *, all_of_them: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        every_seconds = 0.0 if all_of_them else self._policy.models.publish_seconds
        for held in list(self.held.values()):
            await held.send_due(ModelWriter(self._settings, self._shelf, sender), now, every_seconds)


class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """Restores what is assigned before its first record is read; `failed` is why it could not."""

    def __init__(self, trainer: Trainer, consumer: AIOKafkaConsumer) -> None:
        self._trainer = trainer
        self._consumer = consumer
        self.failed: Exception | None = None

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let go of the models."""
        self._trainer.forget([tp.partition for tp in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Restore the models and go to where their last versions stood."""
        by_number = {tp.partition: tp for tp in assigned}
        try:
            offsets = await self._trainer.restore(sorted(by_number))
        except Exception as error:  # noqa: BLE001 - aiokafka would log any and read on, past examples to learn
            self.failed = error
            return
        for number, offset in offsets.items():
            if offset is None:
                await self._consumer.seek_to_beginning(by_number[number])
            else:
                self._consumer.seek(by_number[number], offset)


def _decoded(value: bytes | None) -> Message | None:
    try:
        return _MESSAGE.validate_json(value or b"")
    except (ValidationError, orjson.JSONDecodeError):
        return None


def position_of(record: ConsumerRecord) -> Position:
    """Find where the record lies that brought this example about; one that cannot say stands for itself."""
    origin = Origin.of(record.headers)
    itself = Position("", record.offset, 0)
    if origin is None or not (0 <= origin.offset < MOST and 0 <= origin.ordinal < MOST):
        return itself
    source = f"{origin.topic_id}:{origin.partition}"
    return Position(source, origin.offset, origin.ordinal) if len(source) <= MAX_SOURCE else itself
