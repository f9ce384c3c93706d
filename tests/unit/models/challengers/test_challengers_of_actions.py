"""Challengers of propensity: what is true of all actions is learned once, what is true of one by its own answers."""

import json
import random
from math import exp

import msgpack
import pytest

import models.challengers.binned
from models.challengers.bayes_actions import CROSSED_SLOPE, UNIT, ActionBayesLearner
from models.challengers.binned import MEMORY, SLOPE, WARM
from models.challengers.ensemble_actions import ActionEnsembleLearner
from models.challengers.kinds import KINDS
from models.challengers.levels import Levels
from models.challengers.trees import ForestLearner, TreeLearner, adaptive_random_forest
from models.contest.sealing import Seal
from models.features import FEATURES
from models.learning.learner import DAMAGED, BadSnapshotError
from models.learning.starts import OTHER, STARTING_PROPENSITY, Starts
from tests.unit.models import model_checks as laws
from tests.unit.models.challengers.test_challengers import KEPT_BY_ALL, KEPT_BY_DATA
from tests.unit.models.model_checks import WIDTH, as_bytes, contacts, in_contact, name_of, taught

STARTS = Starts({"loan": 0.2, "fund": 0.05}, {"loan": 50.0, "fund": 10.0})
NOBODY = (0.0,) * WIDTH
SEAL = Seal(b"k" * 32)


def bayes() -> ActionBayesLearner:
    return ActionBayesLearner(FEATURES, STARTS)


def ensemble() -> ActionEnsembleLearner:
    return ActionEnsembleLearner(FEATURES, STARTS)


def tree() -> TreeLearner:
    return TreeLearner(FEATURES, STARTS.mean, Levels(STARTS))


def forest() -> ForestLearner:
    return ForestLearner(FEATURES, STARTS.mean, adaptive_random_forest, Levels(STARTS))


def turned(number: int, *, seed: int = 1):
    """Offers whose first feature speaks for a loan and against a fund: over all actions together it tells nothing."""
    chance = random.Random(seed)
    for _ in range(number):
        values, action = [chance.gauss(0, 1) for _ in range(WIDTH)], chance.choice(("loan", "fund"))
        yield tuple(values), chance.random() < (0.5 if (values[0] > 0) == (action == "loan") else 0.05), action


def learned(model, offers):
    for values, label, action in offers:
        model.learn(values, label, action)
    return model


@pytest.fixture
def warm(monkeypatch):
    """Laws are tried with 200 examples: bins are to be found among them."""
    monkeypatch.setattr(models.challengers.binned, "WARM", 40)


@pytest.mark.parametrize("check", KEPT_BY_ALL, ids=name_of)
@pytest.mark.parametrize("make", [bayes, ensemble, tree])
@pytest.mark.usefixtures("warm")
def test_a_challenger_that_can_be_served_keeps_the_law(check, make):
    check(make)


@pytest.mark.parametrize("check", KEPT_BY_DATA, ids=name_of)
@pytest.mark.parametrize("make", [bayes, ensemble])
@pytest.mark.usefixtures("warm")
def test_a_challenger_that_is_data_keeps_the_law(check, make):
    check(make)


@pytest.mark.parametrize(
    "check",
    [
        laws.check_a_restored_model_has_the_same_future_with_what_is_known_of_contacts,
        laws.check_contributions_of_a_contact_sum_exactly_too,
        laws.check_hostile_contacts_leave_finite_weights_and_a_working_model,
        laws.check_what_is_not_known_of_a_contact_adds_nothing,
    ],
    ids=name_of,
)
def test_the_ensemble_sees_what_is_known_of_a_contact(check):
    check(ensemble)


def test_naive_bayes_does_not_ask_what_is_known_of_a_contact():
    model = in_contact(bayes, 350)
    for features, _, about, slots in contacts(20, seed=4):
        assert model.scorer(1).score(features, about, slots) == model.scorer(1).score(features, about)


@pytest.mark.parametrize("make", [bayes, ensemble])
def test_an_action_begins_where_policy_says_and_one_that_policy_does_not_know_at_what_stands_for_it(make):
    said = {action: make().score(NOBODY, action) for action in ("loan", "fund", "unheard of")}
    assert said == pytest.approx({"loan": 0.2, "fund": 0.05, "unheard of": STARTING_PROPENSITY})


def test_answers_move_an_action_by_how_much_its_start_is_worth():
    model = bayes()
    for n in range(60):
        model.learn(NOBODY, True, "loan")
        model.learn(NOBODY, n % 2 == 0, "fund")
    assert model.score(NOBODY, "loan") == pytest.approx((60 + 50 * 0.2) / (60 + 50))
    assert model.score(NOBODY, "fund") == pytest.approx((30 + 10 * 0.05) / (60 + 10))
    assert model.score(NOBODY, "unheard of") == pytest.approx(STARTING_PROPENSITY)


@pytest.mark.parametrize("make", [bayes, ensemble, tree])
def test_floors_are_of_each_action_whoever_is_on_duty(make):
    scorer = taught(make, 90).scorer(3)
    told = {action: scorer.score(NOBODY, action).examples for action in ("loan", "fund", "card", "unheard of")}
    assert told["unheard of"] == 0
    assert min(told["loan"], told["fund"], told["card"]) > 10
    assert sum(told.values()) == scorer.examples == 90


@pytest.mark.parametrize("make", [bayes, ensemble])
def test_what_speaks_for_one_action_and_against_another_is_learned_of_each(make):
    model = learned(make(), turned(1_500))
    high, low = (1.5, *NOBODY[1:]), (-1.5, *NOBODY[1:])
    assert model.score(high, "loan") > 2 * model.score(low, "loan")
    assert model.score(low, "fund") > 2 * model.score(high, "fund")


def test_how_much_the_crosses_are_worth_is_learned():
    chance = random.Random(3)
    noise, telling = bayes(), bayes()
    for values, label, action in turned(1_500):
        noise.learn(values, chance.random() < 1 / (1 + exp(1.5 - values[0])), action)
        telling.learn(values, label, action)
    (of_all, crossed, _), (no_use, of_each, _) = noise.snapshot()["line"], telling.snapshot()["line"]
    assert crossed < of_all
    assert no_use < 0.1
    assert of_each > 0.6
    assert CROSSED_SLOPE < SLOPE, "at first those of all are believed more"


def test_what_an_action_adds_is_a_whole_number_of_parts_of_a_nat():
    """So that a scorer kept as data is small; it is what is served, too."""
    told = learned(bayes(), turned(600)).scorer(1).plain()
    _, _, crossed = told["actions"]["loan"]
    assert all(isinstance(part, int) for row in crossed for part in row)
    assert max(abs(part) for row in crossed for part in row) > UNIT / 10
    assert len(msgpack.packb(told)) < 9_000


def test_bins_found_after_a_restart_are_those_of_the_first():
    first, second = bayes(), bayes()
    for place, (values, label, action) in enumerate(turned(WARM + 60)):
        if place == WARM // 2:
            second.restore(msgpack.unpackb(as_bytes(first)))
        first.learn(values, label, action)
        if place >= WARM // 2:
            second.learn(values, label, action)
    assert as_bytes(second) == as_bytes(first)


def test_old_answers_are_half_forgotten_of_levels_votes_and_crosses():
    model = bayes()
    for n in range(MEMORY + 100):
        chance = random.Random(n)
        turns = n < MEMORY // 2
        values = (chance.choice((-1.0, 1.0)), *NOBODY[1:])
        model.learn(values, (values[0] > 0) == turns, "loan")
    told = model.snapshot()
    assert sum(map(sum, told["tallies"][0])) == pytest.approx(MEMORY / 2 + 100, abs=2)
    ((_, tallies),) = told["crossed"]
    assert sum(map(sum, tallies[0])) == pytest.approx(MEMORY / 2 + 100, abs=2)
    ((_, examples, yes, no),) = told["levels"]
    assert (examples, yes + no) == (MEMORY + 100, pytest.approx(MEMORY / 2 + 100, abs=2))


def test_what_exceeds_the_number_of_actions_is_learned_together_and_served_for_what_is_unknown():
    starts = Starts(most=3)
    for make in (
        lambda: ActionBayesLearner(FEATURES, starts),
        lambda: ActionEnsembleLearner(FEATURES, starts),
        lambda: TreeLearner(FEATURES, starts.mean, Levels(starts)),
    ):
        model = make()
        for n in range(40):
            model.learn(NOBODY, n % 2 == 0, f"action {n % 4}")
        scorer = model.scorer(1)
        assert [scorer.score(NOBODY, f"action {n}").examples for n in range(4)] == [10, 10, 20, 20]
        assert scorer.score(NOBODY, "unheard of") == scorer.score(NOBODY, OTHER)
        assert model.score(NOBODY, "action 3") == scorer.score(NOBODY, "action 3").value


def by_action(number: int):
    """Offers of which nothing tells but the action."""
    for values, _, action in turned(number, seed=5):
        yield values, random.Random(repr(values)).random() < {"loan": 0.6, "fund": 0.05}[action], action


def test_a_tree_tells_actions_apart_by_their_level_and_no_feature_is_made_answerable_for_it():
    model = learned(tree(), by_action(1_500))
    assert len(model.snapshot()["nodes"]) >= 3
    loan, fund = [model.scorer(1).score(NOBODY, action) for action in ("loan", "fund")]
    assert loan.value > 0.45
    assert fund.value < 0.15
    for scored in (loan, fund):
        assert sum(scored.contributions, scored.base) == scored.log_odds
        assert len(scored.contributions) == WIDTH
    assert loan.base > fund.base + 1.0


@pytest.mark.parametrize("make", [tree, forest])
def test_what_is_sealed_goes_on_learning_as_the_first_would_have(make):
    first, second = learned(make(), turned(150)), make()
    second.restore(msgpack.unpackb(msgpack.packb(first.snapshot())))
    second.reveal(SEAL.open("here", SEAL.close("here", first.hidden())))
    for values, label, action in turned(40, seed=2):
        assert second.score(values, action) == first.score(values, action)
        first.learn(values, label, action)
        second.learn(values, label, action)
    assert second.snapshot() == first.snapshot()


@pytest.mark.parametrize("make", [bayes, ensemble, tree])
def test_a_scorer_told_as_data_scores_on_to_the_last_bit(make):
    model = learned(make(), by_action(600))
    scorer = model.scorer(4)
    again = model.thawed(json.loads(json.dumps(scorer.plain(), allow_nan=False)))
    for values, _, _ in turned(20, seed=6):
        for action in ("loan", "fund", "unheard of"):
            assert again.score(values, action) == scorer.score(values, action)
            assert model.score(values, action) == scorer.score(values, action).value
    assert again.plain() == scorer.plain()


def test_a_tree_that_is_told_and_not_revealed_is_served_as_it_was():
    model, served = learned(tree(), by_action(1_200)), tree()
    served.restore(json.loads(json.dumps(model.snapshot())))
    for values, _, action in turned(20, seed=6):
        assert served.score(values, action) == model.score(values, action)


MANY = [[str(n), 1, 1.0, 0.0] for n in range(201)]
LEVELS = [
    *[("levels", None), ("levels", [["loan", 1, 1.0]]), ("levels", [["loan", -1, 1.0, 1.0]])],
    *[("levels", [["loan", 1, -1.0, 1.0]]), ("levels", MANY)],
]
SIDES = [[1.0] * 3, [1.0] * 3]
DAMAGE = {
    bayes: [
        *[*LEVELS, ("names", ["x"]), ("examples", 10**6), ("held", [[1.0]]), ("held_of", ["loan"]), ("held_of", None)],
        *[("line", [1.0, 1.0]), ("certainties", [1.0, 1.0]), ("crossed", [["loan", [SIDES]]]), ("crossed", None)],
        *[("crossed", [["nobody", [SIDES] * WIDTH]]), ("crossed", [["loan", [SIDES[:1]] * WIDTH]])],
        *[("crossed", [["loan", [[[1.0], [1.0]]] * WIDTH]]), ("crossed", [["loan", [[[-1.0] * 3] * 2] * WIDTH]])],
        ("levels", []),
    ],
    ensemble: [
        *[("names", ["x"]), ("examples", 3), ("regressions", []), ("regressions", [{}] * 3)],
        *[("losses", [-1.0] * 4), ("losses", [1.0]), ("bayes", {})],
    ],
    tree: [*LEVELS, ("names", ["x"]), ("examples", None), ("nodes", []), ("nodes", [[WIDTH + 1, 0.0, 1, 2, 0.0]] * 3)],
    forest: [*LEVELS, ("names", ["x"]), ("examples", None)],
}


@pytest.mark.parametrize(
    ("make", "part", "wrong"), [(make, part, wrong) for make, damages in DAMAGE.items() for part, wrong in damages]
)
def test_a_damaged_snapshot_is_refused_and_changes_nothing(make, part, wrong):
    laws.assert_a_wrong_or_missing_part_is_refused(taught(make, 30), part, wrong)


def test_members_that_have_not_learned_the_same_are_refused():
    model, other = taught(ensemble, 30), taught(ensemble, 30, seed=9)
    with pytest.raises(BadSnapshotError, match="not learned the same"):
        model.restore({**model.snapshot(), "bayes": other.snapshot()["bayes"]})


WRONG_ROWS = [
    *[{}, {"loan": [0.0, 1, []]}, {OTHER: [float("nan"), 1, []]}, {OTHER: [0.0, 1]}, {OTHER: [0.0, 1, [[1, 2, 3]]]}],
    *[{OTHER: [0.0, 1, [[1, 2]] * WIDTH]}, None],
]


@pytest.mark.parametrize("rows", WRONG_ROWS)
def test_a_table_of_actions_that_cannot_be_is_refused(rows):
    model = learned(bayes(), turned(310))
    with pytest.raises(DAMAGED):
        model.thawed({**model.scorer(0).plain(), "actions": rows})


def test_a_table_or_a_tree_of_other_features_is_refused():
    table, nodes = bayes().scorer(0).plain(), tree().scorer(0).plain()
    with pytest.raises(BadSnapshotError, match="other features"):
        bayes().thawed({**table, "edges": table["edges"][1:], "votes": table["votes"][1:]})
    for wrong in ({}, {OTHER: [float("inf"), 1]}, {OTHER: [1.0]}):
        with pytest.raises(DAMAGED):
            tree().thawed({**nodes, "levels": wrong})


def test_every_kind_of_policy_can_begin_with_actions():
    for name, kind in KINDS.items():
        model = learned(kind.begin(STARTS), turned(3))
        assert (model.examples, hasattr(model, "scorer")) == (3, kind.servable), name
        assert kind.begin(0.2).score(NOBODY) == kind.make(0.2).score(NOBODY), name
    assert Starts().mean == STARTING_PROPENSITY


def test_counts_stay_exact_however_often_half_is_forgotten(monkeypatch):
    """Groups of bins are counted beside the bins; restored they are added up anew, and must be the same to the bit."""
    monkeypatch.setattr(models.challengers.binned, "MEMORY", 8)
    offers = list(turned(600))
    whole, again = learned(bayes(), offers[:437]), bayes()
    again.restore(json.loads(json.dumps(whole.snapshot())))
    for model in (whole, again):
        learned(model, offers[437:])
    assert as_bytes(again) == as_bytes(whole)
    told = whole.snapshot()
    counts = [count for tallies in (told["tallies"], *[rows for _, rows in told["crossed"]])
              for sides in tallies for side in sides for count in side]  # fmt: skip
    assert 0.0 < min(count for count in counts if count) < 1e-6
    assert all((count * 2**30).is_integer() for count in counts)
