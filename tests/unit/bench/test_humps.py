"""A second hump of latencies is told from one mode, from a long tail and from noise, whatever the mode looks like."""

import random
from collections import Counter

import pytest

from stream_app.bench.humps import BINS_PER_DECADE, humps

ONE_MODE = {
    "narrow": lambda chance: chance.lognormvariate(1.6, 0.3),
    "wide": lambda chance: chance.lognormvariate(1.6, 0.9),
    "waits for the next batch": lambda chance: chance.uniform(2, 8),
    "queue": lambda chance: 1 + chance.expovariate(0.1),
    "long tail": lambda chance: 3 * chance.paretovariate(1.5),
}


def counted(latencies):
    return Counter(round(ms, 3) for ms in latencies).items()


def a_mode(seed, count, draw=ONE_MODE["narrow"]):
    chance = random.Random(seed)
    return [draw(chance) for _ in range(count)]


def around(ms, count, seed=0):
    chance = random.Random(seed)
    return [chance.gauss(ms, ms / 20) for _ in range(count)]


@pytest.mark.parametrize("name", ONE_MODE)
@pytest.mark.parametrize("count", [20, 300, 5_000])
def test_one_mode_has_no_hump(name, count):
    assert [seed for seed in range(60) if humps(counted(a_mode(seed, count, ONE_MODE[name])))] == []


def test_two_percent_at_200_ms_are_a_hump():
    (hump,) = humps(counted(a_mode(1, 4_900) + around(200, 100)))

    assert hump.share == pytest.approx(0.02)
    assert hump.at_ms == pytest.approx(200, rel=0.25)
    assert 100 < hump.from_ms < 200 < hump.to_ms < 300


def test_a_pause_each_second_is_a_hump_although_its_waits_are_spread_evenly():
    chance = random.Random(1)
    behind_a_pause = [5 + chance.uniform(0, 100) for _ in range(2_000)]  # one event in ten

    (hump,) = humps(counted(a_mode(1, 18_000) + behind_a_pause))

    assert 50 < hump.at_ms < 110


def test_what_counting_noise_explains_is_no_hump():
    assert humps(counted(a_mode(1, 500) + around(200, 5))) == []


def test_a_hump_that_does_not_make_the_p99_9_is_none():
    mode = a_mode(1, 50_000)

    assert humps(counted(mode + around(200, 45))) == []
    assert len(humps(counted(mode + around(200, 55)))) == 1


def test_a_shoulder_is_no_hump():
    assert humps([(4.0, 100), (5.0, 1_000), (6.0, 600), (7.0, 800), (8.0, 100)]) == []


def test_a_valley_that_is_not_half_as_deep_makes_no_hump():
    def with_a_valley_of(depth):
        heights = [4_000] * 3 + [depth] * 3 + [4_000] * 3
        return [(10 ** ((number + 0.5) / BINS_PER_DECADE), height) for number, height in enumerate(heights)]

    assert humps(with_a_valley_of(2_100)) == []
    assert len(humps(with_a_valley_of(1_900))) == 1


def test_a_few_that_are_faster_than_all_others_make_no_hump_of_the_others():
    assert humps(counted(around(0.5, 100) + a_mode(1, 4_900))) == []


def test_two_humps_are_two():
    found = humps(counted(a_mode(1, 10_000) + around(100, 200) + around(1_000, 300)))

    assert [round(hump.share, 3) for hump in found] == [0.019, 0.029]


def test_latencies_below_a_millisecond_are_told_as_well():
    (hump,) = humps(counted([ms / 100 for ms in a_mode(1, 900) + around(200, 100)]))

    assert hump.at_ms == pytest.approx(2, rel=0.25)


def test_of_nothing_there_is_no_hump():
    assert humps([]) == []
