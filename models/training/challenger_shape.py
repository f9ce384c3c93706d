"""What challengers must look like in a model's snapshot."""

from typing import Annotated

from pydantic import Field

from models.challengers.bayes_actions import GROUPS
from models.challengers.binned import WARM
from models.challengers.ensemble import MEMORIES
from models.challengers.flat_tree import MAX_NODES
from models.learning.starts import MAX_ACTIONS
from models.training.shape_parts import (
    Calibration,
    Certainty,
    Count,
    Loss,
    MapRows,
    Number,
    Part,
    Pivot,
    PooledShape,
    Text,
    Variance,
)


class _Learned(Part):
    names: list[Text]
    examples: Count
    calibration: Calibration | None = None  # of who was never on duty there is none
    maps: MapRows | None = None
    pivot: Pivot = 0.0


Line = Annotated[list[Number], Field(min_length=2, max_length=2)]


class _Bayes(_Learned):
    held: list[list[Number]]
    edges: list[list[Number]]
    tallies: list[list[list[Variance]]]
    line: Line
    certainties: Annotated[list[Certainty], Field(min_length=2, max_length=2)]


Member = Annotated[tuple[list[Number], list[Certainty]], Field(strict=False)]


class _Ensemble(_Learned):
    means: list[Number]
    variances: list[Variance]
    members: Annotated[list[Member], Field(min_length=len(MEMORIES), max_length=len(MEMORIES))]
    losses: list[Loss]
    bayes: _Bayes


Node = Annotated[tuple[Annotated[int, Field(ge=-1, le=1_000)], Number, Count, Count, Number], Field(strict=False)]


class _Tree(_Learned):
    nodes: Annotated[list[Node], Field(min_length=1, max_length=MAX_NODES)]


Level = Annotated[tuple[Text, Count, Variance, Variance], Field(strict=False)]
Levels = Annotated[list[Level], Field(max_length=MAX_ACTIONS)]
Side = Annotated[list[Variance], Field(min_length=GROUPS, max_length=GROUPS)]
Sides = Annotated[list[Side], Field(min_length=2, max_length=2)]
Crossed = Annotated[tuple[Text, list[Sides]], Field(strict=False)]


class _BayesOfActions(_Bayes):
    held_of: Annotated[list[Text], Field(max_length=WARM)]
    levels: Levels
    crossed: Annotated[list[Crossed], Field(max_length=MAX_ACTIONS)]
    line: Annotated[list[Number], Field(min_length=3, max_length=3)]
    certainties: Annotated[list[Certainty], Field(min_length=3, max_length=3)]


class _EnsembleOfActions(_Learned):
    regressions: Annotated[list[PooledShape], Field(min_length=len(MEMORIES), max_length=len(MEMORIES))]
    losses: list[Loss]
    bayes: _BayesOfActions


class _LearnedOfActions(_Learned):
    levels: Levels


class _TreeOfActions(_Tree):
    levels: Levels


class Challengers(Part):
    """Those of a model that knows no actions."""

    naive_bayes: _Bayes | None = None
    ensemble: _Ensemble | None = None
    hoeffding_adaptive: _Tree | None = None
    adaptive_random_forest: _Learned | None = None
    aggregated_mondrian_forest: _Learned | None = None


class ChallengersOfActions(Part):
    """Those of a model that learns of actions."""

    naive_bayes: _BayesOfActions | None = None
    ensemble: _EnsembleOfActions | None = None
    hoeffding_adaptive: _TreeOfActions | None = None
    adaptive_random_forest: _LearnedOfActions | None = None
    aggregated_mondrian_forest: _LearnedOfActions | None = None
