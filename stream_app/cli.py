"""The `rapport` command: all commands in one place, and how an expected failure ends them (one line, exit code 1)."""

import sys
from collections.abc import Callable
from typing import Any

import redis
import typer
from aiokafka.errors import KafkaError

from schemas.errors import RapportError
from stream_app.commands import dead_letters, queues, small, topics
from stream_app.commands.common import FAILED, errors
from stream_app.commands.demo import demo
from stream_app.commands.doctor import doctor
from stream_app.commands.load import load
from stream_app.commands.profile import profile
from stream_app.commands.replay import replay
from stream_app.commands.simulate import simulate
from stream_app.commands.worker import worker
from stream_app.embedded import ServiceUnavailable
from stream_app.kafka import KafkaUnavailable

EXPECTED = (RapportError, KafkaUnavailable, KafkaError, redis.RedisError, ServiceUnavailable)

app = typer.Typer(
    name="rapport",
    help="Rapport: real-time customer engagement for a retail bank.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
COMMANDS: tuple[Callable[..., Any], ...] = (
    demo, worker, simulate, load, replay, topics.send, profile, doctor, small.token,
)  # fmt: skip
for command in COMMANDS:
    app.command()(command)
app.add_typer(topics.app, name="topics")
app.add_typer(queues.app, name="queue")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(small.config, name="config")


def main() -> None:
    """Run the command line; exit 0: well, 1: failed, 2: wrong use."""
    try:
        app()
    except EXPECTED as error:
        errors.print(f"{type(error).__name__}: {error}", markup=False)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
