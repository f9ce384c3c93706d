"""`rapport simulate`: a synthetic bank, to a file or to Kafka, with its truth beside the stream."""

import asyncio
import datetime as dt
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from stream_app.commands.common import (
    WRONG_USE,
    JsonOption,
    KafkaOption,
    RedisOption,
    fail,
    print_json,
    run,
    settings,
)
from stream_app.settings import Settings
from stream_app.simulate import Options, World, start_for_live, write
from stream_app.simulate.live import Live
from stream_app.simulate.writer import write_truth


def simulate(
    customers: Annotated[int, typer.Option(min=1, help="Customers of the bank.")] = 200,
    days: Annotated[int, typer.Option(min=1, help="Days of business.")] = 60,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Equal seeds give equal banks (default RAPPORT_SEED).")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="Event seconds per second; 86400 = a day a second; 0 = no wait.")
    ] = 86_400,
    start: Annotated[
        str | None, typer.Option(help="First day, YYYY-MM-DD (default: so that the period ends now).")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Write what was planted there, as JSON lines.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write lines for `rapport replay` there, not to Kafka.")] = None,
    bootstrap: KafkaOption = None,
    url: RedisOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a bank. Example: rapport simulate --customers 500 --days 60 --speed 86400 --truth truth.jsonl.

    To Kafka, it reads the offers on Redis and answers them with outcomes.
    """
    chosen = settings(bootstrap=bootstrap, url=url, seed=seed)
    options = _options(chosen, customers, days, start, to_file=out is not None)
    report: dict[str, Any]
    try:
        if out is not None:
            written = write(options, out, truth)
            report = {"lines": written.lines, "bytes": written.size_bytes, "counts": written.counts}
        else:
            report = run(_live(chosen, options, speed, truth))
    except OSError as error:
        fail(str(error))
    if as_json:
        print_json(report)
    else:
        _tell(report)


def _tell(report: dict[str, Any]) -> None:
    """Print the numbers, and per topic how many lines were good, repeated and broken; `--json` tells which faults."""
    counts = report.get("counts", report)
    numbers = {name: value for name, value in {**report, **counts}.items() if not isinstance(value, dict)}
    typer.echo(", ".join(f"{name}: {value}" for name, value in numbers.items()))
    for topic, lines in counts.get("lines", {}).items():
        typer.echo(f"  {topic}: {', '.join(f'{kind} {count}' for kind, count in lines.items())}")


def _options(chosen: Settings, customers: int, days: int, start: str | None, *, to_file: bool) -> Options:
    first = Options().start if to_file else start_for_live(int(time.time() * 1_000), days)
    if start is not None:
        try:
            first = dt.date.fromisoformat(start)
        except ValueError:
            fail(f"--start: {start} is not a day like 2026-03-02", WRONG_USE)
    return Options(customers=customers, days=days, seed=chosen.seed, start=first, namespace=chosen.input_namespace)


async def _live(chosen: Settings, options: Options, speed: float, truth: Path | None) -> dict[str, Any]:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    world = World(options)
    sent = await Live(chosen, world, speed=speed).run(stop)
    if truth is not None:
        write_truth(world, truth)
    return {"sent": dict(sent)}
