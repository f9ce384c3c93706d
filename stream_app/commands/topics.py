"""`rapport topics` and `rapport send`."""

import time
from typing import Annotated, Any

import orjson
import typer

from models.policy import load_policy
from schemas.errors import BadMessage
from schemas.wire import decode
from stream_app import kafka
from stream_app.commands.common import (
    WRONG_USE,
    JsonOption,
    KafkaOption,
    errors,
    fail,
    print_json,
    print_table,
    run,
    settings,
)
from stream_app.settings import Settings
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
    """Send one event. Example: rapport send transactions '{"event_id": "e1", "customer_id": "C1", ...}'.

    The bytes go out as they are; if a worker will make a dead letter of them, that is said.
    """
    chosen = settings(bootstrap=bootstrap)
    spec = next((spec for spec in INPUTS if topic in {spec.logical, spec.name(chosen)}), None)
    if spec is None:
        fail(f"{topic} is none of {', '.join(each.name(chosen) for each in INPUTS)}", WRONG_USE)
    raw = (typer.get_text_stream("stdin").read() if value == "-" else value).encode()
    record_key = key.encode() if key is not None else key_of(raw)
    where = run(produce(chosen, spec.name(chosen), record_key, raw))
    bad = refusal(spec.logical, record_key, raw, int(time.time() * 1_000))
    if as_json:
        print_json({**where, "dead_letter": bad})
        return
    typer.echo(f"{where['topic']} partition {where['partition']} offset {where['offset']}")
    if bad is not None:
        errors.print(f"it will be a dead letter: {bad}", markup=False)


async def produce(chosen: Settings, name: str, key: bytes | None, raw: bytes | None) -> dict[str, Any]:
    """Send one record, and say where it lies; a topic that is not there ends the command."""
    if not await kafka.partition_counts(chosen, [name]):
        fail(f"there is no topic {name}: rapport topics create")
    async with kafka.producer(chosen.kafka) as client:
        meta = await client.send_and_wait(name, raw, key=key)
    return {"topic": name, "partition": meta.partition, "offset": meta.offset}


def refusal(topic: str, key: bytes | None, raw: bytes, now_ms: int) -> str | None:
    """Say why a worker would refuse these bytes ("reason: field: fault"), None where it takes them."""
    try:
        decode(topic, key, raw, (), now_ms, ("", 0, 0))
    except BadMessage as bad:
        return str(bad)
    return None


def key_of(raw: bytes) -> bytes | None:
    """Return the key that this value wants, None where it cannot be told."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    if "customer_id" in value:
        return str(value["customer_id"]).encode()
    if "author" in value:
        return f"{value.get('platform')}:{value['author']}".encode()
    return None
