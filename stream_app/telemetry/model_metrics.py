"""What a trainer says of its models, as metrics: who is on duty, which trial runs, when the last label came.

Only the process that trains a model tells them (partition of `<ns>.examples`); once another one does, they are gone
here. Members and reasons are names from fixed sets, so labels are bounded.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stream_app.telemetry.metrics import Metrics

Told = tuple[str, tuple[str, ...], float]  # metric, labels, value
QUALITY = ("auc", "log_loss", "calibration_error")
NOT_LEARNED = ("censored", "late", "repeated", "rejected", "refused")


class ModelMetrics:
    """Shows `models.training.learners.report` of each model that is trained here."""

    def __init__(self, metrics: Metrics) -> None:
        """Show nothing until something is told."""
        self._metrics = metrics

    def tell(self, model: str, report: Mapping[str, Any] | None) -> None:
        """Show what is so now; None: the model is trained here no longer, and all but what was counted goes."""
        gauges = {(name, labels): value for name, labels, value in _gauges(model, report)} if report else {}
        self._metrics.show(f"model {model}", gauges)
        if report:
            self._count(model, report)

    def _count(self, model: str, report: Mapping[str, Any]) -> None:
        up_to = self._metrics.count_up_to
        for label, total in (("1", report["positives"]), ("0", report["examples"] - report["positives"])):
            up_to("crm_examples_total", total, model=model, label=label)
        for reason in NOT_LEARNED:
            up_to("crm_examples_not_learned_total", report[reason], model=model, reason=reason)
        for result, parts in (("learned", report["early"]), ("in_vain", report["in_vain"])):
            up_to("crm_examples_early_total", parts, model=model, result=result)
        up_to("crm_drift_total", report["drifts"], model=model)


def _gauges(model: str, report: Mapping[str, Any]) -> Iterator[Told]:
    of = (model,)
    yield "crm_examples_pending", of, report["waiting"]
    yield from _quality("crm_model", of, report)
    if report["served"]["calibration_error"] is not None:
        yield "crm_model_served_calibration_error", of, report["served"]["calibration_error"]
    yield "crm_model_pinned_version", of, report["pinned"] or 0
    for name, moment_ms in (("last_label", report["matured_ms"]), ("promised", report["promised_ms"])):
        if moment_ms is not None:
            yield f"crm_model_{name}_timestamp_seconds", of, moment_ms / 1_000
    for member, quality in report["challengers"].items():
        yield "crm_model_on_duty", (model, member), float(member == report["champion"])
        yield "crm_model_member_examples", (model, member), quality["examples"]
        yield from _quality("crm_model_member", (model, member), quality)
    yield from _trial(model, report["trial"])


def _quality(prefix: str, labels: tuple[str, ...], quality: Mapping[str, Any]) -> Iterator[Told]:
    for figure in QUALITY:
        if quality[figure] is not None:
            yield f"{prefix}_{figure}", labels, quality[figure]


def _trial(model: str, trial: Mapping[str, Any] | None) -> Iterator[Told]:
    if trial is None:
        yield "crm_model_trial_number", (model,), 0
        return
    yield "crm_model_trial_number", (model,), trial["number"]
    yield "crm_model_trial_examples", (model,), trial["examples"]
    yield "crm_model_trial_evidence_needed_nats", (model,), trial["log_needed"]
    for member, evidence in trial["log_evidence"].items():
        yield "crm_model_trial_evidence_nats", (model, member), evidence
