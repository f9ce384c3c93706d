"""Contests of propensity are held as those of churn are: any order, any crash, and floors of each action stand."""

import copy
import random
from functools import partial

import msgpack
import pytest

from models.challengers.frozen import KEPT, WEEK_MS
from models.challengers.kinds import CHAMPION
from models.contest.contest import Contest
from models.contest.setup import Setup
from models.features import FEATURES
from models.learning.learner import BadSnapshotError
from models.learning.scoring import Scored
from models.learning.starts import Starts
from models.training.learners import LEARNERS, left_out, new_release, report, scorer_of
from models.training.published import Cadence
from models.training.release import Release
from models.training.shelf import Shelf
from models.training.snapshot_shape import check_snapshot
from models.training.snapshots import to_records
from schemas.internal import ExampleRecord
from tests.builders import an_interaction
from tests.contests import AUM, STRETCH_MS, Member, Told, a_command, an_example, rules, share
from tests.offering import a_consenting, decided
from tests.policies import a_policy
from tests.unit.models.contest.test_contest_release import (
    CHALLENGERS,
    END_MS,
    QUICK,
    SEAL,
    SOURCES,
    a_story,
    feed,
    model_bytes,
    read,
    with_and_without_the_guard,
)
from tests.unit.models.contest.test_contest_release import promises as promises_of
from tests.unit.models.test_decide import steady
from tests.unit.models.training.test_release_training import POLICY

WIDTH = len(FEATURES)
ACTIONS = tuple(action.name for action in POLICY.actions.action)
STARTS = Starts({action.name: action.start_propensity for action in POLICY.actions.action})
NUMBER = 200


def an_offer(number: int, values, label: bool, action: str, **changes) -> ExampleRecord:
    return an_example(number, values, label, model="propensity", about=action, **changes)


def offers(number: int) -> list[ExampleRecord]:
    """What tells is bent, so that a line does not find it, and differs by action."""
    made = []
    for n in range(number):
        chance = random.Random(n)
        values, action = [chance.gauss(0, 1) for _ in range(WIDTH)], chance.choice(ACTIONS[:3])
        made.append(an_offer(n, values, abs(values[ACTIONS.index(action)]) > 0.8, action))
    return made


OFFERS = offers(NUMBER)


def a_release(*, every: int = 30, challengers=CHALLENGERS) -> Release:
    setup = Setup(challengers, STARTS, (AUM,), QUICK, 0, SEAL, freeze_ms=STRETCH_MS)
    return Release("propensity", LEARNERS["propensity"](POLICY), SOURCES, Cadence(every, daily=False), setup)


promises, asked = partial(promises_of, model="propensity"), partial(a_command, model="propensity")


def test_any_order_of_arrival_gives_the_same_bytes_with_all_challengers():
    shuffled = OFFERS.copy()
    random.Random(4).shuffle(shuffled)
    in_order, other = a_release(), a_release()
    versions = read(in_order, feed(*OFFERS, *promises(END_MS)))
    again = read(other, feed(*shuffled, *promises(END_MS)))
    assert model_bytes(other) == model_bytes(in_order)
    assert [version.version for version in again] == [version.version for version in versions]
    assert "trial_opened" in [event.what for event in in_order.contest.duty.events.last]


def test_a_crash_after_any_version_gives_the_same_bytes_as_none_with_all_challengers():
    topic, whole = a_story(OFFERS, "propensity"), a_release(every=25)
    versions = read(whole, topic)
    assert len(versions) >= 4
    for version in versions:
        again = a_release(every=25)
        start = again.restore(msgpack.unpackb(msgpack.packb(version.snapshot)))
        read(again, topic, start)
        assert again.began_anew == []
        assert model_bytes(again) == model_bytes(whole)


def test_without_the_guard_of_offsets_it_would_learn_twice():
    """The negative control."""
    whole, again = with_and_without_the_guard(a_story(OFFERS, "propensity"), a_release)
    assert model_bytes(again) != model_bytes(whole)


def by_action(offer) -> float:
    return 0.6 if offer == ACTIONS[0] else 0.05


class OfActions(Member):
    """Says what it is told to of an action."""

    def score(self, features, about="", slots=()):
        return self.says(about)

    def scorer(self, version):
        return ToldOfActions(self.says, self.examples)


class ToldOfActions(Told):
    """A scorer that says it."""

    def score(self, features, action="", slots=()):
        return Scored(self.says(action), 0.0, 0.0, (), self.examples)


def test_who_tells_actions_apart_takes_over_from_who_does_not_and_goes_back_when_the_world_turns():
    contest = Contest("propensity", OfActions(lambda _: 0.3), 10**9, Setup(("naive_bayes",), STARTS, (), rules(),
                      freeze_ms=STRETCH_MS))  # fmt: skip
    contest.members["naive_bayes"] = OfActions(by_action)
    chance = random.Random(5)
    turned_at = None
    for n in range(3_000):
        action = chance.choice(ACTIONS[:2])
        truth = by_action(action) if turned_at is None else 0.3
        label = chance.random() < truth
        contest.meet(an_offer(n, [0.0] * WIDTH, label, action), label, 7)
        if contest.duty.on_duty != CHAMPION and turned_at is None:
            turned_at = n
        if turned_at is not None and contest.duty.on_duty == CHAMPION:
            break
    happened = [event.what for event in contest.duty.events.last]
    assert happened[:2] == ["trial_opened", "promoted"]
    assert happened[-1] == "returned"


@pytest.mark.parametrize("name", CHALLENGERS)
def test_a_worker_scores_each_action_with_whoever_is_on_duty(name):
    policy = POLICY.model_copy(
        update={"models": POLICY.models.model_copy(update={"challengers": {"propensity": CHALLENGERS}})}
    )
    release = a_release()
    told = [asked("promote", challenger=name)]
    version = read(release, feed(*OFFERS[:60], *promises(END_MS), *told))[-1]
    shelf = Shelf(3)
    for record in to_records(version):
        shelf.put(*record)
    scorer = scorer_of(shelf.latest("propensity"), policy)
    assert (scorer.version, report(release)["champion"]) == (version.version, name)
    heard = {action: sum(offer.about == action for offer in OFFERS[:60]) for action in ACTIONS}
    for offer in OFFERS[60:70]:
        for action in ACTIONS[:5]:
            scored = scorer.score(offer.features, action)
            assert scored.value == release.contest.members[name].score(offer.features, action)
            assert sum(scored.contributions, scored.base) == scored.log_odds
            assert scored.examples == heard[action], "what floors are held against"


@pytest.mark.parametrize("name", CHALLENGERS)
def test_an_action_of_which_too_little_was_learned_is_offered_by_what_policy_says_whoever_is_on_duty(name):
    policy = steady(
        decisions={"action_floor": 20}, models={"floor_examples": {**POLICY.models.floor_examples, "propensity": 20}}
    )
    release = a_release()
    known, few = "high_yield_savings", "app_welcome"
    made = [an_offer(n, OFFERS[n].features, n % 2 == 0, few if n < 19 else known) for n in range(60)]
    read(release, feed(*made, *promises(END_MS), asked("promote", challenger=name)))
    scorer = release.scorer(9)
    _, _, record = decided(an_interaction(kind="login", channel="mobile"), a_consenting(), policy, propensity=scorer)
    start = {action.name: action.start_propensity for action in policy.actions.action}
    assert record.scores[few] == start[few]
    assert record.scores[known] not in (start[known], 0.0)
    assert record.models == {"propensity": 9}


def test_judged_is_what_would_have_been_said_of_this_action():
    release = a_release(challengers=("naive_bayes",))
    read(release, feed(*OFFERS[:60], *promises(END_MS)))
    frozen = release.contest._frozen.at(10**12)
    member = release.contest.members["naive_bayes"]
    by_action = [frozen["naive_bayes"].score(OFFERS[0].features, action).value for action in ACTIONS[:3]]
    assert len(set(by_action)) == 3
    assert member.thawed(frozen["naive_bayes"].plain()).score(OFFERS[0].features, ACTIONS[0]).value == by_action[0]


def test_policy_decides_who_takes_part_and_how_far_apart_moments_lie():
    named = {"models": POLICY.models.model_copy(update={"challengers": {"propensity": CHALLENGERS}})}
    policy = POLICY.model_copy(update=named)
    assert left_out("propensity", policy) == ("hoeffding_adaptive",)
    release = new_release("propensity", policy, 1)
    assert set(release.contest.members) == {CHAMPION, "naive_bayes", "ensemble"}
    assert set(new_release("propensity", policy, 1, restarts=False).contest.members) == {CHAMPION, *CHALLENGERS}
    longest_ms = max(action.horizon_days for action in policy.actions.action) * 86_400_000
    assert release.contest._setup.freeze_ms * (KEPT - 1) >= longest_ms + policy.lateness_ms
    assert release.contest._setup.freeze_ms == WEEK_MS
    unlearned = release.contest.members["naive_bayes"]
    for action in policy.actions.action:
        assert unlearned.score([0.0] * WIDTH, action.name) == pytest.approx(action.start_propensity)


def test_a_catalogue_without_actions_has_a_contest_too():
    policy = a_policy(actions={"action": []})
    release = new_release("propensity", policy, 1)
    assert set(release.contest.members) == {CHAMPION, "naive_bayes", "ensemble"}
    assert release.contest._setup.freeze_ms == WEEK_MS


def a_whole_version() -> dict:
    release = a_release()
    read(release, feed(*OFFERS[:40], *promises(END_MS), asked("promote", challenger="ensemble")))
    return msgpack.unpackb(msgpack.packb(release.snapshot()))


WHOLE = a_whole_version()


@pytest.mark.parametrize("name", CHALLENGERS)
def test_a_challenger_in_a_snapshot_that_is_damaged_is_refused_by_name(name):
    check_snapshot("propensity", WHOLE)
    for key in WHOLE["state"]["contest"]["challengers"][name]:
        snapshot = copy.deepcopy(WHOLE)
        snapshot["state"]["contest"]["challengers"][name][key] = {"a": None}
        with pytest.raises(BadSnapshotError, match=f"challengers.{name}.{key}"):
            check_snapshot("propensity", snapshot)


def test_a_challenger_that_knows_no_actions_is_none_of_propensity():
    snapshot = copy.deepcopy(WHOLE)
    del snapshot["state"]["contest"]["challengers"]["naive_bayes"]["levels"]
    with pytest.raises(BadSnapshotError, match=r"naive_bayes\.levels"):
        check_snapshot("propensity", snapshot)


def test_a_version_with_all_actions_and_challengers_stays_below_a_message():
    setup = Setup(CHALLENGERS, STARTS, (AUM,), QUICK, 0, None, restarts=False, freeze_ms=STRETCH_MS * 10)
    contest = Contest("propensity", LEARNERS["propensity"](POLICY), 30, setup)
    for n in range(750):
        chance = random.Random(n)
        values = [chance.gauss(0, 1) for _ in range(WIDTH)]
        label = chance.random() < share(values[0] - 1.0)
        contest.meet(an_offer(n, values, label, ACTIONS[n % len(ACTIONS)]), label, 1)
    frozen = contest.snapshot()["frozen"]
    assert len(frozen) == KEPT
    assert len(msgpack.packb(frozen)) < KEPT * 35_000
    assert len(msgpack.packb([contest.snapshot(), contest.members[CHAMPION].snapshot()])) < 500_000
