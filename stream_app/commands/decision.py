"""`rapport decision ID`: why a customer was offered something, or nothing."""

from collections import deque
from typing import Annotated, Any

import orjson
import typer

from models.policy import load_policy
from schemas.partitioner import partition_for
from stream_app import kafka
from stream_app.commands.common import (
    WRONG_USE,
    JsonOption,
    KafkaOption,
    fail,
    print_json,
    print_table,
    progress,
    run,
    settings,
)
from stream_app.settings import Settings
from stream_app.views.decision_lines import lines, outcome

COLUMNS = ("decision", "at", "trigger", "what came of it")


def decision(
    decision_id: Annotated[str, typer.Argument(help="The decision_id of an offer; without it: the newest.")] = "",
    customer: Annotated[
        str | None, typer.Option(help="Only this customer's decisions (one partition, quicker).")
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, help="How many of the newest to list.")] = 10,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a decision in Chinese and English. Example: rapport decision qr27yjhnamaxfgdpcct3 --customer C000059.

    Without an id it lists a customer's newest decisions, those for no action too. Reads crm.decisions up to its end.
    """
    if not decision_id and customer is None:
        fail("give a decision's id, or --customer", WRONG_USE)
    chosen = settings(bootstrap=bootstrap)
    found = run(_search(chosen, decision_id, customer, count))
    if not found:
        fail(f"no decision {decision_id!r}" if decision_id else f"no decision about {customer!r}")
    if as_json:
        print_json(found[-1] if decision_id else found)
    elif decision_id:
        for line in lines(found[-1], load_policy(chosen.policy_dir)):
            typer.echo(line)
    else:
        rows = [(d["decision_id"], d["occurred_at"], d["trigger"], outcome(d)) for d in found]
        print_table("Decisions", COLUMNS, rows)


async def _search(chosen: Settings, decision_id: str, customer: str | None, count: int) -> list[dict[str, Any]]:
    """Read the ledger to its end and keep the newest that were asked for, in the order in which they were made."""
    topic = f"{chosen.namespace}.decisions"
    counts = await kafka.partition_counts(chosen, [topic])
    if topic not in counts:
        fail(f"there is no topic {topic}: rapport topics create")
    key = None if customer is None else customer.encode()
    partitions = None if key is None else [partition_for(key, counts[topic])]
    found: deque[dict[str, Any]] = deque(maxlen=count)
    wanted = decision_id.encode()
    with progress() as bar:
        task = bar.add_task("Decisions")
        async for record, left in kafka.read_to_end(chosen.kafka, topic, partitions):
            bar.update(task, advance=1, total=bar.tasks[0].completed + 1 + left)
            if record.value and wanted in record.value and key in {None, record.key}:
                value = orjson.loads(record.value)
                if decision_id in {"", value["decision_id"]}:
                    found.append(value)
    return list(found)
