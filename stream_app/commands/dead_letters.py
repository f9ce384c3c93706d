"""`rapport dead-letters`: what could not be read, and sending it again once it can."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated

import typer
from aiokafka import AIOKafkaProducer, ConsumerRecord

from schemas.dead_letters import dl_texts, own_headers
from schemas.errors import REASON_ORDER
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
from stream_app.retried import Retried
from stream_app.settings import Settings

app = typer.Typer(help="List the dead letters, or send them to their topics again.", no_args_is_help=True)

ReasonOption = Annotated[str | None, typer.Option(help="Only letters with this dl-reason.")]


def topic(chosen: Settings) -> str:
    """Return the name of the dead-letter topic."""
    return f"{chosen.namespace}.dead-letters"


@app.command("list")
def list_letters(reason: ReasonOption = None, bootstrap: KafkaOption = None, as_json: JsonOption = False) -> None:
    """List the letters: why, where from, how large. Example: rapport dead-letters list --reason bad_json."""
    _known(reason)
    chosen = settings(bootstrap=bootstrap)

    async def collect() -> list[dict[str, str]]:
        found = [dl_texts(record.headers) async for record, _ in kafka.read_to_end(chosen.kafka, topic(chosen))]
        return [letter for letter in found if reason in {None, letter.get("reason")}]

    letters = run(collect())
    if as_json:
        print_json(letters)
        return
    columns = ("reason", "topic", "partition", "offset", "received-at", "size", "error")
    print_table("Dead letters", columns, [tuple(letter.get(c, "") for c in columns) for letter in letters])


@app.command()
def retry(
    reason: ReasonOption = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be sent.")] = False,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send letters to the topics that they came from. Example: rapport dead-letters retry --reason processing_error.

    A letter whose bytes were cut cannot be sent. A letter is sent once: the next run starts after it (with --reason,
    for that reason). What fails again comes back as a new letter. An event that was applied meanwhile is told by its
    event_id and ignored.
    """
    _known(reason)
    chosen = settings(bootstrap=bootstrap)
    report = run(_retry(chosen, reason, dry_run))
    if as_json:
        print_json(report)
    else:
        sent = "would be sent" if dry_run else "sent"
        typer.echo(f"{report['sent']} {sent}, {report['cut']} cut, {report['repeated']} repeated")


def _known(reason: str | None) -> None:
    """End the command where a reason is asked for that no letter can have."""
    if reason is not None and reason not in REASON_ORDER:
        fail(f"--reason: {reason} is none of {', '.join(REASON_ORDER)}", WRONG_USE)


async def _retry(chosen: Settings, reason: str | None, dry_run: bool) -> dict[str, int]:
    retried = Retried(chosen, topic(chosen))
    await retried.load()
    sorter, ends = _Sorter(retried, reason), dict[int, int]()
    async with kafka.producer(chosen.kafka) as client:
        try:
            async for record in _letters(chosen):
                if sorter.is_to_be_sent(record) and not dry_run:
                    await _send(client, record)
                ends[record.partition] = record.offset + 1
        finally:
            if not dry_run:
                retried.note(ends, reason)
                await retried.save()
    return sorter.report


async def _letters(chosen: Settings) -> AsyncIterator[ConsumerRecord]:
    """Read the letters up to the end as of now, with a progress bar."""
    with progress() as bar:
        task = bar.add_task("Dead letters")
        async for record, left in kafka.read_to_end(chosen.kafka, topic(chosen)):
            bar.update(task, advance=1, total=bar.tasks[0].completed + 1 + left)
            yield record


async def _send(client: AIOKafkaProducer, letter: ConsumerRecord) -> None:
    """Send a letter to the topic that it came from, as it came."""
    origin, own = dl_texts(letter.headers)["topic"], own_headers(letter.headers)
    await client.send_and_wait(origin, letter.value, key=letter.key, headers=own)


class _Sorter:
    """Says of each letter whether it is to be sent again, and counts what becomes of those that are asked for."""

    def __init__(self, retried: Retried, reason: str | None) -> None:
        self.report = {"sent": 0, "cut": 0, "repeated": 0}
        self._retried = retried
        self._reason = reason
        self._seen: set[tuple[str, str, str]] = set()

    def is_to_be_sent(self, record: ConsumerRecord) -> bool:
        """Whether a letter is asked for, was not sent yet, and is whole."""
        letter = dl_texts(record.headers)
        if self._reason not in {None, letter["reason"]} or not self._retried.is_new(record, letter["reason"]):
            return False
        outcome = self._outcome(letter)
        self.report[outcome] += 1
        return outcome == "sent"

    def _outcome(self, letter: Mapping[str, str]) -> str:
        identity = (letter["topic"], letter["partition"], letter["offset"])
        if identity in self._seen:
            return "repeated"
        self._seen.add(identity)
        return "cut" if letter.get("truncated") == "true" else "sent"
