"""What a worker tells the trainer over several kill -9 teaches the models what it had taught without, byte for byte."""

import signal
from collections import Counter

import pytest

from models.policy import load_policy
from schemas.internal import ExampleRecord
from stream_app.simulate import NO_FAULTS, Options, World
from stream_app.training.trainer import example_partition, position_of
from stream_app.worker.process import worker_service
from tests.hearing import Heard
from tests.learned import Told, by_themselves, learned

from .conftest import settings_of
from .deployment import PATIENCE, Deployment, raw, until

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINTS = ("after_effects:1", "after_effects:2")
"""Of checkpoints in the last days, in which the first examples mature."""


@pytest.fixture
def deployment(kafka_bootstrap, redis_url, tmp_path):
    """One whose worker scores with the models that policy begins with, so that which version was out tells nothing."""
    with Deployment(settings_of(kafka_bootstrap, redis_url, tmp_path, learning=False)) as started:
        yield started


@pytest.fixture
def policy(deployment):
    return load_policy(deployment.settings.policy_dir)


def told_live(deployment: Deployment, policy, model: str) -> Told:
    """The model's examples as they lie on the topic, each with the record that brought it about."""
    number = example_partition(model, policy)
    records = [it for it in deployment.records(deployment.topic("examples")) if it.partition == number]
    return [
        (ExampleRecord.model_validate_json(it.value), position_of(it)) for it in records if b'"example_id"' in it.value
    ]


def repeats_as_news(told: Told) -> list[ExampleRecord]:
    """The same examples, those that came again under another name: as to a trainer that could not tell repeats."""
    seen: Counter[str] = Counter()
    found = []
    for example, _ in told:
        again = "+" * seen[example.example_id]
        seen[example.example_id] += 1
        found.append(example.model_copy(update={"example_id": example.example_id + again}))
    return found


def test_a_worker_killed_again_and_again_teaches_the_models_what_one_that_lived_teaches(deployment, policy):
    namespace = deployment.settings.input_namespace
    world = World(Options(customers=40, days=42, seed=12, activity=0.6, faults=NO_FAULTS, namespace=namespace))
    lines = [line for line in world.lines() if line.key is not None]
    master = [line for line in lines if line.topic.endswith(".customers")]
    payments = [line for line in lines if line.topic.endswith(".transactions")]
    while_it_lives, while_it_dies = payments[: len(payments) * 4 // 5], payments[len(payments) * 4 // 5 :]
    parts = (master, while_it_lives, while_it_dies)
    for part in parts[:2]:
        deployment.send(*[raw(line) for line in part])
        deployment.drain()
    deployment.worker.stop()
    deployment.send(*[raw(line) for line in while_it_dies])
    for point in POINTS:
        doomed = worker_service(deployment.settings, deployment.log, deployment.port, RAPPORT_CRASH_AT=point)
        doomed.launch()
        assert doomed.wait(PATIENCE) == 128 + signal.SIGKILL, point
        doomed.stop()
    deployment.worker.start()
    deployment.drain()

    heard = Heard(policy=policy, partitions=3, learning=False, seed=deployment.settings.seed)
    for line in (line for part in parts for line in part):
        heard.take(line.topic.rpartition(".")[2], line.value, key=line.key.encode(), timestamp_ms=line.arrival_ms)
    expected = heard.examples
    shows = set()
    for model in {example.model for example in expected}:
        ours = [example for example in expected if example.model == model]
        ids = {example.example_id for example in ours}
        until(
            lambda m=model, i=ids: {e.example_id for e, _ in told_live(deployment, policy, m)} == i, f"all of {model}"
        )
        told = told_live(deployment, policy, model)
        bytes_ = learned(told, model, policy)
        assert bytes_ == learned(by_themselves(ours), model, policy), model
        if bytes_ != learned(by_themselves(repeats_as_news(told)), model, policy):
            shows.add(model)
    assert shows, "examples came more than once, and would be learned so if nobody told repeats"
