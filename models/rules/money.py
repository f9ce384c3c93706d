"""Rules about money that moves: to other banks, away altogether, in, and in amounts unusual for this customer."""

from math import log10

from models.figures import aum_minor
from models.policy import Policy
from models.policy.rules import BalanceDrained, LargeInflow, LargeOutflow, UnusualAmount, UnusualOutflow
from models.rings import windows
from models.rules.finding import Finding, hundredths, of_transaction
from schemas.events import Transaction
from schemas.profile import OpenAlert, Profile

DAYS_HELD = 63  # by the week ring
_HIGH, _MOST = "high:", 10**15 - 1  # together as long as an alert's cause may be; 10 trillion yuan


def large_outflow(
    before: Profile, after: Profile, event: Transaction, rule: LargeOutflow, policy: Policy
) -> Finding | None:
    """Find a large transfer to another bank, in whatever currency (docs/rules.md, 25)."""
    if not _leaves(event) or hundredths(event) < rule.amount_minor:
        return None
    return of_transaction(event, {}, bank=event.counterparty_bank or "")


def unusual_outflow(
    before: Profile, after: Profile, event: Transaction, rule: UnusualOutflow, policy: Policy
) -> Finding | None:
    """Find a transfer to another bank of more than so many of this customer's own weeks of spending."""
    at_home = event.currency == policy.home_currency
    if not at_home or event.amount_minor < rule.amount_minor or not _leaves(event):
        return None
    spent = windows.flow(before, "debit", "63d", event.occurred_ms)
    days = windows.home_day(event.occurred_ms) - windows.home_day(before.first_seen_ms)
    weekly = 7 * spent.minor // min(max(days, 7), DAYS_HELD)  # of the weeks since the first event
    if spent.count < rule.debits or weekly <= 0 or event.amount_minor <= rule.weeks * weekly:
        return None
    figures = {"weekly_minor": weekly, "weeks": event.amount_minor / weekly}
    return of_transaction(event, figures, bank=event.counterparty_bank or "")


def _leaves(event: Transaction) -> bool:
    return event.direction == "debit" and event.status == "booked" and event.counterparty_bank is not None


def balance_drained(
    before: Profile, after: Profile, event: Transaction, rule: BalanceDrained, policy: Policy
) -> Finding | None:
    """Find assets far below the high of the last days."""
    if event.direction != "debit" or event.status != "booked":
        return None
    high = high_of_days(after, rule.days, event.occurred_ms)
    if high < rule.high_minor:
        return None
    left = aum_minor(after, policy.home_currency)
    fall = fall_share(high, left)
    if fall < rule.share:
        return None
    figures = {"high_minor": high, "aum_minor": left, "fall_share": fall, "days": rule.days}
    return Finding(cause=f"{_HIGH}{min(high, _MOST)}", events=(event.event_id,), figures=figures)


def fall_share(high_minor: int, left_minor: int) -> float:
    """By what share of 1 the assets lie below their high, which is above 0."""
    return 1 - left_minor / high_minor


def fell_from(alert: OpenAlert) -> int | None:
    """Read from an open alert what the assets fell from: by and by the profile forgets it (minor units)."""
    return int(alert.cause.removeprefix(_HIGH)) if alert.cause.startswith(_HIGH) else None


def high_of_days(profile: Profile, days: int, at_ms: int) -> int:
    """Find the highest AUM of the last `days` home days, the one they began with included (minor units).

    The highs are kept by slots of a few days (`schemas.profile.AUM_SLOT_DAYS`): so much longer the span may reach.
    """
    first = windows.home_day(at_ms) - days
    high = 0
    for day, aum in profile.aum_highs:  # falling: the last one before the span is what it began with
        if day > first:
            return max(high, aum)
        high = aum
    return high


def unusual_amount(
    before: Profile, after: Profile, event: Transaction, rule: UnusualAmount, policy: Policy
) -> Finding | None:
    """Find a debit far above this customer's own mean, measured in deviations of the logarithm."""
    small = event.amount_minor < rule.amount_minor  # asked first: the day ring is read for few payments only
    if small or event.direction != "debit" or event.status != "booked" or event.currency != policy.home_currency:
        return None
    usual = windows.usual_amount(before, event.occurred_ms)
    if usual.count < rule.debits:
        return None
    deviations = (log10(event.amount_minor) - usual.mean_log) / max(usual.deviation_log, rule.deviation_at_least)
    if deviations < rule.deviations:
        return None
    figures = {"usual_minor": round(10**usual.mean_log), "deviations": round(deviations, 2), "debits": usual.count}
    return of_transaction(event, figures)


def large_inflow(
    before: Profile, after: Profile, event: Transaction, rule: LargeInflow, policy: Policy
) -> Finding | None:
    """Find much money that came in, much also against what was there before."""
    if event.amount_minor < rule.amount_minor or event.direction != "credit" or event.status != "booked":
        return None
    if event.currency != policy.home_currency:
        return None
    had = aum_minor(before, policy.home_currency)
    if event.amount_minor < rule.share * had:
        return None
    return of_transaction(event, {"aum_minor": had})
