"""Draws the customers of a bank: persona, balances, hidden traits and the first master record."""

from datetime import timedelta
from math import exp
from random import Random

from stream_app.simulate.names import GIVEN_EN, GIVEN_ZH, HANDLE_WORDS, SURNAMES_EN, SURNAMES_ZH
from stream_app.simulate.options import Options
from stream_app.simulate.people import Account, Person
from stream_app.simulate.personas import PERSONAS, Persona


def make_people(options: Options) -> list[Person]:
    """All customers of one bank."""
    return [make_person(options, number) for number in range(1, options.customers + 1)]


def make_person(options: Options, number: int) -> Person:
    """Draw customer `number` from the options' seed alone."""
    rng = Random(f"{options.seed}/person/{number}")
    persona = rng.choices(PERSONAS, weights=[p.share for p in PERSONAS])[0]
    customer_id = f"C{number:06d}"
    language = "en" if rng.random() < persona.english else "zh"
    income = int(persona.income_minor * exp(rng.gauss(0.0, persona.income_spread))) // 1000 * 1000
    born = rng.randint(*persona.born)
    branch = f"B{rng.randint(1, options.branches):03d}"
    accounts = _accounts(rng, persona, customer_id, income)
    handle, linked = _handle(rng, persona, number)
    spare = income * (0.5 if persona.income != "none" else 0.02)
    person = Person(
        customer_id=customer_id,
        persona=persona,
        rng=rng,
        record={},
        language=language,
        branch_id=branch,
        handle=handle,
        linked=linked,
        accounts=accounts,
        income_minor=income,
        employer=f"EMP{rng.randint(1, 40):03d}",
        pay_day=rng.choice((5, 8, 10, 10, 12, 15, 15, 20, 25, 28)),
        bill_day=rng.randint(2, 27),
        rent_minor=int(income * rng.uniform(0.15, 0.28)) // 1000 * 1000 if rng.random() < persona.rent else 0,
        loan_minor=int(income * rng.uniform(0.10, 0.24)) // 100 * 100 if rng.random() < persona.loan else 0,
        card_mean_minor=max(int(spare / max(30.0 * persona.card, 8.0)), 900),
        card_sigma=rng.uniform(0.6, 0.95),
        affinity=_affinity(rng, persona, accounts, income, born),
        averse=rng.random() < 0.03,
        patience=rng.uniform(0.4, 1.0),
        device=f"dev-{rng.getrandbits(40):010x}",
    )
    person.affinity["credit"] += 1.1 * (person.loan_minor > 0)
    person.record = _record(rng, person, options, born, number)
    return person


def _accounts(rng: Random, persona: Persona, customer_id: str, income: int) -> list[Account]:
    tail = customer_id[1:]
    current = int(income * persona.months_current * rng.uniform(0.5, 1.6))
    accounts = [Account(f"CUR{tail}", "current", "CNY", current)]
    for product, prefix, months, chance in (
        ("savings", "SAV", persona.months_savings, 0.85),
        ("fund", "FND", persona.months_fund, min(0.25 + persona.months_fund / 4, 0.98)),
    ):
        if months and rng.random() < chance:
            accounts.append(
                Account(f"{prefix}{tail}", product, "CNY", int(income * months * rng.lognormvariate(0.0, 0.5)))
            )
    if persona.trips_per_60_days >= 0.4 and rng.random() < 0.4:
        accounts.append(Account(f"USD{tail}", "usd", "USD", int(income * rng.uniform(0.1, 0.5))))
    return accounts


def _handle(rng: Random, persona: Persona, number: int) -> tuple[str, bool]:
    if rng.random() >= persona.handle:
        return "", False
    platform = rng.choices(("weibo", "wechat", "forum", "x", "app_store"), weights=(45, 15, 20, 10, 10))[0]
    return f"{platform}:{rng.choice(HANDLE_WORDS)}_{rng.choice(HANDLE_WORDS)}{number}", rng.random() < 0.65


def _affinity(rng: Random, persona: Persona, accounts: list[Account], income: int, born: int) -> dict[str, float]:
    """How much each theme suits the customer (log odds): mostly what the bank could see, partly hidden."""
    funds = sum(a.balance_minor for a in accounts if a.product == "fund")
    cash = sum(a.balance_minor for a in accounts if a.product in ("current", "savings"))
    young = 1.0 if born >= 1988 else 0.0
    seen = {
        "savings": 0.9 * min(cash / (income * 6 + 1), 2.0) - 0.6,
        "investment": (1.2 + 0.25 * persona.trades_per_month) * (funds > 0) - 0.8,
        "credit": 0.7 * young - 0.5,
        "insurance": 0.9 if persona.name == "family" else -0.2,
        "travel": 1.3 * min(persona.trips_per_60_days, 1.2) - 0.5,
        "digital": 1.1 * persona.logins - 0.8,
        "payroll": 0.6 if persona.income == "salary" else -1.0,
        "retention": 0.2,
    }
    return {theme: value + rng.gauss(0.0, 0.35) for theme, value in seen.items()}


def _record(rng: Random, person: Person, options: Options, born: int, number: int) -> dict[str, object]:
    """Draw the master record at the start: products, handles, consents, language and so on."""
    persona = person.persona
    longest = 365 * min(20, options.start.year - born - 15) + 200
    since = rng.uniform(5, 80) if rng.random() < 0.06 else rng.uniform(120, longest)
    opened = options.start - timedelta(days=int(since))
    products = [account.product for account in person.accounts] + ["debit_card"]
    products += ["loan"] if person.loan_minor else []
    products += ["credit_card"] if rng.random() < 0.35 and persona.card > 1.0 else []
    wealthy = persona.name in ("affluent_investor", "private_wealth", "business_owner")
    record: dict[str, object] = {
        "name": _name(rng, person.language),
        "birth_year": born,
        "language": person.language,
        "time_zone": rng.choices(("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore"), weights=(90, 6, 4))[0],
        "branch_id": person.branch_id,
        "kind": "business" if persona.name == "business_owner" and rng.random() < 0.5 else "person",
        "risk_rating": rng.choices(("low", "medium", "high"), weights=(70, 25, 5))[0],
        "products": products,
        "handles": [person.handle] if person.handle and (person.linked or rng.random() < 0.5) else [],
        "opened_on": opened.isoformat(),
        "consents": {
            "marketing": rng.random() < 0.82,
            "personalisation": rng.random() < 0.85,
            "social_linking": bool(person.handle) and person.linked,
            "profiling": rng.random() < 0.93,
        },
        "do_not_contact": rng.random() < 0.02,
    }
    if wealthy:
        record["relationship_manager_id"] = f"RM{rng.randint(1, 12):02d}"
    if persona.name == "family":
        record["household_id"] = f"H{number // 2:06d}"
    return record


def _name(rng: Random, language: str) -> str:
    if language == "zh":
        return rng.choice(SURNAMES_ZH) + rng.choice(GIVEN_ZH)
    return f"{rng.choice(GIVEN_EN)} {rng.choice(SURNAMES_EN)}"
