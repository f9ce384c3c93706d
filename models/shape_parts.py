"""What the shapes of a snapshot are made of: numbers within bounds, short texts, and how a meter looks."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.learner import VALUE_LIMIT
from models.meters import BINS
from models.pooled import LEAST_CERTAINTY

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
    """`models.meters.Meter`."""

    bins: list[BinRow]
    loss: Number
