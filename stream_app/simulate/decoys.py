"""Customers who look as if they were leaving, and stay: the hard negatives of the truth."""

from collections.abc import Callable

from stream_app.simulate.causes import complain
from stream_app.simulate.names import OTHER_BANKS
from stream_app.simulate.options import Options
from stream_app.simulate.people import Payment, Person, Spell, Touch, plan
from stream_app.simulate.seasons import DAY_MS, HOUR_MS, start_of


def maybe_plant_decoy(person: Person, options: Options) -> None:
    """Give a customer who is not leaving one innocent sign, with the asked probability."""
    rng = person.rng
    if rng.random() >= options.decoys or person.leaving is not None:
        return
    kind = rng.choice(tuple(DECOYS))
    day = rng.randint(min(3, options.days - 1), options.days - 1)
    at_ms = start_of(options.start) + day * DAY_MS + rng.randint(9, 19) * HOUR_MS
    person.decoys.append(kind)
    DECOYS[kind](person, options, day, at_ms)


def _complaint(person: Person, options: Options, _day: int, at_ms: int) -> None:
    complain(person, options, at_ms)


def _quiet(person: Person, _options: Options, day: int, _at_ms: int) -> None:
    person.spells.append(Spell(day, day + person.rng.randint(10, 22), activity=person.rng.uniform(0.1, 0.4)))


def _salary(person: Person, _options: Options, day: int, _at_ms: int) -> None:
    person.salary_delay[day // 30] = person.rng.randint(5, 11)


def _loan(person: Person, _options: Options, _day: int, _at_ms: int) -> None:
    """Give a loan, which the sign makes hard to pay back, to who has none."""
    person.loan_minor = person.loan_minor or person.income_minor // 5 // 100 * 100


def _house(person: Person, options: Options, _day: int, at_ms: int) -> None:
    payee: dict[str, object] = {
        "channel": "branch",
        "counterparty_id": "DEV-HOMES-01",
        "counterparty_bank": OTHER_BANKS[0],
    }
    plan(person, Touch(at_ms - 3 * DAY_MS, "mobile", "view", {"topic": "mortgage"}), options)
    for account in person.accounts:
        share = 0.2 if account.product == "current" else 0.4  # below what the bank itself calls leaving
        plan(person, Payment(at_ms, account, "debit", 0, "transfer", payee, share=share), options)


def _rates(person: Person, options: Options, _day: int, at_ms: int) -> None:
    for step in range(4):
        plan(person, Touch(at_ms + step * 20 * HOUR_MS, "mobile", "view", {"topic": "deposit_rates"}), options)
    account = person.account("savings") or person.current
    payee: dict[str, object] = {"channel": "mobile", "counterparty_id": f"X{person.customer_id[1:]}"}
    payee["counterparty_bank"] = person.rng.choice(OTHER_BANKS)
    plan(person, Payment(at_ms + 5 * DAY_MS, account, "debit", 0, "transfer", payee, share=0.15), options)


def _fee(person: Person, options: Options, _day: int, at_ms: int) -> None:
    plan(person, Payment(at_ms, person.current, "debit", 8_800, "fee", {"channel": "other"}), options)
    complain(person, options, at_ms + 2 * HOUR_MS, "fees")
    resolved: dict[str, object] = {"topic": "fees"}
    plan(person, Touch(at_ms + 40 * HOUR_MS, "phone", "complaint_resolved", resolved), options)
    back = Payment(at_ms + 41 * HOUR_MS, person.current, "debit", 8_800, "fee", {"channel": "other"}, status="reversed")
    plan(person, back, options)


DECOYS: dict[str, Callable[[Person, Options, int, int], None]] = {
    "complaint_stays": _complaint,
    "quiet_spell": _quiet,
    "house_purchase": _house,
    "salary_late": _salary,
    "rate_shopper": _rates,
    "fee_grumbler": _fee,
    "loan_trouble": _loan,
}
"""What is planted for each kind of decoy, from the day's number and the instant (epoch ms) on."""
