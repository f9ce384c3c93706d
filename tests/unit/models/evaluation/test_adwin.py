"""Drift by ADWIN: what River's compiled core finds, with a state that a snapshot can hold."""

import random
from typing import Any

import msgpack
import pytest
from river.drift import ADWIN

from models.evaluation.adwin import Adwin


def values(seed: int, *, steps: int = 4, length: int = 500) -> list[float]:
    chance = random.Random(seed)
    means = [chance.random() for _ in range(steps)]
    return [min(1.0, max(0.0, chance.gauss(means[n // length], 0.15))) for n in range(steps * length)]


def rivers_core() -> Any:
    """River's own wrapper begins anew after each change; the algorithm inside does not, and neither do we."""
    return ADWIN()._helper


@pytest.mark.parametrize("seed", range(6))
def test_changes_are_found_where_river_finds_them(seed):
    ours, rivers, found = Adwin(), rivers_core(), 0
    for value in values(seed):
        changed = ours.update(value)
        assert changed == rivers.update(value)
        found += changed
        assert ours.width == rivers.get_width()
    assert ours.mean == pytest.approx(rivers.get_total() / rivers.get_width())
    assert found


def test_a_world_that_stays_the_same_seldom_alarms():
    alarms = 0
    for seed in range(20):
        chance, watch = random.Random(seed), Adwin()
        alarms += any(watch.update(chance.random()) for _ in range(1_000))
    assert alarms <= 1


def test_a_restored_one_goes_on_as_the_first_would_have():
    first, second = Adwin(), Adwin()
    stream = values(3)
    before = [first.update(value) for value in stream[:700]]
    second.restore(msgpack.unpackb(msgpack.packb(first.snapshot())))
    assert [second.update(value) for value in stream[700:]] == [first.update(value) for value in stream[700:]]
    assert second.snapshot() == first.snapshot()
    assert any(before)


def test_a_snapshot_taken_at_a_change_goes_on_too():
    stream, first = values(3), Adwin()
    at = next(number for number, value in enumerate(stream) if first.update(value))
    second = Adwin()
    second.restore(first.snapshot())
    assert [second.update(v) for v in stream[at + 1 :]] == [first.update(v) for v in stream[at + 1 :]]


def test_memory_grows_with_the_logarithm_of_what_was_seen():
    watch, chance = Adwin(), random.Random(5)
    for _ in range(20_000):
        watch.update(0.2 + 0.001 * chance.random())
    assert watch.width == 20_000
    assert sum(map(len, watch.snapshot()["levels"])) < 80


def test_an_empty_window_has_the_mean_nought():
    assert (Adwin().mean, Adwin().width) == (0.0, 0)


@pytest.mark.parametrize("turn", [1_490, 1_500])
def test_what_was_is_forgotten_when_the_world_is_another(turn):
    ours, rivers = Adwin(), rivers_core()
    for n in range(1_600):
        value = 1.0 if n >= turn else 0.001 * (n % 7)
        changed = ours.update(value)
        assert (changed, ours.width) == (rivers.update(value), rivers.get_width())
    assert ours.width < 120


@pytest.mark.parametrize("levels", [[], [[[1, 0.5, 0.0]]]])
def test_a_look_at_a_window_too_small_to_cut_finds_nothing(levels):
    watch = Adwin()
    watch.restore({"seen": 31, "levels": levels})
    assert watch.update(0.5) is False
