"""Holds what Rapport did against what the synthetic bank had planted: churn alerts and models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from statistics import median
from typing import Any

from schemas.times import parse_rfc3339

DAY_MS = 86_400_000
CHURN_QUEUE = "retention"
CHURN_WINDOW_DAYS = 45
"""An alert counts as a warning of a departure when it comes at most so many days before it."""


def auc(scores: Iterable[float], labels: Iterable[bool]) -> float | None:
    """Return the area under the ROC curve by ranks (Mann and Whitney), ties counted half; None with one class only.

    >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    0.75
    """
    truth = list(labels)
    positives = sum(truth)
    negatives = len(truth) - positives
    if not positives or not negatives:
        return None
    won = 0.0
    below = 0  # negatives that score lower
    for _, tied in groupby(sorted(zip(scores, truth, strict=True)), key=itemgetter(0)):
        among = [label for _, label in tied]
        positive = sum(among)
        won += positive * (below + (len(among) - positive) / 2)
        below += len(among) - positive
    return won / (positives * negatives)


@dataclass(frozen=True)
class Departures:
    """When each customer leaves (epoch ms), None for those who stay; from the simulator's truth records.

    first_sign_ms: from when on something shows of it, for those who leave.
    """

    planted_ms: Mapping[str, int | None]
    end_ms: int
    first_sign_ms: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> "Departures":
        """Read the truth file's records."""
        planted: dict[str, int | None] = {}
        signs: dict[str, int] = {}
        end_ms = 0
        for record in records:
            if record["record"] == "period":
                end_ms = record["end_ms"]
            elif record["record"] == "customer":
                leaves = record["leaves"]
                planted[record["customer_id"]] = leaves["planted_ms"] if leaves else None
                if leaves:
                    signs[record["customer_id"]] = leaves["first_sign_ms"]
        return cls(planted, end_ms, signs)

    def gone(self, customer_id: str, at_ms: int) -> float:
        """Say how far a customer is on the way out at a moment: 0 before the first sign, 1 once he has left."""
        planted = self.planted_ms.get(customer_id)
        if planted is None:
            return 0.0
        first = self.first_sign_ms[customer_id]
        return min(1.0, max(0.0, (at_ms - first) / (planted - first)))

    def leaves_within(self, customer_id: str, after_ms: int, days: int) -> bool:
        """Tell whether the customer leaves in the `days` after a moment."""
        planted = self.planted_ms.get(customer_id)
        return planted is not None and after_ms < planted <= after_ms + days * DAY_MS


@dataclass(frozen=True)
class ChurnAlertReport:
    """How well the retention alerts found those who leave.

    recall: share of the customers who leave in the period and were warned of before; precision: share of the alerted
    customers who do leave; days_of_warning: median days from a customer's first such alert to the planted date.
    """

    leavers: int
    warned: int
    alerted: int
    alerted_leavers: int
    days_of_warning: float | None

    @property
    def recall(self) -> float | None:
        """Share of the leavers who were warned of."""
        return self.warned / self.leavers if self.leavers else None

    @property
    def precision(self) -> float | None:
        """Share of the alerted customers who leave."""
        return self.alerted_leavers / self.alerted if self.alerted else None


def churn_alerts(
    alerts: Iterable[Mapping[str, Any]], departures: Departures, kinds: frozenset[str] | None = None
) -> ChurnAlertReport:
    """Compare alerts of the retention queue (`data` of the entries; only `kinds` if given) with the planted dates.

    A departure whose planted date lies beyond the period still makes its customer a leaver of the precision's count,
    since the signs are there already; recall counts departures inside the period only.
    """
    raised: dict[str, list[int]] = {}
    for alert in alerts:
        if alert["queue"] == CHURN_QUEUE and (kinds is None or alert["kind"] in kinds):
            raised.setdefault(alert["customer_id"], []).append(parse_rfc3339(alert["occurred_at"]))
    leavers = {c: p for c, p in departures.planted_ms.items() if p is not None and p <= departures.end_ms}
    warnings: dict[str, float] = {}
    for customer, planted in leavers.items():
        before = [planted - at for at in raised.get(customer, []) if 0 < planted - at <= CHURN_WINDOW_DAYS * DAY_MS]
        if before:
            warnings[customer] = max(before) / DAY_MS
    return ChurnAlertReport(
        leavers=len(leavers),
        warned=len(warnings),
        alerted=len(raised),
        alerted_leavers=sum(departures.planted_ms.get(customer) is not None for customer in raised),
        days_of_warning=round(median(warnings.values()), 2) if warnings else None,
    )


def churn_auc(examples: Iterable[Mapping[str, Any]], departures: Departures, horizon_days: int) -> float | None:
    """Return the AUC of the churn scores, as given before they were learned from, against the planted departures."""
    scored = served(examples, "churn")
    return auc([e["score"] for e in scored], _departing(scored, departures, horizon_days))


def churn_ceiling(examples: Iterable[Mapping[str, Any]], departures: Departures, horizon_days: int) -> float | None:
    """Return the AUC of who knows how far each customer is on the way out, on the scores that `churn_auc` looks at.

    It is below 1: of those who leave within the horizon many show nothing yet.
    """
    scored = served(examples, "churn")
    known = [departures.gone(e["customer_id"], e["snapshot_ms"]) for e in scored]
    return auc(known, _departing(scored, departures, horizon_days))


def _departing(scored: Iterable[Mapping[str, Any]], departures: Departures, horizon_days: int) -> list[bool]:
    return [departures.leaves_within(e["customer_id"], e["snapshot_ms"], horizon_days) for e in scored]


def label_auc(examples: Iterable[Mapping[str, Any]], model: str) -> float | None:
    """Return the AUC of a model's scores against its matured labels (of offers: the planted answers)."""
    scored = served(examples, model)
    return auc([e["score"] for e in scored], [e["label"] == 1 for e in scored])


def propensity_ceiling(examples: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]) -> float | None:
    """Return the AUC that the planted chances themselves have on the offers that `label_auc` looks at.

    Nobody can do better: even who knows each customer's true chance does not know how the coin falls.
    """
    chances = {record["action_id"]: record["chance"] for record in records if record["record"] == "offer"}
    known = [e for e in served(examples, "propensity") if e["example_id"] in chances]
    return auc([chances[e["example_id"]] for e in known], [e["label"] == 1 for e in known])


def second_half(examples: Iterable[Mapping[str, Any]], model: str) -> list[Mapping[str, Any]]:
    """Return the later half of a model's scores by the moment of scoring: when it has had something to learn from."""
    scored = sorted(served(examples, model), key=itemgetter("snapshot_ms"))
    return scored[len(scored) // 2 :]


def served(examples: Iterable[Mapping[str, Any]], model: str) -> list[Mapping[str, Any]]:
    """Keep the examples whose score came from a version that had learned."""
    return [e for e in examples if e["model"] == model and e.get("score") is not None and e.get("model_version")]
