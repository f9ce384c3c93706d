"""`rapport topics` and `rapport send`."""

from typing import Annotated

import orjson
import typer

from models.policy import load_policy
from stream_app import kafka
from stream_app.commands.common import JsonOption, KafkaOption, fail, print_json, print_table, run, settings
from stream_app.topics import INPUTS, all_topics

app = typer.Typer(help="Create and list the topics.", no_args_is_help=True)


@app.command()
def create(
    partitions: Annotated[int | None, typer.Option(help="Partitions of every topic keyed by customer.", min=1)] = None,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create the topics that are missing. Example: rapport topics create --partitions 12."""
    chosen = settings(bootstrap=bootstrap, partitions=partitions)
    wanted = all_topics(chosen, len(load_policy(chosen.policy_dir).models.names))
    made, present = run(kafka.create_topics(chosen, wanted))
    counts = run(kafka.partition_counts(chosen, present))
    wrong = {name: counts[name] for name in present if counts[name] != wanted[name][0]}
    if as_json:
        print_json({"created": made, "present": present, "wrong_partitions": wrong})
    else:
        print_table("Topics", ("topic", "state"), [(n, "created") for n in made] + [(n, "present") for n in present])
    if wrong:
        name, count = next(iter(wrong.items()))
        fail(f"{name} has {count} partitions, not {wanted[name][0]}; partition counts never change within one app id")


@app.command("list")
def list_topics(bootstrap: KafkaOption = None, as_json: JsonOption = False) -> None:
    """List the topics and their partitions. Example: rapport topics list --json."""
    chosen = settings(bootstrap=bootstrap)
    wanted = all_topics(chosen, len(load_policy(chosen.policy_dir).models.names))
    counts = run(kafka.partition_counts(chosen, wanted))
    if as_json:
        print_json({name: counts.get(name) for name in wanted})
    else:
        print_table("Topics", ("topic", "partitions"), [(name, counts.get(name, "missing")) for name in wanted])


def send(
    topic: Annotated[str, typer.Argument(help="Topic, e.g. bank.transactions (or just transactions).")],
    value: Annotated[str, typer.Argument(help="The event as JSON; '-' reads standard input.")],
    key: Annotated[str | None, typer.Option(help="Record key; default: customer_id, or platform:author.")] = None,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one event. Example: rapport send transactions '{"event_id": "e1", "customer_id": "C1", ...}'."""
    chosen = settings(bootstrap=bootstrap)
    names = {spec.logical: spec.name(chosen) for spec in INPUTS}
    raw = typer.get_text_stream("stdin").read() if value == "-" else value
    record_key = key if key is not None else key_of(raw)

    async def produce() -> dict[str, int]:
        async with kafka.producer(chosen.kafka) as client:
            meta = await client.send_and_wait(
                names.get(topic, topic), raw.encode(), key=None if record_key is None else record_key.encode()
            )
            return {"partition": meta.partition, "offset": meta.offset}

    where = run(produce())
    if as_json:
        print_json({"topic": names.get(topic, topic), **where})
    else:
        typer.echo(f"{names.get(topic, topic)} partition {where['partition']} offset {where['offset']}")


def key_of(raw: str) -> str | None:
    """Return the key that the contract wants for this value, None where it cannot be told."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    if "customer_id" in value:
        return str(value["customer_id"])
    if "author" in value:
        return f"{value.get('platform')}:{value['author']}"
    return None
