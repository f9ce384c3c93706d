"""The part of `models.toml` about challengers: who learns beside a champion, and what it takes to take its place."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.features import FEATURES
from models.policy.base import Count, Name, Part

Challenger = Literal[
    "naive_bayes", "ensemble", "hoeffding_adaptive", "adaptive_random_forest", "aggregated_mondrian_forest"
]
Challengers = Annotated[tuple[Challenger, ...], Field(max_length=5)]


class Segment(Part):
    """Groups of customers by one feature: the first lies below the first edge, the last at or above the last one."""

    name: Name
    feature: str
    edges: Annotated[tuple[float, ...], Field(min_length=1, max_length=4)]
    groups: Annotated[tuple[Name, ...], Field(min_length=2, max_length=5)]

    @model_validator(mode="after")
    def _a_group_between_edges(self) -> Self:
        if self.feature not in FEATURES:
            raise ValueError(f"no feature is called {self.feature!r}")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError("edges must rise")
        if len(self.groups) != len(self.edges) + 1 or len(set(self.groups)) != len(self.groups):
            raise ValueError("groups must be one more than edges, each with a name of its own")
        return self


class ContestRules(Part):
    """When a trial opens and ends, and what promotes or brings back."""

    error: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    trial_examples: Annotated[int, Field(ge=100, le=10_000_000)] = 5_000
    trial_least: Annotated[int, Field(ge=20, le=1_000_000)] = 300
    trial_every: Count = 5_000
    calibration_slack: Annotated[float, Field(ge=0, le=0.5)] = 0.005
    segment_least: Annotated[int, Field(ge=20, le=1_000_000)] = 100
    segment_slack: Annotated[float, Field(gt=0, le=0.5)] = 0.02
    return_examples: Annotated[int, Field(ge=100, le=100_000_000)] = 10_000

    @model_validator(mode="after")
    def _a_trial_comes_to_its_verdict(self) -> Self:
        if self.trial_least > self.trial_examples:
            raise ValueError("trial_least must not be above trial_examples: nobody could ever win")
        if self.segment_least > self.trial_examples:
            raise ValueError("segment_least must not be above trial_examples: no group could ever be heard")
        return self
