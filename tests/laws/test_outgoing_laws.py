"""Law: whatever a customer lives through, and whatever policy and model allow, each effect is as its schema says."""

from typing import Any

from hypothesis import Phase, given, settings
from pydantic import TypeAdapter

from models.context import Context
from models.features import FEATURES
from models.learning.scoring import Linear, LinearScorer
from models.policy import Policy
from models.step import step
from schemas.actions import Alert, Arrival, Effect, Offer, Withdrawal
from schemas.decisions import Decision
from schemas.internal import Claim, ExampleRecord
from tests.builders import after
from tests.customers import a_consenting_customer, feelings, the_context, unlearned
from tests.laws.strategies import lives
from tests.policies import a_policy, default_policy, read

STREAMS: dict[str, TypeAdapter[Any]] = {
    "crm.alert.raised": TypeAdapter(Alert),
    "crm.offer.made": TypeAdapter(Offer),
    "crm.customer.arrived": TypeAdapter(Arrival),
}
TOPICS: dict[str, TypeAdapter[Any]] = {
    "decisions": TypeAdapter(Decision),
    "examples": TypeAdapter(ExampleRecord),
    "links": TypeAdapter(Claim),
}
ENTRY, WITHDRAWAL = TypeAdapter(dict[str, str]), TypeAdapter(Withdrawal)
LEAST = {
    "amount_minor": 0, "aum_minor": 0, "high_minor": 1, "days": 7, "share": 0.0, "weeks": 0.01, "debits": 2,
    "deviations": 0.01, "hours": 72, "payments": 2, "declines": 2, "logins": 2, "rating": 10.0, "sentiment": 0.0,
    "score": 0.0, "clear_score": 0.0, "cool_down_hours": 0,
}  # fmt: skip


def a_loud_policy() -> Policy:
    """Every rule speaks as soon as it may, and its texts quote all that they know, in as many words as fit."""
    rules = []
    for rule in default_policy().rules.rule:
        (told,) = [told for told in read("rules")["rule"] if told["kind"] == rule.kind]
        loud = {key: LEAST[key] for key in LEAST if key in told}
        figures = " ".join(f"{{{name}}}" for name in sorted(rule.FIGURES))
        long = {"zh": figures, "en": "x" * 200}
        reason = {"code": "all", "zh": figures + "字" * 200, "en": "x" * 150 + figures}
        rules.append({**told, **loud, "unless": (), "title": long, "next_step": long, "reasons": (reason,)})
    floors = dict.fromkeys(read("models")["floor_examples"], 0)
    return a_policy(rules={"rule": rules}, models={"floor_examples": floors})


def a_model_that_ran_away() -> Context:
    """Weights and centres at the end of what a snapshot may hold."""
    weights = tuple(1e12 if place % 2 else -1e12 for place in range(len(FEATURES)))
    linear = Linear(weights, tuple(1e12 if place % 3 else -1e12 for place in range(len(FEATURES))), 0.0, 10**9)
    return Context(a_loud_policy(), {**unlearned(), "churn": LinearScorer(linear, 3)}, 7, feelings)


def what(effect: Effect) -> str:
    """Hold an effect to its schema, and name it."""
    if effect.kind == "topic":
        TOPICS[effect.name].validate_json(effect.body)
        return effect.name
    assert effect.kind == "stream"
    entry = ENTRY.validate_json(effect.body)
    STREAMS.get(entry["type"], WITHDRAWAL).validate_json(entry["data"])
    return entry["type"]


def held(context: Context, life: list[Any], seen: set[str]) -> None:
    profile = step(None, a_consenting_customer(occurred_at=after(days=-1)), context).value
    for event in life:
        verdict = step(profile, event, context)
        profile = verdict.value
        seen |= {what(effect) for effect in verdict.effects}


def test_every_effect_is_as_its_schema_says_whatever_policy_and_model_allow():
    seen: set[str] = set()
    loud = a_model_that_ran_away()

    @settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate], database=None)
    @given(lives())
    def of_a_life(life: list[Any]) -> None:
        held(loud, life, seen)
        held(the_context(), life, seen)

    of_a_life()
    assert seen >= {*STREAMS, *TOPICS, "crm.alert.retracted"}
