"""`rapport save FILE`: the events of the last hours as a file."""

import time
from pathlib import Path
from typing import Annotated

import typer

from stream_app.commands.common import WRONG_USE, JsonOption, KafkaOption, fail, print_json, progress, run, settings
from stream_app.files.save import save as write

LONGEST_HOURS = 10 * 365 * 24.0


def save(
    file: Annotated[Path, typer.Argument(help="Where to; what stands there is replaced.")],
    hours: Annotated[
        float | None,
        typer.Option(min=0, max=LONGEST_HOURS, help="Of the last hours; default: all that the topics keep."),
    ] = None,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Save what the input topics hold. Example: rapport save day.jsonl --hours 24.

    The file is for `rapport replay` and `rapport what-if`; customers' master data are in it however old they are, for
    without their consents hardly anything is offered. It holds what customers sent, names and texts too: treat it
    like the topics themselves.
    """
    if not file.parent.is_dir():
        fail(f"{file.parent}: there is no such directory", WRONG_USE)
    chosen = settings(bootstrap=bootstrap)
    since_ms = None if hours is None else int((time.time() - hours * 3_600) * 1_000)
    try:
        with progress() as bar:
            task = bar.add_task("Records", total=None)
            counts = run(write(chosen, file, since_ms, lambda read, left: bar.update(task, completed=read)))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if as_json:
        print_json({"records": counts.total(), "by_topic": counts})
    else:
        typer.echo(f"{counts.total()} records -> {file}")
        for topic, count in sorted(counts.items()):
            typer.echo(f"  {topic}: {count}")
