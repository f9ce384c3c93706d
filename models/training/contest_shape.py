"""What a contest must look like in a model's snapshot: its challengers, its trial, its record and its ledger."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from models.challengers.frozen import KEPT
from models.challengers.kinds import CHAMPION
from models.contest.events import MAX_EVENTS, What
from models.contest.track_record import POINTS
from models.evaluation.adwin import BUCKETS
from models.evaluation.drift import MARKS
from models.evaluation.evidence import SHARES
from models.training.challenger_shape import Challengers, ChallengersOfActions
from models.training.shape_parts import (
    Count,
    Loss,
    Mark,
    MeterShape,
    Number,
    Part,
    Share,
    Text,
    Variance,
)

MAX_TRACKS = 400  # models of a contest times groups of customers
# Lists stand for tuples in msgpack and JSON.
RecordRow = Annotated[tuple[Text, Text, Count, Count, Share | None, Loss | None, Share | None], Field(strict=False)]
RecordRows = Annotated[list[RecordRow], Field(max_length=MAX_TRACKS)]
RecordPoint = Annotated[tuple[Mark, Count, Text, RecordRows], Field(strict=False)]
Noted = Annotated[tuple[Text, Text, MeterShape], Field(strict=False)]


class _Record(Part):
    every: Annotated[int, Field(ge=1, le=2**63 - 1)]
    count: Count
    since: Annotated[list[Noted], Field(max_length=MAX_TRACKS)]
    points: Annotated[list[RecordPoint], Field(max_length=POINTS)]


Bucket = Annotated[tuple[Annotated[int, Field(ge=1, le=2**63 - 1)], Number, Variance], Field(strict=False)]
Level = Annotated[list[Bucket], Field(min_length=1, max_length=BUCKETS)]


class _Drift(Part):
    seen: Count
    levels: Annotated[list[Level], Field(max_length=64)]

    @model_validator(mode="after")
    def _the_window_was_seen(self) -> Self:
        if sum([size for level in self.levels for size, _, _ in level]) > self.seen:
            raise ValueError("levels: they hold more values than were seen")
        return self


Wealth = Annotated[list[Number], Field(min_length=len(SHARES), max_length=len(SHARES))]
SavedRow = Annotated[tuple[Text, Count, Number, Variance], Field(strict=False)]


class _Pair(Part):
    wealth: Wealth
    saved: Annotated[list[SavedRow], Field(max_length=MAX_TRACKS)]


class _Trial(Part):
    number: Annotated[int, Field(ge=1, le=2**31)]
    why: Text
    opened_ms: Mark
    champion: Text
    rivals: Annotated[list[Text], Field(min_length=1, max_length=16)]
    examples: Count
    meters: dict[Text, MeterShape]
    pairs: dict[Text, _Pair]


class _Event(Part):
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


class _Events(Part):
    count: Count
    last: Annotated[list[_Event], Field(max_length=MAX_EVENTS)]


DriftMark = Annotated[tuple[Mark, Text, Count], Field(strict=False)]
FrozenMoment = Annotated[tuple[Mark, dict[Text, dict[str, Any]]], Field(strict=False)]


class ContestShape(Part):
    """`models.contest.contest.Contest`."""

    challengers: Challengers
    meters: dict[Text, MeterShape]
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
    drift_marks: Annotated[list[DriftMark], Field(max_length=MARKS, default_factory=list)]  # none in older versions
    frozen: Annotated[list[FrozenMoment], Field(max_length=KEPT)]  # `models.challengers.frozen` looks into the scorers

    @model_validator(mode="after")
    def _every_member_has_a_meter(self) -> Self:
        there = self.challengers.model_fields_set | {CHAMPION}
        if missing := sorted(there - set(self.meters)):
            raise ValueError(f"meters: none of {missing}")
        return self


class ContestOfActionsShape(ContestShape):
    """The same, of a model that learns of actions."""

    challengers: ChallengersOfActions  # type: ignore[assignment] # in the place of the others
