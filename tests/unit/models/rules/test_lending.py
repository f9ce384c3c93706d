"""Warnings about loans that are not repaid: one a missed instalment, each loan for itself."""

import pytest

from models.rules import loan_due
from schemas.internal import Timer
from schemas.profile import MAX_LOANS, MAX_MISSED, Due
from tests.builders import a_customer, a_transaction, after, an_interaction
from tests.customers import lived
from tests.judging import a_profile, fired, opened
from tests.policies import a_policy, read, with_rule

GAP, GRACE = 31, 5  # days, of the default policy


def paid(day, loan="L1", **changes):
    return a_transaction(
        **{"kind": "loan_payment", "amount": "2000.00", "product_id": loan, "occurred_at": after(days=day), **changes}
    )


def declined(day, loan="L1", **changes):
    return paid(day, loan, status="declined", **changes)


def nothing_until(day):
    """The customer sends nothing up to this day: time alone does its work."""
    return Timer(customer_id="C1", until_ms=after(days=day))


def closed(day, product="L1", **changes):
    return an_interaction(kind="product_closed", product_id=product, occurred_at=after(days=day), **changes)


def told(*events, policy=None):
    """What collections hear, in order: (raised | superseded | retracted, warning or reason)."""
    return [
        (entry.type.rpartition(".")[2], entry.data.get("kind") or entry.data["reason"]["code"])
        for entry in entries(*events, policy=policy)
    ]


def entries(*events, policy=None):
    _, effects = lived(*events, policy=policy)
    return [entry for entry in opened(tuple(effects)) if entry.stream.startswith("alerts:collections:")]


def raised(*events, policy=None):
    """The colours of the warnings, in order."""
    return [kind.removeprefix("loan_missed_") for what, kind in told(*events, policy=policy) if what == "raised"]


def waited_for(profile):
    return [due for due in profile.due if due.name == "loan_due"]


def test_missed_instalments_warn_yellow_orange_red_each_in_place_of_the_last():
    warnings = entries(*(declined(GAP * number) for number in range(4)))

    alerts = [entry for entry in warnings if entry.type == "crm.alert.raised"]
    superseded = [entry for entry in warnings if entry.type == "crm.alert.superseded"]
    assert [entry.stream.rpartition(":")[2] for entry in alerts] == ["p3", "p2", "p1", "p1"]
    assert [entry.data["evidence"]["figures"] for entry in alerts] == [{"missed": n} for n in (1, 2, 3, 4)]
    assert [entry.data["refers_to"] for entry in superseded] == [entry.id for entry in alerts[:3]]
    assert [entry.stream for entry in superseded] == [entry.stream for entry in alerts[:3]]


def test_an_instalment_that_does_not_come_is_missed_when_its_grace_is_over_again_and_again_until_red():
    silence = paid(0), paid(30), nothing_until(300)
    profile, _ = lived(*silence)

    assert raised(*silence) == ["yellow", "orange", "red"]
    assert profile.loan_missed == 3
    assert waited_for(profile) == []
    days = [entry.fields["occurred_at"][:10] for entry in entries(*silence) if entry.type == "crm.alert.raised"]
    # Paid on 1 April: the next is expected on 2 May, and late when 7 May (home time) is over.
    assert days == ["2026-05-07", "2026-06-07", "2026-07-08"]


def test_an_instalment_is_counted_once_whether_it_is_declined_before_or_after_the_day_it_was_waited_for():
    expected = 30 + GAP
    assert raised(paid(0), paid(30), declined(expected), nothing_until(expected + GRACE + 2)) == ["yellow"]
    assert raised(paid(0), paid(30), declined(expected - 3), nothing_until(expected + GRACE + 2)) == ["yellow"]
    assert raised(paid(0), paid(30), nothing_until(expected + 6), declined(expected + 7)) == ["yellow"]
    assert raised(paid(0), paid(30), declined(expected), nothing_until(expected + GAP + 6)) == ["yellow", "orange"]


@pytest.mark.parametrize("retries", [(0.01,), (1, 2, 3), (5, 10, 22)])
def test_retries_of_one_instalment_do_not_escalate(retries):
    assert raised(declined(0), *(declined(day) for day in retries)) == ["yellow"]


def test_a_retry_told_late_does_not_escalate():
    assert raised(declined(40), declined(39), declined(2)) == ["yellow"]


@pytest.mark.parametrize("day", [27, 28, 31, 34])
def test_months_of_any_length_bring_a_new_instalment(day):
    assert raised(declined(0), declined(day)) == ["yellow", "orange"]
    assert raised(paid(0), declined(day), declined(day + 1)) == ["yellow"]


def test_a_payment_takes_the_warning_back_and_the_next_missed_one_is_yellow_again():
    assert told(declined(0), declined(GAP), paid(GAP + 3), declined(2 * GAP)) == [
        ("raised", "loan_missed_yellow"),
        ("raised", "loan_missed_orange"),
        ("superseded", "superseded"),
        ("retracted", "loan_paid"),
        ("raised", "loan_missed_yellow"),
    ]


def test_who_pays_an_instalment_weeks_late_still_owes_the_next_on_its_day():
    assert raised(declined(0), paid(20), declined(GAP)) == ["yellow", "yellow"]
    history = paid(0), paid(30), nothing_until(30 + GAP + 6), paid(30 + GAP + 20)
    assert raised(*history, nothing_until(30 + 2 * GAP + 6)) == ["yellow", "yellow"]


def test_a_payment_of_before_that_is_told_late_takes_the_warning_back_only_if_it_is_about_that_instalment():
    missed = paid(0), paid(30), nothing_until(30 + GAP + 6)

    assert ("retracted", "loan_paid") in told(*missed, paid(30 + GAP + 1))
    assert ("retracted", "loan_paid") in told(*missed, paid(30 + GAP - 3))
    assert ("retracted", "loan_paid") not in told(*missed, paid(10))


def test_a_payment_ahead_of_its_day_is_the_next_instalment():
    assert raised(paid(0), paid(30), paid(50), nothing_until(50 + GAP + GRACE)) == []
    assert raised(paid(0), paid(30), paid(50), nothing_until(50 + GAP + GRACE + 1)) == ["yellow"]


def test_a_second_payment_in_a_month_makes_no_rhythm():
    assert waited_for(lived(paid(0), paid(1))[0]) == []
    assert waited_for(lived(paid(0), paid(80))[0]) == []
    assert [due.about for due in waited_for(lived(paid(0), paid(30))[0])] == ["L1"]


def test_a_reversed_payment_and_other_payments_say_nothing_of_a_loan():
    assert told(declined(0), paid(1, status="reversed"), a_transaction(occurred_at=after(days=2)))[1:] == []
    assert told(paid(0, status="reversed")) == []


def test_each_loan_is_counted_for_itself():
    home, car = "L1", "L2"
    assert raised(declined(0, home), declined(1, car)) == ["yellow", "yellow"]
    assert told(declined(0, home), declined(1, car), paid(2, car))[2:] == [("retracted", "loan_paid")]
    assert raised(declined(0, home), paid(1, car), declined(GAP, home)) == ["yellow", "orange"]

    both = paid(0, home), paid(0, car), paid(30, home), paid(30, car)
    assert [due.about for due in waited_for(lived(*both)[0])] == [home, car]
    assert raised(*both, paid(30 + GAP, car), nothing_until(30 + GAP + 6)) == ["yellow"]
    assert lived(*both, paid(30 + GAP, car), nothing_until(30 + GAP + 6))[0].loan_missed == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"product_id": ..., "counterparty_id": "P1"}, {"product_id": ..., "counterparty_id": "P2"}),
        ({"product_id": ..., "account_id": "A1"}, {"product_id": ..., "account_id": "A2"}),
        ({"product_id": "L" * 60 + "1"}, {"product_id": "L" * 60 + "2"}),
    ],
)
def test_a_loan_is_known_by_its_product_or_where_it_is_paid_to_or_from(one, other):
    assert raised(declined(0, **one), declined(GAP, **other)) == ["yellow", "yellow"]
    assert raised(declined(0, **one), declined(GAP, **one)) == ["yellow", "orange"]
    assert told(declined(0, **one), paid(1, **one))[-1] == ("retracted", "loan_paid")


def test_in_any_currency_payments_make_a_rhythm():
    usd = {"currency": "USD"}
    assert raised(paid(0, **usd), paid(30, **usd), nothing_until(30 + GAP + 6)) == ["yellow"]


LATE = paid(0), paid(30), nothing_until(30 + GAP + 6)
OF_THE_ACCOUNT = [paid(day, product_id=..., account_id="A1") for day in (0, 30)]


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (closed(70), "loan_closed"),
        (closed(70, topic="deceased"), "relation_ended"),
        (closed(70, "fund", topic="merged"), "relation_ended"),
        (closed(70, "A1"), "relation_ended"),  # his only account
        (a_customer(closed_on="2026-05-11", occurred_at=after(days=70)), "relation_ended"),
    ],
)
def test_closing_takes_the_warning_back_and_nobody_waits_any_more(end, why):
    assert told(*LATE, end) == [("raised", "loan_missed_yellow"), ("retracted", why)]
    profile, _ = lived(*LATE, end)
    assert (profile.loan_missed, profile.loans, waited_for(profile)) == (0, {}, [])
    assert raised(*LATE, end, nothing_until(400)) == ["yellow"]


def test_closing_the_account_that_a_loan_is_known_by_closes_the_loan():
    other = a_transaction(account_id="A2", occurred_at=after(days=1))
    history = other, *OF_THE_ACCOUNT, nothing_until(30 + GAP + 6), closed(70, "A1")

    assert told(*history) == [("raised", "loan_missed_yellow"), ("retracted", "loan_closed")]


@pytest.mark.parametrize("end", [closed(70, "L2"), closed(70, "fund"), closed(70, "A2"), closed(70, ...)])
def test_closing_something_else_leaves_the_warning(end):
    other = a_transaction(account_id="A2", occurred_at=after(days=1))
    car = paid(2, "L2")

    assert told(other, car, *LATE, end) == [("raised", "loan_missed_yellow")]


def test_a_warning_raised_after_the_end_stands():
    assert told(closed(0, "fund", topic="deceased"), declined(1), closed(2, "fund", topic="deceased")) == [
        ("raised", "loan_missed_yellow")
    ]


def test_of_many_loans_those_in_arrears_are_remembered():
    many = [paid(day, f"L{day}") for day in range(1, MAX_LOANS + 3)]
    profile, _ = lived(declined(0, "L0"), *many)

    assert sorted(profile.loans) == ["L0", *(f"L{day}" for day in range(4, MAX_LOANS + 3))]
    assert profile.loan_missed == 1


def test_a_loan_that_is_no_longer_remembered_can_still_be_paid():
    many = [declined(1 + number, f"M{number}") for number in range(MAX_LOANS)]

    assert told(declined(0, "L0"), *many, paid(9, "L0"))[-1] == ("retracted", "loan_paid")


def test_the_count_stands_still_at_its_limit_and_so_do_the_warnings():
    profile, _ = lived(*(declined(GAP * number) for number in range(MAX_MISSED + 2)))

    assert profile.loan_missed == MAX_MISSED


def test_who_waits_for_a_loan_that_is_no_longer_remembered_waits_no_more():
    many = [declined(40 + number, f"M{number}") for number in range(MAX_LOANS)]

    assert waited_for(lived(paid(0), paid(30), *many)[0]) == []


def test_without_rules_about_loans_nobody_waits():
    rules = [rule for rule in read("rules")["rule"] if rule["check"] != "loan_missed"]

    assert waited_for(lived(paid(0), paid(30), policy=a_policy(rules={"rule": rules}))[0]) == []


def test_nobody_waits_for_a_colour_that_is_switched_off():
    policy = with_rule("loan_missed_red", enabled=False)
    profile, _ = lived(paid(0), paid(30), nothing_until(300), policy=policy)

    assert (profile.loan_missed, waited_for(profile)) == (2, [])


def test_work_about_a_loan_that_is_no_more_does_nothing():
    profile = a_profile()

    assert fired(loan_due, Due(after(days=66), "loan_due", "L1"), profile) == (profile, ())


def test_a_payment_that_is_taken_back_leaves_its_instalment_missed():
    """Declined, paid, and bounced after all: the customer owes what he owed."""
    bounced = [declined(0), paid(2), paid(4, status="reversed", event_id="bounced")]
    assert told(*bounced) == [
        ("raised", "loan_missed_yellow"),
        ("retracted", "loan_paid"),
        ("raised", "loan_missed_yellow"),
    ]
    profile, _ = lived(*bounced, paid(6))
    assert profile.loan_missed == 0


def test_a_payment_of_long_ago_that_is_taken_back_says_nothing_of_the_last_instalment():
    profile, _ = lived(paid(0), paid(GAP), paid(2 * GAP), paid(GAP - 20, status="reversed"))
    assert profile.loan_missed == 0
