"""The laws that every model which learns online must pass: one list, run over each model by `test_models_laws.py`.

Each check takes a factory of fresh models and raises AssertionError with the law's name in its message.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping

import msgpack
import pytest

from models.features import FEATURES, pack, unpack
from models.learning.hashing import SLOTS, Slots, slots_of
from models.learning.learner import BadSnapshotError, Learner

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


def contacts(number: int, *, seed: int = 7) -> Iterator[tuple[tuple[float, ...], bool, str, Slots]]:
    """Examples, most with some of 30 attributes of their contact; the label follows a word and a number among them."""
    chance = random.Random(seed)
    for features, _, about in examples(number, seed=seed):
        known: dict[str, str | float] = {
            f"word{n}": chance.choice("abcdefgh") for n in range(15) if chance.random() < 0.8
        }
        known |= {f"number{n}": chance.gauss(5_000, 70) for n in range(15) if chance.random() < 0.8}
        label = (known.get("word0", "h") <= "c") + (known.get("number0", 0) > 5_040) + chance.gauss(0, 0.3) > 0.8
        yield features, bool(label), about, slots_of(known) if chance.random() < 0.9 else ()


def in_contact(make: Make, number: int = 200, *, seed: int = 7) -> Learner:
    model = make()
    for features, label, about, slots in contacts(number, seed=seed):
        model.learn(features, label, about, slots)
    return model


def taught(make: Make, number: int = 200, *, seed: int = 7) -> Learner:
    model = make()
    for features, label, about in examples(number, seed=seed):
        model.learn(features, label, about)
    return model


def as_bytes(model: Learner) -> bytes:
    return msgpack.packb(model.snapshot())


def refuses(model: Learner, damage: Mapping[str, object]) -> bool:
    """Whether a snapshot with damaged parts is refused and the model stays as it was."""
    before = model.snapshot()
    with pytest.raises(BadSnapshotError):
        model.restore({**before, **damage})
    return model.snapshot() == before


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


def assert_a_wrong_or_missing_part_is_refused(model: Learner, part: str, wrong: object) -> None:
    before = as_bytes(model)
    with pytest.raises(BadSnapshotError):
        model.restore({**model.snapshot(), part: wrong})
    with pytest.raises(BadSnapshotError):
        model.restore({key: value for key, value in model.snapshot().items() if key != part})
    assert as_bytes(model) == before


def _damaged(model: Learner) -> Iterator[dict]:
    """Whatever part of the snapshot is gone, of another kind or beyond all bounds."""
    yield {}
    text = json.dumps(model.snapshot())
    assert '"names": ["aum"' in text
    yield json.loads(text.replace('"names": ["aum"', '"names": ["mua"'))
    for path in _paths(model.snapshot()):
        if path[-1] not in LATER:
            yield _without(json.loads(text), path)
        for wrong in (None, "text", {"a": "map"}, [["a", "list"]], 1e300, float("nan")):
            if not (path[-1] in COUNTS and isinstance(wrong, float)):
                yield _without(json.loads(text), path, wrong)


LATER = ("pivot",)  # the first versions did not tell it
COUNTS = ("examples", "refused", "iterations")  # any number of them is believed


def _paths(snapshot: dict) -> Iterator[tuple[str, ...]]:
    """Name every part, and those of the first of several actions."""
    for key, value in snapshot.items():
        yield (key,)
        if isinstance(value, dict) and all(isinstance(part, dict) for part in value.values()):
            name = min(value)
            yield from ((key, name, *path) for path in _paths(value[name]))
        elif isinstance(value, dict):
            yield from ((key, *path) for path in _paths(value))


def _without(snapshot: dict, path: tuple[str, ...], *value: object) -> dict:
    """Take a part out of a snapshot, or put another value in its place."""
    part = snapshot
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    if value:
        part[path[-1]] = value[0]
    return snapshot


def check_a_restored_model_has_the_same_future_with_what_is_known_of_contacts(make: Make) -> None:
    first, second = in_contact(make), make()
    second.restore(json.loads(json.dumps(first.snapshot(), allow_nan=False)))
    for features, label, about, slots in contacts(100, seed=18):
        assert second.score(features, about, slots) == first.score(features, about, slots)
        first.learn(features, label, about, slots)
        second.learn(features, label, about, slots)
        assert as_bytes(second) == as_bytes(first)


def check_contributions_of_a_contact_sum_exactly_too(make: Make) -> None:
    model = in_contact(make)
    scorer = model.scorer(1)
    for features, _, about, slots in contacts(50, seed=19):
        scored = scorer.score(features, about, slots)
        assert sum(scored.contributions, scored.base) == scored.log_odds
        assert len(scored.contributions) == WIDTH + len(slots)
        assert scored.value == model.score(features, about, slots)


def check_it_learns_from_what_is_known_of_contacts(make: Make) -> None:
    model = in_contact(make, 6000)
    scored = [(model.score(f, about, slots), label) for f, label, about, slots in contacts(400, seed=20) if slots]
    ranks = [(p, q) for p, true in scored if true for q, other in scored if not other]
    assert sum(p > q for p, q in ranks) / len(ranks) > 0.75


def check_what_is_not_known_of_a_contact_adds_nothing(make: Make) -> None:
    model = in_contact(make)
    for features, _, about, _ in contacts(20, seed=21):
        scored = model.scorer(1).score(features, about)
        assert len(scored.contributions) == WIDTH
        assert abs(scored.log_odds) < 20, "numbers around 5,000 that are not told are not taken for 0"


def check_hostile_contacts_leave_finite_weights_and_a_working_model(make: Make) -> None:
    model = in_contact(make)
    for value in HOSTILE:
        for label in (True, False):
            model.learn((0.0,) * WIDTH, label, "loan", tuple((slot, value) for slot in range(0, SLOTS, 5)))
    json.dumps(model.snapshot(), allow_nan=False)
    for features, _, about, slots in contacts(20, seed=22):
        assert 0.0 <= model.score(features, about, slots) <= 1.0


CHECKS = [check for name, check in sorted(globals().items()) if name.startswith("check_")]
OF_MAPPED = [check for check in CHECKS if not check.__name__.startswith("check_it_learns")]
"""Laws of a learner whose scores are mapped: what it learns is the affair of the one within, and shown there."""


def name_of(check):
    """Name a law for the list of tests."""
    return check.__name__.removeprefix("check_")
