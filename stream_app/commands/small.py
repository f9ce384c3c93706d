"""`rapport token`, `rapport config show`: commands that need no server."""

import re
import time
from typing import Annotated

import typer

from stream_app import tokens
from stream_app.commands.common import WRONG_USE, JsonOption, fail, print_json, settings
from stream_app.settings import flatten

SCOPE = r"(queue|branch):[A-Za-z0-9_-]{1,64}"

config = typer.Typer(help="Show the settings.", no_args_is_help=True)


@config.callback()
def _group() -> None:
    """Show the settings."""


@config.command()
def show(as_json: JsonOption = False) -> None:
    """Print every setting by its variable, secrets masked. Example: rapport config show."""
    values = flatten(settings().shown())
    if as_json:
        print_json(values)
    else:
        for name, value in values.items():
            typer.echo(f"{name}={'' if value is None else value}")


def token(
    role: Annotated[str, typer.Option(help=f"One of {', '.join(tokens.ROLES)}.")],
    scope: Annotated[list[str] | None, typer.Option(help="queue:NAME or branch:ID; may repeat.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a bearer token. Example: rapport token --role agent --scope queue:fraud."""
    if role not in tokens.ROLES:
        fail(f"--role: {role} is not one of {', '.join(tokens.ROLES)}", WRONG_USE)
    for wrong in (each for each in scope or () if not re.fullmatch(SCOPE, each)):
        fail(f"--scope: {wrong} is neither queue:NAME nor branch:ID", WRONG_USE)
    made = tokens.make(settings().tokens, role, scope or [], int(time.time()))
    if as_json:
        print_json({"token": made, "role": role, "scope": scope or []})
    else:
        typer.echo(made)
