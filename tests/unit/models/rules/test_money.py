"""Rules about money that moves."""

from dataclasses import replace

import orjson
import pytest

from models.rings.windows import home_day
from schemas.profile import Account
from tests.builders import BEGINNING, a_transaction, after
from tests.judging import a_profile, judged, kinds, spending
from tests.policies import with_rule


def a_transfer(**changes):
    return a_transaction(
        **{"kind": "transfer", "amount": "50000.00", "counterparty_bank": "OTHER", "counterparty_id": "P9", **changes}
    )


@pytest.mark.parametrize(("amount", "currency"), [("50000.00", "CNY"), ("50000", "JPY"), ("50000.000", "KWD")])
def test_a_transfer_of_50000_to_another_bank_raises_an_alert_in_any_currency(amount, currency):
    transfer = a_transfer(amount=amount, currency=currency)
    _, (alert,) = judged(transfer)

    assert alert.stream == "alerts:retention:p1"
    assert alert.type == "crm.alert.raised"
    assert (alert.data["kind"], alert.data["queue"], alert.data["priority"]) == ("large_outflow", "retention", 1)
    assert alert.data["customer_id"] == "C1"
    assert alert.data["evidence"] == {
        "events": [transfer.event_id],
        "figures": {"amount_minor": transfer.amount_minor},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "49999.99"},
        {"amount": "49999", "currency": "JPY"},
        {"amount": "49999.999", "currency": "KWD"},
        {"counterparty_bank": ...},
        {"status": "declined"},
        {"status": "reversed"},
        {"direction": "credit"},
        {"kind": "card"},
    ],
)
def test_nothing_less_is_a_large_outflow(changes):
    _, entries = judged(a_transfer(**changes))

    assert "large_outflow" not in kinds(entries)


def test_every_large_transfer_raises_its_own_alert_without_cool_down():
    profile, first = judged(a_transfer())
    profile, second = judged(a_transfer(occurred_at=after(minutes=1)), profile)

    assert kinds(first + second) == ["large_outflow", "large_outflow"]
    assert first[0].id != second[0].id
    assert [alert.action_id for alert in profile.open_alerts] == [first[0].id, second[0].id]


def test_an_alert_says_why_in_both_languages_and_when_it_ends():
    _, (alert,) = judged(a_transfer(amount="1234567.80"))

    assert alert.data["title"] == "大额资金转出他行 / Large transfer to another bank"
    assert alert.data["reasons"] == [
        {
            "code": "large_transfer_out",
            "zh": "转出 1,234,567.80 CNY 至 OTHER",
            "en": "1,234,567.80 CNY transferred to OTHER",
            "contribution": 0.0,
        }
    ]
    assert alert.data["next_step"].startswith("今日致电客户")
    assert alert.fields["occurred_at"] == "2026-03-02T01:00:00.000Z"
    assert alert.fields["expires_at"] == "2026-03-05T01:00:00.000Z"


def test_the_same_event_gives_the_same_entry_byte_by_byte():
    transfer = a_transfer()

    assert judged(transfer)[1] == judged(transfer)[1]


def test_a_transfer_of_many_weeks_of_own_spending_is_unusual():
    spent = spending(a_profile(), debits=10, each_minor=9_000_00)  # 90,000.00 in nine weeks: 10,000.00 a week
    usual = replace(spent, first_seen_ms=after(days=-400))

    _, at_the_edge = judged(a_transfer(amount="40000.00"), usual, with_rule("unusual_outflow", weeks=4.0))
    _, (beyond,) = judged(a_transfer(amount="40000.01"), usual, with_rule("unusual_outflow", weeks=4.0))

    assert at_the_edge == ()
    assert beyond.data["kind"] == "unusual_outflow"
    assert beyond.stream == "alerts:retention:p2"
    assert beyond.data["evidence"]["figures"]["weekly_minor"] == 10_000_00


@pytest.mark.parametrize(
    ("days", "weekly_minor"),
    [(5, 50_000_00), (7, 50_000_00), (14, 25_000_00), (35, 10_000_00), (63, 5_555_55), (400, 5_555_55)],
)
def test_ones_own_weeks_are_those_since_the_first_event_at_least_one_and_at_most_nine(days, weekly_minor):
    usual = replace(spending(a_profile(), debits=10, each_minor=5_000_00), first_seen_ms=after(days=-days))
    amount_minor = 4 * weekly_minor // 5  # below the large ones

    policy = with_rule("unusual_outflow", weeks=0.8, amount_minor=1_000_00)
    assert judged(a_transfer(amount=f"{amount_minor / 100:.2f}"), usual, policy)[1] == ()
    _, (alert,) = judged(a_transfer(amount=f"{(amount_minor + 100) / 100:.2f}"), usual, policy)
    assert alert.data["evidence"]["figures"]["weekly_minor"] == weekly_minor


@pytest.mark.parametrize("changes", [{"counterparty_bank": ...}, {"amount": "9999.99"}, {"currency": "USD"}])
def test_an_unusual_outflow_goes_to_another_bank_in_home_currency(changes):
    usual = spending(a_profile(), debits=20, each_minor=10_00)

    assert "unusual_outflow" not in kinds(judged(a_transfer(**{"amount": "20000.00", **changes}), usual)[1])


def test_without_a_history_nothing_is_unusual():
    assert judged(a_transfer(amount="49999.00"))[1] == ()


def test_an_unusual_outflow_keeps_quiet_when_a_large_one_says_it_better():
    usual = spending(a_profile(), debits=10, each_minor=9_00)

    assert kinds(judged(a_transfer(), usual)[1]) == ["large_outflow"]


def test_the_cool_down_is_event_time():
    spent, policy = spending(a_profile(), debits=10, each_minor=9_00), with_rule("unusual_outflow", weeks=1.0)
    usual = replace(spent, first_seen_ms=after(days=-400))
    profile, first = judged(a_transfer(amount="20000.00"), usual, policy)
    profile, within = judged(a_transfer(amount="20000.00", occurred_at=after(days=6.99)), profile, policy)
    profile, afterwards = judged(a_transfer(amount="20000.00", occurred_at=after(days=7)), profile, policy)

    assert [kinds(first), kinds(within), kinds(afterwards)] == [["unusual_outflow"], [], ["unusual_outflow"]]
    assert profile.cool_downs == {"unusual_outflow": after(days=14)}


def drained(*, before_minor, now_minor, day_of_high=0):
    high = (home_day(after(days=day_of_high)), before_minor)
    now = (home_day(BEGINNING), now_minor)
    return replace(a_profile(), accounts={"A1": Account("CNY", now_minor, BEGINNING, BEGINNING)}, aum_highs=(high, now))


def test_assets_that_fell_by_the_share_within_days_are_drained():
    profile = drained(before_minor=100_000_00, now_minor=20_000_00, day_of_high=-3)

    _, (alert,) = judged(a_transaction(kind="cash"), profile)

    assert alert.data["kind"] == "balance_drained"
    assert alert.data["reasons"][0]["en"] == "assets fell from 100,000.00 to 20,000.00 within 7 days (80% down)"


def test_what_the_assets_were_when_the_days_began_counts():
    profile = drained(before_minor=100_000_00, now_minor=20_000_00, day_of_high=-40)

    assert kinds(judged(a_transaction(kind="cash"), profile)[1]) == ["balance_drained"]


@pytest.mark.parametrize(
    ("profile", "changes"),
    [
        (drained(before_minor=100_000_00, now_minor=20_000_01), {}),
        (drained(before_minor=19_999_99, now_minor=1), {}),
        (drained(before_minor=100_000_00, now_minor=0), {"direction": "credit"}),
        (drained(before_minor=100_000_00, now_minor=0), {"status": "declined"}),
    ],
)
def test_less_is_not_drained(profile, changes):
    assert judged(a_transaction(kind="cash", **changes), profile)[1] == ()


def test_money_that_comes_back_takes_the_alert_back():
    profile = drained(before_minor=100_000_00, now_minor=10_000_00, day_of_high=-3)
    profile, (alert,) = judged(a_transaction(kind="cash"), profile)
    day = home_day(BEGINNING)
    still_low = replace(profile, aum_highs=((day - 3, 100_000_00), (day, 15_000_00)))
    back = replace(
        profile,
        accounts={"A1": Account("CNY", 60_000_00, BEGINNING, BEGINNING)},
        aum_highs=((day - 3, 100_000_00), (day, 60_000_00)),
    )
    credit = a_transaction(kind="cash", direction="credit", occurred_at=after(hours=1))

    assert judged(credit, still_low)[1] == ()
    assert judged(a_transaction(kind="fee", occurred_at=after(hours=1)), back)[1] == ()
    profile, (entry,) = judged(credit, back)
    assert (entry.type, entry.fields["refers_to"], entry.stream) == ("crm.alert.retracted", alert.id, alert.stream)
    assert entry.data["reason"]["code"] == "money_back"
    assert profile.open_alerts == ()


def test_an_alert_stands_though_the_high_before_the_fall_has_left_the_days():
    def moved(day, balance, direction="debit"):
        return a_transaction(kind="cash", direction=direction, balance_after=balance, occurred_at=after(days=day))

    told = {}
    events = moved(-8, "100000.00"), moved(-4, "22000.00"), moved(2, "15000.00"), moved(8, "16000.00", "credit")
    profile = None
    for event in events:
        profile, told[event.occurred_ms] = judged(event, profile)

    assert [kinds(entries) for entries in told.values()] == [[], [], ["balance_drained"], []]
    _, nothing = judged(moved(8.5, "20000.00", "credit"), profile)
    _, (entry,) = judged(moved(8.5, "20000.01", "credit"), profile)
    assert nothing == ()
    assert entry.data["reason"]["code"] == "money_back"


def test_what_the_assets_fell_from_is_remembered_when_the_profile_has_forgotten_it():
    profile, _ = judged(a_transaction(kind="cash"), drained(before_minor=100_000_00, now_minor=10_000_00))
    later = replace(profile, aum_highs=((home_day(after(days=5)), 11_000_00),))
    credit = a_transaction(kind="cash", direction="credit", occurred_at=after(days=6))

    assert judged(credit, later)[1] == ()


def test_assets_beyond_all_bounds_are_compared_as_well():
    profile = drained(before_minor=10**17, now_minor=10**15)
    profile, alerts = judged(a_transaction(kind="cash"), profile)

    assert kinds(alerts) == ["balance_drained"]
    back = replace(profile, accounts={"A1": Account("CNY", 10**17, BEGINNING, BEGINNING)})
    credit = a_transaction(kind="cash", direction="credit", occurred_at=after(hours=1))
    assert judged(credit, back)[1][0].data["reason"]["code"] == "money_back"


def test_an_alert_that_another_check_raised_under_the_name_stands():
    profile, _ = judged(a_transaction(kind="cash"), drained(before_minor=100_000_00, now_minor=10_000_00))
    of_another = replace(profile, open_alerts=(profile.open_alerts[0]._replace(cause="ev-1"),), accounts={})
    credit = a_transaction(
        kind="cash", direction="credit", balance_after="100000.00", occurred_at=after(hours=1), event_id="ev-2"
    )

    assert judged(credit, of_another)[1] == ()


def test_an_amount_far_above_the_own_mean_is_unusual():
    usual = spending(a_profile(), debits=20, each_minor=100_00, and_each_minor=200_00)

    _, (alert,) = judged(a_transaction(kind="card", amount="30000.00"), usual)

    # Half 100.00, half 200.00: mean of log10 is 4.1505, deviation 0.1505, so 30,000.00 lies 15.45 deviations above.
    assert alert.data["kind"] == "unusual_amount"
    assert alert.data["evidence"]["figures"]["deviations"] == pytest.approx(15.45, abs=0.1)
    assert alert.data["evidence"]["figures"]["usual_minor"] == pytest.approx(141_42, rel=0.01)


@pytest.mark.parametrize(
    "changes",
    [{"amount": "2999.99"}, {"currency": "USD"}, {"direction": "credit"}, {"status": "declined"}, {"kind": "fee"}],
)
def test_small_or_foreign_or_incoming_amounts_are_not_judged(changes):
    usual = spending(a_profile(), debits=20, each_minor=1_00, and_each_minor=2_00)

    assert judged(a_transaction(**{"kind": "card", "amount": "30000.00", **changes}), usual)[1] == ()


def test_an_amount_is_not_unusual_for_one_who_spends_so_or_whom_we_do_not_know():
    spender = spending(a_profile(), debits=20, each_minor=3_000_00, and_each_minor=9_000_00)
    unknown = spending(a_profile(), debits=4, each_minor=1_00, and_each_minor=2_00)

    for profile in (spender, unknown):
        assert judged(a_transaction(kind="card", amount="8000.00"), profile)[1] == ()


def test_who_always_spends_the_same_does_not_alarm_with_a_little_more():
    even = spending(a_profile(), debits=20, each_minor=4_000_00)
    nearly_even = spending(a_profile(), debits=20, each_minor=4_000_00, and_each_minor=4_100_00)
    policy = with_rule("unusual_amount", deviations=4.0, deviation_at_least=0.125)  # beyond 10 ** (4 x 0.125) = 3.16

    for profile in (even, nearly_even):
        for amount in ("4040.00", "4500.00", "12000.00"):
            assert judged(a_transaction(kind="card", amount=amount), profile, policy)[1] == ()
        assert kinds(judged(a_transaction(kind="card", amount="13000.00"), profile, policy)[1]) == ["unusual_amount"]


def test_a_large_inflow_is_an_opportunity():
    rich = replace(a_profile(), accounts={"A2": Account("CNY", 400_000_00, BEGINNING, BEGINNING)})
    inflow = a_transaction(kind="transfer", direction="credit", amount="120000.00")

    _, (alert,) = judged(inflow, rich)

    assert alert.stream == "alerts:relationship:p2"
    assert alert.data["evidence"]["figures"] == {"amount_minor": 120_000_00, "aum_minor": 400_000_00}


@pytest.mark.parametrize(
    "changes",
    [{"amount": "119999.99"}, {"currency": "USD"}, {"status": "reversed"}, {"amount": "99999.99"}],
)
def test_little_against_what_is_there_is_no_opportunity(changes):
    rich = replace(a_profile(), accounts={"A2": Account("CNY", 400_000_00, BEGINNING, BEGINNING)})
    inflow = {"kind": "transfer", "direction": "credit", "amount": "120000.00", **changes}

    assert judged(a_transaction(**inflow), rich)[1] == ()


def test_a_reversed_transfer_takes_its_alert_back():
    transfer = a_transfer()
    profile, (alert,) = judged(transfer)
    other = a_transfer(status="reversed", reverses_event_id="another")

    profile, nothing = judged(other, profile)
    profile, (entry,) = judged(a_transfer(status="reversed", reverses_event_id=transfer.event_id), profile)

    assert nothing == ()
    assert (entry.type, entry.data["reason"]["code"]) == ("crm.alert.retracted", "reversed")
    assert orjson.loads(entry.body)["refers_to"] == alert.id
