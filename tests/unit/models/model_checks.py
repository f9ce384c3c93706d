"""The laws that every model which learns online must pass: one list, run over each model by `test_models_laws.py`.

Each check takes a factory of fresh models and raises AssertionError with the law's name in its message.
"""

import json
import random
from collections.abc import Callable, Iterator

import msgpack
import pytest

from models.features import FEATURES, pack, unpack
from models.learner import BadSnapshotError, Learner

Make = Callable[[], Learner]
Example = tuple[tuple[float, ...], bool, str]
WIDTH = len(FEATURES)
HOSTILE = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 1e6, 0.0, -0.0, 5e-324)


def examples(number: int, *, seed: int = 7) -> Iterator[Example]:
    """Examples whose label follows the first two features, for three actions."""
    chance = random.Random(seed)
    for _ in range(number):
        raw = [chance.gauss(0, 1 + place % 5) for place in range(WIDTH)]
        label = raw[0] - raw[1] + chance.gauss(0, 0.5) > 1
        yield unpack(pack(raw)), label, chance.choice(("loan", "fund", "card"))


def taught(make: Make, number: int = 200, *, seed: int = 7) -> Learner:
    model = make()
    for features, label, about in examples(number, seed=seed):
        model.learn(features, label, about)
    return model


def as_bytes(model: Learner) -> bytes:
    return msgpack.packb(model.snapshot())


def check_a_score_is_a_probability(make: Make) -> None:
    model = taught(make)
    for features, _, about in examples(50, seed=8):
        assert 0.0 <= model.score(features, about) <= 1.0
    for value in HOSTILE:
        assert 0.0 <= model.score((value,) * WIDTH, "loan") <= 1.0


def check_scoring_changes_nothing(make: Make) -> None:
    model = taught(make)
    before = as_bytes(model)
    for features, _, about in examples(20, seed=9):
        model.score(features, about)
        model.scorer(3).score(features, about)
    model.score((0.0,) * WIDTH, "never heard of")
    assert as_bytes(model) == before


def check_a_restored_model_has_the_same_future_to_the_last_bit(make: Make) -> None:
    first, second = taught(make), make()
    second.restore(msgpack.unpackb(as_bytes(first)))
    assert as_bytes(second) == as_bytes(first)
    for features, label, about in examples(100, seed=10):
        assert second.score(features, about) == first.score(features, about)
        first.learn(features, label, about)
        second.learn(features, label, about)
        assert as_bytes(second) == as_bytes(first)


def check_a_snapshot_survives_json(make: Make) -> None:
    model, again = taught(make), make()
    again.restore(json.loads(json.dumps(model.snapshot(), allow_nan=False)))
    assert as_bytes(again) == as_bytes(model)


def check_an_unlearned_model_can_be_restored(make: Make) -> None:
    model = taught(make)
    model.restore(make().snapshot())
    assert as_bytes(model) == as_bytes(make())


def check_the_same_examples_give_the_same_bytes(make: Make) -> None:
    assert as_bytes(taught(make)) == as_bytes(taught(make))
    assert as_bytes(taught(make)) != as_bytes(taught(make, seed=11)), "a model that learns nothing would pass too"


def check_hostile_examples_leave_finite_weights_and_a_working_model(make: Make) -> None:
    model = taught(make)
    for value in HOSTILE:
        for label in (True, False):
            model.learn((value,) * WIDTH, label, "loan")
    json.dumps(model.snapshot(), allow_nan=False)
    for features, _, about in examples(20, seed=12):
        assert 0.0 <= model.score(features, about) <= 1.0


def check_clones_are_independent(make: Make) -> None:
    model, clone = taught(make), make()
    clone.restore(model.snapshot())
    before = as_bytes(model)
    for features, label, about in examples(20, seed=13):
        clone.learn(features, label, about)
    assert as_bytes(model) == before
    assert as_bytes(clone) != before


def check_a_scorer_is_frozen_and_agrees_with_its_model(make: Make) -> None:
    model = taught(make)
    scorer = model.scorer(5)
    assert scorer.version == 5
    tests = list(examples(20, seed=14))
    before = [scorer.score(features, about).value for features, _, about in tests]
    assert before == [model.score(features, about) for features, _, about in tests]
    for features, label, about in tests:
        model.learn(features, label, about)
    assert [scorer.score(features, about).value for features, _, about in tests] == before


def check_contributions_sum_exactly_to_the_log_odds(make: Make) -> None:
    scorer = taught(make).scorer(1)
    for features, _, about in examples(50, seed=15):
        scored = scorer.score(features, about)
        assert sum(scored.contributions, scored.base) == scored.log_odds
        assert len(scored.contributions) == WIDTH


def check_an_unlearned_model_admits_it(make: Make) -> None:
    scorer = make().scorer(0)
    scored = scorer.score((1.0,) * WIDTH, "loan")
    assert scored.examples == scorer.examples == 0
    assert scored.value == scorer.score((9.0,) * WIDTH, "loan").value, "it knows no difference between customers"


def check_it_counts_what_it_has_learned(make: Make) -> None:
    assert taught(make, 37).scorer(1).examples == taught(make, 37).examples == 37


def check_it_learns_what_can_be_learned(make: Make) -> None:
    model = taught(make, 3000)
    scored = [(model.score(features, about), label) for features, label, about in examples(400, seed=16)]
    ranks = [(p, q) for p, true in scored if true for q, other in scored if not other]
    assert sum(p > q for p, q in ranks) / len(ranks) > 0.9


def check_its_memory_is_bounded(make: Make) -> None:
    model = taught(make, 50)
    for features, label, _ in examples(400, seed=17):
        model.learn(features, label, f"action_{label}_{features[0]}")
    assert len(as_bytes(model)) < 1_000_000


def check_a_damaged_snapshot_is_refused_and_changes_nothing(make: Make) -> None:
    model = taught(make)
    before = as_bytes(model)
    for damaged in _damaged(model):
        with pytest.raises(BadSnapshotError):
            model.restore(damaged)
        assert as_bytes(model) == before


def _damaged(model: Learner) -> Iterator[dict]:
    yield {}
    for old, new in (('"names": ["aum"', '"names": ["mua"'), ('"intercept": ', '"intercept": 1e300, "was": ')):
        text = json.dumps(model.snapshot())
        assert old in text
        yield json.loads(text.replace(old, new))


CHECKS = [check for name, check in sorted(globals().items()) if name.startswith("check_")]
