"""What the report knows of one model, wherever it came from, and the numbers that are drawn and written as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models.policy import Text
from stream_app.model_report.curves import auc_range, distribution, found_by, gain, reliability
from stream_app.model_report.limits import LIMITS, remarks

LIFT_AT = 0.10
UNSAID = Text(zh="–", en="–")
LAG_OF = Text(zh="从评分到标签的天数", en="days from score to label")
AS_SERVED = Text(  # what `bins_of` says of them
    zh="当时发给客户的评分，早于标签数周", en="scores as customers were given them, weeks before the label was known"
)


class ReasonSize(NamedTuple):
    """How much a reason or a feature moves scores, over all customers (log-odds)."""

    code: str
    zh: str
    en: str
    size: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """One model as read from its source; what a source cannot tell is empty, and the report says so.

    figures: as `models.training.learners.report` says them. history: rows as `models.contest.track_record.told` lists
    them. bins: of a meter, as `bins_of` says. lag_days: whole days from score to label -> examples. events: of the
    champion's contest. drifts: as `models.evaluation.drift.Mark` has them, the last ones of all that were seen.
    """

    model: str
    figures: Mapping[str, Any]
    champion: str = "logistic"
    history: Sequence[Mapping[str, Any]] = ()
    bins: Sequence[Sequence[float]] = ()
    bins_of: Text = UNSAID
    reasons: Sequence[ReasonSize] = ()
    reasons_of: Text = UNSAID
    lag_days: Mapping[int, int] = field(default_factory=dict)
    lag_of: Text = UNSAID
    events: Sequence[Mapping[str, Any]] = ()
    drifts: Sequence[Mapping[str, Any]] = ()


class Source(NamedTuple):
    """Where a report comes from: what to call it, the sheets, the policy's hash, outcomes heard by result."""

    name: str
    sheets: tuple[Sheet, ...]
    policy: str = ""
    outcomes: Mapping[str, int] = {}


def document(source: Source, only: str | None = None) -> dict[str, Any]:
    """Reckon all numbers of the report (`model-report.json`), of all models or of one."""
    return {
        "source": source.name,
        "policy": source.policy,
        "outcomes": dict(source.outcomes),
        "limits": [
            {"limit": limit.code, "name": limit.name.model_dump(), "why": limit.why.model_dump()} for limit in LIMITS
        ],
        "models": {sheet.model: _model(sheet) for sheet in source.sheets if only in (None, sheet.model)},
    }


def segments(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Sum up each model in each group of customers over all stretches, each of which weighs as `weight_of` says."""
    rows: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in history:
        if row["segment"]:
            rows.setdefault((row["segment"], row["name"]), []).append(row)
    return [
        {
            "segment": segment,
            "name": name,
            "role": told[-1]["role"],
            "examples": sum(row["examples"] for row in told),
            "positives": sum(row["positives"] for row in told),
            "auc": _mean(told, "auc"),
            "log_loss": _mean(told, "log_loss"),
            "ece": _mean(told, "ece"),
        }
        for (segment, name), told in sorted(rows.items())
    ]


def weight_of(row: Mapping[str, Any], measure: str) -> float:
    """Weigh a stretch by what its figure rests on: an AUC on the pairs' rarer class, a loss on all examples."""
    return float(min(row["positives"], row["examples"] - row["positives"]) if measure == "auc" else row["examples"])


def _mean(rows: Sequence[Mapping[str, Any]], measure: str) -> float | None:
    known = [(row[measure], weight_of(row, measure)) for row in rows if row[measure] is not None]
    whole = sum(heavy for _, heavy in known)
    return sum(value * heavy for value, heavy in known) / whole if whole else None


def _model(sheet: Sheet) -> dict[str, Any]:
    figures = dict(sheet.figures)
    auc, positives = figures.get("auc"), figures["positives"]
    interval = None if auc is None else auc_range(auc, positives, figures["examples"] - positives)
    curve = gain(sheet.bins)
    return {
        "figures": figures,
        "auc_range": interval,
        "champion": sheet.champion,
        "remarks": [
            {"limit": remark.limit, "says": remark.says.model_dump(), "why": remark.why.model_dump()}
            for remark in remarks(figures)
        ],
        "history": [dict(row) for row in sheet.history],
        "segments": segments(sheet.history),
        "scores_of": sheet.bins_of.model_dump(),
        "reliability": [group._asdict() for group in reliability(sheet.bins)],
        "gain": [point._asdict() for point in curve],
        "found_in_first_tenth": found_by(curve, LIFT_AT) if curve else None,
        "distribution": [bar._asdict() for bar in distribution(sheet.bins)],
        "reasons": [reason._asdict() for reason in sheet.reasons],
        "reasons_of": sheet.reasons_of.model_dump(),
        "lag_days": {str(days): count for days, count in sorted(sheet.lag_days.items())},
        "lag_of": sheet.lag_of.model_dump(),
        "events": [dict(event) for event in sheet.events],
        "drifts": [dict(drift) for drift in sheet.drifts],
    }
