"""What the trainer decides beside the pure core: which versions it sends, what of the ledger, and what it passes by."""

from typing import NamedTuple

import pytest

from models.policy import load_policy
from models.snapshots import Shelf, to_records
from models.training import new_release
from schemas.internal import ExampleRecord, ModelCommand, Punctuation
from stream_app.engine.records import Origin
from stream_app.settings import Settings
from stream_app.trainer import Trainer, example_partition
from tests.unit.models.test_release import DAY, an_example
from tests.unit.models.test_release_training import FOLDER

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
    trainer._releases[CHURN] = new_release("churn", POLICY, 1)
    return trainer


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
    trainer._learn(CHURN, lines(*[a_command(number) for number in range(70)]))
    await trainer._send_due(topic)
    assert len([key for key, _ in topic.sent if key.endswith("/manifest")]) == 1
    assert [event["command_id"] for event in shelf.events("churn")] == [f"c-{number}" for number in range(70)]
    await trainer._send_due(topic)
    assert len(topic.sent) == 72, "70 entries, one part and its manifest, once"


@pytest.mark.parametrize("damaged", [False, True])
def test_only_a_version_that_lies_there_and_can_be_served_is_pinned(damaged):
    trainer = a_trainer()
    promise = Punctuation(model="churn", source_partition=0, below_ms=9 * DAY)
    trainer._learn(CHURN, lines(*[an_example(number) for number in range(25)], promise))
    version = trainer._unsent[CHURN]
    if damaged:
        version.snapshot["state"]["learner"]["names"][0] = "mua"
    for key, value in to_records(version):
        trainer._shelf.put(key, value)
        trainer._shelf.put(key, value)  # read again
    asked = [a_command(number, version=number) for number in (1, 2)]
    trainer._learn(CHURN, [Line(it.model_dump_json().encode(), 26 + number) for number, it in enumerate(asked)])
    contest = trainer._releases[CHURN].contest
    assert [(event.what, event.about) for event in contest.events.last] == [
        ("refused" if damaged else "pinned", "version 1"),
        ("refused", "version 2"),
    ]
    assert contest.pinned == (0 if damaged else 1)


def test_what_cannot_be_taken_is_counted_and_what_follows_is_learned():
    trainer = a_trainer()
    poison = an_example(1).model_copy(update={"features": (0.5,), "example_id": "narrow"})
    promise = Punctuation(model="churn", source_partition=0, below_ms=9 * DAY)
    trainer._learn(CHURN, [Line(b"junk", 0), *lines(promise, poison, an_example(2), promise)[1:]])
    assert (trainer._rejected, trainer.reports()["churn"]["examples"]) == (2, 1)
    assert trainer.reports()["churn"]["rejected"] == 2, "the one that cannot be read too"


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
    trainer._learn(CHURN, [examples[0]._replace(headers=tuple(headers.items())), *examples[1:]])
    trainer._learn(CHURN, [Line(promise.model_dump_json().encode(), 20)])
    await trainer._send_due(topic)
    stored = trainer._shelf.latest("churn")
    again = new_release("churn", POLICY, 1)
    again.restore(stored.snapshot)
    assert again.learner.examples == 20
