"""Versions of models on `<ns>.models`: the trainer writes them, every worker reads them and takes up the newest.

The topic has one partition, so that a version's manifest comes after its parts, and is compacted; versions that policy
no longer keeps are deleted by tombstones.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from models.learning.learner import BadSnapshotError
from models.learning.scoring import Scorer
from models.policy import Policy
from models.training.learners import scorer_of, starting_scorers
from models.training.published import Published
from models.training.shelf import LeftOut, Shelf
from models.training.snapshots import UNBORN, Manifest, Stored, describe, events_of, to_records_stepwise
from stream_app.kafka import KafkaUnavailable, consumer, read_to_end
from stream_app.settings import Settings
from stream_app.training.slices import Slices

POLL_MS = 500
RETRY_SECONDS = 1.0
NO_EVENTS: Mapping[str, bytes] = MappingProxyType({})

log = structlog.get_logger(__name__)


def models_topic(settings: Settings) -> str:
    """Return the topic's full name."""
    return f"{settings.namespace}.models"


def say_left_out(model: str, version: int, why: BadSnapshotError) -> None:
    """Tell ops that a version is not taken up, so that nobody wonders why an older one serves."""
    log.warning("model version left out", model=model, version=version, why=str(why))


async def read_shelf(
    settings: Settings, policy: Policy, *, ledger: int | None = None, left_out: LeftOut = lambda *_: None
) -> Shelf:
    """Read what lies on the topic up to its end as of now, with so much of the ledger (None: all).

    Raises `KafkaUnavailable`.
    """
    shelf = Shelf(policy.models.keep_versions, ledger=ledger, left_out=left_out)
    async for record, _ in read_to_end(settings.kafka, models_topic(settings)):
        shelf.put(_key_of(record), record.value)
    return shelf


async def list_models(settings: Settings, policy: Policy) -> dict[str, list[dict[str, Any]]]:
    """Say per model which versions there are, oldest first, with examples and metrics: what `model list` prints."""
    shelf = await read_shelf(settings, policy)
    return {model: [describe(manifest) for manifest in shelf.versions(model)] for model in policy.models.names}


class ModelWriter:
    """Sends versions in parts, manifest last, and deletes those that need not be kept."""

    def __init__(self, settings: Settings, shelf: Shelf, producer: AIOKafkaProducer) -> None:
        self._topic = models_topic(settings)
        self._shelf = shelf
        self._producer = producer

    async def write(self, version: Published, earlier: Mapping[str, bytes] = NO_EVENTS) -> None:
        """Send one version; it counts once its manifest is acknowledged. What it tells of champions goes before it.

        `earlier`: entries of the ledger by versions that were overtaken before they could be sent.
        """
        for key, value in {**earlier, **dict(events_of(version))}.items():
            if not self._shelf.has_event(key, value):
                await self._send(key, value)
        slices = Slices()
        for record in to_records_stepwise(version):
            if record is not None:
                await self._send(*record)
            elif slices.over:
                await slices.rest()
        for key in list(self._shelf.superseded(version.model, version.version)):
            await self._send(key, None)

    async def _send(self, key: str, value: bytes | None) -> None:
        await self._producer.send_and_wait(self._topic, value=value, key=key.encode(), partition=0)
        self._shelf.put(key, value)


class ModelBoard:
    """The scorers that this worker uses: the newest complete version of each model.

    `start()` returns when the topic was read to its end; `follow()` then takes up what comes. `current()` gives a
    mapping that is never changed, only replaced: the engine asks for it between two batches and scores a whole batch by
    one answer. With `learning` off (RAPPORT_LEARNING) nobody follows, and the versions found at the start stay.
    """

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._settings = settings
        self._policy = policy
        self._shelf = Shelf(policy.models.keep_versions, serving=True, left_out=say_left_out)
        self._scorers: Mapping[str, Scorer] = starting_scorers(policy)
        self._newest = dict.fromkeys(self._scorers, UNBORN)  # of the versions heard of, also where another is pinned
        self._used: dict[str, Manifest] = {}
        self._partition = TopicPartition(models_topic(settings), 0)
        self._position = 0

    def current(self) -> Mapping[str, Scorer]:
        """Give the scorers to use from the next batch on."""
        return self._scorers

    async def start(self) -> None:
        """Read the topic to its end and take up the newest versions. Raises `KafkaUnavailable`."""
        async for record, _ in read_to_end(self._settings.kafka, self._partition.topic, [0]):
            self._shelf.put(_key_of(record), record.value)
            self._position = record.offset + 1
        for model in self._policy.models.names:
            for stored in self._shelf.newest_first(model):
                if self._take_up(stored):
                    break

    async def follow(self) -> None:
        """Take up versions as they come, until cancelled; a topic that cannot be read is tried again."""
        while True:
            try:
                await self._read_on()
            except (KafkaError, KafkaUnavailable, OSError) as error:
                log.warning("models cannot be read", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    def _take_up(self, stored: Stored) -> bool:
        """Use a version, unless a newer one is in use; one that does not fit this code is left out, and said."""
        model, version = stored.manifest.model, stored.manifest.version
        if model not in self._scorers or stored.manifest.age <= self._newest[model]:
            return False
        try:
            scorer = scorer_of(stored, self._policy)
        except BadSnapshotError as error:
            say_left_out(model, version, error)
            return False
        self._newest[model] = stored.manifest.age
        used, scorer = self._pinned(stored) or (stored.manifest, scorer)
        if used != self._used.get(model):
            self._used[model] = used
            self._scorers = {**self._scorers, model: scorer}
            log.info("model version taken up", model=model, version=scorer.version, examples=scorer.examples)
        return True

    def _pinned(self, stored: Stored) -> tuple[Manifest, Scorer] | None:
        """Give the scorer of the version that people have pinned; None where there is none to be had."""
        model, pinned = stored.manifest.model, stored.pinned
        if not pinned:
            return None
        older = self._shelf.stored(model, pinned)
        try:
            if older is not None:
                return older.manifest, scorer_of(older, self._policy)
        except BadSnapshotError as error:
            log.warning("pinned version left out", model=model, version=pinned, why=str(error))
        else:
            log.warning("pinned version is gone", model=model, version=pinned)
        return None

    async def _read_on(self) -> None:
        async with consumer(self._settings.kafka) as reader:
            reader.assign([self._partition])
            reader.seek(self._partition, self._position)
            while True:
                batches = await reader.getmany(timeout_ms=POLL_MS)
                for record in [record for batch in batches.values() for record in batch]:
                    self._position = record.offset + 1
                    stored = self._shelf.put(_key_of(record), record.value)
                    if stored is not None:
                        self._take_up(stored)


def _key_of(record: ConsumerRecord) -> str:
    return (record.key or b"").decode("utf-8", "replace")
