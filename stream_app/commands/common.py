"""What the commands share: settings, printing, progress, and how an error ends a command."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from schemas.errors import SettingsError
from stream_app.settings import Settings, nearly_settings

T = TypeVar("T")
FAILED, WRONG_USE = 1, 2

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
KafkaOption = Annotated[str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Use this Kafka.")]
RedisOption = Annotated[str | None, typer.Option("--redis", metavar="URL", help="Use this Redis.")]

errors = Console(stderr=True, soft_wrap=True, highlight=False)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Print one line to standard error and end the command."""
    errors.print(message, markup=False, style="red" if errors.is_terminal else None)
    raise typer.Exit(code)


def settings(*, bootstrap: str | None = None, url: str | None = None, **given: Any) -> Settings:
    """Load the settings; a wrong one ends the command with exit code 2, one that is nearly a setting is named.

    What a command's own options give goes before all other sources: `bootstrap` (--kafka), `url` (--redis), others.
    """
    if bootstrap:
        given["kafka"] = {"bootstrap": bootstrap}
    if url:
        given["redis"] = {"url": url}
    try:
        found = Settings.load(**{key: value for key, value in given.items() if value is not None})
    except SettingsError as error:
        fail(str(error), WRONG_USE)
    for nearly in nearly_settings(os.environ):
        errors.print(nearly, markup=False)
    return found


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine."""
    return asyncio.run(work)


def print_json(value: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def print_table(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print a table for people; where no terminal is, tab-separated lines."""
    console = Console()
    if not console.is_terminal:
        for row in (columns, *rows):
            sys.stdout.write("\t".join(_cell(cell) for cell in row) + "\n")
        return
    table = Table(*(Column(column, overflow="fold") for column in columns), title=title)  # an id cut short is none
    for row in rows:
        table.add_row(*(Text(_cell(cell)) for cell in row))  # as text: brackets in it are no markup
    console.print(table)


def _cell(value: Any) -> str:
    """Write a cell for people: figures to four places (`--json` has them all), a dash for what is not known."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:.4f}".rstrip("0").rstrip(".")
    return "-" if value is None else str(value)


def progress(quiet: bool = False) -> Progress:
    """Return a progress bar that shows on a terminal only."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet or not sys.stderr.isatty(),
        transient=True,
    )
