"""Training in process: the same core, driven by the replay's clock."""

from pathlib import Path

import pytest

from models.contest.sealing import Seal
from models.features import FEATURES
from models.learning.learner import BadSnapshotError
from models.policy import load_policy
from models.training.learners import LocalTrainer, left_out, new_release, scorer_of, servable, starting_scorers
from models.training.shelf import Shelf
from models.training.snapshots import to_records
from schemas.actions import Effect
from schemas.internal import ExampleRecord
from tests.unit.models.model_checks import examples

FOLDER = Path(__file__).parents[4] / "deploy" / "policy"
POLICY = load_policy(FOLDER, {"models": {"publish_examples": 20, "challengers": {}}})
ACTION = POLICY.actions.action[0]
NOBODY = (0.0,) * len(FEATURES)


def the_effects(model: str = "churn", number: int = 60) -> list[Effect]:
    effects = [Effect("stream", "alerts:fraud:p1", "", b"{}")]
    for place, (features, label, _) in enumerate(examples(number)):
        record = ExampleRecord(
            model=model,
            example_id=f"e-{place}",
            customer_id="C1",
            due_ms=1_000 + place,
            snapshot_ms=1,
            features=features,
            label=int(label),
            about=ACTION.name if model == "propensity" else "",
        )
        effects.append(Effect("topic", "examples", model, record.model_dump_json().encode()))
    return effects


def test_before_anything_was_learned_scorers_are_at_version_nought():
    scorers = starting_scorers(POLICY)
    assert set(scorers) == set(POLICY.models.names)
    assert scorers["churn"].score(NOBODY).value == pytest.approx(POLICY.churn.start_score)
    assert scorers["propensity"].score(NOBODY, ACTION.name).value == pytest.approx(ACTION.start_propensity)
    assert {(scorer.version, scorer.examples) for scorer in scorers.values()} == {(0, 0)}


def test_examples_are_learned_when_the_clock_has_passed_them():
    trainer = LocalTrainer(POLICY)
    trainer.take(the_effects())
    assert trainer.advance(1_000, None) == ()
    published = trainer.advance(1_045, 1_041)
    assert [(version.model, version.version) for version in published] == [("churn", 1), ("churn", 2)]
    assert (trainer.current()["churn"].version, trainer.current()["churn"].examples) == (2, 40)
    assert trainer.summary()["churn"]["examples"] == 41
    assert trainer.summary()["propensity"]["examples"] == 0


def test_propensity_is_learned_by_action():
    trainer = LocalTrainer(POLICY)
    trainer.take(the_effects("propensity"))
    trainer.advance(9_000, None)
    scorer = trainer.current()["propensity"]
    assert scorer.score(NOBODY, ACTION.name).examples == 60
    assert scorer.score(NOBODY, POLICY.actions.action[1].name).examples == 0


def test_with_learning_off_nothing_moves():
    trainer = LocalTrainer(POLICY, learning=False)
    trainer.take(the_effects())
    assert trainer.advance(9_000, None) == ()
    assert trainer.current()["churn"].version == 0


def test_two_runs_over_the_same_effects_publish_the_same_bytes():
    runs = []
    for _ in range(2):
        trainer = LocalTrainer(POLICY)
        trainer.take(the_effects())
        runs.append([list(to_records(version)) for version in trainer.advance(9_000, None)])
    assert runs[0] == runs[1] != []


def test_a_worker_scores_with_what_the_trainer_published():
    trainer = LocalTrainer(POLICY)
    trainer.take(the_effects())
    *_, last = trainer.advance(1_061, None)
    shelf = Shelf(POLICY.models.keep_versions)
    for key, value in to_records(last):
        shelf.put(key, value)
    assert servable(shelf.latest("churn"), POLICY)
    scorer, features = scorer_of(shelf.latest("churn"), POLICY), next(examples(1, seed=99))[0]
    assert scorer.version == last.version
    assert scorer.score(features) == trainer.current()["churn"].score(features)


def _of_other_features(snapshot):
    snapshot["state"]["learner"]["names"][0] = "mua"


def _without_weights(snapshot):
    del snapshot["state"]["learner"]["steady"]["weights"]


def _without_learner(snapshot):
    del snapshot["state"]["learner"]


def _without_state(snapshot):
    snapshot["state"] = None


@pytest.mark.parametrize("damage", [_of_other_features, _without_weights, _without_learner, _without_state])
def test_a_version_of_other_features_or_that_is_damaged_is_not_adopted(damage):
    trainer = LocalTrainer(POLICY)
    trainer.take(the_effects())
    version = trainer.advance(9_000, None)[-1]
    damage(version.snapshot)
    shelf = Shelf(5)
    for key, value in to_records(version):
        shelf.put(key, value)
    assert not servable(shelf.latest("churn"), POLICY)
    with pytest.raises(BadSnapshotError):
        scorer_of(shelf.latest("churn"), POLICY)


FULL = load_policy(FOLDER)


def test_where_nothing_can_be_sealed_a_tree_takes_part_only_where_nobody_restarts():
    seal = Seal(b"k" * 32)
    parts = {
        "sealed": new_release("churn", FULL, 1, seal),
        "unsealed": new_release("churn", FULL, 1),
        "replayed": new_release("churn", FULL, 1, restarts=False),
    }
    members = {name: set(release.contest.members) - {"logistic"} for name, release in parts.items()}
    assert members["sealed"] == members["replayed"] == set(FULL.models.challengers["churn"])
    assert members["sealed"] - members["unsealed"] == set(left_out("churn", FULL)) == {"hoeffding_adaptive"}
    assert [name for name, release in parts.items() if "hoeffding_adaptive" in release.contest.members] == [
        name
        for name, release in parts.items()
        if name != "unsealed" and release.contest.duty.may_serve("hoeffding_adaptive")
    ]


def test_models_without_challengers_keep_no_groups_apart():
    assert new_release("need", FULL, 1).contest.snapshot()["challengers"] == {}
    assert new_release("need", FULL, 1).contest.duty.may_serve("logistic")
