"""What the shapes of a snapshot are made of: numbers within bounds, short texts, and how a meter looks."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.evaluation.meters import BINS
from models.learning.calibration import SHIFTS, SLOPES
from models.learning.hashing import KEYS
from models.learning.learner import VALUE_LIMIT
from models.learning.scoring import ODDS_LIMIT
from models.learning.slots import LEAST_CERTAINTY
from models.served.maps import MAX_MAPS

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Mark = Annotated[int, Field(ge=-1, le=2**63 - 1)]  # -1: before all
Number = Annotated[float, Field(ge=-VALUE_LIMIT, le=VALUE_LIMIT)]  # neither infinite nor "not a number"
Variance = Annotated[float, Field(ge=0, le=VALUE_LIMIT)]
Certainty = Annotated[float, Field(ge=LEAST_CERTAINTY, le=VALUE_LIMIT)]
Share = Annotated[float, Field(ge=0, le=1)]
Loss = Annotated[float, Field(ge=0, le=VALUE_LIMIT)]
Text = Annotated[str, Field(max_length=200)]
# Lists stand for tuples in msgpack and JSON.
BinRow = Annotated[tuple[Annotated[int, Field(ge=0, lt=BINS)], Count, Count, Number], Field(strict=False)]


class Part(BaseModel):
    """A part of a snapshot, as strict as JSON allows; what no reader asks for may be there."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")


class MeterShape(Part):
    """`models.evaluation.meters.Meter`."""

    bins: list[BinRow]
    loss: Number


PooledKey = Annotated[int, Field(ge=0, lt=KEYS)]
PooledSlot = Annotated[tuple[PooledKey, Number, Number, Variance, Number, Certainty], Field(strict=False)]


class _Weights(Part):
    weights: list[Number]
    certainties: list[Certainty]


class _PooledAction(_Weights):
    examples: Count
    intercept: Number
    certainty: Certainty
    slots: list[PooledSlot]


class PooledShape(_Weights):
    """`models.learning.pooled.PooledRegression`."""

    names: list[Text]
    examples: Count
    means: list[Number]
    variances: list[Variance]
    actions: dict[Text, _PooledAction]

    @model_validator(mode="after")
    def _columns_are_as_long_as_the_names(self) -> Self:
        _as_long(self, self.names, "means", "variances", "weights", "certainties")
        for action in self.actions.values():
            _as_long(action, self.names, "weights", "certainties")
        return self


def _as_long(part: BaseModel, names: list[str], *columns: str) -> None:
    for column in columns:
        if len(getattr(part, column)) != len(names):
            raise ValueError(f"{column}: not as many as names")


Slope = Annotated[float, Field(ge=SLOPES[0], le=SLOPES[1])]
Shift = Annotated[float, Field(ge=SHIFTS[0], le=SHIFTS[1])]
Pivot = Annotated[float, Field(ge=-ODDS_LIMIT, le=ODDS_LIMIT)]  # what a calibration's lines are about
# Examples, slope, shift, what is known of slope, both and shift, the day of the last map.
Calibration = Annotated[tuple[Count, Slope, Shift, Variance, Number, Variance, Mark], Field(strict=False)]
MapRow = Annotated[tuple[Count, Count, Slope, Shift], Field(strict=False)]
MapRows = Annotated[list[MapRow], Field(max_length=MAX_MAPS)]
