"""The part of the fold that is about transactions: totals, balances, AUM, salary, payees and countries."""

from models.facts import loans
from models.facts.holdings import closing_of
from models.facts.leaving import tell_leaving
from models.facts.purchases import fold_purchase
from models.policy import Policy
from models.policy.rules import CardTesting
from models.rings import counting, windows
from schemas.events import Transaction
from schemas.money import minor_digits
from schemas.profile import (
    AUM_DAYS,
    AUM_SLOT_DAYS,
    MAX_ACCOUNTS,
    MAX_COUNTERPARTIES,
    MAX_COUNTERPARTY_BYTES,
    MAX_COUNTRIES,
    MAX_COUNTRY_BYTES,
    MAX_CURRENCIES,
    Account,
    Profile,
    Salary,
    Tally,
    Totals,
    cut,
    short_id,
)

OTHER_CURRENCIES = "XXX"
OWN_KINDS = frozenset({"card", "cash", "transfer", "investment", "bill", "other"})  # what a customer does himself
# Over these the card is elsewhere than the customer; a terminal or cash machine has no channel of its own (`other`).
REMOTE_CHANNELS = frozenset({"web", "mobile", "phone", "email", "wechat", "chat", "fax", "forum"})
SALARY_GAP_DAYS = 5  # what comes sooner after a salary is a bonus: it does not move the rhythm
_NO_TOTALS = Totals()
_NO_TALLY = Tally()


def fold_money(p: Profile, event: Transaction, policy: Policy) -> None:
    """Fill a transaction into `p`, a profile that is being written."""
    at_ms, status, booked = event.occurred_ms, event.status, event.status == "booked"
    home_currency = policy.home_currency
    name = event.currency if event.currency in p.totals else _name(p, event.currency, home_currency)
    p.totals = {**p.totals, name: _total(p.totals.get(name, _NO_TOTALS), event)}
    fold_purchase(p, event, policy)
    _count(p, event, policy)
    if p.last_by_channel_ms.get(event.channel, -1) < at_ms:
        p.last_by_channel_ms = {**p.last_by_channel_ms, event.channel: at_ms}
    _move_account(p, event, home_currency)
    if status != "reversed" and event.direction == "debit" and event.kind in OWN_KINDS:
        p.last_own_activity_ms = max(at_ms, p.last_own_activity_ms or 0)
    if booked:
        _booked(p, event)
    if event.kind == "loan_payment":
        p.loans = loans.follow(p.loans, event, policy.bank.loan_gap_days)


def _count(p: Profile, event: Transaction, policy: Policy) -> None:
    """Count the transaction in the windows: all that is in home currency, of others what is declined or small."""
    status, minor = event.status, event.amount_minor
    at_home = event.currency == policy.home_currency
    burst = counting.small_card_cells() if _small_card(event, policy) else counting.NOTHING
    if not at_home and not burst and status != "declined":
        return
    counted = at_home or status == "declined"
    p.rings = counting.add(
        p.rings,
        event.occurred_ms,
        p.last_seen_ms,
        cells=counting.transaction_cells(event.kind, event.direction, minor, status=status) if counted else {},
        channel=counting.channel_cells(event.channel) if at_home else {},
        amount=counting.amount_cells(minor) if at_home and status == "booked" and event.direction == "debit" else {},
        burst=burst,
    )


def _small_card(event: Transaction, policy: Policy) -> bool:
    """Whether it is a card payment so small that its number matters, as policy means it."""
    if event.kind != "card" or event.direction != "debit" or event.status != "booked":
        return False
    rule = policy.first("card_testing")
    return isinstance(rule, CardTesting) and small(event, rule)


def small(event: Transaction, rule: CardTesting) -> bool:
    """Whether the amount is small in its own currency; where the rule names no sum, as in the home currency."""
    limit_minor = rule.small_in.get(event.currency)
    if limit_minor is None:
        return event.amount_minor * 100 <= rule.small_minor * int(10 ** minor_digits(event.currency))
    return event.amount_minor <= limit_minor


def _name(p: Profile, currency: str, home_currency: str) -> str:
    """Name the totals that a currency new to the customer counts into."""
    others = sum([other not in (home_currency, OTHER_CURRENCIES) for other in p.totals])
    return currency if currency == home_currency or others < MAX_CURRENCIES - 2 else OTHER_CURRENCIES


def _total(totals: Totals, event: Transaction) -> Totals:
    """Add to lifetime totals: booked ones count and sum, declined ones count apart, reversed ones take out (14)."""
    credits_, credit, debits, debit, declined, reversed_, by_kind, by_channel = totals
    if event.status == "declined":
        return Totals(credits_, credit, debits, debit, declined + 1, reversed_, by_kind, by_channel)
    number, minor = (1, event.amount_minor) if event.status == "booked" else (0, -event.amount_minor)
    reversed_ += 1 - number
    if event.direction == "credit":
        credits_ += number
        credit += minor
    else:
        debits += number
        debit += minor
    kind, channel = by_kind.get(event.kind, _NO_TALLY), by_channel.get(event.channel, _NO_TALLY)
    return Totals(
        credits_,
        credit,
        debits,
        debit,
        declined,
        reversed_,
        {**by_kind, event.kind: Tally(kind[0] + number, kind[1] + minor)},
        {**by_channel, event.channel: Tally(channel[0] + number, channel[1] + minor)},
    )


def _move_account(p: Profile, event: Transaction, home_currency: str) -> None:
    """Note the balance told with the latest transaction; of two at one time, the one that came later."""
    key, at_ms = short_id(event.account_id), event.occurred_ms
    known = p.accounts.get(key)
    account = known or Account(event.currency, None, 0, at_ms, closing_of(p, key))
    balance_minor = None if event.status == "declined" else event.balance_after_minor
    told = balance_minor is not None and at_ms >= account.balance_ms
    moved = Account(
        event.currency if told else account.currency,
        balance_minor if told else account.balance_minor,
        at_ms if told else account.balance_ms,
        max(at_ms, account.last_ms),
        account.closed_ms,
    )
    p.accounts = {**p.accounts, key: moved}
    if len(p.accounts) > MAX_ACCOUNTS:
        idle = min(p.accounts, key=lambda name: (p.accounts[name].last_ms, name))
        del p.accounts[idle]  # the mapping is new: nobody else holds it
    if known is None:
        tell_leaving(p)
    if balance_minor is not None and event.currency == home_currency:
        then = p
        if not told:  # it came late: what the others hold now is taken for what they held then
            then = p.copied()
            then.accounts = {**p.accounts, key: moved._replace(currency=home_currency, balance_minor=balance_minor)}
        _raise_high(p, then.aum_minor(home_currency), at_ms)


def _raise_high(p: Profile, aum: int, at_ms: int) -> None:
    """Keep the AUM's highs of 90 days as a falling sequence: what a later, higher value stands behind is forgotten."""
    day, oldest = windows.home_day(at_ms), windows.home_day(p.last_seen_ms) - AUM_DAYS
    slot_end = day - day % AUM_SLOT_DAYS + AUM_SLOT_DAYS - 1
    highs = [(end, high) for end, high in p.aum_highs if end > oldest and (high > aum or end > slot_end)]
    if slot_end > oldest and not any(end >= slot_end and high >= aum for end, high in highs):
        highs = sorted([*highs, (slot_end, aum)])
    if tuple(highs) != p.aum_highs:
        p.aum_highs = tuple(highs)


def _booked(p: Profile, event: Transaction) -> None:
    at_ms = event.occurred_ms
    if event.direction == "debit" and event.counterparty_id is not None:
        payee = short_id(event.counterparty_id, MAX_COUNTERPARTY_BYTES)
        p.counterparties = _seen_last(p.counterparties, payee, at_ms, MAX_COUNTERPARTIES)
    if event.country is not None and card_present(event):
        country = cut(event.country, MAX_COUNTRY_BYTES)
        p.countries = _seen_last(p.countries, country, at_ms, MAX_COUNTRIES)
    if event.kind == "salary" and event.direction == "credit":
        p.salary = _paid(p.salary, at_ms, event.amount_minor)


def card_present(event: Transaction) -> bool:
    """Whether the customer stood there with his card: a payment (a refund says nothing) over no remote channel."""
    return event.kind == "card" and event.direction == "debit" and event.channel not in REMOTE_CHANNELS


def _seen_last(times: dict[str, int], name: str, at_ms: int, limit: int) -> dict[str, int]:
    """Note when `name` was last seen; beyond the limit the one seen longest ago leaves."""
    if times.get(name, -1) >= at_ms:
        return times
    times = {**times, name: at_ms}
    if len(times) > limit:
        del times[min(times, key=lambda other: (times[other], other))]
    return times


def _paid(salary: Salary, at_ms: int, minor: int) -> Salary:
    """Follow the rhythm of salaries: gap and amount move a quarter of the way to what was last seen.

    A salary that comes late (older than the last one) only counts; so does a bonus a few days after one.
    """
    count = salary[0] + 1
    gap = windows.home_day(at_ms) - windows.home_day(salary.last_ms)
    if salary[0] and gap < SALARY_GAP_DAYS:
        return salary._replace(count=count)
    if not salary[0]:
        return Salary(count, at_ms, minor, minor)
    usual = salary.usual_gap_days
    if usual:  # after a month without one the gap is that of two
        gap = (3 * usual + gap // max(1, round(gap / usual)) + 2) // 4
    expected_ms = at_ms + gap * windows.DAY_MS
    return Salary(count, at_ms, minor, (3 * salary.usual_minor + minor) // 4, gap, expected_ms)
