"""Challengers keep the laws that champions keep; a tree is served as data and goes on learning only when revealed."""

import json
import random
from math import exp

import msgpack
import pytest

from models.challengers.bayes import BayesLearner
from models.challengers.binned import MEMORY, WARM
from models.challengers.calibrated import Hidden
from models.challengers.ensemble import EnsembleLearner
from models.challengers.flat_tree import LEAF, FlatTreeScorer
from models.challengers.kinds import KINDS
from models.challengers.trees import (
    ForestLearner,
    TreeLearner,
    adaptive_random_forest,
    aggregated_mondrian_forest,
)
from models.contest.sealing import Seal
from models.evaluation.meters import Meter
from models.features import FEATURES
from models.learning.learner import BadSnapshotError, LogisticLearner
from tests.unit.models import model_checks as laws
from tests.unit.models.model_checks import HOSTILE, WIDTH, as_bytes, examples, taught

SEAL = Seal(b"k" * 32)
KEPT_BY_ALL = [
    laws.check_a_score_is_a_probability,
    laws.check_scoring_changes_nothing,
    laws.check_an_unlearned_model_admits_it,
    laws.check_contributions_sum_exactly_to_the_log_odds,
    laws.check_a_scorer_is_frozen_and_agrees_with_its_model,
    laws.check_it_counts_what_it_has_learned,
    laws.check_a_snapshot_survives_json,
    laws.check_an_unlearned_model_can_be_restored,
]
KEPT_BY_DATA = [
    laws.check_a_restored_model_has_the_same_future_to_the_last_bit,
    laws.check_the_same_examples_give_the_same_bytes,
    laws.check_hostile_examples_leave_finite_weights_and_a_working_model,
    laws.check_clones_are_independent,
    laws.check_its_memory_is_bounded,
]


def bayes() -> BayesLearner:
    return BayesLearner(FEATURES, 0.1)


def ensemble() -> EnsembleLearner:
    return EnsembleLearner(FEATURES, 0.1)


def tree() -> TreeLearner:
    return TreeLearner(FEATURES, 0.1)


def forest() -> ForestLearner:
    return ForestLearner(FEATURES, 0.1, adaptive_random_forest)


def mondrian() -> ForestLearner:
    return ForestLearner(FEATURES, 0.1, aggregated_mondrian_forest)


def bent(number: int, *, seed: int = 1, first: int = 0):
    """Examples that no straight line explains: who is far off on either side leaves."""
    for n in range(first, first + number):
        chance = random.Random(seed * 100_000 + n)
        values = tuple(chance.gauss(0, 1) for _ in range(WIDTH))
        yield values, chance.random() < 1 / (1 + exp(3.0 - 4.0 * (abs(values[0]) > 1.0) - values[1]))


def stepped(number: int, *, seed: int = 1, first: int = 0):
    """Examples that a tree of two splits explains: the second feature counts only above a step of the first."""
    for n in range(first, first + number):
        chance = random.Random(seed * 100_000 + n)
        values = tuple(chance.gauss(0, 1) for _ in range(WIDTH))
        yield values, chance.random() < (0.05 if values[0] < 0.3 else 0.3 if values[1] < 0.0 else 0.9)


def bent_world(model, number: int = 1_000):
    for values, label in bent(number):
        model.learn(values, label)
    return model


def stepped_world(model, number: int = 1_000):
    for values, label in stepped(number):
        model.learn(values, label)
    return model


def auc(model, world=bent) -> float:
    meter = Meter()
    for values, label in world(500, seed=2):
        meter.update(label, model.score(values))
    return meter.quality().auc


@pytest.mark.parametrize("check", KEPT_BY_ALL, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("make", [bayes, ensemble, tree])
def test_a_challenger_that_can_be_served_keeps_the_law(check, make):
    check(make)


@pytest.mark.parametrize("check", KEPT_BY_DATA, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("make", [bayes, ensemble])
def test_a_challenger_that_is_data_keeps_the_law(check, make):
    check(make)


def test_what_no_line_explains_is_learned_by_who_has_bins():
    line = bent_world(LogisticLearner(FEATURES, start=0.1))
    assert auc(bent_world(bayes())) > auc(line) + 0.05
    assert auc(bent_world(ensemble())) > auc(line) + 0.05


def test_a_tree_finds_the_steps():
    model = stepped_world(tree())
    assert auc(model, stepped) > 0.85
    assert isinstance(model, Hidden)
    assert not isinstance(bayes(), Hidden)


def test_naive_bayes_says_what_policy_starts_with_until_its_bins_are_found():
    model = bayes()
    for values, label in bent(WARM - 1):
        model.learn(values, label)
    assert model.score((0.5,) * WIDTH) == pytest.approx(0.1)
    model.learn((0.5,) * WIDTH, True)
    assert model.score((0.5,) * WIDTH) != pytest.approx(0.1)


def test_naive_bayes_restored_while_it_looks_for_bins_finds_the_same():
    first, second = bayes(), bayes()
    for place, (values, label) in enumerate(bent(WARM + 50)):
        if place == WARM // 2:
            second.restore(msgpack.unpackb(as_bytes(first)))
        first.learn(values, label)
        if place >= WARM // 2:
            second.learn(values, label)
    assert as_bytes(second) == as_bytes(first)


def test_naive_bayes_forgets_and_follows():
    model = bayes()
    for n in range(MEMORY + 200):
        chance = random.Random(n)
        left = chance.random() < 0.5
        told = left if n < MEMORY // 2 else not left
        model.learn((1.0 if told else -1.0, *[0.0] * (WIDTH - 1)), left)
    total = sum(map(sum, model.snapshot()["tallies"][0]))
    assert MEMORY / 2 <= total <= MEMORY / 2 + 200
    assert model.scorer(1).examples == MEMORY + 200


def test_an_ensemble_trusts_who_did_well_lately():
    model = bent_world(ensemble())
    *regressions, of_bayes = model._weighing.shares()
    assert of_bayes > max(regressions)
    assert sum([*regressions, of_bayes]) == pytest.approx(1.0)


def test_a_tree_is_served_as_data_exactly_as_it_scores():
    model = stepped_world(tree())
    served = tree()
    served.restore(json.loads(json.dumps(model.snapshot(), allow_nan=False)))
    assert len(model.snapshot()["nodes"]) > 3
    for values, _ in bent(200, seed=3):
        assert served.score(values) == model.score(values) == served.scorer(4).score(values).value
    for value in HOSTILE:
        assert served.score((value,) * WIDTH) == model.score((value,) * WIDTH)


def test_a_tree_tells_which_splits_brought_the_score_about():
    nodes = [(0, 0.5, 1, 2, -2.0), (LEAF, 0.0, 0, 0, -3.0), (3, 1.0, 3, 4, 0.0), (LEAF, 0.0, 0, 0, 1.0),
             (LEAF, 0.0, 0, 0, -1.0)]  # fmt: skip
    scored = FlatTreeScorer(nodes, 5, 7, 2).score((9.0, 0.0, 0.0, 1.0, 0.0))
    assert (scored.base, scored.contributions, scored.log_odds) == (-2.0, (2.0, 0.0, 0.0, 1.0, 0.0), 1.0)
    assert FlatTreeScorer(nodes, 5, 7, 2).score((0.5, 0.0, 0.0, 1.0, 0.0)).log_odds == -3.0


@pytest.mark.parametrize("make", [tree, forest, mondrian])
def test_what_is_sealed_goes_on_learning_as_the_first_would_have(make):
    first, second = make(), make()
    for values, label in stepped(150):
        first.learn(values, label)
    second.restore(msgpack.unpackb(msgpack.packb(first.snapshot())))
    second.reveal(SEAL.open("here", SEAL.close("here", first.hidden())))
    for values, label in stepped(40, first=150):
        assert second.score(values) == first.score(values)
        first.learn(values, label)
        second.learn(values, label)
    assert second.snapshot() == first.snapshot()
    assert first.examples == 190


@pytest.mark.parametrize("make", [forest, mondrian])
def test_a_forest_says_probabilities_and_what_policy_starts_with_at_first(make):
    model = make()
    assert model.score((0.0,) * WIDTH) == 0.1
    model.learn((0.0,) * WIDTH, False)
    assert model.score((0.0,) * WIDTH) < 0.5


def test_the_random_generators_of_a_tree_are_not_sealed():
    model = bent_world(tree(), 500)
    assert len(SEAL.close("here", model.hidden())) < 100_000


def test_a_tree_that_unlearns_a_branch_grows_another():
    """The world turns: what was a sign of leaving becomes one of staying."""
    model = tree()
    for n in range(3_500):
        chance = random.Random(n)
        values = (chance.choice((-1.0, 1.0)), *[0.0] * (WIDTH - 1))
        model.learn(values, (values[0] > 0) != (n > 1_500))
    assert model.score((1.0, *[0.0] * (WIDTH - 1))) < 0.5 < model.score((-1.0, *[0.0] * (WIDTH - 1)))


@pytest.mark.parametrize("make", [tree, forest])
def test_another_thing_is_not_taken_for_what_was_sealed(make):
    with pytest.raises(BadSnapshotError):
        make().reveal({"a": 1})


ENDS = [[-1, 0.0, 0, 0, 0.0]] * 2
DAMAGE = {
    bayes: [
        *[
            ("names", ["x"]),
            ("examples", "many"),
            ("examples", 10**6),
            ("held", [[1.0]]),
            ("held", None),
            ("edges", []),
        ],
        *[("edges", [[2.0, 1.0]] * WIDTH), ("edges", [[3.0]] * WIDTH), ("tallies", [[[1.0]]] * WIDTH)],
        *[("tallies", [[[-1.0], [1.0]]] * WIDTH), ("line", [1.0]), ("certainties", [0.0, 1.0])],
    ],
    ensemble: [
        *[("names", ["x"]), ("examples", None), ("means", [1.0]), ("variances", [-1.0] * WIDTH), ("members", [])],
        *[("members", [[[1.0], [1.0]]] * 3), ("losses", [-1.0] * 4), ("losses", [float("nan")] * 4), ("bayes", {})],
    ],
    tree: [
        *[("names", ["x"]), ("examples", None), ("nodes", []), ("nodes", [[1, 2]]), ("nodes", [ENDS[0]] * 5_000)],
        *[("nodes", [[0, 0.0, 0, 0, 0.0]]), ("nodes", [[99, 0.0, 1, 2, 0.0], *ENDS])],
        *[("nodes", [[0, 0.0, 1, 9, 0.0], *ENDS]), ("nodes", [[0, float("inf"), 1, 2, 0.0], *ENDS])],
        *[("nodes", [[-1, 0.0, 0, 0, float("nan")]]), ("nodes", [[-1, 0.0, 0, 0, 99.0]])],
    ],
    forest: [("names", ["x"]), ("examples", None)],
}


@pytest.mark.parametrize(
    ("make", "part", "wrong"), [(make, part, wrong) for make, damages in DAMAGE.items() for part, wrong in damages]
)
def test_a_damaged_snapshot_is_refused_and_changes_nothing(make, part, wrong):
    laws.assert_a_wrong_or_missing_part_is_refused(taught(make, 30), part, wrong)


def test_every_kind_of_policy_can_begin():
    for name, kind in KINDS.items():
        model = kind.make(0.2)
        for features, label, _ in examples(3):
            model.learn(features, label)
        assert (model.examples, hasattr(model, "scorer")) == (3, kind.servable), name
