"""Actions learn from each other what they have in common, and keep what sets them apart."""

import json
import math
import random

import pytest

from models.learning.hashing import WORD_SLOTS
from models.learning.learner import BadSnapshotError
from models.learning.pooled import PooledRegression
from models.served.propensity import PropensityLearner
from tests.unit.models.model_checks import WIDTH, examples, in_contact

START = 0.1


def a_model(customers, *actions: str, number: int = 600) -> PooledRegression:
    """Learned from answers; `customers` gives a customer's two features and the log-odds that he takes an action."""
    model, chance = PooledRegression(("tired", "rich")), random.Random(5)
    for turn in range(number):
        action = actions[turn % len(actions)]
        features = (chance.gauss(0, 1), chance.gauss(0, 1))
        taken = chance.random() < 1 / (1 + math.exp(-customers(action, *features)))
        model.learn(features, taken, action, START)
    return model


def test_an_action_that_was_never_offered_starts_with_what_is_common_to_all():
    model = a_model(lambda _action, tired, _rich: -2 * tired, "loan", "fund")
    new = model.linear("never offered", START)
    assert new.examples == 0
    assert new.score((0.0, 0.0)).value == pytest.approx(START, abs=0.02)
    assert new.score((-1.0, 0.0)).value > 2 * new.score((1.0, 0.0)).value


def test_actions_that_differ_learn_opposite_weights():
    model = a_model(lambda action, _tired, rich: 2 * rich if action == "fund" else -2 * rich, "loan", "fund")
    fund, loan = model.linear("fund", START), model.linear("loan", START)
    assert fund.weights[1] > 0.5
    assert loan.weights[1] < -0.5


def test_an_action_seldom_offered_moves_less_from_what_is_common_than_one_offered_often():
    def taste(action, _tired, rich):
        return -2 * rich if action == "fund" else 2 * rich

    rare = a_model(taste, *["loan"] * 29, "fund").linear("fund", START)
    often = a_model(taste, "loan", "fund").linear("fund", START)
    assert often.weights[1] < rare.weights[1]


def test_the_intercept_finds_how_often_an_action_is_taken():
    model = a_model(lambda action, _tired, _rich: -2.0 if action == "loan" else 0.5, "loan", "fund", number=2_000)
    assert model.linear("loan", START).score((0.0, 0.0)).value == pytest.approx(0.119, abs=0.05)
    assert model.linear("fund", START).score((0.0, 0.0)).value == pytest.approx(0.622, abs=0.07)


def test_what_has_changed_is_followed():
    model, chance = PooledRegression(("tired",)), random.Random(5)
    for turn in range(6_000):
        tired = chance.gauss(0, 1)
        sign = 1 if turn < 3_000 else -1
        model.learn((tired,), chance.random() < 1 / (1 + math.exp(-sign * 2 * tired)), "loan", START)
    assert model.linear("loan", START).weights[0] < -1.0


def test_a_number_of_a_contact_that_never_varied_adds_nothing_and_a_wild_one_only_so_much():
    model, slot = PropensityLearner(), WORD_SLOTS
    for _ in range(3):
        model.learn((0.0,) * WIDTH, label=True, about="loan", slots=((slot, 7.0),))
    assert model.scored((0.0,) * WIDTH, "loan", ((slot, 7e5),)).contributions[-1] == 0.0
    for turn in range(200):
        model.learn((0.0,) * WIDTH, turn % 2 == 1, "loan", ((slot, float(turn % 2)),))
    told = [model.scored((0.0,) * WIDTH, "loan", ((slot, value),)).contributions[-1] for value in (1.0, 40.0, 4e5)]
    assert 0 < told[0] < told[1] == told[2]


@pytest.mark.parametrize(("place", "value"), [(3, -1.0), (5, 0.0)], ids=["variance", "certainty"])
def test_a_slot_that_cannot_be_is_refused(place, value):
    data = json.loads(json.dumps(in_contact(PropensityLearner).snapshot()))
    data["actions"]["loan"]["slots"][0][place] = value
    with pytest.raises(BadSnapshotError):
        PropensityLearner().restore(data)


def test_a_snapshot_with_more_actions_than_there_may_be_is_refused():
    wide = PropensityLearner()
    for (features, label, _), action in zip(examples(4), ("loan", "fund", "card", "gold"), strict=True):
        wide.learn(features, label, action)
    with pytest.raises(BadSnapshotError, match="more actions"):
        PropensityLearner(max_actions=3).restore(wide.snapshot())


def test_a_start_that_is_worth_more_answers_is_given_up_more_slowly():
    models = {answers: PooledRegression(("rich",), evidence={"loan": answers}) for answers in (5.0, 50.0, 5_000.0)}
    for model in models.values():
        for _ in range(50):
            model.learn((0.0,), label=False, action="loan", start=0.2)
    after_fifty = {answers: model.linear("loan", 0.2).score((0.0,)).value for answers, model in models.items()}
    assert after_fifty[5.0] < 0.05
    assert after_fifty[50.0] == pytest.approx(0.1, abs=0.03), "fifty answers against fifty: half-way"
    assert after_fifty[5_000.0] > 0.19


def test_one_without_evidence_of_its_own_begins_as_all_do():
    plain, told = (PooledRegression(("rich",), evidence=evidence) for evidence in ({}, {"fund": 10.0}))
    for model in (plain, told):
        model.learn((0.0,), label=True, action="loan", start=0.2)
    assert told.snapshots() == plain.snapshots()
