"""CDNOW (Fader and Hardie) through load and the fold: the file's own statistics, and the numbers of the papers."""

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pytest

from stream_app.figures import cdnow
from tests.shared_data import shared_data

END = date(1997, 9, 30)


@pytest.fixture(scope="module")
def found():
    shared_data("cdnow/CDNOW_sample.txt")
    return cdnow.judged(shared_data("."))


@pytest.fixture(scope="module")
def by_hand():
    """Each customer's dollars by day, straight from the file."""
    days = defaultdict(lambda: defaultdict(int))
    for line in shared_data("cdnow/CDNOW_sample.txt").read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        days[customer][date(int(day[:4]), int(day[4:6]), int(day[6:]))] += round(float(dollars) * 100)
    return [paid for _, paid in sorted(days.items())]


def test_every_customers_statistics_are_those_of_the_file(found, by_hand):
    rows = []
    for paid in by_hand:
        first, *again = sorted(day for day in paid if day <= END)
        mean = sum(paid[day] for day in again) / len(again) if again else 0.0
        last, later = max([first, *again]), sum(day > END for day in paid)
        rows.append((len(again), (last - first) / timedelta(7), (END - first) / timedelta(7), mean / 100, later))
    expected = np.array(rows)
    assert len(expected) == 2_357
    np.testing.assert_allclose(np.array(found.base).T, expected, rtol=1e-12)
    assert (found.base.repeats.sum(), (found.base.repeats > 0).sum()) == (2_457, 946)


def test_the_numbers_are_those_of_the_papers(found):
    assert [round(number, 3) for number in found.buying] == [0.243, 4.414, 0.793, 2.426]
    assert round(found.log_likelihood, 1) == -9582.4
    assert [round(number, 2) for number in found.spending] == [6.25, 3.74, 15.44]


def test_the_next_39_weeks_are_foreseen_better_than_by_going_on_at_the_same_rate(found):
    tracked = cdnow.tracking(found)
    foreseen, _, true = tracked["cdnow_holdout_purchases"]
    assert (round(foreseen), true) == (1_653, 1_882)
    correlation, _, naive = tracked["cdnow_holdout_correlation"]
    assert (round(correlation, 3), round(naive, 3)) == (0.626, 0.584)
    error, _, naive = tracked["cdnow_holdout_error"]
    assert (round(error, 3), round(naive, 3)) == (0.785, 1.024)


def test_without_the_data_it_says_which_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"CDNOW_sample\.txt"):
        cdnow.judged(tmp_path)
