"""`rapport erase ID`: forget a customer."""

import sys
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from schemas.fields import CustomerId
from stream_app import kafka
from stream_app.commands.common import WRONG_USE, JsonOption, KafkaOption, fail, print_json, run, settings
from stream_app.settings import Settings
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
    where = run(_send(chosen, customer_id))
    if as_json:
        print_json(where)
    else:
        typer.echo(f"{where['topic']} partition {where['partition']} offset {where['offset']}")


async def _send(chosen: Settings, customer_id: str) -> dict[str, Any]:
    name = CUSTOMERS.name(chosen)
    if not await kafka.partition_counts(chosen, [name]):
        fail(f"there is no topic {name}: rapport topics create")
    async with kafka.producer(chosen.kafka) as client:
        meta = await client.send_and_wait(name, None, key=customer_id.encode())
    return {"customer_id": customer_id, "topic": name, "partition": meta.partition, "offset": meta.offset}
