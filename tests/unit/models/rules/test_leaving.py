"""Rules about customers who may leave, or did."""

from dataclasses import replace

import pytest

from models.cause import Cause
from models.rules import judge, salary_due, silence
from schemas.profile import Account, Due, ReasonPart, Salary, Score
from tests.builders import BEGINNING, a_customer, a_transaction, after, an_interaction
from tests.judging import a_profile, fired, judged, kinds, opened
from tests.policies import a_context, with_rule

RICH = {"A1": Account("CNY", 300_000_00, BEGINNING, BEGINNING)}


def a_salary(**changes):
    return a_transaction(**{"kind": "salary", "direction": "credit", "amount": "9000.00", **changes})


def paid_monthly():
    """Two salaries, 30 days apart: the third is expected 30 days after the second."""
    profile, _ = judged(a_salary())
    profile, _ = judged(a_salary(occurred_at=after(days=30)), profile)
    return profile


def test_a_salary_with_a_rhythm_is_waited_for():
    assert [due for due in paid_monthly().due if due.name == "salary_due"] == [Due(after(days=65), "salary_due")]


def test_a_first_salary_has_no_rhythm_yet():
    assert [due for due in judged(a_salary())[0].due if due.name == "salary_due"] == []


def test_without_the_rule_no_salary_is_waited_for():
    policy = with_rule("salary_missed", enabled=False)
    profile, _ = judged(a_salary(), None, policy)
    profile, _ = judged(a_salary(occurred_at=after(days=30)), profile, policy)

    assert [due for due in profile.due if due.name == "salary_due"] == []


def test_a_missing_salary_raises_an_alert_that_its_arrival_takes_back():
    due = Due(after(days=65), "salary_due")
    profile, (alert,) = fired(salary_due, due, paid_monthly())

    assert (alert.data["kind"], alert.stream, alert.timed) == ("salary_missed", "alerts:retention:p2", True)
    assert alert.fields["occurred_at"] == "2026-05-06T01:00:00.000Z"
    assert alert.data["reasons"][0]["en"].startswith("the salary expected on 2026-05-01 (usually 9,000.00)")
    assert profile.salary.missed_since_ms == after(days=60)

    profile, nothing = judged(a_transaction(occurred_at=after(days=66)), profile)
    profile, (entry,) = judged(a_salary(occurred_at=after(days=66)), profile)
    assert nothing == ()
    assert (entry.type, entry.data["refers_to"]) == ("crm.alert.retracted", alert.id)
    assert entry.data["reason"]["code"] == "salary_arrived"


def test_a_salary_that_came_too_seldom_or_never_is_not_missed():
    due = Due(after(days=65), "salary_due")
    once = replace(a_profile(), salary=Salary(1, BEGINNING, 1, 1, 30, after(days=30)))

    assert fired(salary_due, due, once)[1] == ()
    assert fired(salary_due, due, a_profile())[1] == ()


def test_an_account_closed_by_choice_goes_to_retention_with_what_it_held():
    profile = replace(a_profile(), accounts=RICH)
    _, (alert,) = judged(an_interaction(kind="product_closed", product_id="A1"), profile)

    assert (alert.data["kind"], alert.stream) == ("account_closed", "alerts:retention:p1")
    assert alert.data["evidence"]["figures"] == {"aum_minor": 300_000_00}


@pytest.mark.parametrize("topic", ["deceased", "merged"])
@pytest.mark.parametrize("product", ["A1", "fund-1"])
def test_death_and_merger_are_no_leaving(topic, product):
    profile = replace(a_profile(), accounts=RICH)

    assert judged(an_interaction(kind="product_closed", topic=topic, product_id=product), profile)[1] == ()


@pytest.mark.parametrize("product", ["fund-1", ...])
def test_a_closed_product_is_less_urgent_than_an_account(product):
    profile = replace(a_profile(), accounts=RICH)

    assert kinds(judged(an_interaction(kind="product_closed", product_id=product), profile)[1]) == ["product_closed"]


def test_an_interaction_without_a_product_closes_no_account():
    assert "account_closed" not in kinds(judged(an_interaction(kind="product_closed"))[1])


def test_master_data_that_say_closed_raise_it_once():
    opened, closed = a_customer(), a_customer(closed_on="2026-03-02", occurred_at=after(hours=1))
    again = a_customer(closed_on="2026-03-02", occurred_at=after(hours=2))
    profile, nothing = judged(opened)
    profile, (alert,) = judged(closed, profile)

    assert nothing == ()
    assert alert.data["kind"] == "account_closed"
    assert judged(again, profile)[1] == ()
    assert kinds(judged(closed)[1]) == ["account_closed"]
    assert judged(closed, replace(a_profile(), churn_label="died"))[1] == ()


def test_master_data_older_than_those_that_are_known_close_nothing():
    profile, _ = judged(a_customer(occurred_at=after(days=2)))

    assert judged(a_customer(closed_on="2026-03-01", occurred_at=after(days=1)), profile)[1] == ()


def silent(days, **fields):
    return replace(a_profile(), accounts=RICH, last_own_activity_ms=after(days=-days), **fields)


def test_a_valuable_customer_who_does_nothing_is_called_until_he_is_back():
    profile, (alert,) = fired(silence, Due(BEGINNING, "regrade"), silent(45))

    assert (alert.data["kind"], alert.stream) == ("dormant_high_value", "alerts:relationship:p2")
    assert alert.data["evidence"] == {"events": [], "figures": {"aum_minor": 300_000_00, "days": 45}}

    interest = a_transaction(kind="interest", direction="credit", occurred_at=after(hours=1))
    profile, nothing = judged(interest, profile)
    profile, (entry,) = judged(an_interaction(kind="login", occurred_at=after(days=1)), profile)
    assert nothing == ()
    assert (entry.data["refers_to"], entry.data["reason"]["code"]) == (alert.id, "active_again")


@pytest.mark.parametrize(
    "profile",
    [silent(44), replace(silent(60), accounts={}), silent(60, lifecycle="closed"), replace(a_profile(), accounts=RICH)],
)
def test_others_are_not_called(profile):
    assert fired(silence, Due(BEGINNING, "regrade"), profile)[1] == ()


def scored(value, examples=500, at=BEGINNING):
    reasons = (ReasonPart("open_complaints", 0.8), ReasonPart("no_such_feature", -0.1))
    return {"churn": Score(value, 7, examples, at, reasons)}


def rescored(event, profile, scores, into=None, context=None):
    """The rules asked after the event brought a new score (and made the profile `into`)."""
    scored = replace(into or profile, scores=dict(scores))
    after_it, effects = judge(profile, scored, event, Cause.of_event(event), context or a_context())
    return after_it, opened(effects)


def test_a_churn_score_over_its_threshold_names_model_version_and_reasons():
    _, (alert,) = rescored(a_transaction(), a_profile(), scored(0.65))

    assert (alert.data["kind"], alert.stream) == ("churn_risk", "alerts:retention:p2")
    assert (alert.data["score"], alert.data["model"], alert.data["model_version"]) == (0.65, "churn", 7)
    assert [reason["code"] for reason in alert.data["reasons"]] == ["churn_score", "complaints", "no_such_feature"]
    assert alert.data["reasons"][1] == {
        "code": "complaints",
        "zh": "未结投诉",
        "en": "open complaints",
        "contribution": 0.8,
    }
    assert alert.data["reasons"][2]["en"] == "no_such_feature"


@pytest.mark.parametrize("scores", [scored(0.64), scored(0.9, examples=499), {}])
def test_a_low_score_or_one_of_an_unlearned_model_raises_nothing(scores):
    assert rescored(a_transaction(), replace(a_profile(), scores=scored(0.1)), scores)[1] == ()


def test_a_score_that_was_over_the_threshold_already_is_told_where_no_alert_stands():
    high = replace(a_profile(), scores=scored(0.7))
    assert kinds(rescored(a_transaction(), high, scored(0.8))[1]) == ["churn_risk"]

    told, _ = rescored(a_transaction(), a_profile(), scored(0.7))
    rested = replace(told, cool_downs={})
    assert rescored(a_transaction(occurred_at=after(days=7)), rested, scored(0.8))[1] == (), "one stands"
    expired = replace(told, open_alerts=())
    assert rescored(a_transaction(occurred_at=after(days=29)), expired, scored(0.8))[1] == (), "the cool-down"
    again = rescored(a_transaction(occurred_at=after(days=30)), expired, scored(0.8))
    assert kinds(again[1]) == ["churn_risk"]


def test_a_score_that_falls_takes_the_alert_back_below_the_lower_threshold():
    profile, (alert,) = rescored(a_transaction(), a_profile(), scored(0.7))
    profile, nothing = rescored(a_transaction(occurred_at=after(days=7)), profile, scored(0.35))
    profile, (entry,) = rescored(a_transaction(occurred_at=after(days=14)), profile, scored(0.34))

    assert nothing == ()
    assert (entry.data["refers_to"], entry.data["reason"]["code"]) == (alert.id, "score_fell")


def test_a_score_that_is_gone_takes_the_alert_back():
    profile, (alert,) = rescored(a_transaction(), a_profile(), scored(0.7))
    profile, (entry,) = rescored(a_customer(occurred_at=after(days=1)), profile, {})

    assert (entry.data["refers_to"], entry.data["reason"]["code"]) == (alert.id, "consent_withdrawn")
    assert profile.open_alerts == ()
