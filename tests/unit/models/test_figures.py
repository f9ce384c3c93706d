"""The vocabulary of figures that conditions speak of: each against a life whose numbers are known."""

from dataclasses import replace

import pytest

from models.figures import FAMILIES, FIGURES, Figures, is_figure
from models.rings.windows import home_day
from schemas.profile import Account, Grade, OpenAlert, Salary, Score, Tag
from schemas.profile_holdings import Loan
from schemas.profile_worth import Worth
from schemas.times import parse_rfc3339
from tests.builders import BEGINNING, a_customer, a_transaction, after, an_interaction
from tests.judging import a_profile, lived


def figures(profile, at_ms=BEGINNING):
    return Figures(profile, at_ms, "CNY", "CN")


def a_life():
    """One customer's days before the beginning: payments, a foreign card, logins, a visit, a complaint, a rating."""
    profile = lived(
        a_profile(),
        a_customer(
            birth_year=1990,
            household_id="H1",
            relationship_manager_id="R1",
            products=("mortgage-7", "fund"),
            consents=("marketing",),
            occurred_at=after(days=-60),
        ),
        a_transaction(occurred_at=after(days=-50), kind="loan_payment"),
        a_transaction(occurred_at=after(days=-20), country="CN", amount="300.00", counterparty_id="P1"),
        a_transaction(occurred_at=after(days=-19), country="JP", channel="other", amount="200.00"),
        a_transaction(occurred_at=after(days=-18), kind="salary", direction="credit", amount="9000.00"),
        a_transaction(occurred_at=after(days=-17), status="declined"),
        an_interaction(occurred_at=after(days=-12), kind="visit", channel="branch"),
        an_interaction(occurred_at=after(days=-11), kind="complaint", channel="branch", rating=2.5),
        an_interaction(occurred_at=after(days=-10), kind="login"),
        an_interaction(occurred_at=after(hours=-1), kind="login", topic="failed"),
    )
    return replace(
        profile,
        accounts={
            "A1": Account("CNY", 80_000_00, BEGINNING, BEGINNING),
            "A2": Account("CNY", 1, BEGINNING, BEGINNING, 1),
        },
        aum_highs=((home_day(BEGINNING), 100_000_00),),
        salary=Salary(2, after(days=-18), 9_000_00, 9_000_00, 30, after(days=-3), after(days=-3)),
        loans={"L1": Loan(1, 0, 0), "L2": Loan(0, 0, 2)},
        scores={"churn": Score(0.25, 3, 400, BEGINNING)},
        needs={"insurance": 200},
        worth=Worth(20_500, 2, 875, 205, 123_45, "high"),
        tags={"young_family": Tag(BEGINNING, "")},
        grade=Grade("affluent", BEGINNING),
        open_alerts=(OpenAlert("a", "complaint", "alerts:service:p2", BEGINNING, after(days=1)),),
    )


EXPECTED = {
    "age_years": 36,
    "days_as_customer": 50,
    "is_business": 0,
    "has_manager": 1,
    "has_household": 1,
    "do_not_contact": 0,
    "products": 2,
    "accounts": 1,
    "aum_minor": 80_000_00,
    "aum_high_minor": 100_000_00,
    "aum_fall_share": pytest.approx(0.2),
    "days_since_activity": 10,  # a failed login need not be his own
    "days_since_login": 10,
    "contacts_30d": 8,
    "logins_30d": 1,
    "failed_logins_24h": 1,
    "visits_63d": 1,
    "service_30d": 1,
    "credits_30d_minor": 9_000_00,
    "debits_30d_minor": 500_00,
    "debits_30d": 2,
    "declined_30d": 1,
    "salaries": 2,
    "salary_minor": 9_000_00,
    "days_since_salary": 18,
    "salary_missed": 1,
    "loan_missed": 1,
    "foreign_countries_90d": 1,
    "payees": 1,
    "complaints_open": 1,
    "days_since_complaint": 11,
    "rating": 2.5,
    "mention_sentiment": None,
    "negative_mentions": 0,
    "days_since_offer": None,
    "churn_score": 0.25,
    "churn_examples": 400,
    "p_alive": 0.875,
    "purchases_year": 20.5,
    "clv_year_minor": 123_45,
    "value_band:high": 1,
    "value_band:low": 0,
    "need_30:insurance": 0.2,
    "need_90:insurance": pytest.approx(1 - 0.8**3),
    "need_30:loan": None,
    "left": 0,
    "holds:mortgage": 1,
    "holds:fund": 1,
    "holds:mort": 0,
    "consent:marketing": 1,
    "consent:profiling": 0,
    "has_tag:young_family": 1,
    "tier:affluent": 1,
    "alert:complaint": 1,
    "alert:churn_risk": 0,
    "count_30d:card": 2,
    "minor_30d:card": 500_00,
    "count_63d:loan_payment": 1,
    "minor_63d:loan_payment": 100_00,
    "channel_share_30d:branch": 0.25,
    "channel_30d:branch": 2,
    "ever:complaint": 1,
    "ever:click": 0,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_figure_says_what_the_life_shows(name):
    assert is_figure(name)
    assert figures(a_life())[name] == EXPECTED[name]


def test_every_figure_is_expected_above():
    assert {name.partition(":")[0] for name in EXPECTED} == {*FIGURES, *FAMILIES}


@pytest.mark.parametrize("name", EXPECTED)
def test_of_a_stranger_nothing_is_known_and_nothing_fails(name):
    stranger = a_profile()

    assert figures(stranger)[name] in (None, 0)


def test_a_customer_is_as_old_as_master_data_say():
    told = lived(a_profile(), a_customer(opened_on="2026-02-20"))

    assert figures(told)["days_as_customer"] == 10  # on 2026-03-02


@pytest.mark.parametrize(
    ("at", "years"),
    [
        ("2022-12-31T23:59:59+08:00", 22),
        ("2023-01-01T00:00:00+08:00", 23),
        ("2024-12-31T23:59:59+08:00", 24),
        ("2025-01-01T00:00:00+08:00", 25),
        ("9999-12-31T23:59:59Z", 7_999),  # already the year 10000 at the bank, which no calendar here can write
    ],
)
def test_a_customer_is_a_year_older_from_new_year_on(at, years):
    """Master data tell the year of birth only; the year is the bank's own, not that of UTC."""
    born = lived(a_profile(), a_customer(birth_year=2000))

    assert Figures(born, parse_rfc3339(at), "CNY", "CN")["age_years"] == years


def test_windows_are_added_up_once():
    life = a_life()

    assert figures(life).month is figures(life).month


def test_a_mention_and_an_offer_become_figures():
    life = a_life()
    profile = replace(life, mood=life.mood._replace(last_thousandths=-500))

    assert figures(profile)["mention_sentiment"] == -0.5
