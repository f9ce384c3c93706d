"""What a step is given beside profile and event, and what it hands back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from models.learning.scoring import Scorer
from models.policy import Policy
from models.sentiment import Sentiment
from schemas.actions import Effect
from schemas.errors import BrokenInvariant

Result = Literal["applied", "duplicate", "ignored", "dead_letter"]
Value = TypeVar("Value")


def _mute(_text: str, _language: str | None) -> Sentiment:
    raise BrokenInvariant("a mention came, and the context has no sentiment analyser")


@dataclass(frozen=True, slots=True)
class Context:
    """Policy, scorers by model name ("churn", "propensity"), seed and analyser: they change between batches only."""

    policy: Policy
    scorers: Mapping[str, Scorer]
    seed: int = 0
    sentiment: Callable[[str, str | None], Sentiment] = (
        _mute  # `SentimentAnalyser(…).sentiment`: takes a second to load
    )


class Verdict(NamedTuple, Generic[Value]):
    """What a step found: the new value of its table (None: the value goes), and what is wanted outside.

    `result` "duplicate": known by its id, nothing changed. "ignored": it occurred before an erasure.
    "dead_letter": its content cannot be taken; one of the effects puts it aside.
    """

    value: Value | None
    effects: tuple[Effect, ...] = ()
    result: Result = "applied"
    unknown_fields: tuple[str, ...] = ()
    outcome: tuple[str, str] | None = None  # (label, "joined" | "late" | "dangling")
    suppressed: tuple[str, ...] = ()  # codes of why something was held back
    lost: tuple[str, ...] = ()  # models of which an example found no room (`models.labels.outcomes.pend`)

    @property
    def profile(self) -> Value | None:
        """The value, where the table is that of the profiles."""
        return self.value
