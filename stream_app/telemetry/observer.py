"""Turns what the engine and the agents did into metrics: the only file that knows both."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from models.context import Verdict
from models.learning.scoring import Scorer
from stream_app.engine.app import EngineApp
from stream_app.engine.batch import Decode
from stream_app.engine.checkpointer import CheckpointDone
from stream_app.engine.effects import DEAD_LETTER, STREAM, Staged
from stream_app.engine.records import Record
from stream_app.telemetry.clock_watch import ClockWatch
from stream_app.telemetry.counted_scorers import Newest, counted
from stream_app.telemetry.metrics import Metrics
from stream_app.telemetry.model_metrics import ModelMetrics

RAISED, MADE, ARRIVED = "crm.alert.raised", "crm.offer.made", "crm.customer.arrived"


class TopicMeter:
    """The agents' meter for one topic; counts in plain numbers, since it runs for every event."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.results: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.suppressed: Counter[str] = Counter()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.lost: Counter[str] = Counter()
        self.late = 0
        self._under_way: dict[int, deque[tuple[int, int]]] = defaultdict(deque)

    def reading(self, decode: Decode, clock_of: Callable[[int], int | None] | None) -> Decode:
        """Wrap a decoder so that each record's time stamp is kept until it is done, and late events are counted."""
        under_way = self._under_way

        def read(record: Record) -> Any:
            event = decode(record)
            waiting = under_way[record.partition]
            if not waiting or record.offset > waiting[-1][0]:  # a record may be read again: tried twice, or moved back
                waiting.append((record.offset, record.timestamp_ms))
                clock_ms = clock_of(record.partition) if clock_of is not None else None
                if clock_ms is not None and getattr(event, "occurred_ms", clock_ms) < clock_ms:
                    self.late += 1
            return event

        return read

    def done(self, partition: int, end_offset: int) -> Iterator[int]:
        """Yield the time stamps (epoch ms) of the records below `end_offset`, and forget them."""
        waiting = self._under_way[partition]
        while waiting and waiting[0][0] < end_offset:
            yield waiting.popleft()[1]

    def observe(self, verdict: Verdict[Any]) -> None:
        """Count what one step found."""
        self.results[verdict.result] += 1
        if verdict.unknown_fields:
            self.unknown.update(verdict.unknown_fields)
        if verdict.suppressed:
            self.suppressed.update(verdict.suppressed)
        if verdict.outcome is not None:
            self.outcomes[verdict.outcome] += 1
        if verdict.lost:
            self.lost.update(verdict.lost)

    def flush(self, metrics: Metrics) -> None:
        """Move the counts into the metrics; what occurred before an erasure was processed, so it counts as applied."""
        applied = self.results["applied"] + self.results["ignored"]
        metrics.count("crm_events_total", self.topic, "applied", by=applied)
        metrics.count("crm_events_total", self.topic, "duplicate", by=self.results["duplicate"])
        metrics.count("crm_duplicates_total", self.topic, by=self.results["duplicate"])
        metrics.count("crm_late_events_total", self.topic, by=self.late)
        self.late = 0
        for field, count in self.unknown.items():
            metrics.count("crm_unknown_values_total", field, by=count)
        for reason, count in self.suppressed.items():
            metrics.count("crm_suppressed_total", reason, by=count)
        for (label, result), count in self.outcomes.items():
            metrics.count("crm_outcomes_total", label, result, by=count)
        for model, count in self.lost.items():
            metrics.count("crm_examples_lost_total", model, by=count)
        for counter in (self.results, self.unknown, self.suppressed, self.outcomes, self.lost):
            counter.clear()


class Observer:
    """Listens to the checkpoints of one worker."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._meters: dict[str, TopicMeter] = {}
        self._models = ModelMetrics(metrics)
        self._clocks = ClockWatch()
        self._predictions: Counter[str] = Counter()

    def meter(self, topic: str) -> TopicMeter:
        """Return the meter of a topic (full name)."""
        known = self._meters.get(topic)
        if known is None:
            known = self._meters[topic] = TopicMeter(topic)
            known.flush(self._metrics)  # what has never happened is to be seen as 0
        return known

    def counted(self, newest: Newest) -> Newest:
        """Wrap what gives the newest scorers, so that the scores they give are counted (those of undone steps too)."""
        return counted(newest, self._predictions)

    def on_checkpoint(self, done: CheckpointDone) -> None:
        """Count a finished checkpoint: what left, how long it took, how old it was."""
        now_ms = time.time() * 1_000
        metrics = self._metrics
        metrics.observe_seconds("crm_commit_seconds", done.seconds)
        metrics.count("crm_checkpoint_batches_total", by=len(done.plan.batches))
        topics = set()
        for batch in done.plan.batches:
            topics.add(batch.topic)
            if batch.highest_ms is not None:
                metrics.set("crm_last_event_timestamp_seconds", batch.highest_ms / 1_000, batch.topic)
            for sent_ms in self.meter(batch.topic).done(batch.partition, batch.end_offset):
                metrics.observe_seconds("crm_event_latency_seconds", max(0.0, now_ms - sent_ms) / 1_000, batch.topic)
            for staged in batch.effects:
                self._count_effect(batch.topic, staged, now_ms)
        for topic in topics:
            self.meter(topic).flush(metrics)
        for model, scores in self._predictions.items():
            metrics.count("crm_model_predictions_total", model, by=scores)
        self._predictions.clear()

    def _count_effect(self, topic: str, staged: Staged, now_ms: float) -> None:
        effect = staged.effect
        if effect.kind == STREAM:
            self._count_entry(orjson.loads(effect.body), staged, effect.timed, now_ms)
        elif effect.kind == DEAD_LETTER:
            self._metrics.count("crm_dead_letters_total", topic, effect.name)
            self._metrics.count("crm_events_total", topic, "dead_letter")

    def _count_entry(self, fields: dict[str, str], staged: Staged, timed: bool, now_ms: float) -> None:
        data = orjson.loads(fields["data"])
        if fields["type"] == RAISED:
            self._metrics.count("crm_alerts_total", data["queue"], data["kind"], str(data["priority"]))
            if not timed:
                seconds = max(0.0, now_ms - staged.record.timestamp_ms) / 1_000
                self._metrics.observe_seconds("crm_alert_latency_seconds", seconds, data["queue"])
        elif fields["type"] == MADE:
            self._metrics.count("crm_offers_total", data["channel"], data["action"])
        elif fields["type"] == ARRIVED:
            self._metrics.count("crm_arrivals_total")

    def model_report(self, model: str, report: Mapping[str, Any] | None) -> None:
        """Take what a trainer says of its model; None: it is trained elsewhere from now on."""
        self._models.tell(model, report)

    def scrape(self, app: EngineApp, scorers: Mapping[str, Scorer]) -> None:
        """Refresh the gauges that are looked up when somebody asks; `scorers` are those in use."""
        metrics = self._metrics
        for model, scorer in scorers.items():
            metrics.set("crm_model_version", scorer.version, model)
            metrics.set("crm_model_examples", scorer.examples, model)
        metrics.set("crm_profiles", app.engine.tables["profiles"].store.value_count)
        restoring = app.lifecycle.restoring
        metrics.set("crm_recovery_records_left", restoring.records_left)
        if restoring.seconds:
            metrics.set("crm_recovery_seconds", restoring.seconds)
        for table, records in app.changelog.foreign.items():
            metrics.count_up_to("crm_changelog_foreign_total", records, table=table)
        metrics.count_up_to("crm_resent_total", app.changelog.resent)
        for topic, lost in app.engine.records_lost.items():
            metrics.count_up_to("crm_records_lost_total", lost, topic=topic)
        clocks = {number: clock_ms for (_, number), clock_ms in app.lifecycle.clock_ms.items()}
        told = {number: clock_ms for number, clock_ms in clocks.items() if clock_ms is not None}
        still = self._clocks.look(clocks, time.monotonic())
        self._show("crm_clock_seconds", {(str(number),): clock_ms / 1_000 for number, clock_ms in told.items()})
        self._show("crm_clock_standing_still", {(str(number),): float(stands) for number, stands in still.items()})
        lag = app.lifecycle.lag.items()
        self._show("crm_consumer_lag_records", {(tp.topic, str(tp.partition)): n for tp, n in lag})

    def _show(self, name: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Show a gauge for these labels and no others."""
        self._metrics.show(name, {(name, labels): value for labels, value in values.items()})
