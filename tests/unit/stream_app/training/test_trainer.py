"""What the trainer decides beside the pure core: which versions it sends, what of the ledger, and what it passes by."""

import asyncio
import random
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import pytest

from models.policy import load_policy
from models.training.learners import new_release, report
from models.training.release import Release
from models.training.shelf import Shelf
from models.training.snapshots import to_records
from schemas.internal import ExampleRecord, ModelCommand, Punctuation
from stream_app.engine.records import Origin
from stream_app.settings import Settings
from stream_app.training.held import Held
from stream_app.training.trainer import Trainer, example_partition
from tests.unit.models.training.test_release import DAY, an_example
from tests.unit.models.training.test_release_training import FOLDER

POLICY = load_policy(FOLDER, {"models": {"publish_examples": 20, "challengers": {"churn": ["naive_bayes"]}}})
CHURN = example_partition("churn", POLICY)


class Line(NamedTuple):
    """A record of `crm.examples`."""

    value: bytes
    offset: int
    partition: int = CHURN
    headers: tuple = ()


class Topic:
    """`crm.models`, as a producer sees it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None]] = []

    async def send_and_wait(self, topic: str, *, value: bytes | None, key: bytes, partition: int) -> None:
        self.sent.append((key.decode(), value))


def a_trainer() -> Trainer:
    trainer = Trainer(Settings.load(partitions=1), POLICY)
    trainer.held[CHURN] = Held(new_release("churn", POLICY, 1))
    return trainer


async def learn(trainer: Trainer, polled: list[Line]) -> None:
    await trainer._learn(CHURN, polled, trainer._assignment)


def lines(*messages: ExampleRecord | Punctuation | ModelCommand) -> list[Line]:
    return [Line(message.model_dump_json().encode(), offset) for offset, message in enumerate(messages)]


def a_command(number: int, **parts) -> ModelCommand:
    values = {
        "model": "churn",
        "command_id": f"c-{number}",
        "op": "rollback",
        "by": "chen",
        "reason": "r",
        "asked_ms": 5,
    }
    return ModelCommand(**values | parts)


async def test_the_ledger_keeps_also_what_only_overtaken_versions_told():
    """More than a version remembers, between two that are sent."""
    trainer, topic = a_trainer(), Topic()
    shelf = trainer._shelf = Shelf(3, ledger=None)
    await learn(trainer, lines(*[a_command(number) for number in range(70)]))
    await trainer._send_due(topic)
    assert len([key for key, _ in topic.sent if key.endswith("/manifest")]) == 1
    assert [event["command_id"] for event in shelf.events("churn")] == [f"c-{number}" for number in range(70)]
    await trainer._send_due(topic)
    assert len(topic.sent) == 73, "70 entries, what is served, one part and the manifest, once"


@pytest.mark.parametrize("damaged", [False, True])
async def test_only_a_version_that_lies_there_and_can_be_served_is_pinned(damaged):
    trainer = a_trainer()
    promise = Punctuation(model="churn", source_partition=0, below_ms=9 * DAY)
    await learn(trainer, lines(*[an_example(number) for number in range(25)], promise))
    version = trainer.held[CHURN].unsent
    if damaged:
        version.snapshot["state"]["learner"]["names"][0] = "mua"
    for key, value in to_records(version):
        trainer._shelf.put(key, value)
        trainer._shelf.put(key, value)  # read again
    asked = [a_command(number, version=number) for number in (1, 2)]
    await learn(trainer, [Line(it.model_dump_json().encode(), 26 + number) for number, it in enumerate(asked)])
    contest = trainer.held[CHURN].release.contest
    assert [(event.what, event.about) for event in contest.duty.events.last] == [
        ("refused" if damaged else "pinned", "version 1"),
        ("refused", "version 2"),
    ]
    assert contest.duty.pinned == (0 if damaged else 1)


async def test_what_cannot_be_taken_is_counted_and_what_follows_is_learned():
    trainer = a_trainer()
    poison = an_example(1).model_copy(update={"features": (0.5,), "example_id": "narrow"})
    promise = Punctuation(model="churn", source_partition=0, below_ms=9 * DAY)
    await learn(trainer, [Line(b"junk", 0), *lines(promise, poison, an_example(2), promise)[1:]])
    assert (trainer._rejected, trainer.reports()["churn"]["examples"]) == (2, 1)
    assert trainer.reports()["churn"]["rejected"] == 2, "the one that cannot be read too"


@pytest.fixture
def hasty(monkeypatch):
    """Slices without length: others have their turn after each example."""
    monkeypatch.setattr("stream_app.training.slices.SLICE_SECONDS", 0)
    monkeypatch.setattr("stream_app.training.slices.REST_SECONDS", 0)


def a_day(examples: int) -> list[Line]:
    """So many examples, and a promise that releases them at one go."""
    promise = Punctuation(model="churn", source_partition=0, below_ms=9 * DAY)
    return lines(*[an_example(number) for number in range(examples)], promise)


def learned(release: Release) -> int:
    return report(release)["examples"]


@pytest.mark.usefixtures("hasty")
async def test_a_promise_that_releases_much_holds_nobody_up():
    trainer = a_trainer()
    learning, seen = asyncio.create_task(learn(trainer, a_day(25))), set()
    for _ in range(60):
        await asyncio.sleep(0)
        seen.add(learned(trainer.held[CHURN].release))
    await learning
    assert seen == set(range(26)), "others have their turn after each example"


@pytest.mark.usefixtures("hasty")
async def test_a_version_is_sent_while_the_rest_of_a_promise_is_learned():
    trainer, topic, examples = a_trainer(), Topic(), []
    sending = partial(trainer._send_due, topic)

    async def send() -> None:
        await sending()
        examples.append((learned(trainer.held[CHURN].release), bool(topic.sent)))

    await trainer._learn(CHURN, a_day(45), trainer._assignment, send)
    assert min(number for number, sent in examples if sent) <= 21, "the first version is of 20 examples"
    assert max(examples) == (45, True)


async def turns(work: Coroutine[Any, Any, None]) -> int:
    """How often others have their turn until the work is done."""
    task, count = asyncio.create_task(work), 0
    while not task.done():
        await asyncio.sleep(0)
        count += 1
    return count


@pytest.mark.usefixtures("hasty")
async def test_a_version_that_is_told_and_packed_holds_nobody_up():
    """Each part of what the model knows is a step of its own."""
    trainer, topic = a_trainer(), Topic()
    without, published = await turns(learn(a_trainer(), a_day(19))), await turns(learn(trainer, a_day(20)))
    a_record_and_an_example, parts = 2, len(trainer.held[CHURN].release.contest.members) + 2
    assert published - without >= a_record_and_an_example + parts
    assert await turns(trainer._send_due(topic)) > 100
    assert topic.sent[-1][0] == "churn/0000000001/manifest"


@pytest.mark.usefixtures("hasty")
async def test_what_was_polled_before_a_rebalance_is_dropped_even_halfway():
    trainer = a_trainer()
    before = trainer.held[CHURN].release
    learning = asyncio.create_task(learn(trainer, a_day(25)))
    for _ in range(55):
        await asyncio.sleep(0)
    trainer.forget([CHURN])
    after = trainer.held[CHURN] = Held(new_release("churn", POLICY, 1))
    await learning
    assert 20 < learned(before) < 25, "past the first version"
    assert (learned(after.release), after.unsent) == (0, None), "nothing is sent of what another trains now"


class SlowTopic(Topic):
    """Whoever is killed while he sends has sent a part of a version."""

    async def send_and_wait(self, topic: str, *, value: bytes | None, key: bytes, partition: int) -> None:
        await asyncio.sleep(0)
        await super().send_and_wait(topic, value=value, key=key, partition=partition)

    def shelf(self) -> Shelf:
        shelf = Shelf(POLICY.models.keep_versions)
        for record in self.sent:
            shelf.put(*record)
        return shelf


def days(number: int) -> list[Line]:
    """So many days of 15 examples each, in an order of their own, and a promise after each."""
    messages: list[ExampleRecord | Punctuation] = []
    for day in range(number):
        some = [an_example(15 * day + n, due_ms=day * DAY + n * 1_000) for n in range(15)]
        random.Random(day).shuffle(some)
        messages += [*some, Punctuation(model="churn", source_partition=0, below_ms=(day + 1) * DAY)]
    return lines(*messages)


async def lived(topic: SlowTopic, polled: list[Line], turns_to_live: int | None = None) -> bool:
    """Let a trainer go on from what lies on the topic, and kill it after so many turns; whether it came to the end."""
    trainer = a_trainer()
    trainer._shelf = topic.shelf()
    stored, start = trainer._shelf.latest("churn"), 0
    if stored is not None:
        start = trainer.held[CHURN].release.restore(stored.snapshot)
    send = partial(trainer._send_due, topic, all_of_them=True)

    async def work() -> None:
        await trainer._learn(CHURN, polled[start:], trainer._assignment, send)
        await send()

    task, count = asyncio.create_task(work()), 0
    while not task.done() and count != turns_to_live:
        await asyncio.sleep(0)
        count += 1
    ended = task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return ended


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_trainer_killed_at_random_moments_again_and_again_leaves_the_bytes_of_one_that_never_was(seed):
    """While it learns, tells what it knows, packs it or sends it: the moments are turns of the event loop."""
    polled, chance, whole, topic, kills = days(8), random.Random(seed), SlowTopic(), SlowTopic(), 0
    assert await lived(whole, polled)
    while not await lived(topic, polled, chance.randrange(1, 700)):
        kills += 1
    last, other = whole.shelf().latest("churn"), topic.shelf().latest("churn")
    begun, ended = [sum(key.endswith(part) for key, _ in topic.sent) for part in ("/served.0", "/manifest")]
    assert kills >= 8
    assert begun > ended, "some died while they sent"
    assert (last.manifest, last.snapshot) == (other.manifest, other.snapshot)


@pytest.mark.parametrize(
    "origin",
    [
        {"source-offset": b"9" * 25},
        {"source-ordinal": b"-1"},
        {"source-ordinal": None},
        {"source-partition": None},
        {"source-topic-id": b"t" * 300},
        {"source-partition": b"9" * 250},
    ],
    ids=str,
)
async def test_an_example_that_says_nothing_sound_of_its_source_is_learned_and_the_version_can_be_restored(origin):
    headers = dict(Origin("t", 0, b"C1", 7, 0).headers()) | origin
    trainer, topic = a_trainer(), Topic()
    promise = Punctuation(model="churn", source_partition=0, below_ms=9 * DAY)
    examples = lines(*[an_example(number) for number in range(20)])
    await learn(trainer, [examples[0]._replace(headers=tuple(headers.items())), *examples[1:]])
    await learn(trainer, [Line(promise.model_dump_json().encode(), 20)])
    await trainer._send_due(topic)
    stored = trainer._shelf.latest("churn")
    again = new_release("churn", POLICY, 1)
    again.restore(stored.snapshot)
    assert again.learner.examples == 20
