"""Tiers with hysteresis, tags by a table, and when they are looked at."""

from dataclasses import replace

import pytest

from models.event_key import key_of
from models.grading import REGRADE, regrade, regrade_silent
from models.rings.windows import home_day
from schemas.events import linked
from schemas.profile import MAX_TAGS, Account, Due, Salary, Tag
from tests.builders import BEGINNING, a_customer, a_mention, a_transaction, after, an_interaction, an_outcome
from tests.judging import a_profile, lived
from tests.policies import a_policy, default_policy, read

POLICY = default_policy()


def with_aum(minor, profile=None):
    return replace(profile or a_profile(), accounts={"A1": Account("CNY", minor, BEGINNING, BEGINNING)})


def tier_after(*aums):
    profile = a_profile()
    for number, minor in enumerate(aums):
        profile = regrade(with_aum(minor, profile), after(minutes=number), POLICY)
    return profile.grade.tier


@pytest.mark.parametrize(
    ("aums", "tier"),
    [
        ([0], "mass"),
        ([199_999_99], "mass"),
        ([200_000_00], "affluent"),
        ([200_000_00, 160_000_00], "affluent"),  # below the edge, above what keeps it
        ([200_000_00, 159_999_99], "mass"),
        ([200_000_00, 159_999_99, 199_999_99], "mass"),
        ([30_000_000_00], "ultra"),
        ([30_000_000_00, 5_000_000_00], "premier"),  # falls past private: the edge, not what would keep it
        ([6_000_000_00, 5_000_000_00], "private"),
        ([6_000_000_00, 0], "mass"),
    ],
)
def test_a_tier_rises_at_its_edge_and_falls_below_what_keeps_it(aums, tier):
    assert tier_after(*aums) == tier


def test_a_tier_knows_since_when_and_at_which_assets():
    profile = regrade(with_aum(250_000_00), BEGINNING, POLICY)
    later = regrade(with_aum(260_000_00, profile), after(days=3), POLICY)

    assert profile.grade == ("affluent", BEGINNING, "250000")
    assert later.grade == profile.grade


def test_a_tier_that_policy_no_longer_has_is_graded_anew():
    profile = replace(with_aum(250_000_00), grade=a_profile().grade._replace(tier="gold"))

    assert regrade(profile, BEGINNING, POLICY).grade.tier == "affluent"


def test_debts_closed_accounts_and_other_currencies_are_no_assets():
    accounts = {
        "debt": Account("CNY", -900_000_00, BEGINNING, BEGINNING),
        "closed": Account("CNY", 900_000_00, BEGINNING, BEGINNING, BEGINNING),
        "dollars": Account("USD", 900_000_00, BEGINNING, BEGINNING),
        "untold": Account("CNY", None, 0, BEGINNING),
        "told": Account("CNY", 200_000_00, BEGINNING, BEGINNING),
    }

    assert regrade(replace(a_profile(), accounts=accounts), BEGINNING, POLICY).grade.tier == "affluent"


def a_payroll_customer():
    return replace(a_profile(), salary=Salary(3, BEGINNING, 9_000_00, 9_000_00, 30, after(days=30)))


def test_a_tag_says_since_when_and_why_and_keeps_both_while_it_holds():
    profile = regrade(a_payroll_customer(), BEGINNING, POLICY)
    assert profile.tags["payroll"] == Tag(BEGINNING, "3 0")

    later = regrade(profile, after(days=20), POLICY)
    assert later.tags["payroll"] == Tag(BEGINNING, "3 0")

    lost = regrade(later, after(days=46), POLICY)
    assert "payroll" not in lost.tags
    assert lost.tags["payroll_lost"].since_ms == after(days=46)


def test_a_figure_that_is_not_known_stands_as_a_question_mark():
    complaining = lived(a_profile(), an_interaction(kind="survey", rating=2))

    assert regrade(complaining, BEGINNING, POLICY).tags["detractor"].reason == "2 ?"


def test_tags_are_looked_at_with_the_first_event_of_a_day_and_not_with_the_second():
    profile = regrade(a_profile(), BEGINNING, POLICY)
    payroll = replace(profile, salary=a_payroll_customer().salary)

    assert "payroll" not in regrade(payroll, after(hours=1), POLICY).tags
    assert "payroll" in regrade(payroll, after(days=1), POLICY).tags


def test_events_that_policy_names_are_looked_at_at_once():
    profile = regrade(a_profile(), BEGINNING, POLICY)
    payroll = replace(profile, salary=a_payroll_customer().salary)

    assert "payroll" in regrade(payroll, after(hours=1), POLICY, "transaction:salary").tags


def test_a_late_event_does_not_turn_back_the_day():
    profile = regrade(a_profile(last_seen_ms=after(days=5)), after(days=5), POLICY)

    assert regrade(profile, BEGINNING, POLICY) is profile


def test_a_silent_customer_is_looked_at_again_until_nothing_can_change():
    profile = regrade(lived(a_profile(), a_transaction()), BEGINNING, POLICY)
    times = []
    while due := next((due for due in profile.due if due.name == REGRADE), None):
        times.append(due.due_ms)
        profile = regrade_silent(profile, due, POLICY)

    days = [home_day(at_ms) - home_day(BEGINNING) for at_ms in times]
    assert days == list(range(7, 218, 7))  # the first one after 210 silent days is the last
    assert "dormant" in profile.tags
    assert profile.lifecycle == "dormant"
    assert profile.tags["dormant"].since_ms == next(t for t, day in zip(times, days, strict=True) if day >= 60)


def test_the_last_look_ends_only_the_looking():
    profile = lived(a_profile(), a_transaction())
    profile = replace(profile, due=(Due(after(days=300), REGRADE), Due(after(days=400), "mature", "x")))

    assert regrade_silent(profile, Due(after(days=300), REGRADE), POLICY).due == (Due(after(days=400), "mature", "x"),)


def test_other_work_does_not_hide_when_tags_were_looked_at():
    profile = regrade(a_profile(), BEGINNING, POLICY)
    busy = replace(profile, due=(Due(after(hours=1), "mature", "x"), *profile.due))

    assert regrade(busy, after(hours=1), POLICY) is busy


def test_one_who_comes_back_is_looked_at_again():
    settled = lived(a_profile(), a_transaction())
    back = lived(settled, a_transaction(occurred_at=after(days=300)))

    graded = regrade(back, after(days=300), POLICY)

    assert [home_day(due.due_ms) for due in graded.due if due.name == REGRADE] == [home_day(after(days=307))]


def test_customers_are_not_all_due_at_midnight():
    dues = {regrade(a_profile(customer_id=f"C{n}"), BEGINNING, POLICY).due[0].due_ms for n in range(50)}

    assert len(dues) == 50


@pytest.mark.parametrize(
    ("days", "fields", "stage"),
    [
        (0, {}, "new"),
        (91, {"last_own_activity_ms": after(days=91)}, "active"),
        (21, {"last_own_activity_ms": BEGINNING}, "cooling"),
        (60, {"last_own_activity_ms": BEGINNING}, "dormant"),
        (60, {"churn_label": "closed"}, "closed"),
    ],
)
def test_where_a_customer_stands_follows_his_last_own_action(days, fields, stage):
    assert regrade(replace(a_profile(), **fields), after(days=days), POLICY).lifecycle == stage


def test_no_more_tags_than_a_profile_holds():
    tags = [{"name": f"tag_{n}", "zh": "x", "en": "x", "all": ["days_as_customer >= 0"]} for n in range(MAX_TAGS + 3)]
    profile = replace(a_profile(), tags={"tag_7": Tag(after(days=-9), "0")})

    actions = [action for action in read("actions")["action"] if "has_tag" not in str(action)]
    graded = regrade(profile, BEGINNING, a_policy(tags={"tag": tags}, actions={"action": actions}))

    assert len(graded.tags) == MAX_TAGS
    assert "tag_7" not in graded.tags  # the one that held longest


def test_events_are_named_as_policy_names_them():
    mention = linked(a_mention(), "C1")

    assert key_of(a_transaction(kind="salary")) == "transaction:salary"
    assert key_of(an_interaction(kind="login")) == "interaction:login"
    assert [key_of(event) for event in (a_customer(), mention, an_outcome())] == ["customer:", "mention:", "outcome:"]
    assert key_of(Due(1, "regrade")) == ""
