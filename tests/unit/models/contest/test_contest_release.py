"""The trainer with its challengers: the same examples give the same bytes, in any order and through any crash."""

import copy
import random
from collections.abc import Callable

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.challengers.kinds import CHAMPION
from models.contest.sealing import Seal
from models.contest.setup import Setup
from models.learning.learner import BadSnapshotError
from models.training.bookmark import Position
from models.training.learners import LEARNERS, report, scorer_of
from models.training.published import Cadence
from models.training.release import Release
from models.training.shelf import Shelf
from models.training.snapshot_shape import check_snapshot
from models.training.snapshots import pinned_in, to_records
from schemas.internal import ExampleRecord, ModelCommand, Punctuation
from tests.contests import AUM, STRETCH_MS, a_command, an_example, rules
from tests.unit.models.training.test_release_training import POLICY

CHALLENGERS = ("hoeffding_adaptive", "naive_bayes", "ensemble")
QUICK = rules(error=0.5, trial_every=10, trial_least=20, trial_examples=1_000, segment_least=20, calibration_slack=0.5)
SEAL = Seal(b"k" * 32)
SOURCES = 2
END_MS = 10**9


def a_release(*, every: int = 30, seal: Seal | None = SEAL, challengers=CHALLENGERS) -> Release:
    setup = Setup(challengers, POLICY.churn.start_score, (AUM,), QUICK, 0, seal, freeze_ms=STRETCH_MS)
    return Release("churn", LEARNERS["churn"](POLICY), SOURCES, Cadence(every, daily=False), setup)


def examples(number: int) -> list[ExampleRecord]:
    made = []
    for n in range(number):
        chance = random.Random(n)
        values = [chance.gauss(0, 1) for _ in range(34)]
        made.append(an_example(n, values, abs(values[0]) > 0.8))
    return made


Entry = tuple[object, Position | None]


def feed(*entries: ExampleRecord | Punctuation | ModelCommand) -> list[Entry]:
    """A topic: examples with positions of their sources, promises and commands."""
    found: list[Entry] = []
    for offset, entry in enumerate(entries):
        own = isinstance(entry, ExampleRecord)
        found.append((entry, Position(f"p{offset % SOURCES}", offset, 0) if own else None))
    return found


def promises(below_ms: int, model: str = "churn") -> list[Punctuation]:
    return [Punctuation(model=model, source_partition=n, below_ms=below_ms) for n in range(SOURCES)]


def read(release: Release, topic: list[Entry], start: int = 0) -> list:
    published = []
    for offset, (entry, position) in list(enumerate(topic))[start:]:
        if isinstance(entry, ExampleRecord):
            release.take(entry, position, offset)
        elif isinstance(entry, Punctuation):
            published += release.promise(entry, offset)
        else:
            published += release.obey(entry, offset)
    return published


def model_bytes(release: Release) -> bytes:
    return msgpack.packb(release.state())


NUMBER = 260
EXAMPLES = examples(NUMBER)
SORTED = a_release()
IN_ORDER = read(SORTED, feed(*EXAMPLES, *promises(END_MS)))


@settings(max_examples=2, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_bytes_with_all_challengers(chance):
    shuffled = EXAMPLES.copy()
    chance.shuffle(shuffled)
    release = a_release()
    published = read(release, feed(*shuffled, *promises(END_MS)))
    assert model_bytes(release) == model_bytes(SORTED)
    assert [version.version for version in published] == [version.version for version in IN_ORDER]


def test_in_these_examples_somebody_was_promoted():
    """Else the law above would say little."""
    assert "promoted" in [event.what for event in SORTED.contest.duty.events.last]
    assert SORTED.contest.members["hoeffding_adaptive"].examples == NUMBER


def a_story(examples: list[ExampleRecord] = EXAMPLES, model: str = "churn") -> list[Entry]:
    """Promises as examples come, and people who ask for something in between."""
    parts: list = []
    for n in range(0, 100, 20):
        parts += [*examples[n : n + 20], *promises(examples[n + 19].due_ms - 5_000, model)]
        if n == 40:
            parts.append(a_command("promote", challenger="hoeffding_adaptive", model=model))
        if n == 60:
            parts.append(a_command("rollback", number=2, model=model))
    return feed(*parts, *promises(END_MS, model), *promises(END_MS + 1, model))


def forgetful(version) -> dict:
    """The snapshot of a version without what it has seen."""
    snapshot = copy.deepcopy(version.snapshot)
    snapshot["bookmark"] |= {"seen_offset": 0, "positions": {}, "promises": {}, "read_from": 0}
    snapshot["state"]["released"] = [-1, ""]
    return snapshot


def with_and_without_the_guard(topic: list[Entry], begin: Callable[[], Release]) -> tuple[Release, Release]:
    """Read a topic to its end, and again from a version that has forgotten what it has seen."""
    whole, again = begin(), begin()
    again.restore(forgetful(read(whole, topic)[2]))
    read(again, topic)
    return whole, again


def crashed(topic: list[Entry], version, *, seal: Seal | None = SEAL, every: int = 30) -> Release:
    again = a_release(seal=seal, every=every)
    start = again.restore(msgpack.unpackb(msgpack.packb(version.snapshot)))
    read(again, topic, start)
    return again


def test_a_crash_after_any_version_gives_the_same_bytes_as_none_with_all_challengers():
    topic, whole = a_story(), a_release(every=15)
    versions = read(whole, topic)
    assert len(versions) >= 5
    for version in versions:
        again = crashed(topic, version, every=15)
        assert again.began_anew == []
        assert model_bytes(again) == model_bytes(whole)


def test_without_the_guard_of_offsets_it_would_learn_twice():
    """The negative control: whoever forgets what the snapshot has seen takes examples in that it has learned."""
    whole, again = with_and_without_the_guard(a_story(), a_release)
    assert model_bytes(again) != model_bytes(whole)
    assert sum(again.counts.learned.values()) > sum(whole.counts.learned.values())


def test_without_a_key_what_is_data_goes_on_and_the_tree_begins_anew():
    topic, whole = feed(*EXAMPLES[:100], *promises(END_MS), *promises(END_MS + 1)), a_release(seal=None)
    versions = read(whole, topic)
    again = crashed(topic, versions[1], seal=None)
    assert versions[1].snapshot["sealed"] == {}
    assert again.began_anew == ["hoeffding_adaptive"]
    assert again.contest.members["hoeffding_adaptive"].examples < NUMBER
    for name in (CHAMPION, "naive_bayes", "ensemble"):
        assert again.contest.members[name].snapshot() == whole.contest.members[name].snapshot()


def test_a_worker_scores_with_whoever_is_on_duty():
    policy = POLICY.model_copy(
        update={"models": POLICY.models.model_copy(update={"challengers": {"churn": CHALLENGERS}})}
    )
    for name in CHALLENGERS:
        release = a_release()
        told = [a_command("promote", challenger=name)]
        version = read(release, feed(*EXAMPLES[:40], *promises(END_MS), *told))[-1]
        shelf = Shelf(3)
        for record in to_records(version):
            shelf.put(*record)
        scorer = scorer_of(shelf.latest("churn"), policy)
        assert scorer.version == version.version
        for example in EXAMPLES[40:60]:
            scored = scorer.score(example.features)
            assert scored.value == release.contest.members[name].score(example.features)
            assert sum(scored.contributions, scored.base) == scored.log_odds
        assert report(release)["champion"] == name


@pytest.mark.parametrize("on_duty", ["nobody", "adaptive_random_forest", "naive_bayes"])
def test_a_version_whose_champion_cannot_be_served_is_not_taken_up(on_duty):
    version = copy.deepcopy(IN_ORDER[0])
    version.snapshot["state"]["contest"]["on_duty"] = on_duty
    version.snapshot["state"]["contest"]["challengers"].pop("naive_bayes")
    shelf = Shelf(3)
    for record in to_records(version):
        shelf.put(*record)
    with pytest.raises(BadSnapshotError, match="cannot be served"):
        scorer_of(shelf.latest("churn"), POLICY)


def test_the_history_tells_of_every_member_and_group():
    rows = SORTED.history()
    assert {row["name"] for row in rows} == {CHAMPION, *CHALLENGERS}
    assert {row["segment"] for row in rows} == {"", "aum:small", "aum:large"}
    whole = [row for row in rows if row["name"] == CHAMPION and row["segment"] == ""]
    assert sum(row["examples"] for row in whole) == NUMBER // 30 * 30


def places(value, path=()):
    inside = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    found = [place for key, part in inside for place in places(part, (*path, key))]
    return [path, *found] if path else found


def contest_with_all() -> dict:
    """A snapshot in which a trial is open, somebody is watched, and things have happened."""
    release = a_release()
    read(release, feed(*EXAMPLES[:40], *promises(END_MS), a_command("promote", challenger="ensemble")))
    for example in EXAMPLES[40:60]:
        release.contest.meet(example, example.label == 1, 9)
    snapshot = release.snapshot()
    assert snapshot["state"]["contest"]["trial"] is not None
    assert snapshot["state"]["contest"]["watch"] is not None
    return msgpack.unpackb(msgpack.packb(snapshot))


ALL = contest_with_all()
TEXTS = {"on_duty", "why", "champion", "rivals", "names", "name", "segment", "by", "about", "command_id", "what"}
LISTS = {"points", "since", "held", "edges", "tallies", "last", "saved", "levels", "means", "variances", "losses"}


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from([None, {"a": 1}, [["a"]], float("nan"), float("inf"), -7, 1e300, 2**63, b"bytes"]))
def test_a_part_of_a_contest_that_is_something_else_is_refused_by_name(data, wrong):
    contest = ALL["state"]["contest"]
    named = [
        path
        for path in places(contest)
        if isinstance(path[-1], str)
        and not {"figures", "challengers", "frozen"} & set(path)
        and path[-1] not in ("trial", "watch")
    ] + [("frozen",)]
    path = data.draw(st.sampled_from(named))
    if wrong == -7 and path[-1] in ("loss", "total"):
        return
    snapshot = copy.deepcopy(ALL)
    inside = snapshot["state"]["contest"]
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = wrong
    with pytest.raises(BadSnapshotError, match=path[-1]):
        check_snapshot("churn", snapshot)
    check_snapshot("churn", ALL)


@pytest.mark.parametrize("name", CHALLENGERS)
def test_a_challenger_in_a_snapshot_that_is_damaged_is_refused_by_name(name):
    for key in ALL["state"]["contest"]["challengers"][name]:
        snapshot = copy.deepcopy(ALL)
        snapshot["state"]["contest"]["challengers"][name][key] = {"a": None}
        with pytest.raises(BadSnapshotError, match=f"challengers.{name}.{key}"):
            check_snapshot("churn", snapshot)


def test_a_member_without_a_meter_and_a_seal_that_is_no_bytes_are_refused():
    snapshot = copy.deepcopy(ALL)
    del snapshot["state"]["contest"]["meters"]["ensemble"]
    with pytest.raises(BadSnapshotError, match=r"meters: none of \['ensemble'\]"):
        check_snapshot("churn", snapshot)
    snapshot = copy.deepcopy(ALL)
    snapshot["sealed"]["hoeffding_adaptive"] = "text"
    with pytest.raises(BadSnapshotError, match="sealed"):
        check_snapshot("churn", snapshot)


def test_a_version_says_which_one_is_pinned_and_junk_says_none():
    release = a_release(challengers=())
    told = [a_command("rollback", version=1)]
    *_, last = read(release, feed(*EXAMPLES[:60], *promises(END_MS), *told))
    assert pinned_in(last.snapshot) == 1
    assert [pinned_in(junk) for junk in ({}, {"state": None}, {"state": {"contest": {"pinned": "x"}}})] == [0, 0, 0]
