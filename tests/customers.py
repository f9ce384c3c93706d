"""A customer through the whole core: events in, profile and entries out."""

from functools import cache
from typing import Any

from models.context import Context, Verdict
from models.policy import Policy
from models.sentiment import Sentiment
from models.served.churn import ChurnLearner
from models.served.propensity import PropensityLearner
from models.step import step
from schemas.actions import Effect
from schemas.profile import Profile
from tests.builders import a_customer
from tests.policies import default_policy

CONSENTS = ("marketing", "personalisation", "profiling", "social_linking")


def feelings(text: str, _language: str | None = None) -> Sentiment:
    """A sentiment analyser that knows two words."""
    return Sentiment(("good" in text) * 0.8 - ("bad" in text) * 0.8, "en")


@cache
def unlearned() -> dict[str, Any]:
    return {"churn": ChurnLearner().scorer(0), "propensity": PropensityLearner().scorer(0)}


def the_context(policy: Policy | None = None) -> Context:
    return Context(policy or default_policy(), unlearned(), 7, feelings)


def a_consenting_customer(**changes: Any) -> Any:
    return a_customer(**{"consents": CONSENTS, "branch_id": "B001", **changes})


def lived(*events: Any, profile: Profile | None = None, policy: Policy | None = None) -> tuple[Profile, list[Effect]]:
    """The profile after these events, and all effects on the way."""
    return lived_in(the_context(policy), *events, profile=profile)


def lived_in(context: Context, *events: Any, profile: Profile | None = None) -> tuple[Profile, list[Effect]]:
    """The same where the models have learned something."""
    effects: list[Effect] = []
    for event in events:
        verdict: Verdict[Profile] = step(profile, event, context)
        profile = verdict.value
        effects += verdict.effects
    assert profile is not None
    return profile, effects
