"""`rapport model report`: whether each model's figures are healthy, as a table, a page with pictures, and JSON."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import orjson
import typer
from prometheus_client.parser import text_string_to_metric_families

from models.policy import Text, load_policy
from stream_app.commands.common import WRONG_USE, JsonOption, KafkaOption, fail, print_json, print_table, run, settings
from stream_app.model_report.from_replay import read_replay
from stream_app.model_report.from_shelf import read_versions
from stream_app.model_report.page import page
from stream_app.model_report.sheet import Source, document
from stream_app.model_report.words import both
from stream_app.settings import Settings
from stream_app.training.snapshots import models_topic, read_shelf

PAGE, NUMBERS = "model-report.html", "model-report.json"
NO_VERSION = "no model has a version yet: the first comes when its first examples have their labels (docs/learning.md)"
COLUMNS = ("model", "version", "examples", "positives", "auc", "log_loss", "calibration_error")


def report(
    out: Annotated[Path | None, typer.Option(help="Write model-report.html and model-report.json there.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    replayed: Annotated[
        Path | None, typer.Option("--from", help="Report on what `rapport replay` wrote there.")
    ] = None,
    worker: Annotated[
        list[str] | None, typer.Option(metavar="HOST:PORT", help="Add the outcomes that this worker heard; repeatable.")
    ] = None,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether the models' figures are healthy. Example: rapport model report --out report --from results.

    Without --from it reads the newest versions on crm.models.
    """
    chosen = settings(bootstrap=bootstrap)
    source = _source(chosen, replayed)
    if worker:
        source = source._replace(outcomes=run(_heard(worker)))
    told = document(source, model)
    if model is not None and not told["models"]:
        fail(f"nothing is known of a model {model}", WRONG_USE)
    if out is not None:
        _write(out, told)
    if as_json:
        print_json(told)
        return
    if not told["models"]:
        typer.echo(NO_VERSION)
    else:
        print_table("Models", COLUMNS, [_cells(name, found) for name, found in told["models"].items()])
    for name, found in told["models"].items():
        for remark in found["remarks"]:
            typer.echo(f"{name}: {both(Text(**remark['says']))}")
    if out is not None:
        typer.echo(f"{out / PAGE}")


def _source(chosen: Settings, replayed: Path | None) -> Source:
    policy = load_policy(chosen.policy_dir)
    if replayed is None:
        return read_versions(run(read_shelf(chosen, policy)), policy, f"versions on {models_topic(chosen)}")
    try:
        return read_replay(replayed, policy)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except (ValueError, KeyError) as error:
        fail(f"{replayed} is not what `rapport replay` writes: {error}")


async def _heard(addresses: Iterable[str]) -> Counter[str]:
    """Add up what the workers' metrics say of outcomes."""
    heard: Counter[str] = Counter()
    for address in addresses:
        try:
            async with aiohttp.ClientSession(f"http://{address}") as client, client.get("/metrics") as answer:
                heard += outcomes_of(await answer.text())
        except aiohttp.ClientError as error:
            fail(f"{address} does not answer: {type(error).__name__}")
    return heard


def outcomes_of(exposed: str) -> Counter[str]:
    """Count outcomes by result in a worker's metrics: joined, late, dangling."""
    heard: Counter[str] = Counter()
    for family in text_string_to_metric_families(exposed):
        for sample in family.samples:
            if sample.name == "crm_outcomes_total":
                heard[sample.labels["result"]] += int(sample.value)
    return heard


def _write(directory: Path, told: dict[str, Any]) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        numbers = orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        (directory / NUMBERS).write_bytes(numbers + b"\n")
        (directory / PAGE).write_text(page(told), encoding="utf-8")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


def _cells(name: str, found: dict[str, Any]) -> tuple[Any, ...]:
    return (name, *(found["figures"].get(column) for column in COLUMNS[1:]))
