"""What a step is given beside profile and event, and what it hands back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from models.policy import Policy
from models.scoring import Scorer
from schemas.actions import Effect

Result = Literal["applied", "duplicate", "ignored"]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Context:
    """Policy, scorers by model name ("churn", "propensity") and seed: they change between batches only."""

    policy: Policy
    scorers: Mapping[str, Scorer]
    seed: int = 0


class Verdict(NamedTuple, Generic[Value]):
    """What a step found: the new value of its table (None: the value goes), and what is wanted outside.

    `result` "duplicate": known by its id, nothing changed. "ignored": it occurred before an erasure.
    """

    value: Value | None
    effects: tuple[Effect, ...] = ()
    result: Result = "applied"
    unknown_fields: tuple[str, ...] = ()
    outcome: tuple[str, str] | None = None  # (label, "joined" | "late" | "dangling")

    @property
    def profile(self) -> Value | None:
        """The value, where the table is that of the profiles."""
        return self.value
