"""Why customers leave: the cause shows first in behaviour, and only its truth file knows the dates.

A departure is planted as items on the agenda (the cause's own events, outflows, the closing) and as factors
that `pace` takes off the everyday habits between the first sign and the date of leaving.
"""

from dataclasses import dataclass
from random import Random

from stream_app.simulate.names import OTHER_BANKS
from stream_app.simulate.options import Options
from stream_app.simulate.people import Leaving, Payment, Person, Record, Remark, Touch, plan
from stream_app.simulate.seasons import DAY_MS, HOUR_MS, Day, iso, start_of
from stream_app.simulate.texts import COMPLAINTS

CAUSES = ("complaint", "fee", "better_rate", "moving_away")
_SHORTEST_DAYS, _LONGEST_DAYS = 12, 34


@dataclass(frozen=True, slots=True)
class Pace:
    """What is left of a customer's habits on one day: factors between 0 and 1, and whether the salary still comes."""

    logins: float
    cards: float
    branch: float
    salary: bool
    country: str = ""


_FULL = Pace(1.0, 1.0, 1.0, salary=True)


def pace(person: Person, day: Day) -> Pace:
    """Tell the customer's pace on a day: full, in a quiet spell or abroad, or on the way out."""
    if person.leaving is None and not person.spells:
        return _FULL
    activity, country = 1.0, ""
    for spell in person.spells:
        if spell.first <= day.index <= spell.last:
            activity, country = min(activity, spell.activity), country or spell.country
    gone = departure(person.leaving, day.start_ms + DAY_MS // 2)
    strength = person.leaving.strength if person.leaving else 0.0
    floor = 0.03 if gone >= 1.0 else 0.12
    return Pace(
        logins=activity * max(1.0 - strength * gone**0.6, floor),
        cards=activity * max(1.0 - strength * gone**0.5, floor),
        branch=max(1.0 - gone, 0.0),
        salary=gone < 0.35,
        country=country,
    )


def departure(leaving: Leaving | None, at_ms: int) -> float:
    """How far a customer is on the way out: 0 before the first sign, 1 once gone."""
    if leaving is None or at_ms <= leaving.first_sign_ms:
        return 0.0
    return min((at_ms - leaving.first_sign_ms) / (leaving.left_ms - leaving.first_sign_ms), 1.0)


def maybe_plant_leaving(person: Person, options: Options) -> None:
    """Let the customer leave with the asked probability; some leave only after the end of the period."""
    rng = person.rng
    dormant = person.persona.income == "none"
    earliest, latest = min(10, options.days - 1), options.days + 20
    chance = options.churn_per_60_days * (latest - earliest) / 60
    if rng.random() >= chance or dormant:
        return
    left_day = rng.uniform(earliest, latest)
    lasts = min(rng.uniform(_SHORTEST_DAYS, _LONGEST_DAYS), left_day * 0.9)
    left_ms = start_of(options.start) + int(left_day) * DAY_MS + rng.randint(10, 16) * HOUR_MS
    plant_leaving(person, options, _cause(rng, person), left_ms - int(lasts * DAY_MS), left_ms)


def _cause(rng: Random, person: Person) -> str:
    rich = sum(a.balance_minor for a in person.accounts) > 20_000_000
    weights = (0.32, 0.22, 0.34 if rich else 0.2, 0.2)
    return rng.choices(CAUSES, weights=weights)[0]


def plant_leaving(person: Person, options: Options, cause: str, first_sign_ms: int, left_ms: int) -> None:
    """Plant a departure with its first signs, outflows to another bank and its end."""
    rng = person.rng
    leaving = Leaving(cause, first_sign_ms, left_ms, closes=rng.random() < 0.6, strength=rng.uniform(0.6, 1.0))
    person.leaving = leaving
    _first_signs(person, options, leaving)
    _outflows(person, options, leaving)
    if leaving.closes:
        _closing(person, options, leaving)


def _first_signs(person: Person, options: Options, leaving: Leaving) -> None:
    rng, at = person.rng, leaving.first_sign_ms
    digital = "mobile" if rng.random() < person.persona.mobile else "web"
    if leaving.cause in ("complaint", "contact"):
        complain(person, options, at, "contact" if leaving.cause == "contact" else None)
        if person.handle:
            plan(person, Remark(at + 5 * HOUR_MS, person.handle, person.language, "negative", "staff"), options)
    elif leaving.cause == "fee":
        fee = Payment(
            at, person.current, "debit", rng.choice((5_000, 8_800, 12_000, 20_000)), "fee", {"channel": "other"}
        )
        plan(person, fee, options)
        plan(person, Touch(at + HOUR_MS, digital, "view", {"topic": "fees"}), options)
        plan(person, Touch(at + 26 * HOUR_MS, "phone", "enquiry", {"topic": "fees"}), options)
    elif leaving.cause == "better_rate":
        for step in range(rng.randint(2, 5)):
            kind = rng.choice(("view", "search"))
            plan(person, Touch(at + step * 19 * HOUR_MS, digital, kind, {"topic": "deposit_rates"}), options)
    else:
        plan(person, Touch(at, "branch", "enquiry", _at_branch(person, "moving"), None), options)
        plan(person, Touch(at + 50 * HOUR_MS, digital, "search", {"topic": "close_account"}), options)
    if rng.random() < 0.35:
        rating: dict[str, object] = {"rating": rng.randint(0, 4), "topic": "relationship"}
        plan(person, Touch(at + 2 * DAY_MS, digital, "survey", rating), options)


def complain(person: Person, options: Options, at_ms: int, topic: str | None = None) -> None:
    """Plan a complaint in the customer's own words."""
    rng = person.rng
    subject, text = rng.choice(COMPLAINTS[person.language])
    fields: dict[str, object] = {"topic": topic or subject, "text": text, "language": person.language}
    plan(person, Touch(at_ms, rng.choice(("phone", "mobile", "web", "email")), "complaint", fields), options)


def _at_branch(person: Person, topic: str) -> dict[str, object]:
    return {"topic": topic, "branch_id": person.branch_id}


def _outflows(person: Person, options: Options, leaving: Leaving) -> None:
    """Money goes to the customer's own account elsewhere, in 2 to 5 steps, the last one on the date of leaving."""
    rng = person.rng
    bank, steps = rng.choice(OTHER_BANKS), rng.randint(2, 5)
    payee: dict[str, object] = {
        "channel": "mobile",
        "counterparty_bank": bank,
        "counterparty_id": f"X{person.customer_id[1:]}",
    }
    length = leaving.left_ms - leaving.first_sign_ms
    for step in range(1, steps + 1):
        last = step == steps
        done = 1.0 if last else 0.3 + 0.65 * step / steps
        at = leaving.left_ms if last else leaving.first_sign_ms + int(length * done * rng.uniform(0.85, 1.0))
        share = (1.0 if leaving.closes else 0.97) if last else rng.uniform(0.2, 0.5)
        for number, account in enumerate(person.accounts):
            at_account = at - HOUR_MS + number * 60_000
            plan(person, Payment(at_account, account, "debit", 0, "transfer", payee, share=share), options)


def _closing(person: Person, options: Options, leaving: Leaving) -> None:
    closed_on = iso(leaving.left_ms)[:10]
    channel = "branch" if person.rng.random() < 0.6 else "mobile"
    for number, account in enumerate(person.accounts):
        fields: dict[str, object] = {"product_id": account.product}
        if channel == "branch":
            fields["branch_id"] = person.branch_id
        plan(person, Touch(leaving.left_ms + number * 90_000, channel, "product_closed", fields), options)
    plan(person, Record(leaving.left_ms + 10 * 60_000, {"products": [], "closed_on": closed_on}), options)
