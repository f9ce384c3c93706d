"""`rapport demo`: the whole product on an embedded Kafka and Redis, with a live table."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live as LiveScreen
from rich.table import Table
from rich.text import Text

from models.policy import load_policy
from stream_app import kafka
from stream_app.commands.common import KafkaOption, RedisOption, errors, fail, settings
from stream_app.demo import Demo, WorkerGone, write_summary
from stream_app.embedded import ServiceUnavailable, use_or_start
from stream_app.embedded.service import free_ports
from stream_app.run_directory import run_directory
from stream_app.settings import Settings
from stream_app.simulate import Options, World, start_for_live
from stream_app.topics import all_topics
from stream_app.worker.process import worker_service

LINE_SECONDS = 5.0
SHOWN = 42  # the customer whose profile may be looked at, or the last where there are fewer
PLAYED = "The simulated bank has played its last day; all stays up until Ctrl-C."


def demo(
    seconds: Annotated[float, typer.Option(min=0, help="Seconds of traffic; 0 = until Ctrl-C.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the summary there.")] = None,
    customers: Annotated[int, typer.Option(min=1, help="Customers of the simulated bank.")] = 120,
    days: Annotated[int, typer.Option(min=1, help="Days that the simulated bank plays.")] = 90,
    speed: Annotated[
        float | None, typer.Option(min=0, help="Event seconds per second (default: all days in time).")
    ] = None,
    bootstrap: KafkaOption = None,
    url: RedisOption = None,
) -> None:
    """Show Rapport at work. Example: rapport demo --seconds 60 --json demo.json.

    Starts Kafka, Redis, a worker and a simulated bank; at the end the traffic stops, the worker drains, all is stopped.
    """
    started = time.monotonic()
    chosen = settings()
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with (
            run_directory(chosen.data_dir, "demo-") as home,
            use_or_start(bootstrap, url, data_dir=chosen.data_dir, on_progress=say) as found,
        ):
            chosen = settings(
                kafka={"bootstrap": found.kafka_bootstrap}, redis={"url": found.redis_url}, data_dir=home.absolute()
            )
            asyncio.run(create_topics(chosen))
            with running_worker(chosen, home) as port:
                world = _world(chosen, customers, days)
                say(look_around(chosen, world.people[min(SHOWN, customers) - 1].customer_id))
                summary = asyncio.run(_play(chosen, world, port, seconds, speed, started))
    except ServiceUnavailable as error:
        fail(str(error))
    except WorkerGone as error:
        fail(f"{error}; its last words: {last_words(home / 'worker.log')}")
    report(summary)
    if json_file is not None:
        write_summary(summary, json_file)
    done = summary["events_processed"] + summary["duplicates"] + summary["dead_letters"]
    if done != summary["events_in"]:
        fail(f"{summary['events_in']} events went in, {done} are accounted for")


def last_words(log: Path) -> str:
    """Return the last line of a worker's log."""
    return (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["(none)"])[-1]


def say(line: str) -> None:
    """Print a progress line to standard error."""
    errors.print(line, markup=False)


def look_around(chosen: Settings, customer_id: str) -> str:
    """Say what can be tried while the demo runs, ready to be copied into another shell, about this customer."""
    command = sys.argv[0] if Path(sys.argv[0]).name == "rapport" else "rapport"
    redis_url = chosen.shown()["redis"]["url"]  # its password is for him to fill in
    return "\n".join(
        (
            "Try in another shell, while this runs:",
            f"  export RAPPORT_KAFKA__BOOTSTRAP={chosen.kafka.bootstrap} RAPPORT_REDIS__URL={redis_url}",
            f"  {command} queue tail fraud -f           # alerts as they come; also: retention, arrivals, offers",
            f"  {command} profile {customer_id} --why         # one customer, and why he has his score",
            f"  {command} model report --out report     # how good the models are, as a page",
        )
    )


async def create_topics(chosen: Settings) -> None:
    """Create all topics."""
    wanted = all_topics(chosen, len(load_policy(chosen.policy_dir).models.names))
    made, _ = await kafka.create_topics(chosen, wanted)
    say(f"Topics: {len(made)} created, {chosen.partitions} partitions each")


@contextlib.contextmanager
def running_worker(chosen: Settings, home: Path) -> Iterator[int]:
    """Run a worker process while the block runs, and give the port of its metrics; nothing of it stays behind."""
    (port,) = free_ports(1)
    service = worker_service(chosen, home / "worker.log", port)
    try:
        took = service.start()
        say(f"Worker: ready after {took:.1f} s; http://127.0.0.1:{port}/metrics /readyz; log {service.log}")
        yield port
    finally:
        service.stop()


def _world(chosen: Settings, customers: int, days: int) -> World:
    first = start_for_live(int(time.time() * 1_000), days)
    return World(
        Options(customers=customers, days=days, seed=chosen.seed, start=first, namespace=chosen.input_namespace)
    )


async def _play(
    chosen: Settings, world: World, port: int, seconds: float, speed: float | None, started: float
) -> dict[str, Any]:
    pace = speed if speed is not None else (world.end_ms - world.start_ms) / 1_000 / (seconds or 60.0)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if seconds:
        loop.call_later(seconds, stop.set)
    run = Demo(chosen, world, speed=pace, port=port, started=started)
    with screen() as tick:
        return await run.run(stop, tick, linger=not seconds)


@contextlib.contextmanager
def screen() -> Iterator[Callable[[Demo], None]]:
    """Give what shows the state: a live table on a terminal, a line every few seconds elsewhere."""
    if not errors.is_terminal:
        yield _Lines()
        return
    with LiveScreen(console=errors, refresh_per_second=4) as live:
        yield lambda state: live.update(Group(_table(state), *map(Text, _below(state))))


def _below(state: Demo) -> list[str]:
    """Say what stands below the table: the newest alerts, and the end of the bank's days."""
    return [*state.seen.newest, PLAYED] if state.played else state.seen.newest


class _Lines:
    """A line every few seconds, as long as there is something new to tell."""

    def __init__(self) -> None:
        self._said_at = 0.0
        self._said = ""
        self._played = False

    def __call__(self, state: Demo) -> None:
        if state.played and not self._played:
            self._played = True
            say(PLAYED)
        if time.monotonic() - self._said_at < LINE_SECONDS:
            return
        told = "  ".join(f"{name} {value}" for name, value in figures(state))
        if told != self._said:
            self._said_at, self._said = time.monotonic(), told
            say(told)


def figures(state: Demo) -> list[tuple[str, Any]]:
    """Return what the demo shows, by name."""
    last, seen = state.last, state.seen
    return [
        ("sent", state.live.sent.tally.total),
        ("applied", last.events("applied")),
        ("duplicates", last.events("duplicate")),
        ("dead letters", last.events("dead_letter")),
        ("lag", int(last.sum("crm_consumer_lag_records"))),
        ("alerts", seen.counts["alerts"]),
        ("offers", seen.counts["offers"]),
        ("arrivals", seen.counts["arrivals"]),
        ("taken back", seen.counts["taken back"]),
        ("churn examples", int(last.sum("crm_model_examples", model="churn"))),
        ("propensity examples", int(last.sum("crm_model_examples", model="propensity"))),
    ]


def _table(state: Demo) -> Table:
    table = Table(title="Rapport", show_header=False)
    for name, value in figures(state):
        table.add_row(name, f"{value:,}")
    return table


def report(summary: dict[str, Any]) -> None:
    """Print the summary for people: a line a figure, nested ones indented."""
    for name, value in summary.items():
        if isinstance(value, dict):
            typer.echo(f"{name}:")
            for inner, told in value.items():
                typer.echo(f"  {inner}: {_told(told)}")
        else:
            typer.echo(f"{name}: {_told(value)}")


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(inner)}" for name, inner in value.items())
    return "-" if value is None else str(value)
