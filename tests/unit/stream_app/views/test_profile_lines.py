"""A profile as people read it on a terminal."""

import doctest

from schemas.profile_view import view
from stream_app.views import profile_lines
from stream_app.views.profile_lines import lines
from tests.builders import a_transaction
from tests.judging import a_profile, lived
from tests.policies import default_policy


def said_of(*events):
    return list(lines(view(lived(a_profile(), *events), "CNY"), default_policy()))


def test_money_is_written_as_money_in_the_digits_of_its_currency():
    said = said_of(a_transaction(amount="1234.56", currency="CNY"), a_transaction(amount="5000", currency="JPY"))

    assert "    debit: 1,234.56" in said
    assert "    debit: 5,000" in said
    assert "      card: count 1, sum 1,234.56" in said


def test_a_balance_is_in_the_digits_of_its_accounts_currency_whatever_the_account_is_called():
    said = said_of(
        a_transaction(account_id="day", balance_after="12345678901.23"),
        a_transaction(account_id="a_minor", balance_after="9.50"),
        a_transaction(account_id="yen", balance_after="5000", currency="JPY"),
    )

    assert "balances: a_minor 9.50, day 12,345,678,901.23, yen JPY 5,000" in said


def test_what_is_empty_is_left_out_and_the_rest_is_in_words():
    said = said_of(a_transaction())

    assert not [line for line in said if "None" in line or "{" in line or "[" in line]
    assert not [line for line in said if line.startswith(("erased_at", "worth", "open_complaints"))]
    assert "consents: marketing no, personalisation no, profiling no, social_linking no" in said


def test_names_of_policy_are_followed_by_both_their_texts_and_parts_are_indented():
    shown = {
        "tier": "mass", "tags": ["senior"],
        "tag_reasons": {"senior": {"since": "2026-03-01T21:00:00.000Z", "reason": "70"}},
        "aum_minor": {"CNY": -112}, "balances": {"A1": 24}, "foreign_accounts": {},
        "scores": {"churn": {"value": 0.24578, "at": "2026-11-19T04:10:00.000Z",
                             "reasons": [{"code": "aum", "contribution": 1.25}]}},
        "worth": {"day": 20778, "year_minor": 652057, "band": "top"},
        "open_alerts": [{"action_id": "a1", "kind": "complaint", "expires_at": None}],
    }  # fmt: skip
    assert list(lines(shown, default_policy())) == [
        "tier: mass (大众客户 / Mass)",
        "tags:",
        "  senior (银发客群 / Senior), since 2026-03-01",
        "aum: CNY -1.12",
        "balances: A1 0.24",
        "scores:",
        "  churn:",
        "    value: 0.2458",
        "    at: 2026-11-19T04:10:00.000Z",
        "    reasons:",
        "      code aum, contribution 1.25",
        "worth: day 2026-11-21, year 6,520.57, band top",
        "open_alerts:",
        f"  action_id a1, kind complaint ({_both('complaint')})",
    ]


def _both(kind):
    title = default_policy().rule_of[kind].title
    return f"{title.zh} / {title.en}"


def test_the_examples_run():
    assert doctest.testmod(profile_lines).failed == 0
