"""`rapport profile ID`: what is remembered of one customer, from the changelog or from a worker."""

from typing import Annotated, Any

import aiohttp
import typer

from models.policy import load_policy
from schemas.partitioner import partition_for
from schemas.profile_codec import decode
from schemas.profile_view import view
from stream_app import kafka
from stream_app.commands.common import WRONG_USE, JsonOption, KafkaOption, fail, print_json, progress, run, settings
from stream_app.engine import stored
from stream_app.settings import Settings
from stream_app.training.snapshots import read_shelf
from stream_app.views import explained
from stream_app.views.profile_lines import lines

HOW_TO_ASK = '; give --token "$(rapport token --role ops)", made with the RAPPORT_TOKENS__KEY of that worker'


def profile(
    customer_id: Annotated[str, typer.Argument(help="The customer; after -- an id may start with a dash.")],
    worker: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Ask this worker, with --token.")] = None,
    token: Annotated[str, typer.Option(envvar="RAPPORT_TOKEN", help="From `rapport token --role ops`.")] = "",
    why: Annotated[
        bool, typer.Option("--why", help="Also take the churn score apart: reasons, why now, what if.")
    ] = False,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a customer's profile. Example: rapport profile C000042 --why.

    Reads that partition's changelog up to its end (with a progress bar), or asks the worker that holds it.
    """
    if why and worker:
        fail("--why reads the changelog and crm.models: it goes without --worker", WRONG_USE)
    chosen = settings(bootstrap=bootstrap)
    work = _from_worker(worker, customer_id, token) if worker else _from_changelog(chosen, customer_id, why=why)
    found = run(work)
    if found is None:
        fail(f"no customer {customer_id!r}")
    if as_json:
        print_json(found)
        return
    taken_apart = found.pop("why", None)
    for line in lines(found, load_policy(chosen.policy_dir)):
        typer.echo(line)
    for line in explained.lines(taken_apart) if taken_apart is not None else ():
        typer.echo(line)


async def _from_changelog(chosen: Settings, customer_id: str, *, why: bool) -> dict[str, Any] | None:
    topic = f"{chosen.app_id}-profiles-changelog"
    key = customer_id.encode()
    counts = await kafka.partition_counts(chosen, [topic])
    if topic not in counts:
        fail(f"there is no topic {topic}: has a worker run with RAPPORT_APP_ID={chosen.app_id}?")
    newest: bytes | None = None
    with progress() as bar:
        task = bar.add_task("Changelog")
        async for record, left in kafka.read_to_end(chosen.kafka, topic, [partition_for(key, counts[topic])]):
            bar.update(task, advance=1, total=bar.tasks[0].completed + 1 + left)
            if record.key == key:
                newest = record.value
    body = None if newest is None else stored.decode(newest).body
    if body is None:
        return None
    found, policy = decode(body), load_policy(chosen.policy_dir)
    shown = view(found, policy.home_currency)
    return {**shown, "why": explained.why(found, await read_shelf(chosen, policy), policy)} if why else shown


async def _from_worker(address: str, customer_id: str, token: str) -> dict[str, Any] | None:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with (
            aiohttp.ClientSession(f"http://{address}", headers=headers) as client,
            client.get(f"/profiles/{customer_id}") as answer,
        ):
            if answer.status == 404:
                return None
            document: dict[str, Any] = await answer.json(content_type=None)
            if answer.status != 200:
                fail(f"{address} says: {document['title']}{HOW_TO_ASK if answer.status in {401, 403} else ''}")
            return document
    except aiohttp.ClientError as error:
        fail(f"{address} does not answer: {type(error).__name__}")
