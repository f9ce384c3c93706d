"""Three kinds of fraud, and honest customers who look like them; both are labelled in the truth."""

from random import Random

from stream_app.simulate.channels import LOGIN_FAILED, NEW_DEVICE
from stream_app.simulate.names import OTHER_BANKS, RISKY_COUNTRIES
from stream_app.simulate.options import Options
from stream_app.simulate.people import Episode, Finding, Payment, Person, Touch, plan
from stream_app.simulate.seasons import DAY_MS, HOUR_MS, MINUTE_MS, start_of

KINDS = ("card_testing", "account_takeover", "impossible_travel")
LOOK_ALIKES = ("small_purchases", "forgotten_password", "honest_journey")


def maybe_plant_fraud(person: Person, options: Options) -> list[Episode]:
    """Plan the frauds and look-alikes that befall the customer in the period (none for most)."""
    rng = person.rng
    chance = options.fraud_per_60_days * options.days / 60
    episodes = []
    for kinds, fraud in ((KINDS, True), (LOOK_ALIKES, False)):
        if rng.random() < chance and person.persona.income != "none":
            at_ms = start_of(options.start) + rng.randrange(options.days) * DAY_MS + int(rng.uniform(10, 21) * HOUR_MS)
            if person.leaving is None or at_ms < person.leaving.first_sign_ms:
                kind = rng.choice(kinds)
                episode = Episode(kind, person.customer_id, at_ms, fraud)
                _PLANTERS[kind](person, options, episode)
                episodes.append(episode)
    return episodes


def _card(person: Person, options: Options, episode: Episode, at_ms: int, minor: int, **fields: object) -> None:
    status = str(fields.pop("status", "booked"))
    data: dict[str, object] = {"channel": "other", **fields}
    plan(person, Payment(at_ms, person.current, "debit", minor, "card", data, status=status, episode=episode), options)


def _card_testing(person: Person, options: Options, episode: Episode) -> None:
    """Try a stolen card with a burst of small payments, then use it for a large one."""
    rng, at = person.rng, episode.start_ms
    for _ in range(rng.randint(12, 30)):
        status = "declined" if rng.random() < 0.2 else "booked"
        code = rng.choice(("5815", "5816", "5968"))
        _card(person, options, episode, at, rng.randint(100, 990), merchant_category_code=code, status=status)
        at += rng.randint(8, 55) * 1000
    _card(person, options, episode, at + 3 * MINUTE_MS, rng.randint(150_000, 400_000), merchant_category_code="5732")
    _finding(rng, person, options, episode, at)


def _account_takeover(person: Person, options: Options, episode: Episode) -> None:
    """Failed logins, then one from a new device, then most of the money to a payee never seen."""
    rng = person.rng
    at = _failed_logins(person, options, episode, rng.randint(5, 9))
    device: dict[str, object] = {"topic": NEW_DEVICE, "device_id": f"dev-{rng.getrandbits(40):010x}"}
    plan(person, Touch(at, "web", "login", device, episode), options)
    payee: dict[str, object] = {"channel": "web", "counterparty_id": f"MULE{rng.randint(1, 9999):04d}"}
    payee["counterparty_bank"] = rng.choice(OTHER_BANKS)
    payee["country"] = rng.choice(RISKY_COUNTRIES)
    for account in person.accounts[:2]:
        at += rng.randint(2, 9) * MINUTE_MS
        share = rng.uniform(0.5, 0.9)
        plan(person, Payment(at, account, "debit", 0, "transfer", payee, share=share, episode=episode), options)
    _finding(rng, person, options, episode, at)


def _impossible_travel(person: Person, options: Options, episode: Episode) -> None:
    """Pay with the card at home, and within the hour on another continent."""
    rng, at = person.rng, episode.start_ms
    _card(person, options, episode, at, rng.randint(2_000, 20_000), merchant_category_code="5411", country="CN")
    country = rng.choice(RISKY_COUNTRIES)
    for _ in range(rng.randint(2, 5)):
        at += rng.randint(12, 40) * MINUTE_MS
        minor = rng.randint(80_000, 500_000)
        _card(person, options, episode, at, minor, merchant_category_code="5944", country=country)
    _finding(rng, person, options, episode, at)


def _small_purchases(person: Person, options: Options, episode: Episode) -> None:
    """Make a few small payments in a quarter of an hour, at a vending machine or in a game."""
    rng, at = person.rng, episode.start_ms
    for _ in range(rng.randint(4, 8)):
        _card(person, options, episode, at, rng.randint(200, 1_500), merchant_category_code="5814", country="CN")
        at += rng.randint(60, 180) * 1000
    _finding(rng, person, options, episode, at)


def _forgotten_password(person: Person, options: Options, episode: Episode) -> None:
    """Three failed logins, then the right one from the usual device."""
    at = _failed_logins(person, options, episode, 3)
    plan(person, Touch(at, "mobile", "login", {"device_id": person.device}, episode), options)


def _honest_journey(person: Person, options: Options, episode: Episode) -> None:
    """Eat at the airport, and pay abroad after a flight that takes its time."""
    rng, at = person.rng, episode.start_ms
    _card(person, options, episode, at, rng.randint(3_000, 9_000), merchant_category_code="5812", country="CN")
    at += int(rng.uniform(7.0, 13.0) * HOUR_MS)
    for _ in range(3):
        minor = rng.randint(5_000, 60_000)
        _card(
            person, options, episode, at, minor, merchant_category_code="7011", country=rng.choice(("JP", "TH", "SG"))
        )
        at += rng.randint(2, 5) * HOUR_MS
    _finding(rng, person, options, episode, at)


def _failed_logins(person: Person, options: Options, episode: Episode, times: int) -> int:
    at = episode.start_ms
    for _ in range(times):
        plan(person, Touch(at, "web", "login", {"topic": LOGIN_FAILED}, episode), options)
        at += person.rng.randint(6, 40) * 1000
    return at


def _finding(rng: Random, person: Person, options: Options, episode: Episode, at_ms: int) -> None:
    """In two cases of three an analyst looks, and says a day or two later what it was."""
    if rng.random() < 0.67:
        plan(person, Finding(at_ms + int(rng.uniform(0.5, 2.5) * DAY_MS), episode), options)


_PLANTERS = {
    "card_testing": _card_testing,
    "account_takeover": _account_takeover,
    "impossible_travel": _impossible_travel,
    "small_purchases": _small_purchases,
    "forgotten_password": _forgotten_password,
    "honest_journey": _honest_journey,
}
