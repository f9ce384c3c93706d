"""`rapport load FILE --mapping MAP.toml`: a file of a bank's own becomes events on the topics."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from stream_app import kafka
from stream_app.commands.common import JsonOption, KafkaOption, fail, print_json, progress, run, settings
from stream_app.files.load import convert, key_of
from stream_app.files.mapping import MappingError, load_mapping
from stream_app.settings import Settings

CHUNK = 500


def load(
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines, whitespace columns, or a zip with one of them.")],
    mapping: Annotated[Path, typer.Option(help="Which column becomes which field (see deploy/mappings).")],
    rate: Annotated[float, typer.Option(help="Events a second; 0 = as fast as it goes.", min=0)] = 0,
    limit: Annotated[int | None, typer.Option(help="Stop after so many events.", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="Write lines for `rapport replay` there, not to Kafka.")] = None,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a file. Example: rapport load trans_comp.csv --mapping deploy/mappings/berka.toml --rate 5000."""
    chosen = settings(bootstrap=bootstrap)
    started = time.monotonic()
    try:
        events = itertools.islice(convert(file, load_mapping(mapping)), limit)
        counts = _to_file(events, out, chosen) if out else run(_to_kafka(events, chosen, rate))
    except MappingError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    seconds = time.monotonic() - started
    report = {"events": counts.total(), "seconds": round(seconds, 3), "by_topic": dict(sorted(counts.items()))}
    if as_json:
        print_json(report)
    else:
        typer.echo(f"{counts.total()} events in {seconds:.1f} s: {dict(sorted(counts.items()))}")


def _to_file(events: Iterator[tuple[str, dict[str, Any]]], out: Path, chosen: Settings) -> Counter[str]:
    counts: Counter[str] = Counter()
    with out.open("wb") as stream:
        for topic, event in events:
            name = f"{chosen.input_namespace}.{topic}"
            stream.write(orjson.dumps({"topic": name, "value": event}) + b"\n")
            counts[name] += 1
    return counts


async def _to_kafka(events: Iterator[tuple[str, dict[str, Any]]], chosen: Settings, rate: float) -> Counter[str]:
    """Send in chunks; with a rate, each chunk waits for its scheduled time."""
    counts: Counter[str] = Counter()
    started = time.monotonic()
    async with kafka.producer(chosen.kafka, linger_ms=5, max_batch_size=200_000) as client:
        with progress() as bar:
            task = bar.add_task("Events", total=None)
            while chunk := list(itertools.islice(events, min(CHUNK, int(rate) or CHUNK))):
                pending = []
                for topic, event in chunk:
                    name = f"{chosen.input_namespace}.{topic}"
                    key = key_of(topic, event).encode()
                    pending.append(await client.send(name, orjson.dumps(event), key=key))
                    counts[name] += 1
                await asyncio.gather(*pending)
                bar.update(task, advance=len(chunk))
                if rate:
                    await asyncio.sleep(max(0.0, started + counts.total() / rate - time.monotonic()))
    return counts
