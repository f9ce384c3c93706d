"""A challenger stands as it is until it is served; then what came true of its scores maps them, as a champion's."""

import json
import random

import msgpack
import pytest

from models.challengers.kinds import CHAMPION, KINDS, Hidden
from models.contest.contest import Contest
from models.contest.setup import Setup
from models.learning.calibration import log_odds
from models.learning.learner import DAMAGED, BadSnapshotError
from models.learning.starts import Starts
from models.training.learners import LEARNERS
from schemas.internal import ExampleRecord
from tests.contests import STRETCH_MS, WIDTH, a_command, an_example, rules, share
from tests.unit.models import model_checks as laws
from tests.unit.models.challengers.test_challengers import KEPT_BY_ALL
from tests.unit.models.model_checks import OF_MAPPED, as_bytes, examples, name_of, taught
from tests.unit.models.training.test_release_training import POLICY

DAY_MS = 86_400_000
STARTS = Starts({"loan": 0.2, "fund": 0.05})
SERVABLE = ("naive_bayes", "ensemble", "hoeffding_adaptive")
WITH_CONTACTS = [law for law in OF_MAPPED if "contact" in law.__name__]


def begun(name: str, start=0.1):
    return KINDS[name].begin(start)


def too_sure(name: str = "ensemble", start=STARTS):
    """One that was on duty for a month, and is told that its scores were twice as far off as what came true."""
    member = taught(lambda: begun(name, start), 320)  # with bins
    chance = random.Random(3)
    for version in range(1, 30):
        member.published(version, version * DAY_MS)
        for features, _, about in examples(20, seed=version):
            said = member.scorer(version).score(features, about).value
            member.came_true(said, version, chance.random() < share(log_odds(said) / 2 - 1.0), about)
    member.published(30, 30 * DAY_MS)
    return member


@pytest.mark.parametrize("check", KEPT_BY_ALL, ids=name_of)
@pytest.mark.parametrize("name", SERVABLE)
def test_it_keeps_the_laws_of_what_is_within(check, name):
    check(lambda: begun(name))


@pytest.mark.parametrize("check", [law for law in OF_MAPPED if law not in WITH_CONTACTS], ids=name_of)
def test_one_that_was_on_duty_keeps_them_too(check):
    if check is not laws.check_a_damaged_snapshot_is_refused_and_changes_nothing:
        check(lambda: begun("naive_bayes", STARTS))


def test_nobody_who_was_never_on_duty_has_a_map():
    member = taught(lambda: begun("ensemble"), 50)
    before = as_bytes(member)
    member.came_true(0.9, 3, False)
    member.off_duty(40 * DAY_MS)
    assert as_bytes(member) == before
    assert not {"calibration", "maps"} & set(member.snapshot())
    assert "line" not in member.scorer(3).plain()


def test_the_first_map_of_who_comes_on_duty_changes_nothing():
    member = taught(lambda: begun("ensemble"), 50)
    before = [member.scorer(1).score(features) for features, _, _ in examples(20, seed=9)]
    member.published(1, DAY_MS)
    assert [member.scorer(1).score(features) for features, _, _ in examples(20, seed=9)] == before
    assert "calibration" in member.snapshot()


@pytest.mark.parametrize("start", [0.1, STARTS], ids=["churn", "actions"])
@pytest.mark.parametrize("name", SERVABLE)
def test_what_came_true_of_its_scores_maps_them_and_contributions_still_sum_to_the_score(name, start):
    member = too_sure(name, start)
    assert member.line.slope < 0.95
    assert member.line.shift < -0.2
    raw, mapped = member.learner.scorer(9), member.scorer(9)
    for features, _, about in examples(20, seed=40):
        was, scored = raw.score(features, about), mapped.score(features, about)
        assert sum(scored.contributions, scored.base) == scored.log_odds
        assert scored.log_odds == pytest.approx(member.line.of(was.log_odds))
        assert scored.contributions == pytest.approx([member.line.slope * part for part in was.contributions])
        assert member.score(features, about) == pytest.approx(scored.value)
        assert (scored.examples, mapped.version) == (was.examples, 9)


def test_it_and_its_scorer_go_on_as_data_to_the_last_bit():
    member, again = too_sure(), begun("ensemble", STARTS)
    again.restore(msgpack.unpackb(as_bytes(member)))
    assert as_bytes(again) == as_bytes(member)
    scorer = member.scorer(2)
    thawed = again.thawed(json.loads(json.dumps(scorer.plain(), allow_nan=False)))
    for features, label, about in examples(20, seed=41):
        assert again.scorer(2).score(features, about) == scorer.score(features, about)
        assert thawed.score(features, about) == scorer.score(features, about)
        for one in (member, again):
            one.came_true(0.3, 30, label, about)
    for one in (member, again):
        one.off_duty(31 * DAY_MS)
    assert as_bytes(again) == as_bytes(member)
    assert again.line == member.line != scorer.plain()["line"]


def test_an_action_that_policy_names_from_now_on_does_not_move_the_scores_of_the_others():
    member, again = too_sure("naive_bayes"), begun("naive_bayes", Starts({**STARTS.chances, "card": 0.6}))
    again.restore(member.snapshot())
    for features, _, _ in examples(20, seed=42):
        for action in STARTS.chances:
            assert again.scorer(2).score(features, action) == member.scorer(2).score(features, action)


def test_restored_from_a_time_before_it_was_on_duty_it_has_no_map():
    member, before = too_sure(), taught(lambda: begun("ensemble", STARTS), 20)
    member.restore(before.snapshot())
    assert as_bytes(member) == as_bytes(before)
    assert member.line[1:] == (1.0, 0.0)


WRONG = [
    *[("calibration", None), ("calibration", [1.0]), ("calibration", ["x"] * 7), ("maps", None), ("maps", [[1]])],
    *[("maps", [[2, 1, 1.0, 0.0]]), ("maps", [[1, 2, 99.0, 0.0]])],
]


@pytest.mark.parametrize(("part", "wrong"), WRONG)
def test_a_map_that_is_damaged_is_refused_and_changes_nothing(part, wrong):
    member = too_sure()
    before = as_bytes(member)
    with pytest.raises(BadSnapshotError):
        member.restore({**member.snapshot(), part: wrong})
    assert as_bytes(member) == before


@pytest.mark.parametrize("line", [None, [0.0], [0.0, 99.0, 0.0], [0.0, 1.0, 99.0], [float("nan"), 1.0, 0.0]])
def test_a_scorer_whose_map_cannot_be_is_refused(line):
    member = too_sure()
    with pytest.raises(DAMAGED):
        member.thawed({**member.scorer(1).plain(), "line": line})


def test_what_is_hidden_stays_hidden_and_a_forest_is_none_of_this():
    assert isinstance(begun("hoeffding_adaptive"), Hidden)
    assert not isinstance(begun("ensemble"), Hidden)
    assert not hasattr(begun("adaptive_random_forest"), "line")


def sure(n: int) -> tuple[ExampleRecord, bool]:
    chance = random.Random(n)
    values = [chance.gauss(0, 1) for _ in range(4)] + [0.0] * (WIDTH - 4)
    label = chance.random() < share(-2.0 + values[0])
    return an_example(n, values, label, due_ms=n * DAY_MS // 20, snapshot_ms=n * DAY_MS // 20), label


def test_in_a_contest_only_who_is_on_duty_learns_from_what_was_served_and_a_deposed_one_goes_on():
    setup = Setup(("naive_bayes",), 0.1, (), rules(trial_every=0), freeze_ms=STRETCH_MS)
    contest = Contest("churn", LEARNERS["churn"](POLICY), 100, setup)
    for n in range(400):
        contest.meet(*sure(n), 1)
    list(contest.publish(1))
    contest.came_true(0.9, 1, False, "")
    bayes = contest.members["naive_bayes"]
    assert "calibration" not in bayes.snapshot()
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 2)
    for version in range(2, 40):
        list(contest.publish(version))
        for n in range(version * 20 + 400, version * 20 + 420):
            example, label = sure(n)
            said = contest.scorer(version).score(example.features).value
            contest.came_true(min(0.99, said * 3), version, label, "")
            contest.meet(example, label, version + 1)
    line = bayes.line
    assert line.slope != 1.0 or line.shift != 0.0
    contest.duty.obey(a_command("rollback", number=2), 40)
    assert contest.duty.on_duty == CHAMPION
    list(contest.publish(40))
    contest.came_true(0.9, 39, False, "")
    for n in range(1_300, 1_340):
        contest.meet(*sure(n), 41)
    list(contest.publish(41))
    assert bayes.line != line, "labels of what it said while it was on duty still come"
