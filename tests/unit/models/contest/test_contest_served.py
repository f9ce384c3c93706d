"""Members are judged by what customers would have been told, not by what they say when the label has come.

Scores are given weekly and their labels tell of the four weeks after: three quarters of what a label tells is told by
the label of the week before. So who remembers each customer's last label is almost always right when the next one
matures, and was of no use four weeks earlier, when somebody was scored.
"""

import random
from collections.abc import Iterator

import msgpack
import pytest

from models.challengers.frozen import KEPT, WEEK_MS, FrozenScorers, spacing
from models.challengers.kinds import CHAMPION, KINDS
from models.contest.contest import Contest
from models.contest.setup import Setup
from models.features import FEATURES
from models.learning.learner import DAMAGED, BadSnapshotError
from models.training.learners import LEARNERS
from schemas.internal import ExampleRecord
from tests.contests import STRETCH_MS, WIDTH, Member, a_command, a_contest, alone, an_example, rules, truth, world
from tests.unit.models.training.test_release_training import POLICY

CUSTOMERS, HORIZON = 60, 4  # weeks
START_MS = 100 * WEEK_MS
FREEZING = ("naive_bayes", "ensemble", "hoeffding_adaptive")


class Remembers(Member):
    """Says what came true of this customer last."""

    def __init__(self) -> None:
        super().__init__(self.tell)
        self.known: dict[float, bool] = {}

    def tell(self, features):
        return {True: 0.85, False: 0.05, None: 0.2}[self.known.get(features[1])]

    def learn(self, features, label, about="", slots=()):
        super().learn(features, label)
        self.known[features[1]] = label

    def scorer(self, version):
        then = Remembers()
        then.known, then.examples = dict(self.known), self.examples
        return super(Remembers, then).scorer(version)


def weekly(weeks: int, *, seed: int = 1) -> Iterator[tuple[ExampleRecord, bool]]:
    """Each customer every week: label 1 where something happens within the four weeks after his score."""
    chance = random.Random(seed)
    happens = [[chance.random() < 0.06 for _ in range(weeks + HORIZON)] for _ in range(CUSTOMERS)]
    for week in range(weeks):
        for customer in range(CUSTOMERS):
            label = any(happens[customer][week + 1 : week + 1 + HORIZON])
            scored_ms = START_MS + week * WEEK_MS + customer
            values = [0.0, float(customer), *[0.0] * (WIDTH - 2)]
            at = {"snapshot_ms": scored_ms, "due_ms": scored_ms + HORIZON * WEEK_MS}
            yield an_example(week * CUSTOMERS + customer, values, label, **at), label


def duel() -> Contest:
    """Between who knows how many there are of whom something happens, and who remembers."""
    contest = Contest("churn", Member(lambda _: 0.22), 10**9, Setup(("naive_bayes",), 0.2, (), rules()))
    contest.members["naive_bayes"] = Remembers()
    return contest


def losses(contest: Contest) -> dict[str, float]:
    return {name: meter.quality().log_loss for name, meter in contest.meters.items()}


def test_who_only_remembers_the_neighbouring_weeks_is_not_promoted():
    contest = duel()
    for example, label in weekly(60):
        contest.meet(example, label, 7)
    assert contest.duty.on_duty == CHAMPION
    assert losses(contest)["naive_bayes"] > losses(contest)[CHAMPION] + 0.05


def test_judged_at_maturity_the_worse_one_would_take_over():
    """The negative control: the same examples, as if each had been scored when its label came."""
    contest = duel()
    for example, label in weekly(60):
        contest.meet(example.model_copy(update={"snapshot_ms": example.due_ms}), label, 7)
        if contest.duty.on_duty != CHAMPION:
            break
    assert contest.duty.on_duty == "naive_bayes"
    assert losses(contest)["naive_bayes"] < losses(contest)[CHAMPION] - 0.05


def test_each_is_judged_by_the_newest_scorer_that_had_learned_only_what_had_matured():
    asked: list[tuple[int, int]] = []

    class Noted(Remembers):
        def scorer(self, version):
            scorer, examples = super().scorer(version), self.examples
            says = scorer.says
            scorer.says = lambda values: asked.append((self.examples, examples)) or says(values)
            return scorer

    contest = duel()
    contest.members["naive_bayes"] = Noted()
    for example, label in weekly(20):
        contest.meet(example, label, 7)
    assert len(asked) == (20 - HORIZON) * CUSTOMERS, "the first weeks are learned and not judged"
    late = [(now, then) for now, then in asked if now >= CUSTOMERS * HORIZON]
    # Learned when the example matured, and of these what had matured at the beginning of the week of its score.
    assert all(then == now // CUSTOMERS * CUSTOMERS - HORIZON * CUSTOMERS for now, then in late)


def test_what_is_too_old_to_be_judged_is_learned():
    contest = a_contest(truth, truth)
    for example, label in world(300):
        contest.meet(example.model_copy(update={"snapshot_ms": 1}), label, 7)
    assert (contest.members["naive_bayes"].examples, contest.meters["naive_bayes"].quality().examples) == (300, 0)
    assert (contest.duty.trial, contest.record.points) == (None, [])


def test_moments_reach_back_as_far_as_labels_take():
    for days in (7, 30, 45, 90, 365):
        wait_ms, frozen = days * 86_400_000 + 3_600_000, FrozenScorers(spacing(days * 86_400_000 + 3_600_000))
        for due_ms in range(START_MS, START_MS + 3 * wait_ms, 86_400_000):
            if frozen.is_due(due_ms):
                frozen.freeze(due_ms, {"one": Member(truth).scorer(0)})
            if due_ms > START_MS + 2 * wait_ms:
                assert frozen.at(due_ms - wait_ms)
        assert len(frozen.snapshot()) <= KEPT


def taught(number: int = 400) -> Contest:
    """The real members, that have learned a little."""
    setup = Setup(FREEZING, 0.1, (), rules(), restarts=False, freeze_ms=STRETCH_MS * 10)
    contest = Contest("churn", LEARNERS["churn"](POLICY), 100, setup)
    for example, label in world(number):
        contest.meet(example, label, 1)
    return contest


TAUGHT = taught()


def test_frozen_scorers_are_data_and_score_on_to_the_last_bit():
    told = msgpack.unpackb(msgpack.packb(TAUGHT.snapshot()["frozen"]))
    again = FrozenScorers(STRETCH_MS * 10)
    again.restore(told, TAUGHT.members)
    assert again.snapshot() == TAUGHT.snapshot()["frozen"]
    at_ms = told[-1][0]
    for example, _ in world(20, seed=5):
        for name in (CHAMPION, *FREEZING):
            frozen, restored = TAUGHT._frozen.at(at_ms)[name], again.at(at_ms)[name]
            assert restored.score(example.features) == frozen.score(example.features)


def test_a_frozen_scorer_says_what_its_member_said_then():
    contest = taught(300)
    (example, label), *_ = world(1, seed=9)
    said = {name: member.score(example.features) for name, member in contest.members.items()}
    contest.meet(an_example(400, example.features, label), label, 1)
    frozen = contest._frozen.at(10**12)
    assert {name: scorer.score(example.features).value for name, scorer in frozen.items()} == pytest.approx(said)


def test_a_version_stays_small():
    assert len(msgpack.packb(TAUGHT.snapshot()["frozen"])) < KEPT * 25_000


@pytest.mark.parametrize("name", [CHAMPION, *FREEZING])
def test_a_frozen_scorer_that_is_damaged_is_refused(name):
    member = TAUGHT.members[name]
    told = member.scorer(0).plain()
    assert member.thawed(told).score([0.0] * WIDTH) == member.scorer(0).score([0.0] * WIDTH)
    for key in told:
        for wrong in (None, [], [[1.0]], "text", float("nan"), {}):
            if (key, wrong) in (("slots", []), ("slots", {}), ("slots", "text")) or key == "bins":
                continue
            with pytest.raises(DAMAGED):
                member.thawed({**told, key: wrong})
    with pytest.raises(BadSnapshotError, match="frozen"):
        FrozenScorers().restore([[1, {name: {}}]], TAUGHT.members)


def test_narrow_tables_and_wide_weights_are_of_other_features():
    for name in ("naive_bayes", CHAMPION):
        member = KINDS[name].make(0.1) if name in KINDS else LEARNERS["churn"](POLICY)
        told = member.scorer(0).plain()
        narrow = {key: value[1:] if isinstance(value, list) and value else value for key, value in told.items()}
        with pytest.raises(BadSnapshotError, match="of other features"):
            member.thawed(narrow)
    assert len(FEATURES) == WIDTH


def test_a_member_that_begins_anew_is_no_longer_judged_by_what_it_was():
    contest = a_contest(truth, truth)
    for example, label in world(100):
        contest.meet(example, label, 7)
    contest._begin_anew("naive_bayes", 3)
    assert [list(told) for _, told in contest.snapshot()["frozen"]] == [[CHAMPION]] * KEPT


def test_who_is_on_duty_and_was_not_there_then_is_not_held_against_the_others():
    contest = alone(truth, ("naive_bayes",))
    for example, label in world(95):
        contest.meet(example, label, 7)
    contest._begin_anew("naive_bayes", 3)
    contest.members["naive_bayes"] = Member(truth)
    contest.members["naive_bayes"].examples = 1
    contest.duty.obey(a_command("promote", challenger="naive_bayes"), 3)
    judged = contest.meters[CHAMPION].quality().examples
    for example, label in world(3, first=95):
        contest.meet(example, label, 7)
    assert contest.meters[CHAMPION].quality().examples == judged
    for example, label in world(30, first=98):
        contest.meet(example, label, 7)
    assert contest.meters["naive_bayes"].quality().examples == 28
