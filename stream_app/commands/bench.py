"""`rapport bench`: throughput and latency of the whole job, with every event and action accounted for."""

import datetime as dt
import os
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from stream_app.bench.process import ended_by_sigterm
from stream_app.commands.common import KafkaOption, RedisOption, errors, fail, print_json, settings
from stream_app.embedded import ServiceUnavailable, use_or_start
from stream_app.settings import Settings
from stream_app.simulate import Options

START = dt.date(2025, 1, 6)
EVENTS_A_DAY = 1.1  # of a customer, on the one topic on which it comes
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document, raw histograms included.")]


def bench(
    customers: Annotated[int, typer.Option(min=10, help="Customers of the simulated bank.")] = 2_000,
    history_days: Annotated[int, typer.Option(min=1, help="Days that are played before anything is measured.")] = 30,
    backlog: Annotated[int, typer.Option(min=1_000, help="Events of the backlog that tells the cost.")] = 40_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often the backlog is measured.")] = 1,
    rate: Annotated[list[float] | None, typer.Option(help="Open loop at so many events a second; repeatable.")] = None,
    seconds: Annotated[float, typer.Option(min=2, help="Length of each open loop.")] = 15.0,
    warm_up: Annotated[float, typer.Option(min=1, help="Seconds before the first open loop counts.")] = 10.0,
    ladder: Annotated[bool, typer.Option("--ladder", help="Look for the sustainable throughput first.")] = False,
    events: Annotated[int, typer.Option(min=1_000, help="Events made beforehand; all steps share them.")] = 150_000,
    objective_ms: Annotated[float, typer.Option(min=1, help="p99 that a sustained rate must keep.")] = 500.0,
    unpinned: Annotated[bool, typer.Option("--unpinned", help="Leave all processes to all cores.")] = False,
    keep_figures: Annotated[bool, typer.Option("--figures", help="Write the figures into docs/figures.json.")] = False,
    bootstrap: KafkaOption = None,
    url: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure the whole job. Example: rapport bench --rate 1000 --rate 2000 --json > bench.json.

    A worker on core 1, everything else on core 0. First a backlog: CPU seconds per 100,000 events. Then open loops at
    the given rates, at 50 % and at 80 % of the throughput: latency from the time at which an event was due to the time
    at which its alert can be read. Expected and seen actions must be the same, or the command fails.
    """
    needed = _harness()
    machine = import_module("stream_app.bench.machine")
    before = machine.describe()
    if told := machine.busy():
        _say(told)
    chosen = settings(bootstrap=bootstrap, url=url, namespace=f"bench-{os.getpid()}")
    days = history_days + int(events / customers / EVENTS_A_DAY) + 5
    bank = Bank(Options(customers=customers, days=days, seed=chosen.seed, start=START), history_days, events)
    plan = needed.Plan(
        backlog, rounds, rate or [1_000.0], (0.5, 0.8), seconds, warm_up, ladder, objective_ms, not unpinned
    )
    document = {**_measured(needed, chosen, bank, plan, (bootstrap, url)), "machine": before}
    if as_json:
        print_json(document)
    else:
        for line in needed.lines(document):
            typer.echo(line)
    if not document["right"]:
        fail("not every event and action is accounted for: these figures do not count")
    if keep_figures:
        import_module("stream_app.bench.whole_figures").keep(document)
    if document["latency"]["left_out"]:
        fail("not everything was measured that was asked for: too few events were made (--events)")


class Bank(NamedTuple):
    """Which bank is recorded."""

    options: Options
    history_days: int
    events: int


def _measured(needed: Any, chosen: Settings, bank: Bank, plan: Any, given: tuple[str | None, str | None]) -> Any:
    """Carry out a plan on the given or on embedded services; we and all that we start but the worker keep to core 0."""
    cores = os.sched_getaffinity(0)
    if plan.pinned and not cores >= {0, 1}:
        fail("two cores are needed, 0 and 1: use --unpinned")
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        if plan.pinned:
            os.sched_setaffinity(0, {0})
        with ended_by_sigterm(), use_or_start(*given, data_dir=chosen.data_dir, on_progress=_say) as found:
            recorded = import_module("stream_app.bench.recorded").recorded(*bank, chosen, _say)
            home = Path(tempfile.mkdtemp(prefix="bench-", dir=chosen.data_dir)).absolute()
            kafka, redis = {"bootstrap": found.kafka_bootstrap}, {"url": found.redis_url}
            there = settings(kafka=kafka, redis=redis, namespace=chosen.namespace)
            document = needed.Bench(there, recorded, home, plan, _say).measure()
            shutil.rmtree(home, ignore_errors=True)  # after a failure the logs stay
    except ServiceUnavailable as error:
        fail(str(error))
    except needed.HarnessFailed as error:
        fail(f"the bench failed: {error}")
    finally:
        os.sched_setaffinity(0, cores)
    phases = dict(zip(("master", "history", "measured"), recorded.phases, strict=True))
    return {**document, "bank": {"customers": bank.options.customers, "events": phases}}


def _harness() -> Any:
    """Import what needs the libraries of the extra `dev`."""
    try:
        return import_module("stream_app.bench.protocol")
    except ModuleNotFoundError as missing:
        fail(f"rapport bench needs {missing.name}, which is not installed: pip install 'rapport[dev]'")


def _say(line: str) -> None:
    errors.print(line, markup=False)
