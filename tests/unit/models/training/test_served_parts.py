"""What a worker reads of a version: only what it serves by, and the same scores to the last bit as from the whole."""

from math import inf

import msgpack
import pytest

from models.contest.setup import Setup
from models.learning.learner import BadSnapshotError
from models.training import snapshots
from models.training.learners import LEARNERS, new_release, scorer_of
from models.training.published import Cadence, Published
from models.training.record_keys import FIRST_SERVED, MANIFEST, record_key
from models.training.release import Release
from models.training.shelf import Shelf
from models.training.snapshots import to_records
from tests.contests import Member, a_command
from tests.unit.models.contest.test_contest_of_actions import OFFERS, asked, promises
from tests.unit.models.contest.test_contest_of_actions import a_release as a_release_of_offers
from tests.unit.models.contest.test_contest_release import (
    CHALLENGERS,
    END_MS,
    EXAMPLES,
    SOURCES,
    a_release,
    feed,
    read,
)
from tests.unit.models.contest.test_contest_release import (
    promises as promises_of,
)
from tests.unit.models.training.test_release_training import POLICY

CONTACT = ((3, 1.0), (70, 250.0), (200, -1.5))


def trained(model: str, on_duty: str = "") -> Published:
    if model == "churn":
        ask = [a_command("promote", challenger=on_duty)] if on_duty else []
        return read(a_release(), feed(*EXAMPLES[:80], *promises_of(END_MS), *ask))[-1]
    offers = [offer.model_copy(update={"context": CONTACT}) for offer in OFFERS[:80]]
    ask = [asked("promote", challenger=on_duty)] if on_duty else []
    return read(a_release_of_offers(), feed(*offers, *promises(END_MS), *ask))[-1]


def shelves(version: Published) -> tuple[Shelf, Shelf]:
    """What a worker holds of it, and what is held of the whole."""
    serving, whole = Shelf(3, serving=True), Shelf(3)
    for record in to_records(version):
        serving.put(*record)
        whole.put(*record)
    return serving, whole


@pytest.mark.parametrize("on_duty", ["", *CHALLENGERS])
@pytest.mark.parametrize("model", ["churn", "propensity"])
def test_a_worker_scores_to_the_last_bit_as_the_whole_version_would(model, on_duty):
    version = trained(model, on_duty)
    serving, whole = shelves(version)
    mine, other = scorer_of(serving.latest(model), POLICY), scorer_of(whole.latest(model), POLICY)
    assert type(mine) is type(other)
    assert (mine.version, mine.examples) == (other.version, other.examples)
    assert mine.version == version.version
    for offer in OFFERS[100:130]:
        for slots in ((), CONTACT):
            assert mine.score(offer.features, offer.about, slots) == other.score(offer.features, offer.about, slots)
    assert mine.score(OFFERS[0].features, "unheard of") == other.score(OFFERS[0].features, "unheard of")


def test_a_worker_keeps_only_what_it_serves_by():
    version = trained("propensity")
    serving, whole = shelves(version)
    sizes = [sum(len(part) for parts in shelf._parts.values() for part in parts.values()) for shelf in (serving, whole)]
    assert sizes[0] * 10 < sizes[1]
    assert serving.latest("propensity").snapshot == {}
    assert whole.latest("propensity").served is None
    assert whole.latest("propensity").snapshot == msgpack.unpackb(msgpack.packb(version.snapshot))


@pytest.mark.parametrize("model", ["value", "need"])
def test_numbers_of_value_and_needs_are_served_apart_from_what_they_were_learned_from(model):
    release = new_release(model, POLICY, sources=1)
    release.learner.restore(release.learner.snapshot())
    if model == "value":
        release.learner.restore(
            {**release.learner.snapshot(), "buying": [0.24, 4.4, 0.8, 2.4], "spending": [6.2, 3.7, 15.4],
             "customers": 300}
        )  # fmt: skip
    version = list(release._publish())[-1]
    mine, other = [scorer_of(shelf.latest(model), POLICY) for shelf in shelves(version)]
    assert type(mine) is type(other)
    assert (mine.version, mine.examples) == (other.version, other.examples) == (1, other.examples)
    features = (2.0, 10.0, 50.0, 80.0, 100.0) if model == "value" else OFFERS[0].features
    assert mine.score(features, "deposit") == other.score(features, "deposit")


def test_what_is_large_is_cut_and_put_together(monkeypatch):
    monkeypatch.setattr(snapshots, "PART_BYTES", 1_000)
    version = trained("churn")
    keys = [key for key, _ in to_records(version) if "/served." in key]
    assert len(keys) > 1
    assert scorer_of(shelves(version)[0].latest("churn"), POLICY).version == version.version


@pytest.mark.parametrize("serving", [True, False])
def test_nothing_that_an_earlier_version_of_that_number_was_served_by_stays(monkeypatch, serving):
    """A model that began anew numbers from 1 again, and may have fewer parts."""
    monkeypatch.setattr(snapshots, "PART_BYTES", 1_000)
    earlier = trained("churn")
    anew = earlier._replace(served={"version": earlier.version})
    shelf = Shelf(3, serving=serving)
    for record in [*to_records(earlier), *to_records(anew)]:
        taken = shelf.put(*record)
    assert taken.served == anew.served
    assert shelf.latest("churn").manifest == taken.manifest


def test_a_version_of_an_earlier_trainer_is_read_as_a_whole():
    version = trained("churn")._replace(served=None)
    serving, whole = shelves(version)
    assert serving.latest("churn") == whole.latest("churn")
    assert scorer_of(serving.latest("churn"), POLICY).version == version.version


def test_the_manifest_of_an_earlier_trainer_names_no_such_part():
    version = trained("churn")._replace(served=None)
    records = dict(to_records(version))
    key = record_key("churn", version.version, MANIFEST)
    assert b',"served":""' in records[key]
    records[key] = records[key].replace(b',"served":""', b"")
    shelf = Shelf(3, serving=True)
    found = [shelf.put(*record) for record in records.items()]
    assert found[-1].manifest.served == ""


def test_who_holds_the_whole_does_not_take_a_version_that_lost_a_part_of_it():
    version = trained("churn")
    whole = Shelf(3)
    for key, value in to_records(version):
        taken = whole.put(key, b"junk" if key.endswith("/0") else value)
    assert taken is None


def test_a_version_that_lost_what_it_is_served_by_is_left_out_by_workers():
    version = trained("churn")
    serving = Shelf(3, serving=True)
    for key, value in to_records(version):
        serving.put(key, b"junk" if key.endswith(FIRST_SERVED) else value)
    assert serving.latest("churn") is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 99}, "version"),
        ({"features": ["age"]}, "features"),
        ({"on_duty": "nobody"}, "on_duty"),
        ({"on_duty": "adaptive_random_forest"}, "on_duty"),
        ({"plain": None}, "plain"),
        ({"plain": {"weights": [1.0]}}, "damaged"),
        ({"pinned": -1}, "pinned"),
    ],
)
def test_what_is_served_and_cannot_be_is_refused_by_name(change, says):
    version = trained("churn")
    damaged = version._replace(served={**version.served, **change})
    with pytest.raises(BadSnapshotError, match=says):
        scorer_of(shelves(damaged)[0].latest("churn"), POLICY)


@pytest.mark.parametrize("model", ["churn", "propensity"])
@pytest.mark.parametrize("on_duty", ["", "hoeffding_adaptive", "naive_bayes"])
def test_infinity_in_the_place_of_a_count_is_refused_and_not_raised_in_a_worker(model, on_duty):
    version = trained(model, on_duty)
    told = msgpack.unpackb(msgpack.packb(version.served))
    where = told["plain"]
    if model == "propensity" and on_duty == "hoeffding_adaptive":
        where["levels"]["other"][1] = inf
    elif model == "propensity" and on_duty:
        where["actions"]["other"][1] = inf
    else:
        where.get("unknown", where)["examples"] = inf
    with pytest.raises(BadSnapshotError, match="damaged"):
        scorer_of(shelves(version._replace(served=told))[0].latest(model), POLICY)


@pytest.mark.parametrize("wrong", [{"buying": [1.0]}, {"spending": [1.0, 0.5, 1.0]}, {"examples": -1}])
def test_numbers_of_value_that_cannot_be_are_refused(wrong):
    version = list(new_release("value", POLICY, sources=1)._publish())[-1]
    fits = {"buying": [0.24, 4.4, 0.8, 2.4], "spending": [6.2, 3.7, 15.4], "examples": 300, **wrong}
    damaged = version._replace(served={**version.served, "plain": fits})
    with pytest.raises(BadSnapshotError, match="plain"):
        scorer_of(shelves(damaged)[0].latest("value"), POLICY)


def test_a_worker_hears_of_a_pinned_version_by_what_is_served():
    told = [a_command("rollback", version=1)]
    versions = read(a_release(challengers=()), feed(*EXAMPLES[:60], *promises_of(END_MS), *told))
    serving, whole = shelves(versions[-1])
    assert (serving.latest("churn").pinned, whole.latest("churn").pinned) == (1, 1)


class Untellable(Member):
    """A challenger whose scorer fails when it is told as data."""

    def scorer(self, version):
        scorer = super().scorer(version)
        scorer.plain = lambda: 1 / 0
        return scorer


def test_a_challenger_that_cannot_be_told_gives_way_before_the_version_goes_out():
    release = a_release()
    read(release, feed(*EXAMPLES[:40], *promises_of(END_MS), a_command("promote", challenger="ensemble")))
    release.contest.members["ensemble"] = Untellable(lambda _: 0.5)
    version = list(release._publish())[-1]
    assert version.served["on_duty"] == version.snapshot["state"]["contest"]["on_duty"] == "logistic"


def test_a_learner_that_cannot_be_told_is_served_from_the_whole():
    learner = LEARNERS["churn"](POLICY).learner
    release = Release("churn", learner, SOURCES, Cadence(10), Setup())
    assert list(release._publish())[-1].served is None
