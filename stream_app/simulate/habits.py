"""Everyday money: what a customer's accounts see on one day, planned before the ledger books it."""

from collections.abc import Iterator

from stream_app.simulate.causes import Pace
from stream_app.simulate.ledger import card_amount
from stream_app.simulate.names import OTHER_BANKS
from stream_app.simulate.options import Options
from stream_app.simulate.people import Account, Payment, Person
from stream_app.simulate.seasons import (
    DIGITAL,
    HOUR_MS,
    MORNING,
    OFFICE,
    SHOPPING,
    Day,
    falls_due,
    is_pay_day,
    moment,
    poisson,
)

# Merchant category codes of card payments at home, how often, and how large against the customer's mean.
_CATEGORIES = (
    ("5411", 30, 0.7), ("5812", 22, 0.6), ("4111", 14, 0.2), ("5311", 9, 1.8), ("5541", 7, 1.4),
    ("5912", 5, 0.6), ("7832", 4, 0.5), ("5651", 6, 1.6), ("8099", 2, 2.5), ("5732", 1, 5.0),
)  # fmt: skip
_CODES = tuple(code for code, _, _ in _CATEGORIES)
_OFTEN = tuple(sum(weight for _, weight, _ in _CATEGORIES[: n + 1]) for n in range(len(_CATEGORIES)))
_SIZE = {code: size for code, _, size in _CATEGORIES}
_ABROAD = ("7011", "5812", "5309", "4121", "5691")
_HOME: dict[str, dict[str, object]] = {
    code: {"channel": "other", "merchant_category_code": code, "country": "CN"} for code in _CODES
}
_BY_PHONE: dict[str, dict[str, object]] = {
    code: {"channel": "wechat", "merchant_category_code": code, "country": "CN"} for code in _CODES
}
_ATM: dict[str, object] = {"channel": "kiosk", "country": "CN"}
_COUNTER: dict[str, object] = {"channel": "branch"}
_MOBILE: dict[str, object] = {"channel": "mobile"}


def payments(person: Person, day: Day, pace: Pace, options: Options) -> Iterator[Payment]:
    """All payments that the customer's habits bring on this day, in no order."""
    yield from _income(person, day, pace)
    yield from _obligations(person, day, pace)
    yield from _cards(person, day, pace, options.activity)
    yield from _by_choice(person, day, pace, options.activity)


def _income(person: Person, day: Day, pace: Pace) -> Iterator[Payment]:
    rng, persona = person.rng, person.persona
    if persona.income == "turnover":
        yield from _turnover(person, day, pace)
    elif persona.income != "none" and pace.salary and _paid_today(person, day):
        amount = person.income_minor
        if persona.income == "salary":
            amount = int(amount * rng.uniform(0.97, 1.06)) // 100 * 100
        kind = "transfer" if persona.income == "allowance" else "salary"
        payer: dict[str, object] = {"channel": "other", "counterparty_id": person.employer}
        at = moment(rng, day, MORNING)
        yield Payment(at, person.current, "credit", amount, kind, payer)
        savings = person.account("savings")
        if savings is not None and rng.random() < 0.6:
            yield from own_transfer(at + HOUR_MS, person.current, savings, int(amount * rng.uniform(0.1, 0.25)))
    if day.index == 0 or falls_due(day.date, 21):
        for account in person.accounts:
            if account.balance_minor > 100_000:
                interest = max(int(account.balance_minor * 0.0002), 1)
                yield Payment(day.start_ms + 5 * HOUR_MS, account, "credit", interest, "interest", {"channel": "other"})


def _paid_today(person: Person, day: Day) -> bool:
    """Whether the salary comes today; a planted delay moves one month's salary by some days."""
    late = person.salary_delay.get(day.index // 30)
    if late is None:
        return is_pay_day(day.date, person.pay_day)
    return is_pay_day(day.date, min(person.pay_day + late, 28))


def _turnover(person: Person, day: Day, pace: Pace) -> Iterator[Payment]:
    """Take in money and pay suppliers, on working days, for those who live from a business."""
    if not day.workday:
        return
    rng = person.rng
    share_left = 1.0 if pace.salary else 0.1
    for _ in range(poisson(rng, 0.9 * share_left)):
        fields: dict[str, object] = {"channel": "web", "counterparty_id": f"CL{rng.randint(1, 60):03d}"}
        amount = card_amount(rng, person.income_minor // 18, 0.7)
        yield Payment(moment(rng, day, OFFICE), person.current, "credit", amount, "transfer", fields)
    for _ in range(poisson(rng, 0.35 * share_left)):
        fields = {"channel": "web", "counterparty_id": f"SU{rng.randint(1, 25):03d}"}
        if rng.random() < 0.5:
            fields["counterparty_bank"] = rng.choice(OTHER_BANKS)
        amount = min(card_amount(rng, person.income_minor // 20, 0.6), 4_900_000)
        yield Payment(moment(rng, day, OFFICE), person.current, "debit", amount, "transfer", fields)


def _obligations(person: Person, day: Day, pace: Pace) -> Iterator[Payment]:
    """Rent, bills and the loan, each on its day of the month while the customer still banks here."""
    rng = person.rng
    if person.rent_minor and pace.salary and falls_due(day.date, (person.bill_day + 3) % 27 + 1):
        landlord: dict[str, object] = {"channel": "mobile", "counterparty_id": f"LL{person.customer_id[1:]}"}
        yield Payment(moment(rng, day, MORNING), person.current, "debit", person.rent_minor, "transfer", landlord)
    if pace.salary and person.persona.income not in ("none", "allowance"):
        for number, mean in ((0, 16_000), (6, 9_900), (13, 12_800)):
            if falls_due(day.date, (person.bill_day + number) % 27 + 1):
                fields: dict[str, object] = {"channel": "other", "counterparty_id": f"UTIL{number:02d}"}
                amount = card_amount(rng, mean, 0.3)
                yield Payment(moment(rng, day, MORNING), person.current, "debit", amount, "bill", fields)
    if person.loan_minor and falls_due(day.date, person.bill_day):
        status = "declined" if "loan_trouble" in person.decoys and rng.random() < 0.85 else "booked"
        due: dict[str, object] = {"channel": "other", "product_id": "loan"}
        at = day.start_ms + 9 * HOUR_MS
        yield Payment(at, person.current, "debit", person.loan_minor, "loan_payment", due, status=status)


def _cards(person: Person, day: Day, pace: Pace, activity: float) -> Iterator[Payment]:
    rng = person.rng
    for _ in range(poisson(rng, person.persona.card * day.shopping * pace.cards * activity)):
        at = moment(rng, day, SHOPPING)
        if pace.country:
            code = rng.choice(_ABROAD)
            fields: dict[str, object] = {"channel": "other", "merchant_category_code": code, "country": pace.country}
            amount = card_amount(rng, person.card_mean_minor * 2, person.card_sigma)
        else:
            code = rng.choices(_CODES, cum_weights=_OFTEN)[0]
            fields = (_BY_PHONE if rng.random() < 0.45 else _HOME)[code]
            amount = card_amount(rng, int(person.card_mean_minor * _SIZE[code]), person.card_sigma)
        yield Payment(at, person.current, "debit", amount, "card", fields)


def _by_choice(person: Person, day: Day, pace: Pace, activity: float) -> Iterator[Payment]:
    """Cash, transfers to people, investments, savings."""
    rng, persona = person.rng, person.persona
    if rng.random() < persona.cash_per_month / 30 * pace.cards:
        counter = persona.visits_per_month > 1.0 and day.workday and rng.random() < 0.5
        amount = max(int(person.income_minor * rng.uniform(0.05, 0.2)) // 10_000, 1) * 10_000
        where, curve = (_COUNTER, OFFICE) if counter else (_ATM, SHOPPING)
        yield Payment(moment(rng, day, curve), person.current, "debit", amount, "cash", where)
    for _ in range(poisson(rng, persona.transfers_per_month / 30 * pace.cards * activity)):
        credit = rng.random() < 0.45
        fields: dict[str, object] = {
            "channel": "mobile",
            "counterparty_id": f"P{person.customer_id[1:]}-{rng.randint(1, 9)}",
        }
        if rng.random() < 0.4:
            fields["counterparty_bank"] = rng.choice(OTHER_BANKS)
        amount = min(card_amount(rng, person.income_minor // 30, 0.8), 4_500_000)
        yield Payment(
            moment(rng, day, DIGITAL), person.current, "credit" if credit else "debit", amount, "transfer", fields
        )
    fund = person.account("fund")
    if fund is not None and rng.random() < persona.trades_per_month / 30 * pace.cards * activity:
        source = person.account("savings") or person.current
        legs = (source, fund) if rng.random() < 0.6 else (fund, source)
        amount = int(legs[0].balance_minor * rng.uniform(0.01, 0.06))
        yield from own_transfer(moment(rng, day, DIGITAL), *legs, amount, kind="investment")
    dollars = person.account("usd")
    if dollars is not None and pace.country:
        fields = {"channel": "other", "country": pace.country}
        yield Payment(moment(rng, day, SHOPPING), dollars, "debit", rng.randint(500, 20_000), "card", fields)


def own_transfer(
    at_ms: int, source: Account, target: Account, amount_minor: int, *, kind: str = "transfer"
) -> Iterator[Payment]:
    """Money between two accounts of one customer, when the source covers it."""
    amount_minor = amount_minor // 100 * 100
    if 0 < amount_minor < source.balance_minor // 2:
        to: dict[str, object] = {"channel": "mobile", "counterparty_id": target.account_id}
        yield Payment(at_ms, source, "debit", amount_minor, kind, to)
        out: dict[str, object] = {"channel": "mobile", "counterparty_id": source.account_id}
        yield Payment(at_ms + 400, target, "credit", amount_minor, kind, out)
