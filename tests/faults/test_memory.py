"""The slope of a worker's memory: buffers that fill and empty are no growth, and growth is found beneath them."""

import random

import pytest

from tests.faults.memory import (
    EVERY_SECONDS,
    GOAL_MB_PER_HOUR,
    MEGABYTE,
    WIDEST_MB_PER_HOUR,
    Sample,
    Slope,
    longest_life,
    objection,
    slope,
    warm,
)

TWENTY_MINUTES, EIGHTY_MINUTES = 1_200, 4_800
"""What is warm of a soak of 30 and of 120 minutes."""
SEEDS = range(12)


def life(mb_per_hour, pid=1, seconds=TWENTY_MINUTES, began=0.0):
    """A process whose write buffers hold up to 16 MB and are emptied every 55 s."""
    return [
        Sample(at, pid, int((200 + mb_per_hour * at / 3600 + 16 * (at % 55) / 55) * MEGABYTE), files=80)
        for n in range(int(seconds / EVERY_SECONDS))
        for at in [began + n * EVERY_SECONDS]
    ]


def noisy(mb_per_hour, noise_mb, seed, seconds):
    """A process whose memory moves by chance, by whole windows, so that no minimum leaves it out."""
    chance = random.Random(seed)
    apart = [chance.gauss(0.0, noise_mb) for _ in range(int(seconds / 120) + 1)]
    return [
        sample._replace(resident=int(sample.resident + apart[int(sample.at / 120)] * MEGABYTE))
        for sample in life(mb_per_hour, seconds=seconds)
    ]


def told(mb_per_hour, noise_mb, seed, seconds=TWENTY_MINUTES):
    """What the soak objects to: '' for nothing."""
    return objection(slope(noisy(mb_per_hour, noise_mb, seed, seconds))) or ""


def test_buffers_that_fill_and_empty_are_no_growth():
    found = slope(life(0.0))
    assert found.low <= 0.0 <= found.high
    assert abs(found.mb_per_hour) < 2.0


def test_growth_is_found_beneath_the_buffers():
    found = slope(life(30.0))
    assert found.low < 30.0 < found.high
    assert found.low > 25.0


def test_a_window_that_is_not_over_does_not_count():
    assert slope(life(0.0, seconds=300)) is None
    assert slope(life(0.0, seconds=490)).points == 4


def test_a_restart_begins_a_life_of_its_own_and_the_longest_is_told_of():
    lives = [*life(0.0, pid=1, seconds=200), *life(0.0, pid=2, seconds=900, began=200), *life(0.0, pid=3, seconds=100)]
    assert {sample.pid for sample in longest_life(lives)} == {2}


def test_the_warm_up_is_counted_from_the_beginning_of_the_life():
    assert warm(life(0.0, began=500), 300)[0].at == 800
    assert slope([]) is None


@pytest.mark.parametrize("noise_mb", [0.0, 0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("seconds", [TWENTY_MINUTES, EIGHTY_MINUTES])
def test_a_leak_of_5_mb_an_hour_never_passes_whatever_the_noise(noise_mb, seconds):
    found = [told(5.0, noise_mb, seed, seconds) for seed in SEEDS]
    assert all(it.startswith(("memory grows", "cannot tell")) for it in found)


def test_where_the_noise_is_small_a_leak_is_told_as_growth():
    assert all(told(5.0, 0.1, seed).startswith("memory grows") for seed in SEEDS)
    assert all(told(5.0, 1.0, seed, EIGHTY_MINUTES).startswith("memory grows") for seed in SEEDS)


def test_memory_that_stays_passes():
    assert told(0.0, 0.0, seed=1) == ""
    assert all(told(-1.0, 0.1, seed, EIGHTY_MINUTES) == told(0.0, 0.1, seed, EIGHTY_MINUTES) == "" for seed in SEEDS)


def test_noise_that_could_hide_a_leak_is_no_pass():
    assert all(told(0.0, 3.0, seed) for seed in SEEDS)


def test_too_short_a_life_cannot_tell():
    assert objection(slope([])).startswith("cannot tell")
    assert objection(slope(life(0.0, seconds=300))).startswith("cannot tell")


def test_the_slope_itself_is_held_against_the_goal_and_the_width_of_its_interval_against_the_widest():
    def seen(at, half):
        return objection(Slope(at, at - half, at + half, 20.0, 9))

    half = WIDEST_MB_PER_HOUR / 2
    assert seen(GOAL_MB_PER_HOUR, half) is None
    assert seen(GOAL_MB_PER_HOUR + 0.01, half).startswith("memory grows")
    assert seen(GOAL_MB_PER_HOUR, half + 0.01).startswith("cannot tell")
    assert seen(-20.0, half + 0.01).startswith("cannot tell")
