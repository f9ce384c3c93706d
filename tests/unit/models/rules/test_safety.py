"""Rules that protect the customer."""

from itertools import permutations

import pytest

from models.cause import Cause
from models.contact import quiet
from models.policy.rules import MoodBurst
from models.rings import windows
from models.rules import CHECKS, alert_expires
from models.rules.alerts import retract_all
from schemas.errors import PolicyError
from tests.builders import a_transaction, after, an_interaction, an_outcome
from tests.judging import a_profile, fired, judged, kinds, lived
from tests.policies import a_policy, default_policy, read, with_rule


def a_card_use(country, **changes):
    return a_transaction(**{"kind": "card", "channel": "other", "country": country, **changes})


def test_every_rule_of_the_policy_has_its_check_but_the_one_about_the_bank():
    checks = {rule.check for rule in default_policy().rules.rule if not isinstance(rule, MoodBurst)}

    assert checks == set(CHECKS)


def test_a_card_in_a_new_country_hours_after_a_use_at_home_is_impossible_travel():
    home = a_card_use("CN")
    abroad = a_card_use("BR", amount="990.00", occurred_at=after(hours=5.5))

    _, (alert,) = judged(abroad, lived(a_profile(), home))

    assert alert.data["kind"] == "new_country"
    assert alert.stream == "alerts:fraud:p1"
    assert alert.data["reasons"][0]["en"] == "990.00 CNY in BR, 5.50 hours after a use in CN"


def test_a_declined_try_in_a_new_country_counts_too():
    tried = a_card_use("BR", status="declined", occurred_at=after(hours=1))

    assert kinds(judged(tried, lived(a_profile(), a_card_use("CN")))[1]) == ["new_country"]


@pytest.mark.parametrize(
    "changes",
    [
        {"occurred_at": after(hours=6)},  # time enough for a flight
        {"occurred_at": after(hours=-1)},  # late: it was before the use at home
        {"country": "CN"},
        {"country": ...},
        {"country": "JP"},  # known
        {"channel": "web"},  # the card is not there
        {"direction": "credit"},  # a refund
        {"status": "reversed"},
    ],
)
def test_a_customer_who_can_be_there_is_not_alarming(changes):
    profile = lived(a_profile(), a_card_use("JP", occurred_at=after(days=-30)), a_card_use("CN"))
    use = {"country": "BR", "occurred_at": after(hours=1), **changes}

    assert judged(a_card_use(**use), profile)[1] == ()


@pytest.mark.parametrize("not_there", [{"channel": "web"}, {"channel": "mobile"}, {"direction": "credit"}])
def test_a_purchase_over_the_web_or_a_refund_is_no_use_of_the_card_in_its_country(not_there):
    home = a_card_use("CN", occurred_at=after(hours=-5))
    profile = lived(a_profile(), home, a_card_use("US", **not_there))

    assert judged(a_card_use("CN", occurred_at=after(hours=1)), profile)[1] == ()
    assert kinds(judged(a_card_use("US", occurred_at=after(minutes=30)), profile)[1]) == ["new_country"]


def test_the_first_use_of_a_card_is_nowhere_new():
    assert judged(a_card_use("BR"))[1] == ()


def small_payments(number, amount="9.90", **changes):
    return [a_transaction(kind="card", amount=amount, occurred_at=after(minutes=n), **changes) for n in range(number)]


def test_the_sixth_small_payment_within_minutes_is_card_testing():
    *first, last = small_payments(6)

    _, (alert,) = judged(last, lived(a_profile(), *first))

    assert alert.data["kind"] == "card_testing"
    assert alert.data["evidence"]["figures"] == {"payments": 6, "minutes": 15, "amount_minor": 990}
    assert alert.data["reasons"][0]["en"] == "6 small payments within 15 minutes, the last one of 9.90 CNY"


def test_a_large_payment_among_them_hides_nothing():
    *first, last = small_payments(6)
    large = a_transaction(kind="card", amount="9000.00", occurred_at=after(minutes=3))
    refund = a_transaction(kind="card", amount="5.00", direction="credit", occurred_at=after(minutes=3))

    assert kinds(judged(last, lived(a_profile(), *first, large))[1]) == ["card_testing"]
    assert judged(last, lived(a_profile(), *first[1:], large, refund))[1] == ()


@pytest.mark.parametrize(
    ("currency", "small", "large"),
    [
        ("CNY", "20.00", "20.01"),
        ("USD", "3.00", "3.01"),
        ("JPY", "400", "401"),
        ("KWD", "20.000", "20.001"),  # not in the policy: 20 of its own
    ],
)
def test_small_is_meant_in_the_payments_own_currency(currency, small, large):
    *first, last = small_payments(6, amount=small, currency=currency)
    *others, other = small_payments(6, amount=large, currency=currency)

    assert kinds(judged(last, lived(a_profile(), *first))[1]) == ["card_testing"]
    assert judged(other, lived(a_profile(), *others))[1] == ()


def test_small_payments_count_together_whatever_their_currencies():
    currencies = ["USD", "EUR", "CNY", "GBP", "USD", "HKD"]
    *first, last = (
        a_transaction(kind="card", amount="1.00", currency=currency, occurred_at=after(minutes=minute))
        for minute, currency in enumerate(currencies)
    )

    assert kinds(judged(last, lived(a_profile(), *first))[1]) == ["card_testing"]


def test_rules_about_small_payments_agree_on_what_is_small():
    (rule,) = [rule for rule in read("rules")["rule"] if rule["kind"] == "card_testing"]
    others = read("rules")["rule"]

    assert a_policy(rules={"rule": [*others, {**rule, "kind": "slow_testing", "minutes": 60}]})
    for change in ({"small_minor": 30_00}, {"small_in": {"USD": 1_00}}):
        with pytest.raises(PolicyError, match="agree"):
            a_policy(rules={"rule": [*others, {**rule, "kind": "slow_testing", **change}]})


def test_without_the_rule_nobody_counts_small_payments():
    policy = with_rule("card_testing", enabled=False)
    profile, _ = judged(small_payments(1)[0], None, policy)

    assert windows.small_cards(profile, 60, after()) == 0


def test_five_payments_are_none_and_large_ones_neither():
    *five, _ = small_payments(6)
    *large, last_large = small_payments(6, amount="25.00")
    coffee = a_transaction(kind="card", amount="9.90", occurred_at=after(minutes=7))
    declined = a_transaction(kind="card", amount="9.90", status="declined", occurred_at=after(minutes=7))

    assert judged(five[-1], lived(a_profile(), *five[:-1]))[1] == ()
    assert judged(last_large, lived(a_profile(), *large))[1] == ()
    assert judged(coffee, lived(a_profile(), *large, last_large))[1] == ()
    assert judged(declined, lived(a_profile(), *small_payments(6)))[1] == ()


def test_declines_count_in_any_currency():
    tries = [("USD", 0), ("EUR", 5), ("USD", 10)]
    *first, last = (a_transaction(status="declined", currency=c, occurred_at=after(minutes=m)) for c, m in tries)

    assert kinds(judged(last, lived(a_profile(), *first))[1]) == ["repeated_declines"]


def test_a_third_decline_within_an_hour_alarms_and_a_booked_payment_does_not():
    declines = [a_transaction(status="declined", occurred_at=after(minutes=10 * n)) for n in range(3)]
    profile = lived(a_profile(), *declines[:2])

    assert judged(a_transaction(occurred_at=after(minutes=20)), profile)[1] == ()
    assert judged(declines[1], lived(a_profile(), declines[0]))[1] == ()
    _, (alert,) = judged(declines[2], profile)
    assert (alert.data["kind"], alert.data["evidence"]["figures"]) == ("repeated_declines", {"declines": 3})


def failed_logins(number):
    return [an_interaction(kind="login", topic="failed", occurred_at=after(minutes=n)) for n in range(number)]


def test_the_fifth_failed_login_within_an_hour_alarms_once():
    *first, fifth, sixth = failed_logins(6)
    profile = lived(a_profile(), *first)

    assert judged(an_interaction(kind="login", occurred_at=after(minutes=9)), profile)[1] == ()
    assert judged(first[-1], lived(a_profile(), *first[:-1]))[1] == ()
    profile, (alert,) = judged(fifth, profile)
    assert alert.data["kind"] == "repeated_failed_logins"
    assert judged(sixth, profile)[1] == ()  # the cool-down


DECLINES = [a_transaction(status="declined", occurred_at=after(minutes=n)) for n in (0, 20, 40)]
LOGINS = failed_logins(5)
CARDS = small_payments(6)


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        *((order, "repeated_declines") for order in permutations(DECLINES)),
        *(([*LOGINS[n:], *LOGINS[:n]], "repeated_failed_logins") for n in range(5)),
        *(([*CARDS[n:], *CARDS[:n]], "card_testing") for n in range(6)),
    ],
)
def test_what_comes_often_within_an_hour_alarms_in_whatever_order_it_comes(events, kind):
    *first, last = events

    assert kinds(judged(last, lived(a_profile(), *first))[1]) == [kind]


@pytest.mark.parametrize("order", [*permutations((0, 30, 61))])
def test_what_takes_longer_than_an_hour_alarms_in_no_order(order):
    *first, last = (a_transaction(status="declined", occurred_at=after(minutes=n)) for n in order)

    assert judged(last, lived(a_profile(), *first))[1] == ()


def test_a_late_event_is_looked_for_no_further_than_an_hour_on():
    """What was seen days later has no window with it; the ring has let go of it, too."""
    profile = lived(a_profile(), *DECLINES[:2], a_transaction(occurred_at=after(days=3)))

    assert judged(DECLINES[2], profile)[1] == ()


@pytest.mark.parametrize(("label", "code"), [("Confirmed", "confirmed"), ("Dismissed", "dismissed")])
def test_an_analysts_finding_about_the_event_takes_the_alert_back(label, code):
    abroad = a_card_use("BR", occurred_at=after(hours=1), event_id="a-card-use-with-a-long-name-beyond-twenty")
    profile, (alert,) = judged(abroad, lived(a_profile(), a_card_use("CN")))

    finding = {"label": label, "action_id": ..., "occurred_at": after(hours=2)}
    profile, nothing = judged(an_outcome(about_event_id="another", **finding), profile)
    profile, (entry,) = judged(an_outcome(about_event_id=abroad.event_id, **finding), profile)

    assert nothing == ()
    assert (entry.type, entry.data["refers_to"], entry.data["reason"]["code"]) == (
        "crm.alert.retracted",
        alert.id,
        code,
    )


def a_finding(label, event, **changes):
    about = {"label": label, "about_event_id": event.event_id, "action_id": ...}
    return an_outcome(**{**about, "occurred_at": after(hours=2), **changes})


def in_question():
    """Two alerts about two events: a card in two countries, and declined payments."""
    abroad = a_card_use("BR", occurred_at=after(hours=1))
    declines = [a_transaction(status="declined", occurred_at=after(hours=1, minutes=10 * n)) for n in range(3)]
    profile, first = judged(abroad, lived(a_profile(), a_card_use("CN")))
    profile, second = judged(declines[2], lived(profile, *declines[:2]))
    assert kinds(first + second) == ["new_country", "repeated_declines"]
    return profile, abroad, declines[2]


def test_a_payment_that_is_found_harmless_does_not_end_the_quiet_of_another_fraud_alert():
    profile, abroad, declined = in_question()

    profile, _ = judged(a_finding("Dismissed", abroad), profile)
    assert quiet(profile, default_policy()) == "fraud_alert"
    profile, _ = judged(a_finding("Dismissed", declined), profile)
    assert (quiet(profile, default_policy()), profile.open_alerts) == (None, ())


def test_a_risk_that_is_confirmed_keeps_the_quiet_until_its_alert_would_have_expired():
    profile, abroad, declined = in_question()
    expiry = [due.due_ms for due in profile.due if due.name == "alert_expires"]

    profile, _ = judged(a_finding("Confirmed", abroad), profile)
    profile, _ = judged(a_finding("Confirmed", declined), profile)
    assert quiet(profile, default_policy()) == "fraud_alert"
    assert [due.due_ms for due in profile.due if due.name == "alert_expires"] == expiry
    for due in profile.due:
        profile, nothing = fired(alert_expires, due, profile)
        assert nothing == ()
    assert (quiet(profile, default_policy()), profile.open_alerts) == (None, ())


def test_what_was_taken_back_as_confirmed_is_not_taken_back_again():
    profile, abroad, _ = in_question()
    profile, _ = judged(a_finding("Confirmed", abroad), profile)
    again = [
        a_finding("Dismissed", abroad),
        a_finding("Confirmed", abroad),
        a_card_use("BR", status="reversed", reverses_event_id=abroad.event_id, occurred_at=after(hours=3)),
    ]

    assert [judged(event, profile)[1] for event in again] == [(), (), ()]
    _, effects = retract_all(profile, "erased", Cause.of_event(again[0]))
    assert len(effects) == 1  # the other alert


def test_a_confirmed_finding_about_a_transfer_that_no_fraud_desk_sees_leaves_nothing():
    transfer = a_transaction(kind="transfer", amount="60000.00", counterparty_bank="OTHER")
    profile, alerts = judged(transfer)
    profile, entries = judged(a_finding("Confirmed", transfer), profile)

    assert (kinds(alerts), [entry.type for entry in entries]) == (["large_outflow"], ["crm.alert.retracted"])
    assert (profile.open_alerts, quiet(profile, default_policy())) == ((), None)


def test_an_outcome_of_an_offer_takes_no_alert_back():
    profile, _ = judged(a_card_use("BR", occurred_at=after(hours=1)), lived(a_profile(), a_card_use("CN")))

    assert judged(an_outcome(occurred_at=after(hours=2)), profile)[1] == ()
