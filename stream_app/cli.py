"""The `rapport` command: all commands in one table, and how an expected failure ends them (one line, exit code 1).

Only the module of the command that was asked for is imported: River and the dictionaries take seconds.
"""

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import redis
import typer
from aiokafka.errors import KafkaError

from schemas.errors import RapportError
from stream_app.commands.common import FAILED, errors
from stream_app.embedded import ServiceUnavailable
from stream_app.engine.garbage import large_blocks_apart
from stream_app.kafka import KafkaUnavailable

OURS = (RapportError, KafkaUnavailable, ServiceUnavailable)  # their text is a sentence for people
EXPECTED = (*OURS, KafkaError, redis.RedisError)


class Command(NamedTuple):
    """Where a command lives: module under `stream_app.commands`, and its function or its group of commands."""

    module: str
    member: str
    group: bool = False


COMMANDS = {
    "demo": Command("demo", "demo"),
    "worker": Command("worker", "worker"),
    "simulate": Command("simulate", "simulate"),
    "load": Command("load", "load"),
    "save": Command("save", "save"),
    "replay": Command("replay", "replay"),
    "what-if": Command("what_if", "what_if"),
    "topics": Command("topics", "app", group=True),
    "send": Command("topics", "send"),
    "profile": Command("profile", "profile"),
    "decision": Command("decision", "decision"),
    "erase": Command("erase", "erase"),
    "queue": Command("queues", "app", group=True),
    "model": Command("models", "app", group=True),
    "dead-letters": Command("dead_letters", "app", group=True),
    "doctor": Command("doctor", "doctor"),
    "bench": Command("bench", "bench"),
    "config": Command("small", "config", group=True),
    "token": Command("small", "token"),
}


def build(arguments: Sequence[str]) -> typer.Typer:
    """Make the command line: of the one command that is asked for, or of all when none is (help, completion)."""
    app = typer.Typer(
        name="rapport",
        help="Rapport: real-time customer engagement for a retail bank.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_rapport)
    asked = arguments[0] if arguments else ""
    for name in [asked] if asked in COMMANDS else COMMANDS:
        module, member, group = COMMANDS[name]
        found = getattr(import_module(f"stream_app.commands.{module}"), member)
        if group:
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _rapport() -> None:
    """Rapport: real-time customer engagement for a retail bank."""


def main() -> None:
    """Run the command line; exit 0: well, 1: failed, 2: wrong use."""
    large_blocks_apart()  # before the command's modules are there, which leave most holes
    # What a client library warns of, a command says in a line of its own; a worker's log has handlers that hear it.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    try:
        build(sys.argv[1:])()
    except EXPECTED as error:
        errors.print(str(error) if isinstance(error, OURS) else f"{type(error).__name__}: {error}", markup=False)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
