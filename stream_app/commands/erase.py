"""`rapport erase ID`: forget a customer."""

import sys
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from schemas.fields import CustomerId
from stream_app.commands.common import WRONG_USE, JsonOption, KafkaOption, fail, print_json, run, settings
from stream_app.commands.topics import produce
from stream_app.topics import INPUTS

(CUSTOMERS,) = (spec for spec in INPUTS if spec.logical == "customers")


def erase(
    customer_id: Annotated[str, typer.Argument(help="The customer; after -- an id may start with a dash.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a customer: it cannot be undone. Example: rapport erase C000042.

    Sends the null on bank.customers that says so; workers then take back what stands and forget the profile. What the
    topics and Redis keep for their time is listed in docs/operations.md.
    """
    try:
        TypeAdapter(CustomerId).validate_python(customer_id)
    except ValidationError:
        fail(f"{customer_id!r} is no customer id", WRONG_USE)
    chosen = settings(bootstrap=bootstrap)
    if not yes:
        if not sys.stdin.isatty():
            fail("nobody can be asked here: give --yes", WRONG_USE)
        typer.confirm(f"Forget {customer_id} for good?", abort=True)
    where = {"customer_id": customer_id, **run(produce(chosen, CUSTOMERS.name(chosen), customer_id.encode(), None))}
    if as_json:
        print_json(where)
    else:
        typer.echo(f"{where['topic']} partition {where['partition']} offset {where['offset']}")
