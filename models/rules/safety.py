"""Rules that protect the customer: cards in two places, tried-out cards, declines, failed logins."""

from models.facts.money import card_present, small
from models.policy import HOUR_MS, Policy
from models.policy.rules import CardTesting, NewCountry, RepeatedDeclines, RepeatedFailedLogins
from models.rings import windows
from models.rules.finding import Finding, of_transaction
from schemas.events import Interaction, Transaction
from schemas.profile import MAX_COUNTRY_BYTES, Profile, cut


def new_country(
    before: Profile, after: Profile, event: Transaction, rule: NewCountry, policy: Policy
) -> Finding | None:
    """Find a card in a country where it never was, too soon after a use elsewhere."""
    if event.country is None or event.country == policy.bank.home_country:
        return None
    country = cut(event.country, MAX_COUNTRY_BYTES)
    if country in before.countries:
        return None
    if event.status == "reversed" or not card_present(event) or not before.countries:
        return None
    last_ms, last_country = max((last_ms, name) for name, last_ms in before.countries.items())
    gap_ms = event.occurred_ms - last_ms
    if not 0 <= gap_ms < rule.hours * HOUR_MS:
        return None
    return of_transaction(event, {"hours": gap_ms / HOUR_MS}, country=country, last_country=last_country)


def card_testing(
    before: Profile, after: Profile, event: Transaction, rule: CardTesting, policy: Policy
) -> Finding | None:
    """Find many small card payments within minutes, in any currency and whatever else was paid between them."""
    if event.direction != "debit" or event.status != "booked" or not small(event, rule):
        return None
    moments = windows.moments_with(after, event.occurred_ms, rule.minutes)
    payments = max(windows.small_cards(after, rule.minutes, at_ms) for at_ms in moments)
    if payments < rule.payments:
        return None
    return of_transaction(event, {"payments": payments, "minutes": rule.minutes})


def repeated_declines(
    before: Profile, after: Profile, event: Transaction, rule: RepeatedDeclines, policy: Policy
) -> Finding | None:
    """Find several payments, in any currency, that were declined within an hour."""
    if event.status != "declined":
        return None
    moments = windows.moments_with(after, event.occurred_ms, 60)
    declines = max(windows.declined(after, "1h", at_ms) for at_ms in moments)
    if declines < rule.declines:
        return None
    return Finding(cause=event.event_id, events=(event.event_id,), figures={"declines": declines})


def repeated_failed_logins(
    before: Profile, after: Profile, event: Interaction, rule: RepeatedFailedLogins, policy: Policy
) -> Finding | None:
    """Find several failed logins within an hour."""
    if event.topic != "failed":
        return None
    moments = windows.moments_with(after, event.occurred_ms, 60)
    logins = max(windows.activity(after, "failed_login", "1h", at_ms) for at_ms in moments)
    if logins < rule.logins:
        return None
    return Finding(cause=event.event_id, events=(event.event_id,), figures={"logins": logins})
