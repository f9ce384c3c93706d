"""A contest over a simulated bank whose champion learns offers as answers come: same bytes in any order, any crash.

`tests/unit/models/contest/test_contest_early.py` holds it to that on examples made up for it; here offers are made by
what was learned, and customers answer.
"""

import random

import msgpack
import orjson
import pytest

from models.challengers.kinds import CHAMPION
from models.contest.sealing import Seal
from models.policy import DAY_MS, load_policy
from models.training.bookmark import Position
from models.training.learners import new_release, report
from models.training.release import Release
from schemas.internal import ExampleRecord, ModelCommand, Punctuation
from stream_app.offline.closed_loop import Played, play
from stream_app.settings import Settings
from stream_app.simulate import NO_FAULTS, Options

FOLDER = Settings.load().policy_dir
QUICK = {"trial_least": 20, "trial_every": 25, "trial_examples": 100}
POLICY = load_policy(
    FOLDER,
    {
        "models": {
            "labels": {"propensity": "fast"},
            "floor_examples": {"churn": 500, "propensity": 10, "need": 500, "value": 200},
            "publish_examples": 20,
            "contest": QUICK,
        }
    },
)
SEAL = Seal(b"a key of this test, longer than thirty-two bytes", "test")


@pytest.fixture(scope="module")
def bank() -> Played:
    """Without faults of the feeds: an answer heard of after its turn is learned with the verdict, which is later."""
    return play(Options(customers=30, days=50, seed=3, faults=NO_FAULTS), Settings.load(), POLICY)


def the_trainer(bank: Played) -> Release:
    return bank.runtime.trainer.releases["propensity"]


def told(bank: Played) -> list[ExampleRecord]:
    """All that the trainer of offers was told, by maturity."""
    parts = [part for part in [*bank.begun, *bank.examples] if part["model"] == "propensity"]
    found = [ExampleRecord.model_validate_json(orjson.dumps(part)) for part in parts]
    return sorted(found, key=lambda example: (example.due_ms, example.example_id))


def state(release: Release) -> bytes:
    return msgpack.packb(release.state())


def a_promise(below_ms: int) -> Punctuation:
    return Punctuation(model="propensity", source_partition=0, below_ms=below_ms)


def test_all_are_judged_once_an_offer_by_what_they_would_have_said(bank):
    release = the_trainer(bank)
    judged = {name: meter.quality() for name, meter in release.contest.meters.items()}
    assert set(judged) == {CHAMPION, *POLICY.models.challengers["propensity"]}
    assert len({quality.examples for quality in judged.values()}) == 1
    verdicts = [e for e in told(bank) if e.part == "verdict" and e.label is not None]
    assert 0 < judged[CHAMPION].examples <= sum(release.counts.learned.values()) <= len(verdicts)
    assert release.counts.early > len(verdicts)
    assert "trial_opened" in [event.what for event in release.contest.duty.events.last]


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_arrival_gives_the_bytes_of_the_bank_as_it_was_played(bank, seed):
    played, again, records = the_trainer(bank), new_release("propensity", POLICY, 1, restarts=False), told(bank)
    random.Random(seed).shuffle(records)
    for offset, record in enumerate(records):
        again.take(record, Position("shuffled", offset, 0), offset)
    list(again.promise(a_promise(played.promised_ms), len(records)))
    assert state(again) == state(played)
    assert report(again) == report(played)


def as_told(records: list[ExampleRecord]) -> list:
    """Promises a day behind the newest part, a person's word half-way, and at last all is promised."""
    topic: list = []
    for first in range(0, len(records), 15):
        some = records[first : first + 15]
        topic += [*some, a_promise(some[-1].due_ms - DAY_MS)]
    word = {"model": "propensity", "op": "promote", "challenger": "ensemble", "by": "chen", "reason": "it is better"}
    topic.insert(len(topic) // 2, ModelCommand(**word, command_id="c-1", asked_ms=5))
    end_ms = records[-1].due_ms + 1
    return [*topic, a_promise(end_ms), a_promise(end_ms + 1)]


def test_a_crash_after_any_version_gives_the_bytes_of_none_whoever_is_on_duty(bank):
    topic = as_told(told(bank))
    whole, versions = read(new_release("propensity", POLICY, 1, SEAL), topic)
    assert whole.contest.duty.on_duty == "ensemble"
    assert len(versions) > 20
    for version in versions[::12]:
        again = new_release("propensity", POLICY, 1, SEAL)
        start = again.restore(msgpack.unpackb(msgpack.packb(version.snapshot)))
        assert again.began_anew == []
        assert state(read(again, topic, start)[0]) == state(whole)


def read(release: Release, topic: list, start: int = 0) -> tuple[Release, list]:
    """Give the release what lies on its topic from `start` on."""
    published = []
    for offset, message in list(enumerate(topic))[start:]:
        if isinstance(message, ExampleRecord):
            release.take(message, Position("topic", offset, 0), offset)
        elif isinstance(message, Punctuation):
            published += release.promise(message, offset)
        else:
            published += release.obey(message, offset)
    return release, published
