"""The worker's metrics: base units, labels from fixed sets, never an id. `topic` is a topic's full name.

One `Metrics` belongs to one registry and one worker; nothing here is global. It is the `Meter` of the agents and the
observer of the engine.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

EVENT_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60)
ALERT_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
COMMIT_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)


@dataclass(frozen=True)
class MetricSpec:
    """Name, help and labels of one metric; `kind` picks the Prometheus type."""

    kind: type[Counter] | type[Gauge] | type[Histogram]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def register(self, name: str, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
        """Make the metric in `registry`."""
        if self.kind is Histogram:
            return Histogram(name, self.help, self.labels, registry=registry, buckets=self.buckets)
        return self.kind(name, self.help, self.labels, registry=registry)


SPECS: dict[str, MetricSpec] = {
    "crm_events_total": MetricSpec(Counter, "Records, by what became of them", ("topic", "result")),
    "crm_event_latency_seconds": MetricSpec(
        Histogram, "From the record's time stamp to done", ("topic",), EVENT_BUCKETS
    ),
    "crm_alert_latency_seconds": MetricSpec(
        Histogram, "From the record's time stamp to the entry on Redis", ("queue",), ALERT_BUCKETS
    ),
    "crm_alerts_total": MetricSpec(Counter, "Alerts written", ("queue", "kind", "priority")),
    "crm_offers_total": MetricSpec(Counter, "Offers written", ("channel", "action")),
    "crm_arrivals_total": MetricSpec(Counter, "Arrival cards written"),
    "crm_suppressed_total": MetricSpec(
        Counter, "Reasons for which something was held back, each once a decision", ("reason",)
    ),
    "crm_dead_letters_total": MetricSpec(Counter, "Records sent to the dead letters", ("topic", "reason")),
    "crm_late_events_total": MetricSpec(Counter, "Events older than their partition's clock", ("topic",)),
    "crm_duplicates_total": MetricSpec(Counter, "Events whose id was applied before", ("topic",)),
    "crm_unknown_values_total": MetricSpec(Counter, "Values outside the known lists, kept as other", ("field",)),
    "crm_profiles": MetricSpec(Gauge, "Profiles in the local stores of this worker"),
    "crm_records_lost_total": MetricSpec(Counter, "Records deleted by retention before they were read", ("topic",)),
    "crm_consumer_lag_records": MetricSpec(Gauge, "Records not yet done", ("topic", "partition")),
    "crm_last_event_timestamp_seconds": MetricSpec(Gauge, "Highest event time done", ("topic",)),
    "crm_commit_seconds": MetricSpec(Histogram, "Duration of a checkpoint", (), COMMIT_BUCKETS),
    "crm_recovery_seconds": MetricSpec(Gauge, "From the start of the last rebalance to tables restored, or to now"),
    "crm_recovery_records_left": MetricSpec(Gauge, "Changelog records left to restore before work begins"),
    "crm_changelog_foreign_total": MetricSpec(
        Counter, "Changelog records that the partition's owner has not written, put right", ("table",)
    ),
    "crm_resent_total": MetricSpec(
        Counter, "Times that changelog values went out again since the lease had run out with them on the wire"
    ),
    "crm_clock_seconds": MetricSpec(Gauge, "Event-time clock of a partition number, epoch seconds", ("partition",)),
    "crm_clock_standing_still": MetricSpec(
        Gauge, "1 where a partition number's clock cannot be told, or only others move", ("partition",)
    ),
    "crm_checkpoint_batches_total": MetricSpec(Counter, "Batches done by checkpoints"),
    "crm_examples_total": MetricSpec(Counter, "Training examples matured", ("model", "label")),
    "crm_examples_pending": MetricSpec(Gauge, "Matured examples that wait for all partitions' promises", ("model",)),
    "crm_outcomes_total": MetricSpec(Counter, "Outcomes heard", ("label", "result")),
    "crm_model_predictions_total": MetricSpec(Counter, "Scores given", ("model",)),
    "crm_model_auc": MetricSpec(Gauge, "Prequential ROC AUC", ("model",)),
    "crm_model_log_loss": MetricSpec(Gauge, "Prequential log loss", ("model",)),
    "crm_model_calibration_error": MetricSpec(Gauge, "Expected calibration error", ("model",)),
    "crm_model_version": MetricSpec(Gauge, "Version in use", ("model",)),
    "crm_model_examples": MetricSpec(Gauge, "Examples that the version in use has learned", ("model",)),
    "crm_drift_total": MetricSpec(Counter, "Drifts detected", ("model",)),
    "crm_examples_not_learned_total": MetricSpec(
        Counter, "Examples that came to the trainer and were not learned", ("model", "reason")
    ),
    "crm_examples_lost_total": MetricSpec(
        Counter, "Examples that found no room in their customer's profile, never learned", ("model",)
    ),
    "crm_examples_early_total": MetricSpec(
        Counter, "Parts of examples learned before the horizon, and examples censored after it", ("model", "result")
    ),
    "crm_model_served_calibration_error": MetricSpec(
        Gauge, "Expected calibration error of the scores that customers were given", ("model",)
    ),
    "crm_model_last_label_timestamp_seconds": MetricSpec(
        Gauge, "Maturity of the newest example that had its turn, epoch seconds of event time", ("model",)
    ),
    "crm_model_promised_timestamp_seconds": MetricSpec(
        Gauge,
        "Below it all examples had their turn: the lowest promise of all partitions, epoch seconds",
        ("model",),
    ),
    "crm_model_on_duty": MetricSpec(Gauge, "1 for the member whose scores customers are given", ("model", "member")),
    "crm_model_pinned_version": MetricSpec(Gauge, "Version that a person has pinned, 0: none", ("model",)),
    "crm_model_member_examples": MetricSpec(Gauge, "Examples that a member was judged by", ("model", "member")),
    "crm_model_member_auc": MetricSpec(Gauge, "ROC AUC of what a member would have said", ("model", "member")),
    "crm_model_member_log_loss": MetricSpec(Gauge, "Log loss of what a member would have said", ("model", "member")),
    "crm_model_member_calibration_error": MetricSpec(
        Gauge, "Expected calibration error of what a member would have said", ("model", "member")
    ),
    "crm_model_trial_number": MetricSpec(Gauge, "Number of the trial that is open, 0: none", ("model",)),
    "crm_model_trial_examples": MetricSpec(Gauge, "Examples that the open trial has heard", ("model",)),
    "crm_model_trial_evidence_nats": MetricSpec(
        Gauge, "Log of the evidence that a challenger is better, in the open trial", ("model", "member")
    ),
    "crm_model_trial_evidence_needed_nats": MetricSpec(
        Gauge, "Log of the evidence that promotes in the open trial", ("model",)
    ),
    "crm_queue_lag_entries": MetricSpec(Gauge, "Entries that a consumer group has not read", ("stream", "group")),
    "crm_queue_pending_entries": MetricSpec(Gauge, "Entries read but not acknowledged", ("stream", "group")),
    "crm_queue_oldest_seconds": MetricSpec(Gauge, "Age of a stream's oldest entry", ("stream",)),
}

Place = tuple[str, tuple[str, ...]]
"""A metric and its labels."""


class Metrics:
    """All metrics of one process in one registry."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._metrics: dict[str, Counter | Gauge | Histogram] = {}
        for name, spec in SPECS.items():
            self._metrics[name] = spec.register(name, self.registry)
        self._children: dict[Place, Counter | Gauge | Histogram] = {}
        self._shown: dict[str, set[Place]] = {}
        Info("crm_build", "Version of Rapport", registry=self.registry).info({"version": version("rapport")})

    def count(self, name: str, *labels: str, by: float = 1) -> None:
        """Add `by` to a counter."""
        metric = self._labelled(name, labels)
        assert isinstance(metric, Counter)
        metric.inc(by)

    def count_up_to(self, name: str, total: float, **labels: str) -> None:
        """Bring a counter to a total that somebody else keeps; it never falls."""
        self.count(name, *labels.values(), by=max(0, total - self.value(name, **labels)))

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        metric = self._labelled(name, labels)
        assert isinstance(metric, Gauge)
        metric.set(value)

    def show(self, what: str, gauges: Mapping[Place, float]) -> None:
        """Set these gauges, and drop what was shown under the same word before and is not among them.

        A partition or a model that has moved to another worker must not stay at its last figures here.
        """
        for name, labels in self._shown.get(what, set()) - gauges.keys():
            self.forget(name, labels)
        for (name, labels), value in gauges.items():
            self.set(name, value, *labels)
        self._shown[what] = set(gauges)

    def observe_seconds(self, name: str, seconds: float, *labels: str) -> None:
        """Add one duration to a histogram."""
        metric = self._labelled(name, labels)
        assert isinstance(metric, Histogram)
        metric.observe(seconds)

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that carry all of `labels`; 0 when there is none."""
        return sum(
            sample.value
            for family in self._metrics[name].collect()
            for sample in family.samples
            if not sample.name.endswith(("_created", "_bucket", "_sum"))
            and all(sample.labels.get(key) == value for key, value in labels.items())
        )

    def forget(self, name: str, labels: Iterable[str]) -> None:
        """Drop one label set of a gauge."""
        metric = self._metrics[name]
        if tuple(labels) in metric._metrics:  # noqa: SLF001 - the library raises KeyError on an unknown set
            metric.remove(*labels)
            self._children.pop((name, tuple(labels)), None)

    def _labelled(self, name: str, labels: tuple[str, ...]) -> Counter | Gauge | Histogram:
        place = name, labels
        child = self._children.get(place)
        if child is None:  # the library looks for it under a lock each time
            metric = self._metrics[name]
            child = self._children[place] = metric.labels(*labels) if labels else metric
        return child
