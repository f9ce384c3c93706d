"""What a model's snapshot must look like, checked as a whole before any of it is believed.

A version comes from a topic: whoever wrote it, numbers must be numbers and columns as long as their names. What does
not fit is a `BadSnapshotError` that names the field.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator

from models.clv.fit import LEAST, MOST
from models.clv.model import KEYS, Row
from models.clv.model import MODEL as VALUE
from models.labels.escalation import MODEL as ESCALATION
from models.learning.learner import VALUE_LIMIT, BadSnapshotError
from models.learning.starts import MAX_ACTIONS
from models.served.calibrated_actions import MAX_MAPS as MAX_ACTION_MAPS
from models.served.calibrated_actions import PARTS
from models.served.need import MODEL as NEED
from models.training.contest_shape import ContestOfActionsShape, ContestShape
from models.training.lags import MOST_DAYS
from models.training.missed import MAX_MISSED
from models.training.shape_parts import (
    Calibration,
    Certainty,
    Count,
    Loss,
    MapRows,
    Mark,
    MeterShape,
    Number,
    Part,
    Pivot,
    PooledShape,
    Share,
    Shift,
    Slope,
    Text,
    Variance,
)

MAX_PARTS = 1_000  # of a version: a gigabyte
MAX_SEALED = 64_000_000  # bytes
MAX_ROWS = 20_000  # of the model "value": as many as policy may ask for
FITTED = MOST * 1.001  # what a search finds is within its limits, but for rounding
Sealed = Annotated[bytes, Field(max_length=MAX_SEALED)]
Fitted = Annotated[float, Field(ge=LEAST * 1e-6, le=VALUE_LIMIT * MOST)]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")]


class _Champion(PooledShape):
    steady: PooledShape


class _Fits(Part):
    examples: Count
    buying: Annotated[list[Fitted], Field(max_length=4)]
    spending: Annotated[list[Fitted], Field(max_length=3)]

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if (len(self.buying), len(self.spending)) not in ((0, 0), (4, 3)):
            raise ValueError("buying, spending: not all of their numbers")
        if self.buying and not (self.buying[2] <= FITTED and self.buying[3] <= FITTED and self.buying[0] <= FITTED):
            raise ValueError("buying: beyond what a search finds")
        if self.spending and not 1 < self.spending[1] <= 1 + FITTED:
            raise ValueError("spending: its mean is infinite")
        return self


class _Value(_Fits):
    refused: Count
    edge: Annotated[int, Field(ge=0, le=KEYS)]
    keys: Annotated[list[Annotated[int, Field(ge=0, lt=KEYS)]], Field(max_length=MAX_ROWS)]
    repeats: list[Variance]
    first_day: list[Variance]
    last_day: list[Variance]
    seen_day: list[Variance]
    mean_minor: list[Variance]
    fitted_day: Mark
    customers: Count

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for column in Row._fields:
            if len(getattr(self, column)) != len(self.keys):
                raise ValueError(f"{column}: not as many as keys")
        return self


MissedPart = Annotated[tuple[Text, Mark], Field(strict=False)]
LagRow = Annotated[tuple[Annotated[int, Field(ge=0, le=MOST_DAYS)], Count], Field(strict=False)]


class _State(Part):
    version: Count
    meter: MeterShape
    served: MeterShape
    contest: ContestShape
    released: Annotated[tuple[Mark, Text], Field(strict=False)]
    since_version: Count
    learned: Annotated[tuple[Count, Count], Field(strict=False)]
    censored: Count
    lags: Annotated[list[LagRow], Field(max_length=MOST_DAYS + 1, default_factory=list)]  # the first told none
    early: Annotated[tuple[Count, Count], Field(strict=False)] = (0, 0)
    early_since_ms: Mark = -1


class _Calibrated(_Champion):
    calibration: Calibration
    pivot: Pivot = 0.0  # the first versions told none: policy's start
    maps: MapRows


class _ChurnState(_State):
    learner: _Calibrated


# An action, examples, slope, shift, what is known of slope, both and shift.
OwnRow = Annotated[tuple[Text, Count, Slope, Shift, Variance, Number, Variance], Field(strict=False)]
LineRow = Annotated[tuple[Text, Number, Certainty, Number], Field(strict=False)]
ActionMapRow = Annotated[tuple[Count, Count, Slope, Shift, list[LineRow]], Field(strict=False)]


class _CalibratedActions(_Champion):
    # The first versions told none of them; all or nothing.
    calibration: Calibration | None = None
    own: Annotated[list[OwnRow], Field(max_length=MAX_ACTIONS)] | None = None
    maps: Annotated[list[ActionMapRow], Field(max_length=MAX_ACTION_MAPS)] | None = None

    @model_validator(mode="after")
    def _calibrated_or_not(self) -> Self:
        missing = [part for part in PARTS if getattr(self, part) is None]
        if missing and self.model_fields_set & set(PARTS):
            raise ValueError(f"{', '.join(missing)}: missing")
        return self


class _PropensityState(_State):
    learner: _CalibratedActions
    contest: ContestOfActionsShape


class _NeedState(_State):
    learner: _Champion


class _Bookmark(Part):
    read_from: Count
    seen_offset: Count
    positions: dict[Text, Annotated[tuple[Mark, Mark], Field(strict=False)]]
    promises: dict[Digits, Annotated[tuple[Mark, bool], Field(strict=False)]]
    # The first versions told ids alone.
    missed: Annotated[list[Text | MissedPart], Field(max_length=MAX_MISSED, default_factory=list)]
    lost: Annotated[list[MissedPart], Field(max_length=MAX_ACTIONS + 1, default_factory=list)]
    late: Count
    repeated: Count
    rejected: Count


class _ValueState(_State):
    learner: _Value


class _Version(Part):
    bookmark: _Bookmark
    sealed: dict[Text, Sealed]


class _Churn(_Version):
    state: _ChurnState


class _Propensity(_Version):
    state: _PropensityState


class _Need(_Version):
    state: _NeedState


class _Census(_Version):
    state: _ValueState


class ManifestShape(Part):
    """What the manifest of a version must look like (`models.training.snapshots` says what it is)."""

    format: Literal[1]
    model: Text
    version: Count
    parts: Annotated[int, Field(ge=1, le=MAX_PARTS)]
    size: Count
    checksum: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    examples: Count
    positives: Count
    auc: Share | None
    log_loss: Loss | None
    calibration_error: Share | None
    served: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""  # the first versions had none
    matured_ms: Mark = -1  # nor this


class _Served(Part):
    version: Count
    features: list[Text]
    on_duty: Text
    pinned: Count
    plain: dict[str, Any]  # who reads it looks into it


class _ServedFits(_Served):
    plain: _Fits  # type: ignore[assignment] # in the place of any


SHAPES: dict[str, type[BaseModel]] = {
    "churn": _Churn,
    "propensity": _Propensity,
    VALUE: _Census,
    NEED: _Need,
    ESCALATION: _Churn,
}


def check_snapshot(model: str, snapshot: Any) -> None:
    """Raise `BadSnapshotError`, which names the first field that is wrong, unless the snapshot is whole and sound."""
    check_fields(SHAPES[model], snapshot)


def check_served(model: str, served: Any) -> None:
    """Raise `BadSnapshotError`, which names the first field that is wrong, unless this may be what is served by."""
    check_fields(_ServedFits if model == VALUE else _Served, served)


def check_fields(shape: type[BaseModel], data: Any) -> None:
    """Raise `BadSnapshotError` naming the first field of `data` that is not as `shape` says."""
    try:
        shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "(whole)"
        raise BadSnapshotError(f"{field}: {first['msg']}") from None
