"""The whole product for a minute: services, topics, a worker, a simulated bank; then stop the traffic, drain, count.

`Demo` runs it and yields nothing to look at; `commands.demo` shows it. What is counted comes from outside: the worker's
metrics over HTTP, the entries on Redis, the records that the simulator had acknowledged.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiokafka import TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from stream_app import kafka
from stream_app.alert_latency import AlertLatency
from stream_app.figures.truth import Departures, churn_alerts, churn_auc, label_auc
from stream_app.settings import Settings
from stream_app.simulate import World
from stream_app.simulate.live import Live
from stream_app.topics import INPUT_NAMES, INPUTS

DRAIN_SECONDS = 90.0
RESULTS = ("applied", "duplicate", "dead_letter")
KINDS = {"crm.alert.raised": "alerts", "crm.offer.made": "offers", "crm.customer.arrived": "arrivals"}


class WorkerGone(Exception):
    """The worker of the demo has ended; its log says why."""


@dataclass
class Seen:
    """What came out on Redis so far."""

    counts: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    latency: AlertLatency = field(default_factory=AlertLatency)
    newest: list[str] = field(default_factory=list)
    first_alert: float | None = None


@dataclass(frozen=True)
class Scrape:
    """One look at the worker's metrics."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def of(cls, text: str) -> "Scrape":
        """Parse Prometheus text."""
        families = text_string_to_metric_families(text)
        return cls({(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples})

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over all label sets that carry `labels`."""
        wanted = set(labels.items())
        return sum(value for (found, has), value in self.samples.items() if found == name and wanted <= has)

    def events(self, *results: str) -> int:
        """Return how many records of `bank.*` ended in one of `results`; our own topics do not count."""
        topics = [topic for topic in self.by("crm_events_total", "topic") if topic.partition(".")[2] in INPUT_NAMES]
        return int(sum(self.sum("crm_events_total", topic=topic, result=r) for topic in topics for r in results))

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return a metric by the values of one label."""
        return {dict(has)[label]: value for (found, has), value in self.samples.items() if found == name}


async def scrape(port: int) -> Scrape:
    """Read the worker's metrics; raises WorkerGone when nobody answers."""
    try:
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/metrics") as answer:
            return Scrape.of(await answer.text())
    except aiohttp.ClientError as error:
        raise WorkerGone(f"the worker does not answer any more ({type(error).__name__})") from error


class Demo:
    """One run against running services and a ready worker."""

    def __init__(self, settings: Settings, world: World, *, speed: float, port: int, started: float) -> None:
        self.settings = settings
        self.world = world
        self.seen = Seen()
        self.live = Live(settings, world, speed=speed, on_sending=self.seen.latency.sent)
        self.played = False
        """Whether the run lingers after the bank's last day: nothing comes any more but what somebody sends by hand."""
        self.last = Scrape({})
        self._port = port
        self._started = started
        self._stop_watching = asyncio.Event()

    async def run(self, stop: asyncio.Event, tick: Callable[["Demo"], None], *, linger: bool = False) -> dict[str, Any]:
        """Send until `stop` or the bank's last day, drain, and return the summary that README.md shows.

        `tick` is called twice a second; with `linger` the run goes on after the last day until `stop`.
        """
        before = await self._records()
        watcher = asyncio.create_task(self._watch_streams())
        sender = asyncio.create_task(self.live.run(stop))
        try:
            while not sender.done() or (linger and not stop.is_set()):
                await asyncio.wait({watcher}, timeout=0.5)
                if watcher.done():
                    watcher.result()
                self.last = await scrape(self._port)
                self.played = linger and sender.done()
                tick(self)
            sender.result()
            events_in = await self._records() - before
            drained = await self._drain(events_in, tick)
        finally:
            stop.set()
            self._stop_watching.set()
            await asyncio.gather(sender, watcher, return_exceptions=True)
        return await self._summary(events_in, drained)

    async def _records(self) -> int:
        """Count the records of `bank.*` as of now, whoever sent them: the simulated bank, or somebody by hand."""
        async with kafka.consumer(self.settings.kafka) as reader:
            numbers = range(self.settings.partitions)
            tps = [TopicPartition(spec.name(self.settings), number) for spec in INPUTS for number in numbers]
            return sum((await reader.end_offsets(tps)).values())

    async def _drain(self, sent: int, tick: Callable[["Demo"], None]) -> float:
        """Wait until every record that was sent is done, and return how long that took (seconds)."""
        began = time.monotonic()
        while time.monotonic() - began < DRAIN_SECONDS:
            self.last = await scrape(self._port)
            tick(self)
            if self.last.events(*RESULTS) >= sent and not self.last.sum("crm_consumer_lag_records"):
                break
            await asyncio.sleep(0.25)
        return time.monotonic() - began

    async def _watch_streams(self) -> None:
        redis: Redis = Redis.from_url(self.settings.redis.url, decode_responses=True)
        try:
            async for at_ms, name, fields in _entries(redis, self.settings.namespace, self._stop_watching):
                self._note(at_ms, name, fields)
        finally:
            await redis.aclose()

    def _note(self, at_ms: int, name: str, fields: dict[str, str]) -> None:
        kind = KINDS.get(fields["type"])
        if kind is None:
            self.seen.counts["taken back"] += 1
            return
        data = orjson.loads(fields["data"])
        self.seen.counts[kind] += 1
        if kind == "alerts":
            self.seen.first_alert = self.seen.first_alert or time.monotonic() - self._started
            self.seen.by_kind[data["kind"]] += 1
            self.seen.alerts.append(data)
            self.seen.newest = [*self.seen.newest[-7:], f"{data['queue']:<12} p{data['priority']} {data['title']}"]
            for event_id in data.get("evidence", {}).get("events", ())[-1:]:
                self.seen.latency.raised(event_id, fields["occurred_at"], at_ms)

    async def _summary(self, events_in: int, drained: float) -> dict[str, Any]:
        last, seen = self.last, self.seen
        truth = list(self.world.truth_records())
        departures = Departures.of(truth)
        examples = await self._examples()
        models = {
            name: {
                "examples": int(last.sum("crm_model_examples", model=name)),
                "version": int(last.sum("crm_model_version", model=name)),
                "auc": _rounded(_positive(last.by("crm_model_auc", "model").get(name))),
            }
            for name in ("churn", "propensity")
        }
        models["churn"]["auc_on_truth"] = _rounded(churn_auc(examples, departures, horizon_days=30))
        models["propensity"]["auc_on_truth"] = _rounded(label_auc(examples, "propensity"))
        report = churn_alerts(seen.alerts, departures)
        return {
            "events_in": events_in,
            "events_processed": last.events("applied"),
            "duplicates": last.events("duplicate"),
            "dead_letters": last.events("dead_letter"),
            "lag": int(last.sum("crm_consumer_lag_records")),
            "alerts": seen.counts["alerts"],
            "offers": seen.counts["offers"],
            "arrivals": seen.counts["arrivals"],
            "first_alert_seconds": _rounded(seen.first_alert, 2),
            "latency_ms": {"p50": _quantile(seen.latency.ms, 0.5), "p99": _quantile(seen.latency.ms, 0.99)},
            "models": models,
            "alerts_by_kind": dict(seen.by_kind.most_common()),
            "retention_alerts_on_truth": {
                "leavers": report.leavers,
                "recall": _rounded(report.recall),
                "precision": _rounded(report.precision),
                "days_of_warning": report.days_of_warning,
            },
            "drain_seconds": round(drained, 2),
        }

    async def _examples(self) -> list[dict[str, Any]]:
        topic = f"{self.settings.namespace}.examples"
        values = [orjson.loads(r.value) async for r, _ in kafka.read_to_end(self.settings.kafka, topic) if r.value]
        return [value for value in values if value.get("record") == "example"]


async def _entries(redis: Redis, namespace: str, stop: asyncio.Event) -> AsyncIterator[tuple[int, str, dict[str, str]]]:
    """Yield every entry of our streams with its server time (ms), new streams included, that is there at `stop`."""
    position: dict[str, str] = {}
    looked = 0.0
    while True:
        stopped = stop.is_set()
        if stopped or time.monotonic() - looked > 1.0:
            looked = time.monotonic()
            for family in ("alerts", "offers", "arrivals"):
                async for name in redis.scan_iter(match=f"{namespace}:{family}:*", _type="stream", count=1_000):
                    position.setdefault(name, "0-0")
        found: Any = {}
        if position:
            found = await redis.xread(dict(position), count=1_000, block=None if stopped else 200)  # type: ignore[arg-type]
        elif not stopped:
            await asyncio.sleep(0.05)
        if stopped and not found:
            return
        for name, entries in found.items() if isinstance(found, dict) else found:
            for entry, fields in entries:
                position[name] = entry
                yield int(entry.partition("-")[0]), name, fields


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Write the summary as JSON."""
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def _positive(value: float | None) -> float | None:
    return value or None


def _quantile(values: list[float], share: float) -> float | None:
    ranked = sorted(values)
    return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 1) if ranked else None
