"""The figures of the whole job out of the document of `rapport bench`."""

from collections.abc import Mapping
from typing import Any

from stream_app.bench import figures
from stream_app.bench.figures import Figures

COMMAND = "rapport bench --ladder --figures"


def make(document: Mapping[str, Any]) -> Figures:
    """Return the figures that a document allows; steps that are void give none."""
    costs = document["cost"]
    events = costs[0]["events"]
    made = figures.figure(
        "cpu_seconds_per_100k_whole_job",
        [cost["cpu_seconds_per_100k"] for cost in costs],
        "CPU s, first event to exit",
        COMMAND,
        n=events,
        anchor=4,
    )
    rates = [cost["events_per_second"] for cost in costs]
    unit = "events/s of a backlog, worker on one core"
    made |= figures.figure("throughput_events_per_second_per_core", rates, unit, COMMAND, n=events, anchor=25_000)
    for step in document.get("latency", {}).get("steps", ()):
        if not step["void"]:
            made |= _latency(step)
    return made


def _latency(step: Mapping[str, Any]) -> Figures:
    """Return the latency figures of one step: of alerts, and the p99.9 and the humps of all actions, which are more."""
    share, found = step.get("share_of_sustainable"), step["latency_ms"].get("alert")
    if not found or share not in {0.5, 0.8}:
        return {}
    due = "ms from due to readable"
    rate, place = f"at {step['rate']:,.0f} events/s", "half_load" if share == 0.5 else "80_percent"
    unit, n = f"{due}, alerts, {rate}", int(found["n"])
    made = figures.figure(
        f"latency_p99_ms_at_{place}", [found["p99"]], unit, COMMAND, n=n, anchor=20 if share == 0.5 else 100
    )
    if share == 0.5:
        made |= figures.figure("latency_p50_ms_at_half_load", [found["p50"]], unit, COMMAND, n=n)
    every = step["latency_ms"]["all"]
    return made | figures.tail(f"at_{place}", every, step["pauses"], f"all actions, {rate}", COMMAND)


def keep(document: Mapping[str, Any]) -> None:
    """Write the figures into docs/figures.json."""
    figures.keep(make(document))
