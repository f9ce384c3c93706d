"""How customers answer offers: true chances, fatigue, delays, and those whom contact drives away.

`respond` depends on the offer, the customer's hidden traits and the contacts before, not on a wall clock: equal
offers in equal order get equal answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import exp
from random import Random
from typing import Any, NamedTuple

from stream_app.simulate.causes import departure, plant_leaving
from stream_app.simulate.options import Options
from stream_app.simulate.people import THEMES, Person, Record, Touch, plan
from stream_app.simulate.seasons import DAY_MS, HOUR_MS, iso

FATIGUE_DAYS = 14
_WORDS = {
    "investment": ("fund", "wealth", "invest", "portfolio", "gold", "bond"),
    "credit": ("loan", "credit", "mortgage", "instal", "overdraft"),
    "insurance": ("insur", "protect", "pension", "family"),
    "travel": ("travel", "currency", "forex", "lounge", "abroad"),
    "digital": ("digital", "app", "mobile", "online", "wallet", "autopay"),
    "payroll": ("payroll", "salary"),
    "retention": ("retain", "retention", "fee", "care", "call", "winback", "loyalty", "waive"),
    "savings": ("saving", "deposit", "rate", "certificate", "product"),
}
_PRODUCTS = {"savings": "savings", "investment": "fund", "credit": "credit_card", "insurance": "insurance"}
_CHANNELS = {"mobile": 0.25, "wechat": 0.2, "web": 0.0, "branch": 0.35, "phone": 0.1, "email": -0.4, "sms": -0.35}


def theme_of(action: str, group: str = "") -> str:
    """Find the theme of an action by the words in its name, then its group; an odd one falls to a fixed theme.

    >>> theme_of("travel_insurance_offer"), theme_of("a17", "Deposits")
    ('travel', 'savings')
    """
    for name in (action.lower(), group.lower()):
        for theme in ("investment", "credit", "travel", "insurance", "payroll", "savings", "retention", "digital"):
            if any(word in name for word in _WORDS[theme]):
                return theme
    return THEMES[_digest(f"{group}/{action}") % len(THEMES)]


def acceptance(person: Person, theme: str, channel: str, recent_contacts: int, *, gone: float = 0.0) -> float:
    """Return the true chance of acceptance, given contacts in the last 14 days and how far the customer is gone."""
    persona = person.persona
    digital = 0.35 * (persona.logins - 0.6) if channel in ("mobile", "web", "wechat") else 0.0
    human = 0.25 * (persona.visits_per_month - 0.5) if channel in ("branch", "phone") else 0.0
    odds = (
        -2.1
        + 1.3 * person.affinity.get(theme, 0.0)
        + _CHANNELS.get(channel, 0.0)
        + digital
        + human
        - (1.1 - 0.7 * person.patience) * recent_contacts
        - (0.8 if person.averse else 0.0)
        - (1.2 * gone if theme != "retention" else -0.6 * min(gone, 0.5))
    )
    return 1.0 / (1.0 + exp(-odds))


class Answer(NamedTuple):
    """One outcome event (`schemas.events.Outcome`) and when it will occur."""

    ms: int
    outcome: dict[str, Any]


@dataclass(slots=True)
class Respondents:
    """The customers of one bank as those who answer; remembers the contacts of the last 14 days."""

    people: Mapping[str, Person]
    options: Options
    contacts: dict[str, list[int]] = field(default_factory=dict)
    driven_away: list[str] = field(default_factory=list)
    answered: list[dict[str, object]] = field(default_factory=list)  # for the truth: who had which chance

    def respond(self, offer: Mapping[str, object], now_ms: int) -> list[Answer]:
        """Return the outcome events that this offer will bring, each with its own later time.

        Raises KeyError for an offer without `action_id`, `customer_id` or `action`. An offer to a stranger, or to
        someone who has left, brings nothing.
        """
        person = self.people.get(str(offer["customer_id"]))
        if person is None:
            return []
        gone = departure(person.leaving, now_ms)
        recent = self._count_contact(person, now_ms)
        if gone >= 1.0:
            return []
        self._maybe_drive_away(person, recent, now_ms)
        theme, channel = (
            theme_of(str(offer["action"]), str(offer.get("group", ""))),
            str(offer.get("channel", "mobile")),
        )
        chance = acceptance(person, theme, channel, recent, gone=gone)
        answers = _answers(person, offer, now_ms, chance)
        self._open_product(person, theme, answers)
        taken = any(answer.outcome["label"] == "Accepted" for answer in answers)
        known = {"action_id": offer["action_id"], "customer_id": person.customer_id, "action": offer["action"]}
        self.answered.append({"record": "offer", **known, "theme": theme, "chance": round(chance, 6), "accepts": taken})
        return answers

    def _open_product(self, person: Person, theme: str, answers: list[Answer]) -> None:
        """Let the customer open what was converted, so that channels and master data tell of it."""
        product = _PRODUCTS.get(theme)
        converted = next((answer.ms for answer in answers if answer.outcome["label"] == "Converted"), None)
        held = person.record["products"]
        if product is None or converted is None or not isinstance(held, list) or product in held:
            return
        plan(person, Touch(converted, "mobile", "product_opened", {"product_id": product}), self.options)
        plan(person, Record(converted + 600_000, {"products": [*held, product]}), self.options)

    def _count_contact(self, person: Person, now_ms: int) -> int:
        """How many contacts came before this one in the fatigue window; this one is remembered."""
        window = [at for at in self.contacts.get(person.customer_id, ()) if at > now_ms - FATIGUE_DAYS * DAY_MS]
        self.contacts[person.customer_id] = [*window[-19:], now_ms]
        return len(window)

    def _maybe_drive_away(self, person: Person, recent: int, now_ms: int) -> None:
        """Someone averse to contact, contacted twice within two weeks, may begin to leave for that very reason."""
        if person.averse and person.leaving is None and recent >= 1:
            rng = Random(_digest(f"{self.options.seed}/driven/{person.customer_id}/{recent}/{now_ms}"))
            if rng.random() < 0.25:
                first = now_ms + DAY_MS
                plant_leaving(person, self.options, "contact", first, first + rng.randint(10, 25) * DAY_MS)
                self.driven_away.append(person.customer_id)


def _answers(person: Person, offer: Mapping[str, object], now_ms: int, chance: float) -> list[Answer]:
    rng = Random(_digest(f"{person.customer_id}/{offer['action_id']}"))
    accepts, seen = rng.random() < chance, rng.random() < 0.8
    at = now_ms + int(min(rng.expovariate(1 / 5.0), 23.0) * HOUR_MS) + 60_000
    steps: list[tuple[int, str]] = []
    if accepts or seen:
        steps.append((at, "Impression"))
    decided = at + int(min(rng.expovariate(1 / 1.5), 8.5) * DAY_MS) + 120_000
    if accepts:
        steps += [(at + 60_000, "Clicked"), (decided, "Accepted")]
        if rng.random() < 0.5:
            steps.append((decided + int(rng.uniform(0.1, 5.0) * DAY_MS), "Converted"))
    elif seen and rng.random() < 0.15:
        steps.append((at + 60_000, "Clicked"))
    elif seen and rng.random() < 0.3:
        steps.append((decided, "Rejected"))
    return [_outcome(person, offer, number, step) for number, step in enumerate(steps, 1)]


def _outcome(person: Person, offer: Mapping[str, object], number: int, step: tuple[int, str]) -> Answer:
    at_ms, label = step
    outcome: dict[str, Any] = {
        "event_id": f"O-{offer['action_id']}-{number}",
        "customer_id": person.customer_id,
        "occurred_at": iso(at_ms),
        "action_id": offer["action_id"],
        "label": label,
        "by": "customer",
    }
    if "decision_id" in offer:
        outcome["decision_id"] = offer["decision_id"]
    return Answer(at_ms, outcome)


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
