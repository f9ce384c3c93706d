"""The trainer on a real Kafka: what it learns is what the pure core learns, across restarts, and workers take it up."""

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgpack
import orjson
import pytest
import structlog
from pydantic import SecretStr

from models.contest.sealing import Seal
from models.policy import load_policy
from models.training.bookmark import Position
from models.training.learners import new_release
from models.training.published import Published
from models.training.release import Release
from models.training.snapshots import events_of, to_records
from schemas.internal import ExampleRecord, Punctuation
from stream_app.engine.records import Origin
from stream_app.kafka import KafkaUnavailable, admin, create_topics, producer
from stream_app.settings import Settings
from stream_app.topics import EXAMPLES, OURS
from stream_app.training import model_duty
from stream_app.training.snapshots import ModelBoard, ModelWriter, list_models, models_topic, read_shelf
from stream_app.training.trainer import Trainer, example_partition, examples_topic
from tests.commands import rapport
from tests.unit.models.model_checks import examples
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parents[2] / "deploy" / "policy"
POLICY = load_policy(FOLDER, {"models": {"publish_examples": 20, "publish_seconds": 1, "keep_versions": 2}})
CHURN = example_partition("churn", POLICY)
SOURCES = 2
LONG = ("--wait", str(PATIENCE_SECONDS))
KEY = "a key of these tests, longer than thirty-two bytes"


@pytest.fixture
async def chosen(kafka_bootstrap, namespace):
    settings = Settings.load(
        kafka={"bootstrap": kafka_bootstrap},
        namespace=namespace,
        app_id=namespace,
        partitions=SOURCES,
        model_key=KEY,  # else what can only be sealed takes no part
    )
    (models,) = (spec for spec in OURS if spec.logical == "models")
    topics = {
        examples_topic(settings): (len(POLICY.models.names), EXAMPLES.config()),
        models_topic(settings): (1, models.config()),
    }
    await create_topics(settings, topics)
    return settings


def the_messages(first: int, count: int, *, until_ms: int) -> list[tuple[bytes, list, Position | None]]:
    """Examples of two source partitions in turn, then both promise."""
    messages = []
    for place, (features, label, _) in enumerate(list(examples(first + count))[first:], start=first):
        record = ExampleRecord(
            model="churn",
            example_id=f"e-{place}",
            customer_id="C1",
            due_ms=1_000 + (place * 7) % 50 + 100 * (place // 50),
            snapshot_ms=1,
            features=features,
            label=int(label),
        )
        origin = Origin("topic-uuid", place % SOURCES, b"C1", place, 0)
        position = Position(f"topic-uuid:{place % SOURCES}", place, 0)
        messages.append((record.model_dump_json().encode(), origin.headers(), position))
    for source in range(SOURCES):
        promise = Punctuation(model="churn", source_partition=source, below_ms=until_ms)
        messages.append((promise.model_dump_json().encode(), [], None))
    return messages


async def send(settings, messages):
    async with producer(settings.kafka) as sender:
        for value, headers, _ in messages:
            await sender.send_and_wait(examples_topic(settings), value, key=b"churn", headers=headers, partition=CHURN)


def in_process(messages) -> tuple[Release, list]:
    release, published = new_release("churn", POLICY, SOURCES, Seal(KEY.encode())), []
    for offset, (value, _, position) in enumerate(messages):
        if position is None:
            published += release.promise(Punctuation.model_validate_json(value), offset)
        else:
            release.take(ExampleRecord.model_validate_json(value), position, offset)
    return release, published


async def until_published(settings, version: int) -> None:
    """Wait until this version lies on the topic."""

    async def is_there():
        latest = (await read_shelf(settings, POLICY)).latest("churn")
        return latest is not None and latest.manifest.version >= version

    await until(is_there, f"version {version} lies on the topic")


async def trained(settings, version: int, kind: type[Trainer] = Trainer) -> Trainer:
    """Run a trainer until this version lies on the topic, then stop it in good order."""
    trainer, stop = kind(settings, POLICY), asyncio.Event()
    task = asyncio.create_task(trainer.run(stop))
    await until_published(settings, version)
    stop.set()
    await task
    return trainer


async def test_a_trainer_that_is_stopped_and_started_learns_what_the_pure_core_learns(chosen):
    first, second = the_messages(0, 50, until_ms=1_040), the_messages(50, 50, until_ms=5_000)
    await send(chosen, first)
    await trained(chosen, 2)
    await send(chosen, second)
    await trained(chosen, 5)

    _, published = in_process(first + second)
    stored = (await read_shelf(chosen, POLICY)).latest("churn")
    assert stored.manifest.version == published[-1].version == 5
    assert msgpack.packb(stored.snapshot["state"]) == msgpack.packb(published[-1].snapshot["state"])
    assert stored.manifest.examples == 100


async def killed(settings, version: int) -> None:
    """Run a trainer until this version lies on the topic, and end it where it stands, with nothing sent any more."""
    task = asyncio.create_task(Trainer(settings, POLICY).run(asyncio.Event()))
    await until_published(settings, version)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_trainer_that_is_killed_and_a_worker_that_sends_again_change_no_byte(chosen):
    first, second = the_messages(0, 50, until_ms=1_040), the_messages(50, 50, until_ms=5_000)
    await send(chosen, first)
    await killed(chosen, 1)
    await send(chosen, first[10:50] + second[:20] + second)  # who died sends again what he does not know to be there
    await trained(chosen, 5)

    _, published = in_process(first + second)
    stored = (await read_shelf(chosen, POLICY)).latest("churn")
    assert msgpack.packb(stored.snapshot["state"]) == msgpack.packb(published[-1].snapshot["state"])
    assert stored.snapshot["bookmark"]["repeated"] == 60


async def test_old_versions_are_deleted_and_the_list_says_what_is_there(chosen):
    await send(chosen, the_messages(0, 100, until_ms=5_000))
    await trained(chosen, 5)
    async with producer(chosen.kafka) as sender:
        shelf = await read_shelf(chosen, POLICY)
        _, published = in_process(the_messages(0, 180, until_ms=5_000))
        writer = ModelWriter(chosen, shelf, sender)
        for version in published[5:]:
            await writer.write(version)
    listed = (await list_models(chosen, POLICY))["churn"]
    assert [manifest["version"] for manifest in listed] == [8, 9]
    assert listed[-1]["examples"] == 180
    assert 0.5 < listed[-1]["auc"] < 1


async def test_a_worker_takes_up_versions_as_they_come_and_keeps_them_when_learning_is_off(chosen):
    _, published = in_process(the_messages(0, 100, until_ms=5_000))
    async with producer(chosen.kafka) as sender:
        writer = ModelWriter(chosen, await read_shelf(chosen, POLICY), sender)
        await writer.write(published[0])
        following = ModelBoard(chosen, POLICY)
        pinned = ModelBoard(chosen.model_copy(update={"learning": False}), POLICY)
        for board in (following, pinned):
            await board.start()
            assert board.current()["churn"].version == 1
        before = following.current()
        follower = asyncio.create_task(following.follow())
        await writer.write(published[1])
        await sender.send_and_wait(models_topic(chosen), b"{}", key=b"churn/0000000099/manifest", partition=0)

        async def has_followed():
            return following.current()["churn"].version == 2

        await until(has_followed, "the follower has the version")
        assert before["churn"].version == 1, "a batch that began with a mapping ends with it"
        assert pinned.current()["churn"].version == 1
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower


async def emptied(settings: Settings) -> None:
    """Delete the topic of versions, and make it again."""
    name = models_topic(settings)
    async with admin(settings.kafka) as client:
        await client.delete_topics([name])

        async def made():
            return name in (await create_topics(settings, {name: (1, {})}))[0]

        await until(made, "the topic exists again")


async def test_workers_follow_a_model_that_numbers_from_1_again_once_it_has_learned_as_far(chosen):
    """The topic was lost, and of the examples only the later ones are still there."""
    _, before = in_process(the_messages(0, 70, until_ms=5_000))
    _, after = in_process(the_messages(50, 50, until_ms=5_000))
    assert [version.version for version in after] == [1, 2]
    async with producer(chosen.kafka) as sender:
        await ModelWriter(chosen, await read_shelf(chosen, POLICY), sender).write(before[-1])
    board = ModelBoard(chosen, POLICY)
    await board.start()
    assert board.current()["churn"].version == before[-1].version == 3
    await emptied(chosen)
    used, follower = [board.current()["churn"]], asyncio.create_task(board.follow())
    async with producer(chosen.kafka) as sender:
        writer = ModelWriter(chosen, await read_shelf(chosen, POLICY), sender)
        for version in after:
            await writer.write(version)

            async def has_taken(version=version):
                return board._shelf.stored("churn", version.version) is not None

            await until(has_taken, f"version {version.version} has come")
            used.append(board.current()["churn"])
    follower.cancel()
    with suppress(asyncio.CancelledError):
        await follower
    assert [(scorer.version, scorer.examples) for scorer in used] == [(3, 60), (3, 60), (2, 40)]


def odd(version: Published, number: int, **parts) -> Published:
    """The version as another program might write it: complete and sound in transport, strange inside."""
    learner = {name: part for name, part in version.snapshot["state"]["learner"].items() if name != "names"}
    state = {**version.snapshot["state"], "learner": {**learner, **parts}}
    return version._replace(version=number, snapshot={**version.snapshot, "state": state})


async def test_an_odd_version_stops_neither_a_start_nor_the_follower_nor_the_trainer(chosen):
    _, published = in_process(the_messages(0, 100, until_ms=5_000))
    async with producer(chosen.kafka) as sender:
        writer = ModelWriter(chosen, await read_shelf(chosen, POLICY), sender)
        await writer.write(published[0])
        await writer.write(odd(published[0], 2))
        board = ModelBoard(chosen, POLICY)
        await board.start()
        assert board.current()["churn"].version == 1, "the newest is left out, an older one serves"
        follower = asyncio.create_task(board.follow())
        await writer.write(odd(published[0], 3, names=7))
        await writer.write(published[3])

        async def has_followed():
            return board.current()["churn"].version == 4

        await until(has_followed, "the follower has the version")
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower
        await writer.write(odd(published[0], 5))
    restored = Trainer(chosen, POLICY)
    assert await restored.restore([CHURN]) == {CHURN: published[3].snapshot["bookmark"]["read_from"]}
    assert restored.reports()["churn"]["version"] == 4


class FailsOnce(Trainer):
    """A trainer with a defect that shows at its first assignment."""

    failures = 0

    async def restore(self, partitions):
        if not self.failures:
            self.failures += 1
            raise ZeroDivisionError
        return await super().restore(partitions)


async def test_a_trainer_that_could_not_restore_its_models_starts_again(chosen):
    """Whatever was raised: aiokafka would swallow it and read on, past examples that nobody learns."""
    await send(chosen, the_messages(0, 40, until_ms=5_000))
    trainer = await trained(chosen, 2, FailsOnce)
    assert trainer.failures == 1


async def test_garbage_among_the_examples_is_passed_by(chosen):
    messages = the_messages(0, 40, until_ms=5_000)
    promise = Punctuation(model="value", source_partition=0, below_ms=1).model_dump_json().encode()
    narrow = orjson.dumps({**orjson.loads(messages[0][0]), "example_id": "narrow", "features": [0.5]})
    junk = [(b"not json", [], None), (b"", [], None), (promise, [], None), (narrow, [], None)]
    await send(chosen, [*junk, *messages])
    trainer = await trained(chosen, 2)
    assert trainer._rejected == 4
    assert len(list(to_records(in_process(messages)[1][-1]))) == 3


@asynccontextmanager
async def training(settings: Settings):
    trainer, stop = Trainer(settings, load_policy(FOLDER)), asyncio.Event()
    with structlog.testing.capture_logs():  # commands run in this process, and their standard output is looked at
        task = asyncio.create_task(trainer.run(stop))
        yield trainer
        stop.set()
        await task


async def commanded(settings: Settings, *arguments: str):
    """Run `rapport model …` as a person would, beside the trainer."""
    environ = {
        "RAPPORT_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "RAPPORT_NAMESPACE": settings.namespace,
        "RAPPORT_APP_ID": settings.app_id,
    }
    return await asyncio.to_thread(rapport, "model", *arguments, environ=environ)


async def test_a_person_promotes_pins_and_takes_it_back_and_workers_follow(chosen):
    """The ledger says who and why; what cannot be is refused; a restart with the key goes on where it was."""
    await send(chosen, the_messages(0, 60, until_ms=5_000))
    board = ModelBoard(chosen, load_policy(FOLDER))
    async with training(chosen):
        done = (
            await commanded(
                chosen, "promote", "churn", "ensemble", "--reason", "try it", "--by", "chen", "--json", *LONG
            )
        ).json
        assert (done["what"], done["champion"], done["by"], done["why"]) == ("promoted", "ensemble", "chen", "try it")
        first = done["version"]
        await board.start()
        assert board.current()["churn"].version == first
        assert type(board.current()["churn"]).__name__ == "EnsembleScorer"
        again = await commanded(chosen, "promote", "churn", "ensemble", "--reason", "again", *LONG)
        assert (again.code, again.complaint) == (1, "refused: ensemble is on duty already")
        tree = await commanded(chosen, "promote", "churn", "hoeffding_adaptive", "--reason", "try that", *LONG)
        assert (tree.code, "hoeffding_adaptive is on duty" in tree.out) == (0, True)
        pinned = await commanded(chosen, "rollback", "churn", str(first), "--reason", "odd scores", *LONG)
        assert f"version {first} is on duty" in pinned.out
        board = ModelBoard(chosen, load_policy(FOLDER))
        await board.start()
        assert board.current()["churn"].version == first, "pinned"
    restored = Trainer(chosen, load_policy(FOLDER))
    await restored.restore([CHURN])
    release = restored.held[CHURN].release
    duty = release.contest.duty
    assert (release.began_anew, duty.on_duty, duty.pinned) == ([], "hoeffding_adaptive", first)
    keyless = Trainer(chosen.model_copy(update={"model_key": None}), load_policy(FOLDER))
    with structlog.testing.capture_logs() as said:
        await keyless.restore([CHURN])
    release = keyless.held[CHURN].release
    assert (list(release.contest.members), release.contest.duty.on_duty) == (
        ["logistic", "naive_bayes", "ensemble"],
        "logistic",
    )
    assert "challenger left out: no RAPPORT_MODEL_KEY to seal it with" in [line["event"] for line in said]
    stranger = Trainer(chosen.model_copy(update={"model_key": SecretStr("another" * 9)}), load_policy(FOLDER))
    await stranger.restore([CHURN])
    assert stranger.held[CHURN].release.began_anew == ["hoeffding_adaptive"]
    shown = (await commanded(chosen, "show", "churn", "--json")).json
    assert [event["what"] for event in shown["ledger"]] == ["promoted", "refused", "promoted", "pinned"]
    assert (shown["champion"], shown["pinned"]) == ("hoeffding_adaptive", first)
    assert shown["weights_of"] == {"member": "logistic", "on_duty": False}
    assert "odd scores" in (await commanded(chosen, "show", "churn")).out


async def test_a_trainer_begins_no_model_anew_because_kafka_tells_of_no_topic_for_a_moment(chosen):
    trainer = Trainer(chosen.model_copy(update={"namespace": f"{chosen.namespace}-unseen"}), POLICY)
    with pytest.raises(KafkaUnavailable):
        await trainer.restore([CHURN])
    assert trainer.held == {}


async def test_a_command_is_answered_once_the_version_that_obeys_it_is_complete(chosen):
    """The ledger's entry lies on the topic before its version does; a trainer can be slow, or die, in between."""
    release, _ = in_process(the_messages(0, 60, until_ms=5_000))
    asked = model_duty.command("churn", "promote", challenger="ensemble", by="chen", reason="try it")
    (version,) = release.obey(asked, 62)
    records = list(to_records(version))
    async with producer(chosen.kafka) as sender:
        for key, value in [*events_of(version), *records[:-1]]:
            await sender.send_and_wait(models_topic(chosen), value, key=key.encode(), partition=0)
        assert await model_duty.ask(chosen, POLICY, asked, 1.0) is None, "a part of the version is missing"
        key, manifest = records[-1]
        await sender.send_and_wait(models_topic(chosen), manifest, key=key.encode(), partition=0)
    heard = await model_duty.ask(chosen, POLICY, asked, 60.0)
    assert (heard["what"], heard["version"]) == ("promoted", version.version)


async def test_a_command_that_no_trainer_hears_says_so_and_one_that_cannot_be_is_wrong_use(chosen):
    unheard = await commanded(chosen, "promote", "churn", "naive_bayes", "--reason", "x", "--wait", "0.1")
    assert (unheard.code, "no trainer has obeyed" in unheard.complaint) == (1, True)
    asked = (await commanded(chosen, "rollback", "churn", "--reason", "x", "--wait", "0", "--json")).json
    assert asked["what"] == "asked"
    assert (await commanded(chosen, "promote", "luck", "naive_bayes", "--reason", "x")).code == 2
    nobody = await commanded(chosen, "promote", "churn", "luck", "--reason", "x")
    assert (nobody.code, nobody.complaint) == (
        2,
        "luck is none of logistic, hoeffding_adaptive, naive_bayes, ensemble",
    )
    gone = await commanded(chosen, "rollback", "churn", "7", "--reason", "x")
    assert (gone.code, gone.complaint) == (1, "churn has no version 7; there are none")
    empty = await commanded(chosen, "promote", "churn", "ensemble", "--reason", "")
    assert (empty.code, empty.complaint.startswith("--reason:")) == (2, True)
