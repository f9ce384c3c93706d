"""What the accounts see: a chained ledger, salaries on their days, seasons."""

from datetime import date
from itertools import pairwise
from random import Random
from statistics import mean

import pytest

from schemas.times import parse_rfc3339
from stream_app.simulate.seasons import is_workday, iso, pay_date, poisson, start_for_live, start_of

SIGN = {("credit", "booked"): 1, ("debit", "booked"): -1, ("credit", "reversed"): -1, ("debit", "reversed"): 1}


def fen(text):
    return round(float(text) * 100)


def day_of(event):
    return date.fromisoformat(iso(parse_rfc3339(event["occurred_at"]))[:10])


def by_account(bank):
    accounts = {}
    for transaction in bank.good["transactions"]:
        accounts.setdefault(transaction["account_id"], []).append(transaction)
    # Booking order: the number at the end of a customer's event id.
    return {a: sorted(ts, key=lambda t: int(t["event_id"].rpartition("-")[2])) for a, ts in accounts.items()}


def test_each_balance_follows_from_the_one_before(bank):
    checked = 0
    for transactions in by_account(bank).values():
        for before, after in pairwise(transactions):
            change = SIGN.get((after["direction"], after["status"]), 0) * fen(after["amount"])
            assert fen(after["balance_after"]) == fen(before["balance_after"]) + change
            checked += 1
    assert checked > 20_000


def test_transactions_of_an_account_are_booked_in_order_of_time(bank):
    for transactions in by_account(bank).values():
        times = [parse_rfc3339(t["occurred_at"]) for t in transactions]
        assert times == sorted(times)


def test_no_account_is_overdrawn(bank):
    assert all(fen(t["balance_after"]) >= 0 for t in bank.good["transactions"])


def test_salaries_come_on_working_days_about_a_month_apart(bank):
    paid = {}
    for transaction in bank.good["transactions"]:
        if transaction["kind"] == "salary":
            paid.setdefault(transaction["customer_id"], []).append(day_of(transaction))

    assert len(paid) > 0.5 * bank.options.customers
    late = {p.customer_id for p in bank.world.people if p.salary_delay}
    for customer, days in paid.items():
        assert all(is_workday(day) for day in days)
        if customer not in late:
            assert all(25 <= (after - before).days <= 36 for before, after in pairwise(sorted(days)))


@pytest.mark.parametrize(
    ("nominal", "paid"),
    [
        ((2026, 3, 10), date(2026, 3, 10)),  # a Tuesday
        ((2026, 3, 15), date(2026, 3, 13)),  # a Sunday: the Friday before
        ((2026, 4, 5), date(2026, 4, 3)),  # Qingming
        ((2026, 2, 31), date(2026, 2, 27)),  # the last day of a short month is a Saturday
        ((2026, 5, 1), date(2026, 4, 30)),  # Labour Day: the month before
    ],
)
def test_a_salary_moves_to_the_working_day_before(nominal, paid):
    assert pay_date(*nominal) == paid


def test_people_shop_more_on_days_off_and_in_the_evening(bank):
    cards = [t for t in bank.good["transactions"] if t["kind"] == "card" and t["status"] == "booked"]
    days = {}
    for transaction in cards:
        days[day_of(transaction)] = days.get(day_of(transaction), 0) + 1
    off = mean(n for day, n in days.items() if not is_workday(day))
    working = mean(n for day, n in days.items() if is_workday(day))
    hours = [int(iso(parse_rfc3339(t["occurred_at"]))[11:13]) for t in cards]

    assert off > 1.1 * working
    assert sum(18 <= hour <= 20 for hour in hours) > 5 * sum(hour <= 5 for hour in hours)


def test_poisson_numbers_have_the_asked_mean():
    rng = Random(1)
    for wanted in (0.0, 0.3, 4.0, 70.0):
        assert mean(poisson(rng, wanted) for _ in range(4_000)) == pytest.approx(wanted, rel=0.07)


def test_a_live_period_ends_with_the_last_midnight():
    now_ms = start_of(date(2026, 11, 22)) + 5 * 3_600_000
    assert start_for_live(now_ms, 60) == date(2026, 9, 23)
    assert start_of(start_for_live(now_ms, 60)) + 60 * 86_400_000 <= now_ms
