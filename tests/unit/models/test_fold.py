from dataclasses import fields
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fold import fold, known, new_profile
from models.rings.windows import home_day
from schemas import profile as limits
from schemas.events import linked
from schemas.profile import Account, Profile, Tally, Visit
from tests.builders import (
    BEGINNING,
    a_customer,
    a_mention,
    a_transaction,
    after,
    an_interaction,
    an_outcome,
)
from tests.policies import default_policy

DAY = 86_400_000


def folded(*events, profile: Profile | None = None) -> Profile:
    profile = profile or new_profile("C1", BEGINNING)
    for event in events:
        profile = fold(profile, event, default_policy())
    return profile


def test_nothing_that_the_old_profile_holds_is_changed():
    old = folded(a_transaction(balance_after="5.00"), an_interaction(kind="login"), a_customer(handles=["weibo:a"]))
    before = repr(old)
    folded(a_transaction(balance_after="6.00", counterparty_id="M1"), an_interaction(kind="complaint"), profile=old)
    assert repr(old) == before


def test_first_and_last_seen_are_event_times_whatever_the_order():
    profile = folded(*(a_transaction(occurred_at=after(days=d)) for d in (1, 3, 2, -4)))
    assert (profile.first_seen_ms, profile.last_seen_ms) == (after(days=-4), after(days=3))


def test_master_data_do_not_say_when_a_customer_was_last_seen():
    profile = folded(a_customer(occurred_at=after(days=900)), a_transaction())
    assert (profile.first_seen_ms, profile.last_seen_ms) == (BEGINNING, BEGINNING)
    assert folded(a_customer(occurred_at=after(days=9))).last_seen_ms == after(days=9)


def test_a_visit_is_remembered_as_long_as_its_card_can_be_taken_back():
    late_ms = default_policy().lateness_ms
    profile = new_profile("C1", BEGINNING)
    visit = Visit("B001", BEGINNING, "x-1", "arrivals:B001", after(hours=4))
    profile.visits = (visit, visit._replace(expires_ms=after(hours=9)))
    before = folded(a_transaction(occurred_at=after(hours=4) + late_ms - 1), profile=profile)
    assert before.visits == profile.visits
    after_it = folded(a_transaction(occurred_at=after(hours=4) + late_ms), profile=before)
    assert after_it.visits == profile.visits[1:]


def test_events_are_counted_by_topic():
    mention = linked(a_mention(), "C1")
    profile = folded(a_transaction(), a_transaction(status="declined"), an_interaction(), mention, an_outcome())
    assert profile.events == (2, 1, 1, 1)


def test_the_last_64_events_are_known_and_no_more():
    events = [a_transaction() for _ in range(65)]
    profile = folded(*events)
    assert [known(profile, event) for event in events] == [False] + [True] * 64


def test_an_id_is_an_events_own_only_on_its_topic():
    assert not known(folded(a_transaction(event_id="e1")), an_interaction(event_id="e1"))


# ------------------------------------------------------------------------------------------------------------- totals


def test_totals_hold_booked_ones_count_declined_ones_apart_and_take_reversed_ones_out_of_the_sums():
    profile = folded(
        a_transaction(amount="10.00", kind="card", channel="web"),
        a_transaction(amount="2.50", kind="transfer", direction="credit", channel="web"),
        a_transaction(amount="7.00", status="declined"),
        a_transaction(amount="4.00", kind="card", channel="mobile", status="reversed"),
        a_transaction(amount="1.00", kind="transfer", direction="credit", channel="mobile", status="reversed"),
    )
    totals = profile.totals["CNY"]
    assert totals[:6] == (1, 1_50, 1, 6_00, 1, 2)
    assert totals.by_kind == {"card": Tally(1, 6_00), "transfer": Tally(1, 1_50)}
    assert totals.by_channel == {"web": Tally(2, 12_50), "mobile": Tally(0, -5_00)}


def test_each_currency_has_totals_of_its_own_until_there_are_too_many():
    currencies = ("USD", "EUR", "JPY", "GBP", "CHF", "USD", "CNY")
    profile = folded(*(a_transaction(currency=currency, amount="1") for currency in currencies))
    counts = {currency: totals.debit_count for currency, totals in profile.totals.items()}
    assert counts == {"USD": 2, "EUR": 1, "JPY": 1, "XXX": 2, "CNY": 1}, "the home currency always has its own"
    assert len(counts) == limits.MAX_CURRENCIES


# ------------------------------------------------------------------------------------------------- balances and assets


def test_the_balance_that_occurred_last_wins_whatever_comes_last():
    profile = folded(
        a_transaction(balance_after="30.00", occurred_at=after(hours=2)),
        a_transaction(balance_after="10.00", occurred_at=after(hours=1)),
        a_transaction(occurred_at=after(hours=3)),
        a_transaction(balance_after="99.00", status="declined", occurred_at=after(hours=4)),
    )
    assert profile.accounts["A1"] == Account("CNY", 30_00, after(hours=2), after(hours=4))


def test_of_two_balances_at_one_time_the_one_that_came_later_wins():
    profile = folded(a_transaction(balance_after="30.00"), a_transaction(balance_after="20.00"))
    assert profile.accounts["A1"].balance_minor == 20_00


def test_assets_are_open_accounts_in_home_currency_without_debts():
    profile = folded(
        a_transaction(account_id="A1", balance_after="100.00"),
        a_transaction(account_id="A2", balance_after="-40.00"),
        a_transaction(account_id="A3", balance_after="7.00", currency="USD"),
        a_transaction(account_id="A4", balance_after="50.00"),
        a_transaction(account_id="A5"),
        an_interaction(kind="product_closed", product_id="A4"),
    )
    assert profile.aum_minor("CNY") == 100_00


def test_the_account_idle_longest_leaves_when_there_are_too_many():
    days = range(limits.MAX_ACCOUNTS + 1)
    profile = folded(*(a_transaction(account_id=f"A{d}", occurred_at=after(days=d)) for d in days))
    assert len(profile.accounts) == limits.MAX_ACCOUNTS
    assert "A0" not in profile.accounts


def test_an_id_that_is_too_long_stands_as_a_hash():
    (account,) = folded(a_transaction(account_id="A" * 64)).accounts
    assert account == limits.short_id("A" * 64)
    assert len(account) <= limits.MAX_ID_BYTES


def test_the_asset_high_is_that_of_the_last_90_days():
    profile = folded(
        a_transaction(balance_after="900.00"),
        a_transaction(balance_after="500.00", occurred_at=after(days=20)),
        a_transaction(balance_after="100.00", occurred_at=after(days=40)),
        a_transaction(balance_after="50.00", occurred_at=after(days=40, hours=1)),
    )
    assert profile.aum_high_minor(home_day(after(days=40))) == 900_00
    assert profile.aum_high_minor(home_day(after(days=100))) == 500_00, "time alone lets a high go"
    assert profile.aum_high_minor(home_day(after(days=140))) == 0
    later = folded(a_transaction(balance_after="60.00", occurred_at=after(days=100)), profile=profile)
    assert later.aum_high_minor(home_day(after(days=100))) == 500_00
    higher = folded(a_transaction(balance_after="700.00", occurred_at=after(days=101)), profile=later)
    assert [high for _, high in higher.aum_highs] == [700_00]
    assert new_profile("C1", 0).aum_high_minor(home_day(0)) == 0


MINUTES_AND_YUAN = st.dictionaries(st.integers(0, 100 * 24 * 60), st.integers(-50, 900), max_size=8)


@given(told=MINUTES_AND_YUAN, chance=st.randoms(use_true_random=False))
def test_in_whatever_order_an_accounts_balances_come_its_highs_are_the_same(told, chance):
    """Those of 90 days; where slots of five days end is counted from the day itself, and not from what came last."""
    last = a_transaction(balance_after="1.00", occurred_at=after(days=101))
    events = [
        a_transaction(balance_after=f"{yuan}.00", occurred_at=after(hours=minute / 60), event_id=f"e-{minute}")
        for minute, yuan in told.items()
    ]
    shuffled = list(events)
    chance.shuffle(shuffled)
    highs = folded(*sorted(events, key=lambda event: event.occurred_ms), last).aum_highs
    assert folded(*shuffled, last).aum_highs == folded(last, *shuffled).aum_highs == highs


def test_a_balance_that_comes_late_raises_the_high_and_not_the_assets():
    profile = folded(
        a_transaction(balance_after="100.00", occurred_at=after(days=3)),
        a_transaction(account_id="A2", balance_after="40.00", occurred_at=after(days=3)),
        a_transaction(balance_after="700.00", occurred_at=after(days=2)),
    )
    assert profile.aum_minor("CNY") == 140_00
    assert profile.aum_high_minor(home_day(after(days=3))) == 740_00


def test_a_steady_fall_keeps_one_high_for_five_days():
    events = [a_transaction(balance_after=f"{9000 - d}.00", occurred_at=after(days=d)) for d in range(200)]
    highs = folded(*events).aum_highs
    assert len(highs) <= 90 // limits.AUM_SLOT_DAYS + 1
    assert highs == tuple(sorted(highs, key=lambda high: -high[1]))


# ------------------------------------------------------------------------------------------------------------- rhythms


def a_salary(**changes):
    return a_transaction(**{"kind": "salary", "direction": "credit", "amount": "10000.00", **changes})


def test_two_salaries_make_a_rhythm():
    one = folded(a_salary())
    assert (one.salary.count, one.salary.expected_ms) == (1, None)
    two = folded(a_salary(amount="14000.00", occurred_at=after(days=30)), profile=one)
    assert two.salary == (2, after(days=30), 14_000_00, 11_000_00, 30, after(days=60), None)
    three = folded(a_salary(amount="11000.00", occurred_at=after(days=90)), profile=two)
    assert three.salary.usual_gap_days == 30, "a month without one is a gap of two"
    assert three.salary.expected_ms == after(days=120)


def test_a_bonus_a_late_or_a_reversed_salary_does_not_move_the_rhythm():
    profile = folded(
        a_salary(),
        a_salary(occurred_at=after(days=30)),
        a_salary(occurred_at=after(days=32)),
        a_salary(occurred_at=after(days=-3)),
        a_salary(occurred_at=after(days=60), status="reversed"),
        a_salary(occurred_at=after(days=60), direction="debit"),
    )
    assert (profile.salary.count, profile.salary.last_ms, profile.salary.usual_gap_days) == (4, after(days=30), 30)


def test_a_salary_that_was_missing_has_come():
    profile = folded(a_salary(), a_salary(occurred_at=after(days=30))).copied()
    profile.salary = profile.salary._replace(missed_since_ms=after(days=60))
    assert folded(a_salary(occurred_at=after(days=63)), profile=profile).salary.missed_since_ms is None


# ------------------------------------------------------------------------------------------------ payees and countries


def test_payees_are_those_of_booked_debits_and_the_one_seen_longest_ago_leaves():
    days = range(limits.MAX_COUNTERPARTIES + 1)
    profile = folded(
        *(a_transaction(counterparty_id=f"P{d:02}", occurred_at=after(days=d)) for d in days),
        a_transaction(counterparty_id="P05", occurred_at=after(days=1)),
        a_transaction(counterparty_id="declined", status="declined"),
        a_transaction(counterparty_id="employer", direction="credit"),
    )
    assert sorted(profile.counterparties) == [f"P{d:02}" for d in days][1:]
    assert profile.counterparties["P05"] == after(days=5), "an older use does not set it back"


def test_countries_are_those_where_the_card_was_present_and_paid():
    at_a_till = {"kind": "card", "channel": "other"}
    profile = folded(
        a_transaction(country="CN", **at_a_till),
        a_transaction(country="FR", status="declined", **at_a_till),
        a_transaction(country="US", kind="transfer", channel="other"),
        a_transaction(country="US", channel="web"),
        a_transaction(country="US", channel="mobile"),
        a_transaction(country="US", direction="credit", channel="other"),  # a refund
        a_transaction(country="THAILAND", **at_a_till),
    )
    assert profile.countries == {"CN": BEGINNING, "THA": BEGINNING}


# -------------------------------------------------------------------------------------------------------- interactions


def test_channels_and_kinds_are_counted_and_the_last_use_of_a_channel_is_kept():
    profile = folded(
        an_interaction(channel="web", kind="view", occurred_at=after(days=2)),
        an_interaction(channel="web", kind="login", occurred_at=after(days=1)),
        a_transaction(channel="web", occurred_at=after(hours=1)),
        a_transaction(channel="phone"),
    )
    assert profile.interactions_by_channel == {"web": 2}
    assert profile.interactions_by_kind == {"view": 1, "login": 1}
    assert profile.last_by_channel_ms == {"web": after(days=2), "phone": BEGINNING}


def test_only_a_login_that_succeeded_is_the_last_login():
    profile = folded(
        an_interaction(kind="login", occurred_at=after(days=1)),
        an_interaction(kind="login", topic="failed", occurred_at=after(days=2)),
        an_interaction(kind="login"),
    )
    assert profile.last_login_ms == after(days=1)


@pytest.mark.parametrize(
    "not_his_own",
    [
        a_transaction(kind="interest", direction="credit"),
        a_transaction(kind="fee"),
        a_transaction(kind="salary", direction="credit"),
        a_transaction(kind="card", status="reversed"),
        an_interaction(kind="message"),
        an_interaction(kind="points_earned"),
        an_interaction(kind="complaint_resolved"),
        an_interaction(kind="login", topic="failed"),
        an_interaction(kind="call_started", channel="phone", topic="outbound"),
        an_interaction(kind="call_started", channel="phone", offered_action="high_yield_savings"),
        an_interaction(kind="other", channel="email", topic="outbound"),
    ],
)
def test_what_the_customer_did_not_do_himself_is_no_activity_of_his(not_his_own):
    assert folded(not_his_own).last_own_activity_ms is None


@pytest.mark.parametrize(
    "his_own",
    [
        a_transaction(),
        a_transaction(status="declined"),
        an_interaction(kind="login"),
        an_interaction(kind="call_started", channel="phone"),
        an_interaction(kind="visit", branch_id="B001", offered_action="high_yield_savings"),
    ],
)
def test_what_the_customer_began_himself_is_his_own_activity(his_own):
    assert folded(his_own).last_own_activity_ms == BEGINNING


def test_what_the_customer_did_is_his_last_activity():
    profile = folded(
        a_transaction(occurred_at=after(days=1)), an_interaction(kind="view"), a_transaction(status="declined")
    )
    assert profile.last_own_activity_ms == after(days=1)


def test_ratings_are_summed_and_the_last_one_is_the_latest():
    profile = folded(
        an_interaction(kind="survey", rating=9, occurred_at=after(days=1)),
        an_interaction(kind="survey", rating=2.5),
    )
    assert profile.ratings == (2, 115, 90, after(days=1))


def test_mentions_are_summed_and_the_last_one_is_the_latest():
    profile = new_profile("C1", BEGINNING)
    for days, feeling in ((1, -0.4), (0, 0.9), (2, 0.1)):
        mention = linked(a_mention(occurred_at=after(days=days)), "C1")
        profile = fold(profile, mention, default_policy(), feeling)
    assert profile.mood == (3, 1, 600, 100, after(days=2))


# ----------------------------------------------------------------------------------------------- master data, products


def test_newer_master_data_win_whatever_comes_last():
    profile = folded(a_customer(name="new", occurred_at=after(days=1)), a_customer(name="old"))
    assert profile.identity.name == "new"


def test_master_data_are_kept_within_their_limits():
    profile = folded(
        a_customer(
            name="名" * 100,
            relationship_manager_id="R" * 64,
            household_id="H1",
            risk_rating="r" * 64,
            products=tuple(f"P{i}" for i in range(100)),
            handles=("weibo:a", "weibo:a", "x:" + "b" * 100, *(f"x:{i}" for i in range(20))),
        )
    )
    identity = profile.identity
    assert identity.name == "名" * (limits.MAX_TEXT_BYTES // 3)
    assert identity.relationship_manager_id.startswith("#")
    assert identity.household_id == "H1"
    assert len(identity.products) == limits.MAX_PRODUCTS
    assert identity.handles == ("weibo:a", "x:" + "b" * 100, *(f"x:{i}" for i in range(6)))


def test_handles_that_do_not_fit_are_left_out():
    profile = folded(a_customer(handles=tuple(f"x:{i}{'b' * 100}" for i in range(5))))
    assert len(profile.identity.handles) == 1


def test_products_come_and_go_once_master_data_are_known():
    opened = an_interaction(kind="product_opened", product_id="fund")
    assert folded(opened).identity is None
    profile = folded(a_customer(products=("card",)), opened, opened)
    assert profile.identity.products == ("card", "fund")
    profile = folded(
        an_interaction(kind="product_closed", product_id="card"),
        an_interaction(kind="product_closed"),
        an_interaction(kind="product_opened"),
        profile=profile,
    )
    assert profile.identity.products == ("fund",)


def test_what_is_held_hangs_on_no_order_of_master_data_openings_and_closings():
    known = folded(a_customer(products=("card",)))
    life = (
        an_interaction(kind="product_opened", product_id="fund", occurred_at=after(hours=1)),
        a_customer(products=("card", "loan"), occurred_at=after(hours=2)),  # says no more of the fund
        an_interaction(kind="product_closed", product_id="card", occurred_at=after(hours=3)),
        an_interaction(kind="product_opened", product_id="wealth", occurred_at=after(hours=4)),
    )
    for order in permutations(life):
        assert folded(*order, profile=known).identity.products == ("loan", "wealth")


def test_what_was_opened_and_closed_is_not_held_whichever_is_heard_of_first():
    opening = an_interaction(kind="product_opened", product_id="fund", occurred_at=after(hours=1))
    closing = an_interaction(kind="product_closed", product_id="fund", occurred_at=after(hours=2))
    for order in permutations((opening, closing, a_customer(products=("card",)))):
        assert folded(*order).identity.products == ("card",)


def test_of_one_moment_master_data_are_first_and_a_closing_last():
    words = (
        a_customer(products=("card",)),
        an_interaction(kind="product_opened", product_id="fund"),
        an_interaction(kind="product_opened", product_id="loan"),
        an_interaction(kind="product_closed", product_id="loan"),
    )
    for order in permutations(words):
        assert folded(*order).identity.products == ("card", "fund")


def test_so_many_last_changes_are_told_again_after_older_master_data():
    openings = [
        an_interaction(kind="product_opened", product_id=f"fund-{number}", occurred_at=after(hours=number))
        for number in range(1, limits.MAX_PRODUCT_CHANGES + 2)
    ]
    profile = folded(*openings, a_customer(products=("card",)))
    assert profile.identity.products == ("card", *[event.product_id for event in openings[1:]])


def test_master_data_without_a_time_of_their_own_are_taken_as_they_are_whenever_they_come():
    timeless = a_customer(products=("card",), occurred_at=after(days=9))
    timeless.__dict__["has_own_time"] = False
    opening = an_interaction(kind="product_opened", product_id="fund")
    assert folded(opening, timeless).identity.products == ("card",)
    assert folded(timeless, opening).identity.products == ("card", "fund")


def test_a_copy_has_every_field():
    profile = folded(a_transaction(), a_customer())
    assert all(getattr(profile.copied(), part.name) is getattr(profile, part.name) for part in fields(Profile))
