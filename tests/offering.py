"""Builders around decisions: a customer who may be offered something, and an event decided."""

from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from models.cause import Cause
from models.decide import trigger_of
from models.features import features
from models.fold import fold
from models.learning.scoring import Scored
from models.offer import offer
from models.policy import Policy
from schemas.decisions import Decision
from schemas.profile import Account, Profile
from tests.builders import BEGINNING, a_customer
from tests.judging import Entry, a_profile, opened
from tests.policies import a_context, default_policy

RECORD = TypeAdapter(Decision)  # tests hold what we write to its schema
ALL_CONSENTS = ("marketing", "personalisation", "profiling")


def a_consenting(*consents: str, **changes: Any) -> Profile:
    """A customer with these consents (all, if none is named) and 100,000.00 on an account."""
    master = a_customer(**{"consents": consents or ALL_CONSENTS, **changes})
    profile = fold(a_profile(), master, default_policy())
    return replace(profile, accounts={"A1": Account("CNY", 100_000_00, BEGINNING, BEGINNING)})


def decided(
    event: Any, profile: Profile, policy: Policy | None = None, *, seed: int = 0, **scorers: Any
) -> tuple[Profile, tuple[Entry, ...], Decision | None]:
    """Fold the event, decide on it: the profile, the offers, and the record if there is one."""
    policy = policy or default_policy()
    folded = fold(profile, event, policy)
    trigger, values = trigger_of(event, policy), features(folded, event.occurred_ms, policy.home_currency)
    if trigger is None:
        return folded, (), None
    context = a_context(policy, seed=seed, **scorers)
    after_it, effects, *_ = offer(folded, event, trigger, Cause.of_event(event), context, values)
    records = [RECORD.validate_json(effect.body) for effect in effects if effect.kind == "topic"]
    return after_it, opened(effects), records[0] if records else None


class KnownPropensities:
    """A scorer that says what it was told of each action."""

    version = 12

    def __init__(self, values: dict[str, float], *, examples: int = 10_000, of_action: int = 1_000) -> None:
        self.values = values
        self.examples = examples
        self.of_action = of_action

    def score(self, features: Any, action: str = "", slots: Any = ()) -> Scored:
        first = 1.5 if action in self.values else 0.0
        contributions = (first, *(0.0 for _ in features[1:]))
        return Scored(self.values.get(action, 0.001), first, 0.0, contributions, self.of_action)
