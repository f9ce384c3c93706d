"""What the versions on `crm.models` tell: the newest one of each model holds its meters, weights and contest."""

from collections.abc import Mapping, Sequence
from math import sqrt
from operator import add
from typing import Any

from models.contest.track_record import told
from models.evaluation.drift import Mark
from models.evaluation.meters import Meter
from models.features import FEATURES
from models.learning.learner import BadSnapshotError
from models.policy import Policy, Text
from models.training.learners import scorer_of
from models.training.shelf import Shelf
from models.training.snapshots import Manifest, Stored
from stream_app.model_report.sheet import AS_SERVED, LAG_OF, ReasonSize, Sheet, Source

OWN = Text(zh="模型在学习每个样本之前给出的评分", en="the model's own scores just before it learned each example")
SPREADS = Text(
    zh="特征变动一个标准差时评分的变化（对数几率）",
    en="how far one standard deviation of the feature moves the score (log-odds)",
)


def read_versions(shelf: Shelf, policy: Policy, name: str) -> Source:
    """Read the newest version of each model; a model without one is left out."""
    newest = [stored for model in policy.models.names if (stored := shelf.latest(model)) is not None]
    sheets = [_sheet(stored, shelf.versions(stored.manifest.model), policy) for stored in newest]
    return Source(name, tuple(sheets), policy.hash)


def _sheet(stored: Stored, kept: Sequence[Manifest], policy: Policy) -> Sheet:
    manifest, state, bookmark = stored.manifest, stored.snapshot["state"], stored.snapshot["bookmark"]
    contest = state.get("contest", {})
    served = state["served"]["bins"]
    return Sheet(
        model=manifest.model,
        figures={
            "version": manifest.version,
            "versions_kept": [version.version for version in kept],
            "examples": manifest.examples,
            "positives": manifest.positives,
            "auc": manifest.auc,
            "log_loss": manifest.log_loss,
            "calibration_error": manifest.calibration_error,
            "censored": state["censored"],
            "late": bookmark["late"],
            "repeated": bookmark["repeated"],
            "refused": state["learner"].get("refused", 0),
            "served": _quality(state["served"]) if served else None,
            "drifts": contest.get("drifts", 0),
            "challengers": {name: _quality(meter) for name, meter in contest.get("meters", {}).items()},
        },
        champion=contest.get("on_duty", "logistic"),
        history=told(contest["record"]) if "record" in contest else [],
        bins=served or state["meter"]["bins"],
        bins_of=AS_SERVED if served else OWN,
        reasons=_spreads(stored, policy),
        reasons_of=SPREADS,
        lag_days=dict(state.get("lags", ())),
        lag_of=LAG_OF,
        events=contest.get("events", {}).get("last", []),
        drifts=[Mark(*mark)._asdict() for mark in contest.get("drift_marks", ())],
    )


def _quality(told: Mapping[str, Any]) -> dict[str, Any]:
    meter = Meter()
    meter.restore(told)
    return meter.quality()._asdict()


def _spreads(stored: Stored, policy: Policy) -> list[ReasonSize]:
    """Say how far each feature moves the score of who was on duty, when it rises by its standard deviation.

    Whatever the model is: its contributions are asked at the mean and one deviation above it.
    """
    known = statistics(stored.snapshot["state"]["learner"])
    if known is None:
        return []
    means, variances = known
    try:
        scorer = scorer_of(stored, policy)
    except BadSnapshotError:
        return []
    usual = scorer.score(means).contributions
    raised = scorer.score(list(map(add, means, map(sqrt, variances)))).contributions
    found = []
    for feature, before, after in zip(FEATURES, usual, raised, strict=False):
        words = policy.reasons.feature.get(feature)
        zh, en = (words.name.zh, words.name.en) if words is not None else (feature, feature)
        found.append(ReasonSize(feature, zh, en, abs(after - before)))
    return sorted(found, key=lambda reason: (-reason.size, reason.code))


def statistics(learner: Mapping[str, Any]) -> tuple[list[float], list[float]] | None:
    """Find means and variances of the features in a learner's snapshot, or in its first part that has them."""
    if len(learner.get("variances", ())) == len(FEATURES):
        return learner["means"], learner["variances"]
    parts = [part for part in learner.values() if isinstance(part, dict)]
    return next((found for part in parts if (found := statistics(part)) is not None), None)
