"""The life of an alert: bounded memory, cool-downs, expiry, and taking all of them back."""

from dataclasses import replace

from models.cause import Cause
from models.policy.filling import NUMBER_LENGTH
from models.rules import alerts
from models.rules.finding import Finding, quoted, within_bounds
from schemas.profile import MAX_COOL_DOWNS, MAX_OPEN_ALERTS, Due
from tests.builders import BEGINNING, a_transaction, after
from tests.judging import a_profile, judged, opened
from tests.policies import a_policy, default_policy, read


def a_transfer(number, **changes):
    return a_transaction(
        kind="transfer", amount="50000.00", counterparty_bank="X", occurred_at=after(minutes=number), **changes
    )


def test_beyond_the_limit_the_alert_that_expires_first_is_forgotten():
    profile, entries = a_profile(), ()
    for number in range(MAX_OPEN_ALERTS + 2):
        profile, more = judged(a_transfer(number), profile)
        entries += more

    kept = [alert.action_id for alert in profile.open_alerts]
    assert kept == [entry.id for entry in entries[2:]]
    assert sorted(due.about for due in profile.due if due.name == "alert_expires") == sorted(kept)


def test_a_late_alert_that_expires_before_all_others_is_raised_and_not_remembered():
    profile = a_profile()
    for number in range(MAX_OPEN_ALERTS):
        profile, _ = judged(a_transfer(number), profile)

    late_profile, (alert,) = judged(a_transfer(-60), profile)

    assert alert.type == "crm.alert.raised"
    assert late_profile.open_alerts == profile.open_alerts
    assert late_profile.due == profile.due


def test_cool_downs_that_are_over_leave_and_their_number_is_bounded():
    policy = default_policy()
    rule = policy.rule_of["low_rating"]
    full = {f"kind_{number}": after(days=30 + number) for number in range(MAX_COOL_DOWNS)}
    over = {f"kind_{number}": after(days=-1) for number in range(MAX_COOL_DOWNS)}
    finding = Finding("c", figures={"rating": 1}, words={"channel": "web"})

    crowded, _ = alerts.raise_alert(replace(a_profile(), cool_downs=full), rule, finding, a_cause(), policy)
    cleared, _ = alerts.raise_alert(replace(a_profile(), cool_downs=over), rule, finding, a_cause(), policy)

    assert len(crowded.cool_downs) == MAX_COOL_DOWNS
    assert "low_rating" not in crowded.cool_downs  # it would have ended first
    assert cleared.cool_downs == {"low_rating": after(days=7)}


def test_a_late_alert_does_not_shorten_a_cool_down():
    policy = default_policy()
    rule = policy.rule_of["low_rating"]
    profile = replace(a_profile(), cool_downs={"low_rating": after(days=9)})
    finding = Finding("c", figures={"rating": 1}, words={"channel": "web"})

    profile, _ = alerts.raise_alert(profile, rule, finding, a_cause(), policy)

    assert profile.cool_downs == {"low_rating": after(days=9)}


def test_figures_are_cut_to_what_a_record_may_hold():
    rule = default_policy().rule_of["large_outflow"]
    figures = {"amount_minor": 10**30, "weeks": float("inf"), "share": float("nan"), "days": 3}
    finding = Finding("c", figures=figures, words={"currency": "CNY", "bank": "X"})

    alert = alerts.compose(rule, finding, a_cause(), default_policy())

    assert alert.evidence.figures == {"amount_minor": 10**18, "weeks": 1e18, "share": 0.0, "days": 3}
    assert "10,000,000,000,000,000.00" in alert.reasons[0].en


def test_the_widest_words_and_figures_fit_as_policy_reckoned():
    longest = quoted(
        within_bounds(
            Finding(
                "c",
                figures={"amount_minor": -(10**40), "weeks": -1e300, "fall_share": 1e300},
                words={"currency": "CNY"},
            )
        ),
        default_policy(),
    )
    assert max(map(len, longest.values())) <= NUMBER_LENGTH


def a_cause():
    return Cause("e-1", BEGINNING, "C1")


def test_an_erasure_takes_every_open_alert_back():
    profile, first = judged(a_transfer(0))
    profile, second = judged(a_transfer(1), profile)

    profile, effects = alerts.retract_all(profile, "erased", a_cause())
    entries = opened(effects)

    assert [entry.data["refers_to"] for entry in entries] == [first[0].id, second[0].id]
    assert len({entry.id for entry in entries}) == 2
    assert {entry.type for entry in entries} == {"crm.alert.retracted"}
    assert (profile.open_alerts, profile.due) == ((), ())


def test_an_alert_of_a_rule_that_policy_no_longer_knows_stands_until_it_expires():
    profile, _ = judged(a_transfer(0))
    without = a_policy(rules={"rule": [rule for rule in read("rules")["rule"] if "large_out" not in str(rule)]})

    profile, entries = judged(a_transaction(kind="fee", occurred_at=after(minutes=1)), profile, without)

    assert entries == ()
    assert len(profile.open_alerts) == 1
    (due,) = profile.due
    assert due == Due(after(hours=72), "alert_expires", profile.open_alerts[0].action_id)
    assert alerts.expire(profile, due).open_alerts == ()
