"""What a model's snapshot must look like, checked as a whole before any of it is believed.

A version comes from a topic: whoever wrote it, numbers must be numbers and columns as long as their names. What does
not fit is a `BadSnapshotError` that names the field.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from models.adwin import BUCKETS
from models.calibrated import MAX_MAPS
from models.calibration import SHIFTS, SLOPES
from models.challenger_ensemble import MEMORIES
from models.challenger_trees import MAX_NODES
from models.challengers import CHAMPION
from models.clv_fit import LEAST, MOST
from models.contest_events import MAX_EVENTS, What
from models.evidence import SHARES
from models.frozen import KEPT
from models.hashing import KEYS as SLOTS_AND_BINS
from models.learner import VALUE_LIMIT, BadSnapshotError
from models.meters import BINS
from models.need_model import MODEL as NEED
from models.pooled import LEAST_CERTAINTY
from models.track_record import POINTS
from models.value_model import KEYS, Row
from models.value_model import MODEL as VALUE

MAX_PARTS = 1_000  # of a version: a gigabyte
MAX_TRACKS = 400  # models of a contest times groups of customers
MAX_SEALED = 64_000_000  # bytes
MAX_ROWS = 20_000  # of the model "value": as many as policy may ask for
FITTED = MOST * 1.001  # what a search finds is within its limits, but for rounding
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Mark = Annotated[int, Field(ge=-1, le=2**63 - 1)]  # -1: before all
Number = Annotated[float, Field(ge=-VALUE_LIMIT, le=VALUE_LIMIT)]  # neither infinite nor "not a number"
Variance = Annotated[float, Field(ge=0, le=VALUE_LIMIT)]
Certainty = Annotated[float, Field(ge=LEAST_CERTAINTY, le=VALUE_LIMIT)]
Fitted = Annotated[float, Field(ge=LEAST * 1e-6, le=VALUE_LIMIT * MOST)]
Text = Annotated[str, Field(max_length=200)]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")]
# Lists stand for tuples in msgpack and JSON.
PooledKey = Annotated[int, Field(ge=0, lt=SLOTS_AND_BINS)]
PooledSlot = Annotated[tuple[PooledKey, Number, Number, Variance, Number, Certainty], Field(strict=False)]
BinRow = Annotated[tuple[Annotated[int, Field(ge=0, lt=BINS)], Count, Count, Number], Field(strict=False)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")


class _Weights(_Part):
    weights: list[Number]
    certainties: list[Certainty]


class _PooledAction(_Weights):
    examples: Count
    intercept: Number
    certainty: Certainty
    slots: list[PooledSlot]


class _Pooled(_Weights):
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


class _Champion(_Pooled):
    steady: _Pooled


def _as_long(part: BaseModel, names: list[str], *columns: str) -> None:
    for column in columns:
        if len(getattr(part, column)) != len(names):
            raise ValueError(f"{column}: not as many as names")


class _Value(_Part):
    examples: Count
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
    buying: Annotated[list[Fitted], Field(max_length=4)]
    spending: Annotated[list[Fitted], Field(max_length=3)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for column in Row._fields:
            if len(getattr(self, column)) != len(self.keys):
                raise ValueError(f"{column}: not as many as keys")
        if (len(self.buying), len(self.spending)) not in ((0, 0), (4, 3)):
            raise ValueError("buying, spending: not all of their numbers")
        if self.buying and not (self.buying[2] <= FITTED and self.buying[3] <= FITTED and self.buying[0] <= FITTED):
            raise ValueError("buying: beyond what a search finds")
        if self.spending and not 1 < self.spending[1] <= 1 + FITTED:
            raise ValueError("spending: its mean is infinite")
        return self


class _Meter(_Part):
    bins: list[BinRow]
    loss: Number


Share = Annotated[float, Field(ge=0, le=1)]
Loss = Annotated[float, Field(ge=0, le=VALUE_LIMIT)]
Sealed = Annotated[bytes, Field(max_length=MAX_SEALED)]
Wealth = Annotated[list[Number], Field(min_length=len(SHARES), max_length=len(SHARES))]
RecordRow = Annotated[tuple[Text, Text, Count, Count, Share | None, Loss | None, Share | None], Field(strict=False)]
RecordRows = Annotated[list[RecordRow], Field(max_length=MAX_TRACKS)]
RecordPoint = Annotated[tuple[Mark, Count, Text, RecordRows], Field(strict=False)]
Noted = Annotated[tuple[Text, Text, _Meter], Field(strict=False)]
Bucket = Annotated[tuple[Annotated[int, Field(ge=1, le=2**63 - 1)], Number, Variance], Field(strict=False)]
Level = Annotated[list[Bucket], Field(min_length=1, max_length=BUCKETS)]
SavedRow = Annotated[tuple[Text, Count, Number, Variance], Field(strict=False)]
Node = Annotated[tuple[Annotated[int, Field(ge=-1, le=1_000)], Number, Count, Count, Number], Field(strict=False)]
Member = Annotated[tuple[list[Number], list[Certainty]], Field(strict=False)]
Line = Annotated[list[Number], Field(min_length=2, max_length=2)]
FrozenMoment = Annotated[tuple[Mark, dict[Text, dict[str, Any]]], Field(strict=False)]


class _Record(_Part):
    every: Annotated[int, Field(ge=1, le=2**63 - 1)]
    count: Count
    since: Annotated[list[Noted], Field(max_length=MAX_TRACKS)]
    points: Annotated[list[RecordPoint], Field(max_length=POINTS)]


class _Learned(_Part):
    names: list[Text]
    examples: Count


class _Bayes(_Learned):
    held: list[list[Number]]
    edges: list[list[Number]]
    tallies: list[list[list[Variance]]]
    line: Line
    certainties: Annotated[list[Certainty], Field(min_length=2, max_length=2)]


class _Ensemble(_Learned):
    means: list[Number]
    variances: list[Variance]
    members: Annotated[list[Member], Field(min_length=len(MEMORIES), max_length=len(MEMORIES))]
    losses: list[Loss]
    bayes: _Bayes


class _Tree(_Learned):
    nodes: Annotated[list[Node], Field(min_length=1, max_length=MAX_NODES)]


class _Challengers(_Part):
    naive_bayes: _Bayes | None = None
    ensemble: _Ensemble | None = None
    hoeffding_adaptive: _Tree | None = None
    adaptive_random_forest: _Learned | None = None
    aggregated_mondrian_forest: _Learned | None = None


class _Drift(_Part):
    seen: Count
    levels: Annotated[list[Level], Field(max_length=64)]

    @model_validator(mode="after")
    def _the_window_was_seen(self) -> Self:
        if sum([size for level in self.levels for size, _, _ in level]) > self.seen:
            raise ValueError("levels: they hold more values than were seen")
        return self


class _Pair(_Part):
    wealth: Wealth
    saved: Annotated[list[SavedRow], Field(max_length=MAX_TRACKS)]


class _Trial(_Part):
    number: Annotated[int, Field(ge=1, le=2**31)]
    why: Text
    opened_ms: Mark
    champion: Text
    rivals: Annotated[list[Text], Field(min_length=1, max_length=16)]
    examples: Count
    meters: dict[Text, _Meter]
    pairs: dict[Text, _Pair]


class _Event(_Part):
    number: Count
    what: What
    at_ms: Mark
    version: Count
    champion: Text
    about: Text
    why: Annotated[str, Field(max_length=400)]
    by: Text
    command_id: Text
    figures: dict[str, Any] | None


class _Events(_Part):
    count: Count
    last: Annotated[list[_Event], Field(max_length=MAX_EVENTS)]


class _Contest(_Part):
    challengers: _Challengers
    meters: dict[Text, _Meter]
    record: _Record
    on_duty: Text
    pinned: Count
    drift: _Drift
    drifts: Count
    trial: _Trial | None
    trials: Count
    since_trial: Count
    watch: Annotated[tuple[Text, Wealth], Field(strict=False)] | None
    events: _Events
    at_ms: Mark
    previous: Text
    drift_waits: bool
    frozen: Annotated[list[FrozenMoment], Field(max_length=KEPT)]  # `models.frozen` looks into the scorers

    @model_validator(mode="after")
    def _every_member_has_a_meter(self) -> Self:
        there = self.challengers.model_fields_set | {CHAMPION}
        if missing := sorted(there - set(self.meters)):
            raise ValueError(f"meters: none of {missing}")
        return self


class _State(_Part):
    version: Count
    meter: _Meter
    served: _Meter
    contest: _Contest
    released: Annotated[tuple[Mark, Text], Field(strict=False)]
    since_version: Count
    learned: Annotated[tuple[Count, Count], Field(strict=False)]
    censored: Count


Slope = Annotated[float, Field(ge=SLOPES[0], le=SLOPES[1])]
Shift = Annotated[float, Field(ge=SHIFTS[0], le=SHIFTS[1])]
MapRow = Annotated[tuple[Count, Count, Slope, Shift], Field(strict=False)]


class _Calibrated(_Champion):
    # Examples, slope, shift, what is known of slope, both and shift, the day of the last map.
    calibration: Annotated[tuple[Count, Slope, Shift, Variance, Number, Variance, Mark], Field(strict=False)]
    maps: Annotated[list[MapRow], Field(max_length=MAX_MAPS)]


class _ChurnState(_State):
    learner: _Calibrated


class _PropensityState(_State):
    learner: _Champion


class _Bookmark(_Part):
    read_from: Count
    seen_offset: Count
    positions: dict[Text, Annotated[tuple[Mark, Mark], Field(strict=False)]]
    promises: dict[Digits, Annotated[tuple[Mark, bool], Field(strict=False)]]
    late: Count
    repeated: Count
    rejected: Count


class _ValueState(_State):
    learner: _Value


class _Version(_Part):
    bookmark: _Bookmark
    sealed: dict[Text, Sealed]


class _Churn(_Version):
    state: _ChurnState


class _Propensity(_Version):
    state: _PropensityState


class _Census(_Version):
    state: _ValueState


class ManifestShape(_Part):
    """What the manifest of a version must look like (`models.snapshots` says what it is)."""

    format: Literal[1]
    model: Text
    version: Count
    parts: Annotated[int, Field(ge=1, le=MAX_PARTS)]
    size: Count
    checksum: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    examples: Count
    positives: Count
    auc: Annotated[float, Field(ge=0, le=1)] | None
    log_loss: Annotated[float, Field(ge=0, le=VALUE_LIMIT)] | None
    calibration_error: Annotated[float, Field(ge=0, le=1)] | None


SHAPES: dict[str, type[BaseModel]] = {"churn": _Churn, "propensity": _Propensity, VALUE: _Census, NEED: _Propensity}


def check_snapshot(model: str, snapshot: Any) -> None:
    """Raise `BadSnapshotError`, which names the first field that is wrong, unless the snapshot is whole and sound."""
    check_fields(SHAPES[model], snapshot)


def check_fields(shape: type[BaseModel], data: Any) -> None:
    """Raise `BadSnapshotError` naming the first field of `data` that is not as `shape` says."""
    try:
        shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "(whole)"
        raise BadSnapshotError(f"{field}: {first['msg']}") from None
