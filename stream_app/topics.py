"""Each topic once: its logical name, who writes it, how long it is kept, how many partitions."""

from dataclasses import dataclass
from typing import Literal

from stream_app.settings import Settings

Kept = Literal["delete", "compact"]
DAY_MS = 86_400_000


@dataclass(frozen=True)
class TopicSpec:
    """One topic; `partitions` 0 means "as many as RAPPORT_PARTITIONS"."""

    logical: str
    ours: bool
    kept: Kept
    retention_ms: int = 7 * DAY_MS
    partitions: int = 0
    busy: bool = False  # compacted, and written to every second: old records must go soon

    def name(self, settings: Settings) -> str:
        """Return the topic's full name under the settings' namespaces."""
        return f"{settings.namespace if self.ours else settings.input_namespace}.{self.logical}"

    def config(self) -> dict[str, str]:
        """Return the topic's Kafka configuration."""
        config: dict[str, str] = {"cleanup.policy": self.kept}
        if self.kept == "delete":
            config["retention.ms"] = str(self.retention_ms)
        if self.busy:
            config |= {"segment.ms": "600000", "min.cleanable.dirty.ratio": "0.1"}
        if not self.ours:
            # Retention and the check for the future must not hang on a producer's clock.
            config["message.timestamp.type"] = "LogAppendTime"
            # The broker unpacks what is compressed and refuses what is too large then: a bomb ends there, not in us.
            config["compression.type"] = "uncompressed"
        return config


INPUTS = (
    TopicSpec("transactions", ours=False, kept="delete"),
    TopicSpec("interactions", ours=False, kept="delete"),
    TopicSpec("mentions", ours=False, kept="delete"),
    TopicSpec("customers", ours=False, kept="compact"),
    TopicSpec("outcomes", ours=False, kept="delete", retention_ms=30 * DAY_MS),
)
OURS = (
    TopicSpec("links", ours=True, kept="delete", retention_ms=30 * DAY_MS),
    TopicSpec("mentions-linked", ours=True, kept="delete"),
    TopicSpec("models", ours=True, kept="compact", partitions=1),
    TopicSpec("clocks", ours=True, kept="compact", partitions=1, busy=True),
    TopicSpec("decisions", ours=True, kept="delete", retention_ms=400 * DAY_MS),
    TopicSpec("dead-letters", ours=True, kept="delete", retention_ms=30 * DAY_MS),
    TopicSpec("timers", ours=True, kept="delete"),
    TopicSpec("mood", ours=True, kept="delete"),
)
EXAMPLES = TopicSpec("examples", ours=True, kept="delete", retention_ms=30 * DAY_MS)
INPUT_NAMES = frozenset(spec.logical for spec in INPUTS)
TABLES = ("profiles", "links", "mood")


def full_names(settings: Settings) -> dict[str, str]:
    """Return the full name of every topic by its logical one; no two topics share a logical name."""
    return {spec.logical: spec.name(settings) for spec in (*INPUTS, *OURS, EXAMPLES)}


def all_topics(settings: Settings, models: int) -> dict[str, tuple[int, dict[str, str]]]:
    """Return every topic with its partition count and configuration; `models` = how many models policy names."""
    topics = {spec.name(settings): (spec.partitions or settings.partitions, spec.config()) for spec in (*INPUTS, *OURS)}
    topics[EXAMPLES.name(settings)] = (models, EXAMPLES.config())
    changelog = {
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0.1",
        "segment.ms": "3600000",
        "min.compaction.lag.ms": "3600000",
        "max.compaction.lag.ms": "86400000",
        # A worker that was away for less than this still hears from the changelog who was erased.
        "delete.retention.ms": str(7 * DAY_MS),
        "min.insync.replicas": str(min(2, settings.kafka.replication)),
    }
    for table in TABLES:
        topics[f"{settings.app_id}-{table}-changelog"] = (settings.partitions, changelog)
    return topics
