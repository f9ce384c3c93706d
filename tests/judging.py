"""Builders around rules: a customer with a history, an event judged, and its entries opened."""

from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import TypeAdapter

from models.cause import Cause
from models.fold import fold
from models.policy import Policy
from models.rules import judge
from schemas.actions import Alert, Arrival, Effect, Offer, Withdrawal
from schemas.profile import Due, Profile
from tests.builders import BEGINNING, a_transaction, after
from tests.policies import a_context, default_policy

SHAPES: dict[str, TypeAdapter[Any]] = {
    "crm.alert.raised": TypeAdapter(Alert),
    "crm.offer.made": TypeAdapter(Offer),
    "crm.customer.arrived": TypeAdapter(Arrival),
}
WITHDRAWAL = TypeAdapter(Withdrawal)


@dataclass(frozen=True)
class Entry:
    """A stream entry, opened, and checked against the schema that we publish of it."""

    stream: str
    body: bytes
    timed: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        return orjson.loads(self.body)

    @property
    def id(self) -> str:
        return self.fields["id"]

    @property
    def type(self) -> str:
        return self.fields["type"]

    @property
    def data(self) -> dict[str, Any]:
        SHAPES.get(self.type, WITHDRAWAL).validate_json(self.fields["data"])
        return orjson.loads(self.fields["data"])


def opened(effects: tuple[Effect, ...]) -> tuple[Entry, ...]:
    return tuple(Entry(effect.name, effect.body, effect.timed) for effect in effects if effect.kind == "stream")


def a_profile(**fields: Any) -> Profile:
    return Profile(**{"customer_id": "C1", "first_seen_ms": BEGINNING, "last_seen_ms": BEGINNING, **fields})


def judged(
    event: Any, profile: Profile | None = None, policy: Policy | None = None, *, feeling: float = 0.0
) -> tuple[Profile, tuple[Entry, ...]]:
    """Fold the event into the profile and ask the rules."""
    before = profile or a_profile()
    policy = policy or default_policy()
    folded = fold(before, event, policy, feeling)
    after_it, effects = judge(before, folded, event, Cause.of_event(event), a_context(policy))
    return after_it, opened(effects)


def fired(work: Any, due: Due, profile: Profile, policy: Policy | None = None) -> tuple[Profile, tuple[Entry, ...]]:
    """What due work brings about."""
    profile, effects = work(profile, due, Cause.of_work(profile.customer_id, due), a_context(policy))
    return profile, opened(effects)


def kinds(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.data["kind"] for entry in entries]


def lived(profile: Profile, *events: Any) -> Profile:
    """The profile after these events, with no rule asked."""
    for event in events:
        profile = fold(profile, event, default_policy())
    return profile


def spending(profile: Profile, *, debits: int, each_minor: int, and_each_minor: int | None = None) -> Profile:
    """The profile after so many card payments on the five days before the beginning (every other of another amount)."""
    amounts = (each_minor, each_minor if and_each_minor is None else and_each_minor)
    payments = (
        a_transaction(amount=f"{amounts[number % 2] / 100:.2f}", occurred_at=after(days=-1 - number % 5))
        for number in range(debits)
    )
    return lived(profile, *payments)
