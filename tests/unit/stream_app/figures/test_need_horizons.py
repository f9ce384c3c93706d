"""Forecasts of needs are made with what had matured by then, and held against what was opened within 30 and 90 days."""

from types import SimpleNamespace

import pytest

from models.features import FEATURES
from models.policy import DAY_MS
from schemas.vocabulary import PRODUCT_FAMILIES
from stream_app.figures.need_horizons import Told, forecasts, held
from tests.policies import default_policy

POLICY = default_policy()
FLOOR = POLICY.models.floor_examples["need"]
FUND = float(PRODUCT_FAMILIES.index("fund"))
MONTH_MS, LATENESS_MS = 30 * DAY_MS, POLICY.lateness_ms
NOBODY = (0.0,) * len(FEATURES)


def an_example(customer, day, *, taken=False):
    at_ms = day * DAY_MS
    return {
        "model": "need",
        "example_id": f"{customer} {day}",
        "customer_id": customer,
        "snapshot_ms": at_ms,
        "due_ms": at_ms + MONTH_MS + LATENESS_MS,
        "features": NOBODY,
        "context": [[FUND, float(taken)]],
    }


def a_bank(*asked, opened=(), last_day=400):
    """As many customers as the floor wants, of whom one in ten takes a fund in the first month, and those asked."""
    learned = [an_example(f"L{number}", 0, taken=number % 10 == 0) for number in range(FLOOR)]
    opened_ms = {(customer, family): [round(day * DAY_MS) for day in days] for customer, family, days in opened}
    return SimpleNamespace(examples=[*learned, *asked], opened_ms=opened_ms, last_ms={"any": last_day * DAY_MS})


def test_what_was_opened_is_counted_from_the_moment_on_until_the_horizon_is_over():
    days = {"A": 130.0, "B": 129.99, "C": 189.99, "D": 190.0, "E": 99.99, "F": 100.0}
    bank = a_bank(
        *[an_example(customer, 100) for customer in days],
        opened=[(customer, "fund", [day]) for customer, day in days.items()] + [("A", "loan", [101])],
    )
    assert [one.taken for one in forecasts(bank, POLICY)] == [
        (False, True), (True, True), (False, True), (False, False), (False, False), (True, True)
    ]  # fmt: skip


def test_the_forecast_of_ninety_days_follows_from_the_thousandths_that_the_profile_keeps():
    (one,) = forecasts(a_bank(an_example("A", 100)), POLICY)
    month, quarter = one.said
    assert month * 1000 == pytest.approx(round(month * 1000))
    assert quarter == pytest.approx(1 - (1 - month) ** 3)
    assert 0.05 < month < 0.2, "one in ten had taken it"


def test_nothing_is_known_of_what_matures_after_the_moment():
    after = [an_example(f"Z{number}", 80, taken=True) for number in range(300)]
    knowing, not_knowing = (forecasts(a_bank(an_example("A", 100), *more), POLICY) for more in (after, ()))
    assert [one for one in knowing if one.at_ms == 100 * DAY_MS] == not_knowing


def test_below_the_floor_and_without_ninety_days_to_come_nothing_is_held():
    assert forecasts(a_bank(an_example("A", 29)), POLICY) == []
    assert len(forecasts(a_bank(an_example("A", 310)), POLICY)) == 1
    assert forecasts(a_bank(an_example("A", 311)), POLICY) == []


def test_each_horizon_is_compared_by_itself():
    said = [Told("fund", 0, (0.1, 0.2), (True, True)), Told("fund", 0, (0.3, 0.6), (False, True))]
    month, quarter = held(said)
    assert (month.examples, month.share, month.forecast, month.auc) == (2, 0.5, pytest.approx(0.2), 0.0)
    assert (quarter.share, quarter.forecast, quarter.auc) == (1.0, pytest.approx(0.4), None)
    assert month.ece == pytest.approx(((1 - 0.1) + 0.3) / 2)
    assert (quarter.bias, held([])[0].bias) == (pytest.approx(-0.6), None)
    assert held([])[0] == (0, 0.0, 0.0, 0.0, None)
