"""Features: finite, bounded, exact in 32 bits, and each moves when what it names moves."""

import math
import random
import struct
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import FEATURES, features, pack, unpack
from models.rings import counting, windows
from models.rings.sums import spans
from schemas.profile import Account, Identity, MentionMood, OfferMade, Profile, Ratings, Rings, Salary
from schemas.profile_complaints import Complaint
from tests.builders import BEGINNING, after

NOW = after(days=100)


def a_profile(**changes) -> Profile:
    return replace(Profile("C1", first_seen_ms=BEGINNING, last_seen_ms=NOW), **changes)


def with_flow(rings: Rings, days_ago: int, *, kind="card", direction="debit", minor=10_000, channel="mobile") -> Rings:
    cells = counting.transaction_cells(kind, direction, minor, status="booked")
    at = after(NOW, days=-days_ago)
    return counting.add(rings, at, NOW, cells=cells, channel=counting.channel_cells(channel), amount={})


def with_activity(rings: Rings, days_ago: int, what="login", channel="mobile") -> Rings:
    at = after(NOW, days=-days_ago)
    cells = counting.activity_cells(what)
    return counting.add(rings, at, NOW, cells=cells, channel=counting.channel_cells(channel), amount={})


def rings_of(*steps) -> Rings:
    rings = Rings()
    for step, arguments in steps:
        rings = step(rings, **arguments)
    return rings


def named(profile: Profile, at_ms: int = NOW) -> dict[str, float]:
    return dict(zip(FEATURES, features(profile, at_ms), strict=True))


def test_a_new_customer_has_finite_features():
    assert len(FEATURES) == len(set(FEATURES)) == 34
    assert all(math.isfinite(value) for value in features(a_profile(), NOW))


def test_what_is_stored_is_what_was_scored_bit_by_bit():
    values = features(a_profile(rings=rings_of(*[(with_flow, {"days_ago": 3, "minor": 12_345})] * 3)), NOW)
    assert unpack(pack(values)) == values
    assert len(pack(values)) == 5 + 2 * sum(value != 0 for value in values)


def test_packed_features_of_another_length_are_refused():
    with pytest.raises(struct.error):
        unpack(b"\x00" * 7)


@given(seed=st.integers(0, 10_000), reach=st.integers(0, 2**62))
def test_features_are_bounded_whatever_the_customer_does(seed, reach):
    chance = random.Random(seed)
    rings = Rings()
    for _ in range(30):
        minor = chance.choice((1, 5_000, reach))
        rings = with_flow(
            rings,
            chance.randrange(0, 80),
            kind=chance.choice(("card", "cash", "transfer", "fee")),
            direction=chance.choice(("credit", "debit")),
            minor=chance.choice((-minor, minor)),
        )
    profile = a_profile(
        rings=rings, accounts={"a": Account("CNY", reach, NOW, NOW)}, aum_weeks=((windows.home_day(NOW), reach + 1),)
    )
    assert all(-50 <= value <= 50 for value in features(profile, NOW))


def test_assets_are_compared_with_their_weekly_high():
    profile = a_profile(
        accounts={"a": Account("CNY", 25_000_00, NOW, NOW)}, aum_weeks=((windows.home_day(NOW), 100_000_00),)
    )
    assert named(profile)["aum_to_high"] == 0.25
    assert named(replace(profile, aum_weeks=((windows.home_day(NOW), 5_000_00),)))["aum_to_high"] == 1.0, "never higher"
    assert named(replace(profile, aum_highs=((windows.home_day(NOW), 200_000_00),)))["aum_to_high"] == 0.25
    assert named(profile)["aum"] == pytest.approx(math.log(25_001), rel=1e-3)
    assert named(replace(profile, aum_weeks=((windows.home_day(NOW) - 89, 100_000_00),)))["aum_to_high"] == 0.25
    assert named(replace(profile, aum_weeks=((windows.home_day(NOW) - 90, 100_000_00),)))["aum_to_high"] == 1.0
    assert named(a_profile())["aum_to_high"] == 1.0


def test_money_that_leaves_shows_as_a_negative_net_flow():
    leaving = rings_of((with_flow, {"days_ago": 1, "kind": "transfer", "minor": 900_00}))
    both = with_flow(leaving, 2, direction="credit", kind="salary", minor=300_00)
    assert named(a_profile(rings=leaving))["net_flow_7d"] == -1.0
    assert named(a_profile(rings=both))["net_flow_30d"] == -0.5
    assert named(a_profile(rings=both))["transfer_share"] == 0.75
    assert named(a_profile(rings=both))["cash_share"] == 0.0


def test_a_habit_that_slows_down_has_a_falling_trend():
    steady = rings_of(*[(with_flow, {"days_ago": day, "minor": 100_00}) for day in range(63)])
    slowed = rings_of(*[(with_flow, {"days_ago": day, "minor": 100_00}) for day in range(30, 63)])
    assert named(a_profile(rings=steady))["debit_trend_month"] == pytest.approx(0, abs=0.05)
    assert named(a_profile(rings=slowed))["debit_trend_month"] < -3
    assert named(a_profile(rings=slowed))["count_trend_month"] < named(a_profile(rings=steady))["count_trend_month"]


def test_investments_show_by_what_is_held_and_by_what_is_traded():
    traded = rings_of((with_flow, {"days_ago": 40, "kind": "investment"}), (with_flow, {"days_ago": 2}))
    assert named(a_profile(rings=traded))["investments_63d"] == pytest.approx(math.log(2), rel=1e-3)
    held = [a_profile(identity=Identity(NOW, products=products)) for products in ((), ("loan",), ("loan", "fund"))]
    assert [named(profile)["holds_investments"] for profile in held] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(("born", "age"), [(None, 0.0), (1981, 0.0), (1951, 3.0), (2021, -4.0), (1800, 7.5)])
def test_age_is_in_decades_around_the_middle(born, age):
    at_ms = 1_782_000_000_000  # in June 2026
    known = a_profile(identity=Identity(NOW, birth_year=born))
    assert named(known, at_ms)["age"] == age


def test_offers_of_two_weeks_are_counted_but_not_the_one_that_is_being_made():
    offers = [
        OfferMade(f"a{n}", f"d{n}", "loan", "web", after(NOW, days=-days), NOW) for n, days in enumerate((0, 1, 13, 15))
    ]
    assert named(a_profile(offers=tuple(offers)))["offers_14d"] == 2.0
    assert named(a_profile())["offers_14d"] == 0.0


def test_logins_visits_and_channels_are_counted():
    rings = rings_of(
        (with_activity, {"days_ago": 1}),
        (with_activity, {"days_ago": 20}),
        (with_activity, {"days_ago": 2, "what": "visit", "channel": "branch"}),
        (with_activity, {"days_ago": 2, "what": "service", "channel": "phone"}),
    )
    values = named(a_profile(rings=rings))
    assert values["logins_7d"] == pytest.approx(math.log(2), rel=1e-3)
    assert values["logins_30d"] == pytest.approx(math.log(3), rel=1e-3)
    assert values["visits_30d"] == values["service_30d"] == pytest.approx(math.log(2), rel=1e-3)
    assert (values["branch_share"], values["digital_share"]) == (0.25, 0.5)


def test_declines_and_fees_are_counted():
    cells = counting.transaction_cells("card", "debit", 100, status="declined")
    rings = counting.add(Rings(), NOW, NOW, cells=cells, channel=counting.channel_cells("web"), amount={})
    assert named(a_profile(rings=rings))["declined_30d"] == pytest.approx(math.log(2), rel=1e-3)
    assert named(a_profile(rings=with_flow(Rings(), 1, kind="fee")))["fees_30d"] == pytest.approx(math.log(2), rel=1e-3)


def test_a_salary_that_does_not_come_is_late_by_days():
    late = a_profile(salary=Salary(3, expected_ms=after(NOW, days=-9)))
    awaited = a_profile(salary=Salary(3, expected_ms=after(NOW, days=9)))
    assert named(late)["salary_late_days"] == pytest.approx(math.log(10), rel=1e-3)
    assert named(awaited)["salary_late_days"] == named(a_profile())["salary_late_days"] == 0.0
    assert (named(late)["has_salary"], named(a_profile())["has_salary"]) == (1.0, 0.0)


def test_a_complaint_ages_while_it_is_open_and_fades_after():
    opened = after(NOW, days=-30)
    unanswered = a_profile(complaints=(Complaint("c-1", opened, "phone"),), last_complaint_ms=opened)
    answered = a_profile(last_complaint_ms=opened)
    assert named(unanswered)["complaint_age_days"] == pytest.approx(math.log(31), rel=1e-3)
    assert named(unanswered)["open_complaints"] == pytest.approx(math.log(2), rel=1e-3)
    assert named(answered)["complaint_age_days"] == named(answered)["open_complaints"] == 0.0
    assert named(answered)["complaint_recent"] == 0.5
    assert named(a_profile())["complaint_recent"] == 0.0


def test_feelings_are_around_zero():
    unhappy = a_profile(ratings=Ratings(1, 20, 20, NOW), mood=MentionMood(1, 1, -600, -600, NOW))
    assert named(unhappy)["last_rating"] == pytest.approx(-0.6, rel=1e-3)
    assert named(unhappy)["mood"] == pytest.approx(-0.6, rel=1e-3)
    assert named(a_profile())["last_rating"] == named(a_profile())["mood"] == 0.0


def test_recency_is_in_days_and_never_is_long_ago():
    seen = a_profile(last_login_ms=after(NOW, days=-4), last_own_activity_ms=after(NOW, days=1))
    assert named(seen)["days_since_login"] == pytest.approx(math.log(5), rel=1e-3)
    assert named(seen)["days_since_activity"] == 0.0, "what came after the day described counts as now"
    assert named(a_profile())["days_since_login"] == pytest.approx(math.log(401), rel=1e-3)
    assert named(a_profile())["tenure_days"] == pytest.approx(math.log(101), rel=1e-3)


def test_products_come_from_the_master_data():
    known = a_profile(identity=Identity(NOW, products=("loan", "card")))
    assert named(known)["products"] == pytest.approx(math.log(3), rel=1e-3)
    assert named(a_profile())["products"] == 0.0


def test_sums_say_what_the_windows_say():
    chance = random.Random(5)
    rings = Rings()
    for _ in range(200):
        kind, channel = chance.choice(("card", "cash", "transfer")), chance.choice(("mobile", "branch", "web"))
        direction, days = chance.choice(("credit", "debit")), chance.randrange(70)
        rings = with_flow(
            rings, days, kind=kind, direction=direction, minor=chance.randrange(1, 9_999), channel=channel
        )
        rings = with_activity(rings, days, what=chance.choice(("login", "visit", "service")), channel=channel)
    profile = a_profile(rings=rings)
    moments = [NOW + days * windows.DAY_MS for days in (-6, -3, 0, 9)]  # a late event looks from an earlier day
    for at_ms, (place, span) in product(moments, enumerate(("7d", "30d", "63d"))):
        of_span = spans(profile, at_ms)[place]
        assert (of_span.credit_count, of_span.credit_minor) == windows.flow(profile, "credit", span, at_ms)
        assert (of_span.debit_count, of_span.debit_minor) == windows.flow(profile, "debit", span, at_ms)
        assert of_span.of_kind("cash") == windows.of_kind(profile, "cash", span, at_ms)
        assert of_span.activity("visit") == windows.activity(profile, "visit", span, at_ms)
        assert of_span.channel("web") == windows.by_channel(profile, "web", span, at_ms)
        assert of_span.contacts == sum(
            windows.by_channel(profile, channel, span, at_ms) for channel in ("mobile", "branch", "web")
        )
