"""What the harness says: a line per run, a table, a report as JSON, and the figures that the README quotes."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from stream_app.figures.figure_file import Figures, figure, keep
from tests.faults.run import Outcome
from tests.faults.scenario import Scenario
from tests.faults.subject import ALERT_LOST, ALERT_TWICE, LOST, TWICE

Results = Mapping[Scenario, Sequence[Outcome]]


def upper_bound(seen: int, of: int) -> float | None:
    """The upper end of a 95 % interval for a rate that was seen 0 times in so many (rule of three); else None."""
    return 3 / of if of and not seen else None


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that so large a share of all does not pass."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else None


def passed(scenario: Scenario, outcomes: Sequence[Outcome]) -> bool:
    """Whether every run was exact; a negative control passes when one showed what it must show."""
    if scenario.must_fail:
        return any(scenario.shown_by(it) for it in outcomes)
    return not any(it.findings for it in outcomes)


def line(outcome: Outcome) -> str:
    """One line about one run."""
    found = f"{outcome.findings[0].kind}: {outcome.findings[0].what[:90]}" if outcome.findings else "exact"
    more = f" (and {len(outcome.findings) - 1} more)" if len(outcome.findings) > 1 else ""
    exits = f", exits {dict(outcome.exits)}" if outcome.exits else ""
    return (
        f"{outcome.scenario} seed {outcome.seed}: {outcome.produced} inputs, {outcome.kills} kills{exits}, "
        f"{outcome.seconds:.0f} s: {found}{more}"
    )


def table(results: Results) -> str:
    """A summary with bounds."""
    rows = [("scenario", "runs", "inputs", "kills", "lost", "twice", "alerts lost", "twice", "p95 s", "verdict")]
    for scenario, outcomes in results.items():
        times = [took for it in outcomes for took in it.recoveries]
        verdict = passed(scenario, outcomes)
        seen = sum(scenario.shown_by(it) for it in outcomes)
        told = f"fails as it must ({seen} of {len(outcomes)})" if scenario.must_fail and verdict else "exact"
        rows.append(
            (
                scenario.name,
                str(len(outcomes)),
                str(sum(it.produced for it in outcomes)),
                str(sum(it.kills for it in outcomes)),
                *(str(sum(it.count(kind) for it in outcomes)) for kind in (LOST, TWICE, ALERT_LOST, ALERT_TWICE)),
                f"{percentile(times, 0.95):.1f}" if times else "",
                told if verdict else "NOT AS IT MUST BE",
            )
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def totals(results: Results) -> dict[str, Any]:
    """All runs of the engine but the controls, as one."""
    ours = [found for scenario, found in results.items() if scenario.of_the_engine and not scenario.must_fail]
    outcomes = [it for found in ours for it in found]
    produced, kills = sum(it.produced for it in outcomes), sum(it.kills for it in outcomes)
    times = [took for it in outcomes for took in it.recoveries]
    counts = {
        name: sum(it.count(kind) for it in outcomes)
        for name, kind in (
            ("events_lost", LOST),
            ("events_applied_twice", TWICE),
            ("alerts_lost", ALERT_LOST),
            ("alerts_duplicated", ALERT_TWICE),
        )
    }
    return {
        "runs": len(outcomes),
        "events": produced,
        "kills": kills,
        **counts,
        "recovery_p95_seconds": percentile(times, 0.95),
        "recoveries": len(times),
        "upper_bound_95_per_event": upper_bound(counts["events_lost"] + counts["events_applied_twice"], produced),
        "upper_bound_95_per_kill": upper_bound(sum(bool(it.findings) for it in outcomes), kills),
    }


def summary(results: Results) -> str:
    """The sentence to quote."""
    told = totals(results)
    bound = told["upper_bound_95_per_kill"]
    p95 = told["recovery_p95_seconds"]
    return (
        f"{told['events_lost']} of {told['events']:,} events lost, {told['events_applied_twice']} applied twice, "
        f"{told['alerts_lost']} alerts lost, {told['alerts_duplicated']} duplicated, in {told['kills']} kills "
        f"({told['runs']} runs); "
        + (f"with 95 % confidence under {bound:.2%} of kills lose or repeat anything; " if bound else "")
        + (f"every partition works again {p95:.1f} s after a kill (p95 of {told['recoveries']})" if p95 else "")
    )


def write(results: Results, file: Path) -> None:
    """Write everything as JSON."""
    runs = [
        {
            **outcome.__dict__,
            "findings": [it._asdict() for it in outcome.findings[:50]],
            "must_show": sorted(scenario.must_show),
        }
        for scenario, outcomes in results.items()
        for outcome in outcomes
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    report = {"totals": totals(results), "runs": runs}
    file.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def merge_figures(results: Results, file: Path, command: str) -> None:
    """Put the figures beside the others of `docs/figures.json`, with the command that measured them.

    A soak tells of memory only: its kills are few, and come in the midst of other faults.
    """
    short = {scenario: outcomes for scenario, outcomes in results.items() if not scenario.minutes}
    found = _of_kills(short, command) if short else {}
    for scenario in results.keys() - short.keys():
        for outcome in results[scenario]:
            found |= _of_memory(outcome, command)
    keep(found, file)


def _of_kills(results: Results, command: str) -> Figures:
    told = totals(results)
    events, kills = told["events"], told["kills"]
    bound = told["upper_bound_95_per_event"]

    per_event = None if bound is None else round(bound * events, 1)
    found = figure("kills", kills, "kill -9", None, told["runs"], command, 200)
    for name in ("events_lost", "events_applied_twice", "alerts_lost", "alerts_duplicated"):
        between = None if told[name] or per_event is None else (0, per_event)
        found |= figure(name, told[name], "of all in n inputs", between, events, command, 0)
    p95 = told["recovery_p95_seconds"]
    found |= figure(
        "recovery_p95_seconds", None if p95 is None else round(p95, 2), "s", None, told["recoveries"], command, 10
    )
    return found


def _of_memory(outcome: Outcome, command: str) -> Figures:
    told = outcome.figures.get("memory_slope")
    if told is None:
        return {}
    between = (round(told["low"], 2), round(told["high"], 2))
    name, value = "soak_memory_slope_mb_per_hour", round(told["mb_per_hour"], 2)
    return figure(name, value, "MB/h", between, told["points"], command, 1.0)
