"""What the runs of the reduced job come to: medians, ranges, ratios, figures."""

import argparse
import statistics
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from stream_app.bench import figures, machine
from stream_app.bench.figures import Figures

CUSTOMERS = 10_000
RATIOS: Mapping[str, tuple[str, ...]] = {
    "ratio_to_faust_tuned": ("faust-tuned", "faust-tuned-rocksdict"),
    "ratio_to_faust_default": ("faust", "faust-rocksdict"),
    "ratio_to_quix_streams": ("quix", "quix-5s"),
    "ratio_to_kafka_streams": ("kafka-streams", "kafka-streams-cache"),
    "ratio_to_bytewax": ("bytewax", "bytewax-10s"),
}
"""Each against the cheapest of the peer's rows that were run."""


@dataclass(frozen=True)
class Result:
    """What one run of one job took."""

    job: str
    events: int
    events_per_second: float
    cpu_seconds_per_100k: float
    broker_cpu_seconds_per_100k: float
    memory_mb: float
    alerts_right: bool | None
    totals_right: bool | None

    @property
    def right(self) -> bool:
        """Whether nothing that can be checked is wrong."""
        return self.alerts_right is not False and self.totals_right is not False


def say(line: str) -> None:
    """Print progress to standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def look_around() -> dict[str, Any]:
    """Describe the machine before we make it busy ourselves, and warn when others do."""
    if told := machine.busy():
        say(told)
    return machine.describe()


def line(result: Result) -> str:
    """One run in a line."""
    checked = {True: "right", False: "WRONG", None: "-"}
    return (
        f"{result.job:<22}{result.events_per_second:>10,.0f} events/s"
        f"{result.cpu_seconds_per_100k:>8.2f} CPU s per 100,000"
        f"  broker {result.broker_cpu_seconds_per_100k:.2f}  {result.memory_mb:.0f} MB  {result.events:,} events"
        f"  alerts {checked[result.alerts_right]}, totals {checked[result.totals_right]}"
    )


def by_job(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Group runs that were right by job, in the order of their first run."""
    found: dict[str, list[Result]] = {}
    for result in results:
        if result.right:
            found.setdefault(result.job, []).append(result)
    return found


def costs(runs: Iterable[Result]) -> list[float]:
    """Return the CPU seconds per 100,000 events of each run."""
    return [run.cpu_seconds_per_100k for run in runs]


def make_figures(found: Mapping[str, Sequence[Result]], command: str) -> Figures:
    """Return the figures that these runs allow: the engine's cost, and how many times that of it each peer takes."""
    if "engine" not in found:
        return {}
    own = costs(found["engine"])
    events = found["engine"][0].events
    made = figures.figure(
        "cpu_seconds_per_100k_reduced_job", own, "CPU s, first event to exit", command, n=events, anchor=1.4
    )
    for name, rows in RATIOS.items():
        if measured := [row for row in rows if row in found]:
            best = min(measured, key=lambda row: statistics.median(costs(found[row])))
            theirs = costs(found[best])
            ratios = [their / our for their, our in zip(theirs, own, strict=False)]  # of the same round
            unit = f"times the CPU s of ours ({best}: {statistics.median(theirs):.2f})"
            made |= figures.figure(name, ratios, unit, command, n=found[best][0].events)
    return made


GOALS_MS = {2_000: {"p50": 7, "p99": 50}}
"""Of the latency of alerts, by events a second."""


def latency_figures(outcomes: Iterable[Mapping[str, Any]], command: str) -> Figures:
    """Return the latencies of our engine at the fixed rates of an open loop; steps that are void give none."""
    made: Figures = {}
    for step in (step for outcome in outcomes if outcome["job"] == "engine" for step in outcome["steps"]):
        rate, found = step["rate"], step["latency_ms"]
        if step["void"] or not found or not float(rate).is_integer():
            continue
        place, of_what = f"reduced_job_{rate:.0f}", f"alerts of the reduced job, at {rate:,.0f} events/s"
        for name in ("p50", "p99"):
            goal = GOALS_MS.get(rate, {}).get(name)
            unit = f"ms from due to readable, {of_what}"
            made |= figures.figure(
                f"latency_{name}_ms_{place}", [found[name]], unit, command, n=found["n"], anchor=goal
            )
        made |= figures.tail(place, found, step["pauses"], of_what, command)
    return made


def summary(
    results: Sequence[Result], command: str, left_out: Collection[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return everything as one document."""
    found = by_job(results)
    rows = {
        job: {
            "runs": len(runs),
            "events": runs[0].events,
            "cpu_seconds_per_100k": _spread(costs(runs)),
            "events_per_second": _spread([run.events_per_second for run in runs]),
            "broker_cpu_seconds_per_100k": _spread([run.broker_cpu_seconds_per_100k for run in runs]),
            "memory_mb": _spread([run.memory_mb for run in runs]),
        }
        for job, runs in found.items()
    }
    return {
        "command": command,
        "machine": before,
        "jobs": rows,
        "left_out": sorted(left_out),
        "wrong": [asdict(result) for result in results if not result.right],
        "figures": make_figures(found, command),
        "runs": [asdict(result) for result in results],
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": figures.short(statistics.median(values)),
        "least": figures.short(min(values)),
        "most": figures.short(max(values)),
    }


def finish(
    arguments: argparse.Namespace, results: Sequence[Result], left_out: Collection[str], before: Mapping[str, Any]
) -> int:
    """Print the outcome, keep the figures when asked to; 1 when a run was wrong or none came through."""
    command = f"python -m tests.bench.reduced.run --rounds {arguments.rounds} --events {arguments.events}"
    if arguments.zipf or arguments.customers != CUSTOMERS:
        command += f" --customers {arguments.customers} --zipf {arguments.zipf:g}"
    told = summary(results, command, left_out, before)
    if arguments.json:
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _print(told)
    if arguments.figures and not told["wrong"]:
        figures.keep(told["figures"])
    return 1 if told["wrong"] or not told["jobs"] else 0


def _print(told: Mapping[str, Any]) -> None:
    for job, row in told["jobs"].items():
        cpu, rate = row["cpu_seconds_per_100k"], row["events_per_second"]
        sys.stdout.write(
            f"{job:<22}{cpu['median']:>8.2f} CPU s per 100,000 ({cpu['least']:.2f}-{cpu['most']:.2f})"
            f"{rate['median']:>12,.0f} events/s ({rate['least']:,.0f}-{rate['most']:,.0f})  {row['events']:,} events\n"
        )
    for name, made in told["figures"].items():
        sys.stdout.write(f"{name}: {made['value']} {made['unit']}, range {made['range']}\n")
    for wrong in told["wrong"]:
        sys.stdout.write(f"{wrong['job']}: what came out is not what the oracle says; the run does not count\n")
