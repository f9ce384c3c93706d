"""Days with a purchase: counted once each, whatever the order in which payments come."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fold import fold, new_profile
from models.rings.windows import home_day
from schemas.profile_codec import decode, encode
from schemas.profile_worth import Purchases
from tests.builders import BEGINNING, a_transaction, after, an_interaction
from tests.policies import a_policy, default_policy

TODAY = home_day(BEGINNING)


def purchases(*events, policy=None):
    profile = new_profile("C1", events[0].occurred_ms)
    for event in events:
        profile = fold(profile, event, policy or default_policy())
    assert decode(encode(profile)) == profile
    return profile.purchases


def paid(day, amount="100.00", **changes):
    return a_transaction(occurred_at=after(days=day), amount=amount, **changes)


def test_the_days_of_payments_are_counted_and_what_was_paid():
    found = purchases(paid(0), paid(3, "20.00"), paid(3.1, "30.00"), paid(10, "70.00"))
    assert found == Purchases(3, TODAY, TODAY + 10, 220_00, 100_00)
    assert (found.repeats, found.mean_minor) == (2, 60_00)


def test_one_day_alone_has_no_repeats():
    found = purchases(paid(0), paid(0.1, "50.00"))
    assert found == Purchases(1, TODAY, TODAY, 150_00, 150_00)
    assert (found.repeats, found.mean_minor) == (0, 0.0)


@pytest.mark.parametrize(
    "other",
    [
        paid(1, direction="credit"),
        paid(1, kind="fee"),
        paid(1, kind="investment"),
        paid(1, status="declined"),
        paid(1, currency="USD"),
        an_interaction(occurred_at=after(days=1), kind="login"),
    ],
)
def test_what_is_no_purchase_counts_for_nothing(other):
    assert purchases(paid(0), other) == purchases(paid(0))


def test_what_a_purchase_is_the_policy_says():
    policy = a_policy(value={"purchases": ["fee"]})
    assert purchases(paid(0), paid(1, kind="fee"), policy=policy).first_day == TODAY + 1


def test_a_reversal_takes_the_money_back_and_not_the_day():
    found = purchases(paid(0), paid(5), paid(6, status="reversed"))
    assert (found.days, found.last_day, found.minor, found.mean_minor) == (2, TODAY + 5, 100_00, 0.0)
    assert purchases(paid(6, status="reversed"), paid(0), paid(5)) == found


def test_a_late_payment_on_a_day_without_one_counts_that_day():
    assert purchases(paid(0), paid(9), paid(4)).days == 3
    assert purchases(paid(0), an_interaction(occurred_at=after(days=4)), paid(9), paid(4)).days == 3


def test_a_late_payment_on_a_day_with_one_does_not():
    assert purchases(paid(0), paid(4), paid(9), paid(4.1)).days == 3


def test_a_payment_from_before_the_first_is_the_first():
    assert purchases(paid(0), paid(-50, "7.00")) == Purchases(2, TODAY - 50, TODAY, 107_00, 7_00)


def test_a_payment_that_the_ring_of_days_cannot_place_is_left_out():
    assert purchases(paid(0), paid(90), paid(50)) == purchases(paid(0), paid(90))


def test_a_busy_day_that_has_forgotten_its_kinds_is_known_by_its_debits():
    busy = [
        paid(day + hour / 48, kind=kind, channel=channel)
        for day in range(30)
        for hour, (kind, channel) in enumerate(
            (kind, channel)
            for kind in ("card", "bill", "transfer", "cash", "fee", "investment")
            for channel in ("mobile", "web", "branch")
        )
    ]
    assert purchases(*busy).days == 30
    assert purchases(*busy, paid(1.9)).days == 30


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 25 * 24), st.sampled_from(["card", "fee", "bill"]), st.integers(0, 999)),
        min_size=1,
        max_size=15,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_does_not_show(payments, chance):
    events = [paid(hours / 24, f"{yuan}.00", kind=kind) for hours, kind, yuan in payments]
    shuffled = list(events)
    chance.shuffle(shuffled)
    days = {}
    for event in events:
        if event.kind != "fee":
            day = home_day(event.occurred_ms)
            days[day] = days.get(day, 0) + event.amount_minor
    found = purchases(*shuffled)
    assert found == (
        Purchases(len(days), min(days), max(days), sum(days.values()), days[min(days)]) if days else Purchases()
    )
