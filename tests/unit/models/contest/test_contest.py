"""Champion and challengers: who is better takes over, equals do not, harm to a group forbids, and worse goes back."""

import random

import msgpack
import pytest

from models.challengers.kinds import CHAMPION
from models.contest.contest import Contest
from models.contest.events import MAX_EVENTS
from models.contest.sealing import Seal
from models.contest.setup import MAX_HIDDEN
from models.evaluation.evidence import loss
from tests.contests import AUM, Member, a_command, a_contest, alone, an_example, rules, share, truth, world

KEY = b"k" * 32


def played(
    contest: Contest, number: int, *, seed: int = 1, version: int = 7, chance_of=truth, until=None
) -> int | None:
    """Play a world, after what was played before; returns after how many examples `until` came true."""
    first = max(0, (contest.snapshot()["at_ms"] - 999_000) // 1_000)
    for n, (example, label) in enumerate(world(number, seed=seed, chance_of=chance_of, first=first), start=1):
        contest.meet(example, label, version)
        if until is not None and until(contest):
            return n
    return None


def blind(values):
    """What a champion says who does not see the second feature and the third."""
    return share(-1.8 + 0.85 * values[0])


def whats(contest: Contest) -> list[str]:
    return [event.what for event in contest.duty.events.last]


def promoted(contest: Contest) -> bool:
    return contest.duty.on_duty == "naive_bayes"


@pytest.mark.parametrize("seed", range(3))
def test_a_challenger_that_is_truly_better_is_promoted_within_1_500_examples(seed):
    contest = a_contest(blind, truth)
    assert played(contest, 1_500, seed=seed, until=promoted) is not None
    assert whats(contest)[-2:] == ["trial_opened", "promoted"]
    event = contest.duty.events.last[-1]
    assert (event.champion, event.about, event.by, event.version) == ("naive_bayes", CHAMPION, "trainer", 7)
    assert event.figures["log_evidence"] >= event.figures["log_needed"]
    assert event.figures["saved"] > 0
    assert contest.duty.changed, "a version must show it at once"


@pytest.mark.parametrize("seed", range(3))
def test_equals_stay_where_they_are(seed):
    """Both are off by as much, each in a direction of its own; `test_evidence` counts how often chance passes."""
    contest = a_contest(lambda v: share(-2 + v[0] + v[1] + 0.4 * v[2]), lambda v: share(-2 + v[0] + 0.4 * v[1] + v[2]))
    played(contest, 1_000, seed=seed)
    assert contest.duty.on_duty == CHAMPION


def test_a_challenger_that_harms_a_group_is_not_promoted_however_much_it_saves():
    def harms_the_large(values):
        return 0.4 if values[0] > 0.8 else truth(values)

    def small_by_far(values):
        return 0.5 if values[0] <= 0.8 else truth(values)

    cut = AUM.model_copy(update={"edges": (0.8,)})
    contest = a_contest(small_by_far, harms_the_large, segments=(cut,), calibration_slack=0.5)
    assert played(contest, 1_000, until=promoted) is None
    pair, needed = contest.duty.trial.pairs["naive_bayes"], contest.duty.trial.needed(rules())
    assert pair.evidence.log_value() > needed, "it would have won otherwise"
    assert contest.duty.trial.objections("naive_bayes", rules(calibration_slack=0.5)) == ["aum:large"]
    free = a_contest(small_by_far, harms_the_large, segments=(), calibration_slack=0.5)
    assert played(free, 1_500, until=promoted) is not None


def test_a_challenger_whose_calibration_is_worse_is_not_promoted():
    def off(values):
        """It ranks far better than the champion, and says too much of everybody."""
        return share(-1.5 + values[0] + 0.7 * values[1] + 0.7 * values[2])

    contest = a_contest(lambda _: 0.2, off, segments=())
    assert played(contest, 1_500, until=promoted) is None
    assert contest.duty.trial.objections("naive_bayes", rules()) == ["calibration"]
    assert contest.duty.trial.pairs["naive_bayes"].evidence.log_value() > contest.duty.trial.needed(rules())


def test_a_group_is_waited_for_unless_it_will_never_have_enough_examples():
    heard_late = a_contest(blind, truth, segment_least=350, trial_examples=1_000)
    assert played(heard_late, 900, until=promoted) > 650
    never = a_contest(blind, truth, segment_least=5_000)
    assert played(never, 1_500, until=promoted) is not None


def test_who_gets_worse_after_a_promotion_goes_back_by_itself():
    contest = a_contest(blind, truth)
    assert played(contest, 2_000, until=promoted)
    back = played(contest, 1_500, seed=2, chance_of=lambda v: share(-2 + v[0] - v[1] - v[2]),
                  until=lambda c: c.duty.on_duty == CHAMPION)  # fmt: skip
    assert back is not None
    event = next(event for event in contest.duty.events.last if event.what == "returned")
    assert (event.champion, event.about, event.by) == (CHAMPION, "naive_bayes", "trainer")


def test_who_stays_better_after_a_promotion_stays():
    contest = a_contest(blind, truth, trial_every=0)
    played(contest, 50)
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 2)
    played(contest, 1_500)
    assert promoted(contest)


def test_a_trial_that_nobody_wins_is_closed_and_another_opens():
    contest = a_contest(truth, blind, trial_examples=150, trial_every=100)
    played(contest, 600)
    assert whats(contest) == ["trial_opened", "trial_closed"] * 2 + ["trial_opened"]
    assert contest.duty.trial.number == 3
    closed = contest.duty.events.last[1]
    assert closed.figures["naive_bayes"]["saved"] < 0


def test_a_later_trial_asks_for_more_evidence():
    contest = a_contest(truth, truth, trial_examples=110, trial_every=100)
    played(contest, 150)
    first = contest.duty.trial.needed(rules())
    played(contest, 200)
    assert contest.duty.trial.number == 2
    assert contest.duty.trial.needed(rules()) > first


def test_without_a_schedule_only_a_drift_opens_a_trial():
    contest = a_contest(truth, lambda v: share(-0.5 - v[0]), trial_every=0)
    played(contest, 1_000)
    assert (contest.duty.trial, contest.duty.drifts) == (None, 0)
    played(contest, 700, chance_of=lambda v: share(-0.5 - v[0]), until=lambda c: c.duty.trial is not None)
    assert (contest.duty.trial.why, contest.duty.drifts) == ("drift", 1)
    assert contest.duty.drift_marks == [(contest.duty.trial.opened_ms, CHAMPION, contest.duty.trial.number)]
    assert played(contest, 1_500, seed=4, chance_of=lambda v: share(-0.5 - v[0]), until=promoted) is not None


def test_a_loss_that_falls_opens_no_trial():
    contest = a_contest(truth, truth, trial_every=0)
    played(contest, 800, chance_of=lambda v: share(-0.5 - v[0]))
    played(contest, 800)
    assert (contest.duty.drifts, contest.duty.trial) == (0, None)
    assert "drift_marks" not in contest.snapshot(), "without a drift a version is the bytes that it was before"


def test_a_drift_of_a_model_without_challengers_is_remembered_and_opens_nothing():
    contest = alone(truth)
    played(contest, 1_000)
    played(contest, 700, chance_of=drifts, until=lambda c: c.duty.drifts)
    assert contest.duty.drift_marks == [(contest.duty.at_ms, CHAMPION, 0)]
    played(contest, 300, chance_of=drifts)
    assert (contest.duty.trial, contest.duty.drift_marks[0].trial) == (None, 0)


def test_a_challenger_that_knows_too_little_stays_out_of_a_trial():
    contest = alone(blind, ("naive_bayes",), floor_examples=300)
    played(contest, 299)
    assert contest.duty.trial is None
    played(contest, 60)
    assert contest.duty.trial.rivals == ("naive_bayes",)


class Forest(Member):
    """A member whose scorer cannot be kept."""

    thawed = None


def test_a_member_that_cannot_be_served_is_judged_and_never_put_on_duty():
    contest = alone(blind, ("adaptive_random_forest",))
    contest.members["adaptive_random_forest"] = Forest(truth)
    played(contest, 300)
    assert contest.duty.trial is None
    losses = {name: meter.quality().log_loss for name, meter in contest.meters.items()}
    assert losses["adaptive_random_forest"] < losses[CHAMPION]
    contest.duty.obey(a_command("promote", challenger="adaptive_random_forest"), 2)
    assert "cannot be served" in contest.duty.events.last[-1].why


def test_a_tree_needs_a_key_to_be_put_on_duty():
    without = alone(blind, ("hoeffding_adaptive",))
    keyed = alone(blind, ("hoeffding_adaptive",), seal=Seal(KEY))
    assert (without.duty.may_serve("hoeffding_adaptive"), keyed.duty.may_serve("hoeffding_adaptive")) == (False, True)


def test_a_person_can_promote_and_take_it_back_and_the_ledger_says_who_and_why():
    contest = a_contest(truth, blind, trial_every=0)
    played(contest, 10)
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    assert promoted(contest)
    contest.duty.obey(a_command("rollback", number=2), 4)
    assert contest.duty.on_duty == CHAMPION
    told = [(e.what, e.champion, e.about, e.version, e.by, e.why, e.command_id) for e in contest.duty.events.last]
    assert told == [
        ("promoted", "naive_bayes", CHAMPION, 3, "chen", "a test", "c-1"),
        ("returned", CHAMPION, "naive_bayes", 4, "chen", "a test", "c-2"),
    ]


def test_a_command_that_comes_again_is_nothing():
    contest = a_contest(truth, blind, trial_every=0)
    played(contest, 10)
    for _ in range(2):
        contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    assert whats(contest) == ["promoted"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"op": "promote", "challenger": "nobody"}, "nobody is called nobody: there are logistic, naive_bayes"),
        ({"op": "promote", "challenger": CHAMPION}, "logistic is on duty already"),
        ({"op": "promote", "challenger": "naive_bayes"}, "naive_bayes has learned nothing yet"),
        ({"op": "rollback"}, "nobody was on duty before"),
        ({"op": "rollback", "version": 3}, "there is no version 3 yet"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(asked, why):
    contest = a_contest(truth, blind)
    contest.duty.obey(a_command(**asked), 3)
    (event,) = contest.duty.events.last
    assert (event.what, event.why, event.by, contest.duty.on_duty) == ("refused", why, "chen", CHAMPION)
    assert contest.duty.changed, "whoever waits for it hears of it"


def test_who_was_replaced_is_remembered_when_the_event_is_long_forgotten():
    contest = a_contest(truth, blind, trial_every=0)
    played(contest, 10)
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    for number in range(2, 2 + MAX_EVENTS):
        contest.duty.obey(a_command("promote", number=number, challenger="nobody"), 3)
    assert "promoted" not in whats(contest)
    again = restored(contest, truth, blind, trial_every=0)
    for one in (contest, again):
        one.duty.obey(a_command("rollback", number=99), 4)
        assert one.duty.on_duty == CHAMPION
        one.duty.obey(a_command("rollback", number=100), 4)
        assert one.duty.events.last[-1].why == "nobody was on duty before"


def test_to_let_a_pinned_version_go_changes_nothing_about_who_was_before():
    contest = a_contest(truth, blind, trial_every=0)
    played(contest, 10)
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    contest.duty.obey(a_command("rollback", number=2, version=2), 4)
    contest.duty.obey(a_command("rollback", number=3), 5)
    assert promoted(contest)
    contest.duty.obey(a_command("rollback", number=4), 6)
    assert contest.duty.on_duty == CHAMPION


def test_whoever_was_before_and_began_anew_is_not_gone_back_to():
    contest, failing = with_one_that_fails(5)
    promoted_and_replaced(contest)
    failing.learns = False
    played(contest, 1)
    contest.duty.obey(a_command("rollback", number=3), 6)
    assert contest.duty.events.last[-1].why == "nobody was on duty before"


def test_a_promotion_does_not_give_trials_a_new_error_to_spend():
    contest = a_contest(blind, truth)
    assert played(contest, 2_500, until=promoted)
    played(contest, 60)
    assert contest.duty.trial.number == 2


def drifts(values):
    return share(-0.5 - values[0])


@pytest.mark.parametrize("hindered", ["pinned", "in a trial"])
def test_a_drift_that_comes_when_no_trial_can_open_opens_one_later(hindered):
    pinned = hindered == "pinned"
    contest = a_contest(truth, truth, trial_every=0 if pinned else 900, trial_examples=2_000)
    played(contest, 1_000)
    assert (contest.duty.trial is None) == pinned
    if pinned:
        contest.duty.obey(a_command("rollback", version=2), 3)
    played(contest, 700, chance_of=drifts, until=lambda c: c.duty.drifts)
    assert contest.duty.drift_marks == [(contest.duty.at_ms, CHAMPION, 0)], "it opens none as yet"
    again = restored(contest, truth, truth, trial_every=0 if pinned else 900, trial_examples=2_000)
    for one in (contest, again):
        assert "drift" not in [event.why for event in one.duty.events.last]
        if pinned:
            one.duty.obey(a_command("rollback", number=2), 4)
        played(one, 2_000, seed=3, until=lambda c: c.duty.trial is not None and c.duty.trial.why == "drift")
        assert one.duty.trial.why == "drift"
        *_, newest = [mark for mark in one.duty.drift_marks if mark.at_ms <= one.duty.trial.opened_ms]
        assert [mark for mark in one.duty.drift_marks if mark.trial] == [newest]
        assert newest.trial == one.duty.trial.number
    assert contest.duty.drift_marks == again.duty.drift_marks


def test_a_version_from_before_drifts_were_marked_goes_on_without_them():
    contest = a_contest(truth, truth, trial_every=0)
    played(contest, 1_000)
    contest.duty.obey(a_command("rollback", version=2), 3)
    played(contest, 700, chance_of=drifts, until=lambda c: c.duty.drifts)
    again = restored(contest, truth, truth, without=("drift_marks",), trial_every=0)
    again.duty.obey(a_command("rollback", number=2), 4)
    played(again, 2_000, seed=3, until=lambda c: c.duty.trial is not None)
    assert (again.duty.trial.why, again.duty.drift_marks) == ("drift", [])


def test_while_a_version_is_pinned_nothing_moves_until_a_person_lets_it():
    contest = a_contest(blind, truth)
    played(contest, 70)
    assert contest.duty.trial is not None
    contest.duty.obey(a_command("rollback", version=2), 9)
    assert (contest.duty.pinned, contest.duty.trial, contest.duty.events.last[-1].about) == (2, None, "version 2")
    played(contest, 1_500)
    assert (contest.duty.on_duty, contest.duty.trial) == (CHAMPION, None)
    contest.duty.obey(a_command("rollback", number=2), 10)
    assert (contest.duty.pinned, contest.duty.on_duty) == (0, CHAMPION)
    contest.duty.obey(a_command("rollback", number=3, version=2), 11)
    contest.duty.obey(a_command("promote", number=4, challenger=CHAMPION), 12)
    assert (contest.duty.pinned, contest.duty.on_duty) == (0, CHAMPION)


class Fails(Member):
    """A member that fails when it is told to."""

    scores, learns, freezes, tells = True, True, True, True

    def score(self, features, about="", slots=()):
        return super().score(features) if self.scores else 1 / 0

    def scorer(self, version):
        return super().scorer(version) if self.freezes else 1 / 0

    def snapshot(self):
        return super().snapshot() if self.tells else 1 / 0

    def learn(self, features, label, about="", slots=()):
        if not self.learns:
            raise KeyError
        super().learn(features, label)


def with_one_that_fails(number: int, trial_every: int = 0) -> tuple[Contest, Fails]:
    """Two equals that have learned so many examples; the challenger will fail when it is told to."""
    contest, failing = a_contest(truth, truth, trial_every=trial_every), Fails(truth)
    contest.members["naive_bayes"] = failing
    played(contest, number)
    return contest, failing


def promoted_and_replaced(contest: Contest) -> None:
    """Put the challenger on duty and the first champion back, so that the challenger is watched."""
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    contest.duty.obey(a_command("promote", number=2, challenger=CHAMPION), 3)


@pytest.mark.parametrize("fails_at", ["freezes", "learns"])
def test_a_challenger_that_fails_begins_anew_and_harms_nobody(fails_at):
    contest, failing = with_one_that_fails(60, trial_every=50)
    promoted_and_replaced(contest)
    played(contest, 60)
    assert contest.duty.trial is not None
    setattr(failing, fails_at, False)
    played(contest, 10, until=lambda c: c.members["naive_bayes"] is not failing)
    assert contest.duty.on_duty == CHAMPION
    assert contest.members["naive_bayes"].examples == (fails_at == "freezes")
    assert contest.duty.trial.pairs == {}
    assert contest.duty.events.last[-1][1:2] == ("began_anew",)
    played(contest, 5)


def test_whoever_was_watched_and_fails_is_watched_no_more():
    contest, failing = with_one_that_fails(5)
    promoted_and_replaced(contest)
    failing.learns = False
    played(contest, 5)
    assert contest.snapshot()["watch"] is None


@pytest.mark.parametrize("fails_at", ["scores", "learns"])
def test_a_champion_on_duty_that_fails_gives_way_to_the_one_that_policy_begins_with(fails_at):
    contest, failing = with_one_that_fails(5)
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    setattr(failing, fails_at, False)
    played(contest, 1)
    assert contest.duty.on_duty == CHAMPION
    assert whats(contest) == ["promoted", "began_anew", "returned"]


def test_the_champion_that_policy_begins_with_may_fail_as_loud_as_ever():
    contest = a_contest(truth, truth)
    contest.members[CHAMPION] = failing = Fails(truth)
    failing.scores = False
    with pytest.raises(ZeroDivisionError):
        played(contest, 1)


@pytest.mark.parametrize("on_duty", [False, True])
def test_whoever_cannot_be_told_of_begins_anew_before_the_version_goes_out(on_duty):
    contest, failing = with_one_that_fails(5)
    if on_duty:
        contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    failing.tells = False
    list(contest.publish(4))
    assert (contest.duty.on_duty, contest.members["naive_bayes"].examples) == (CHAMPION, 0)
    event = next(event for event in contest.duty.events.last if event.what == "began_anew")
    assert (event.about, event.why, event.version) == ("naive_bayes", "ZeroDivisionError", 4)
    assert contest.snapshot()["challengers"]["naive_bayes"]["examples"] == 0


def test_who_is_on_duty_and_has_no_scorer_any_more_gives_way():
    contest, failing = with_one_that_fails(5)
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    failing.freezes = False
    assert contest.scorer(4).examples == 5
    assert contest.duty.on_duty == CHAMPION


class Grows(Member):
    """A member of which only a pickle tells."""

    weight: object = b"x" * 1_000

    def hidden(self):
        return self.weight

    def reveal(self, hidden):
        self.weight = hidden


@pytest.mark.parametrize("weight", [b"x" * (MAX_HIDDEN + 1), lambda: None], ids=["too big", "cannot be pickled"])
def test_what_no_version_can_hold_begins_anew_and_the_version_holds_the_rest(weight):
    contest = alone(truth, ("hoeffding_adaptive", "naive_bayes"), seal=Seal(KEY))
    contest.members["hoeffding_adaptive"] = grows = Grows(truth)
    played(contest, 5)
    assert set(contest.sealed()) == {"hoeffding_adaptive"}
    played(contest, 1)
    grows.weight = weight
    list(contest.publish(3))
    assert contest.duty.events.last[-1][1:2] == ("began_anew",)
    assert contest.sealed() == {}
    assert (contest.members["hoeffding_adaptive"].examples, contest.members["naive_bayes"].examples) == (0, 6)
    played(contest, 1)
    assert set(contest.sealed()) == {"hoeffding_adaptive"}


def restored(contest: Contest, champion, challenger, *, without=(), **changes) -> Contest:
    again = a_contest(champion, challenger, **changes)
    told = msgpack.unpackb(msgpack.packb(contest.snapshot()))
    told = {name: value for name, value in told.items() if name not in without}
    again.members[CHAMPION].restore({"examples": contest.members[CHAMPION].examples})
    assert again.restore(told, {}, 7) == []
    return again


EASY = {"error": 0.5, "calibration_slack": 0.5, "segments": ()}


@pytest.mark.parametrize("stop", [30, 200, 420, 600])
def test_a_restored_contest_goes_on_as_the_first_would_have(stop):
    """In a trial, after it, and while the deposed champion is watched."""
    contest, examples = a_contest(blind, truth, **EASY), list(world(900, seed=3))
    for example, label in examples[:stop]:
        contest.meet(example, label, 7)
    again = restored(contest, blind, truth, **EASY)
    for example, label in examples[stop:]:
        assert again.meet(example, label, 8) == contest.meet(example, label, 8)
    assert again.snapshot() == contest.snapshot()
    assert "promoted" in whats(again)


def test_a_member_that_policy_no_longer_names_leaves_duty_trial_and_watch():
    contest = a_contest(blind, truth)
    played(contest, 1_500, until=promoted)
    left = alone(blind)
    assert left.restore(contest.snapshot(), {}, 7) == []
    assert (left.duty.on_duty, left.duty.events.last[-1].what, left.duty.changed) == (CHAMPION, "returned", True)
    contest.duty.obey(a_command("promote", challenger=CHAMPION), 3)
    left.restore(contest.snapshot(), {}, 7)
    assert left.snapshot()["watch"] is None
    in_trial = a_contest(truth, truth)
    played(in_trial, 60)
    left.restore(in_trial.snapshot(), {}, 7)
    assert left.duty.trial.pairs == {}


def test_a_trial_of_a_champion_that_is_gone_is_over():
    contest = a_contest(blind, truth)
    played(contest, 1_500, until=promoted)
    played(contest, 60)
    assert contest.duty.trial.champion == "naive_bayes"
    left = alone(blind)
    left.restore(contest.snapshot(), {}, 7)
    assert left.duty.trial is None


def grown(seal: Seal | None) -> Contest:
    return alone(truth, ("hoeffding_adaptive",), seal=seal)


def test_with_the_key_a_tree_goes_on_and_without_it_begins_anew():
    seal, contest = Seal(KEY), grown(Seal(KEY))
    played(contest, 250)
    told, sealed = contest.snapshot(), contest.sealed()
    same = grown(seal)
    assert same.restore(told, sealed, 7) == []
    same.members[CHAMPION].examples = 250
    played(same, 100, seed=5)
    played(contest, 100, seed=5)
    assert same.snapshot() == contest.snapshot()
    for other in (grown(None), grown(Seal(b"o" * 32))):
        assert other.restore(told, sealed, 7) == ["hoeffding_adaptive"]
        assert other.members["hoeffding_adaptive"].examples == 0
    assert grown(seal).restore(told, {}, 7) == ["hoeffding_adaptive"]
    assert grown(None).sealed() == {}


def test_a_tree_on_duty_that_cannot_be_opened_gives_way():
    contest = grown(Seal(KEY))
    played(contest, 60)
    contest.duty.obey(a_command("promote", challenger="hoeffding_adaptive"), 3)
    other = grown(Seal(b"o" * 32))
    other.restore(contest.snapshot(), contest.sealed(), 3)
    assert (other.duty.on_duty, other.duty.events.last[-1].why) == (CHAMPION, "hoeffding_adaptive began anew")


def test_a_challenger_that_is_new_in_policy_joins():
    old = alone(truth)
    played(old, 60)
    new = a_contest(truth, truth)
    assert new.restore(old.snapshot(), {}, 7) == ["naive_bayes"]
    played(new, 5)
    assert new.meters["naive_bayes"].quality().examples == 5


def test_scores_are_met_before_they_are_learned_and_every_member_is_metered():
    contest = a_contest(blind, truth)
    examples = list(world(40))
    said = [contest.meet(example, label, 1) for example, label in examples]
    assert said == [blind(example.features) for example, _ in examples]
    expected = sum(loss(label, truth(example.features)) for example, label in examples) / 40
    assert contest.meters["naive_bayes"].quality().log_loss == pytest.approx(expected, abs=1e-3)


def test_the_order_of_luck_does_not_matter():
    """Shuffled worlds of the same truth come to the same verdict."""
    chance = random.Random(9)
    examples = [(example.features, label) for example, label in world(2_000, seed=8)]
    verdicts = set()
    for _ in range(2):
        chance.shuffle(examples)
        contest = a_contest(blind, truth)
        for n, (values, label) in enumerate(examples):
            contest.meet(an_example(n, values, label), label, 1)
        verdicts.add(contest.duty.on_duty)
    assert verdicts == {"naive_bayes"}
