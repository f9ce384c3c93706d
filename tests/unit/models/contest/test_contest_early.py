"""A contest where the champion learns offers early: the same bytes in any order and through any crash, judged once.

Challengers wait for the verdict. Whoever learns a part of an example early knows something of its label before the
others: so all are judged at the verdict alone, by what they would have said when the offer was made.
"""

import random

import msgpack
import pytest

from models.challengers.kinds import CHAMPION
from models.training.learners import report, scorer_of
from models.training.release import Release
from models.training.shelf import Shelf
from models.training.snapshots import to_records
from schemas.internal import ExampleRecord
from tests.contests import Member
from tests.policies import a_policy
from tests.unit.models.contest.test_contest_of_actions import a_release, asked, offers, promises
from tests.unit.models.contest.test_contest_release import (
    CHALLENGERS,
    END_MS,
    feed,
    model_bytes,
    read,
    with_and_without_the_guard,
)

NUMBER = 200
ANSWERED_MS, HORIZON_MS = 7_300, 20_000  # offers are made once a second; scorers are kept every ten


def in_parts(offer: ExampleRecord) -> list[ExampleRecord]:
    """An offer as the trainer is told of it early: begun, accepted where it is, and its verdict."""
    told = {"score": 0.3, "model_version": 1, "part": "early"}
    begun = offer.model_copy(update={**told, "label": 0, "example_id": offer.early_id(0)})
    taken = offer.model_copy(
        update={**told, "label": 1, "example_id": offer.early_id(1), "due_ms": offer.due_ms + ANSWERED_MS}
    )
    return [begun, *([taken] if offer.label else []), ended(offer, "verdict")]


def ended(offer: ExampleRecord, part: str = "whole") -> ExampleRecord:
    told = {"score": 0.3, "model_version": 1, "part": part, "due_ms": offer.due_ms + HORIZON_MS}
    return offer.model_copy(update=told)


OFFERS = offers(NUMBER)
PARTS = sorted([part for offer in OFFERS for part in in_parts(offer)], key=lambda part: (part.due_ms, part.example_id))
WHOLE = [ended(offer) for offer in OFFERS]


def taught(records, **more) -> Release:
    release = a_release(**more)
    read(release, feed(*records, *promises(END_MS)))
    return release


IN_ORDER = taught(PARTS)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_arrival_gives_the_same_bytes_with_all_challengers(seed):
    shuffled = PARTS.copy()
    random.Random(seed).shuffle(shuffled)
    other = taught(shuffled)
    assert model_bytes(other) == model_bytes(IN_ORDER)
    assert report(other) == report(IN_ORDER)


def test_in_these_examples_somebody_was_promoted():
    """Else the law above would say little."""
    assert "promoted" in [event.what for event in IN_ORDER.contest.duty.events.last]
    assert IN_ORDER.contest.duty.on_duty != CHAMPION


def a_story() -> list:
    """Promises as parts come, some of which come late, and people who ask for something in between."""
    told: list = []
    for n in range(0, 240, 40):
        told += [*PARTS[n : n + 40], *promises(PARTS[n + 39].due_ms - 9_000)]
        if n == 80:
            told.append(asked("promote", challenger="hoeffding_adaptive"))
        if n == 160:
            told.append(asked("rollback", number=2))
    late = PARTS[240:280]
    told += [*PARTS[280:340], *promises(PARTS[300].due_ms), *late, *PARTS[340:]]
    return feed(*told, *promises(END_MS), *promises(END_MS + 1))


def test_a_crash_after_any_version_gives_the_same_bytes_as_none_with_all_challengers():
    topic, whole = a_story(), a_release(every=60)
    versions = read(whole, topic)
    assert any("missed" in version.snapshot["bookmark"] for version in versions), "some parts came late"
    assert len(versions) >= 6
    for version in versions[1::3]:
        again = a_release(every=60)
        start = again.restore(msgpack.unpackb(msgpack.packb(version.snapshot)))
        rest = read(again, topic, start)
        assert again.began_anew == []
        assert model_bytes(again) == model_bytes(whole)
        assert [v.version for v in rest] == [v.version for v in versions if v.version > version.version]


def test_without_the_guard_of_offsets_it_would_learn_twice():
    """The negative control."""
    whole, again = with_and_without_the_guard(a_story(), a_release)
    assert model_bytes(again) != model_bytes(whole)
    assert again.counts.early > whole.counts.early


def test_an_example_counts_once_for_champion_and_challengers_whatever_its_parts():
    contest = IN_ORDER.contest
    judged = {name: meter.quality().examples for name, meter in contest.meters.items()}
    assert set(judged) == {CHAMPION, *CHALLENGERS}
    assert len(set(judged.values())) == 1
    assert judged[CHAMPION] == NUMBER
    assert contest.meters[CHAMPION].quality().positives == contest.meters["ensemble"].quality().positives
    assert contest.members[CHAMPION].scorer(0).examples == NUMBER
    assert [contest.members[name].examples for name in CHALLENGERS] == [NUMBER] * len(CHALLENGERS)
    assert IN_ORDER.meter.quality().examples == sum(IN_ORDER.counts.learned.values()) == NUMBER


def test_challengers_learn_what_they_would_learn_if_nobody_learned_early():
    told = taught(WHOLE).contest
    for name in CHALLENGERS:
        early, waited = IN_ORDER.contest.members[name].learner, told.members[name].learner
        assert early.snapshot() == waited.snapshot()


class Remembers(Member):
    """Learns early, and says of an offer what it has heard of it: asked at the verdict it knows every yes."""

    def __init__(self, heard=()) -> None:
        self.heard = set(heard)
        super().__init__(lambda features: 0.9 if features[-1] in self.heard else 0.5)

    def learn_early(self, features, label, about="", slots=()):
        if label:
            self.heard.add(features[-1])

    def concluded(self, about=""):
        self.examples += 1

    def scorer(self, version):
        return super(Remembers, Remembers(self.heard)).scorer(version)


def test_who_knows_the_answer_by_the_verdict_is_judged_by_what_he_said_before():
    """When the offer was made he knew nothing of it."""
    release = a_release(challengers=("naive_bayes",))
    release.contest.members[CHAMPION] = champion = Remembers()
    read(release, feed(*PARTS, *promises(END_MS)))
    assert {champion.score(offer.features) for offer in OFFERS if offer.label} == {0.9}
    assert release.contest.meters[CHAMPION].quality().auc == 0.5


@pytest.mark.parametrize("name", CHALLENGERS)
def test_who_was_promoted_is_served_and_calibrated_from_then_on_while_the_champion_learns_early(name):
    release, half = a_release(), PARTS[:200]
    (*_, version) = read(release, feed(*half, *promises(PARTS[200].due_ms), asked("promote", challenger=name)))
    shelf = Shelf(3)
    for record in to_records(version):
        shelf.put(*record)
    scorer = scorer_of(shelf.latest("propensity"), a_policy(models={"labels": {"propensity": "fast"}}))
    assert scorer.version == version.version
    assert release.contest.duty.on_duty == name
    before = release.contest.members[CHAMPION].snapshot()
    for part in PARTS[200:]:
        told = part.model_copy(
            update={"score": scorer.score(part.features, part.about).value, "model_version": version.version}
        )
        release._learn(told)
    assert release.contest.members[CHAMPION].examples == NUMBER
    assert release.contest.members[CHAMPION].snapshot() != before
    assert "calibration" in release.contest.members[name].snapshot(), "what came true of its scores teaches its map"
