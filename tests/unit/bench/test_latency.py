"""Histograms of latency: what is recorded is told to three digits, merged without loss, and survives its raw form."""

import random

import pytest

from stream_app.bench.latency import Latency

MS = 1_000_000


def durations(seed, count=5_000):
    chance = random.Random(seed)
    return [int(chance.lognormvariate(1, 1) * MS) for _ in range(count)]


def exact(values, percent):
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(percent / 100 * len(ranked)))] / MS


@pytest.mark.parametrize("percent", [50.0, 90.0, 99.0])
def test_percentiles_are_those_of_the_sorted_durations(percent):
    values = durations(1)

    assert Latency(values).ms(percent) == pytest.approx(exact(values, percent), rel=0.01)


def test_merged_histograms_are_the_histogram_of_all():
    ours, theirs = durations(1), durations(2)
    merged = Latency(ours)
    merged.add(Latency(theirs))

    assert merged.figures() == Latency(ours + theirs).figures()
    assert len(merged) == len(ours) + len(theirs)


def test_a_histogram_survives_its_raw_form():
    written = Latency(durations(3))

    assert Latency.decode(written.encode()).figures() == written.figures()


def test_a_pause_shows_in_the_tail_and_is_not_cut_away():
    values = [MS] * 998 + [700 * MS] * 2

    told = Latency(values).figures()

    assert told["p50"] == pytest.approx(1, rel=0.01)
    assert told["p99_9"] == pytest.approx(700, rel=0.01)
    assert told["max"] == pytest.approx(700, rel=0.01)


def test_nothing_recorded_is_told_as_nothing():
    assert Latency().figures() == {"n": 0, "p50": 0.0, "p90": 0.0, "p99": 0.0, "p99_9": 0.0, "max": 0.0}


def test_a_clock_that_runs_backwards_counts_as_a_microsecond():
    assert Latency([-5]).max_ms == pytest.approx(0.001)
