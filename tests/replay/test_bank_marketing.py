"""UCI Bank Marketing (Moro, Cortez, Rita 2014) through load and replay: what was known of a call is what is learned."""

import csv
import io
import json
import zipfile

import pytest

from models.evaluation.pace import PACE
from models.evaluation.prequential import paced
from models.learning.hashing import slots_of
from stream_app.figures.bank_marketing import replayed
from tests.commands import MAPPINGS, rapport
from tests.shared_data import shared_data

MEMBER = "bank-additional/bank-additional-full.csv"
MAPPING = MAPPINGS / "bank_marketing.toml"
CALLS = 2_000
NUMBERS = {
    *("age", "campaign", "pdays", "previous"),
    *("emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed"),
}


@pytest.fixture(scope="module")
def first_calls(tmp_path_factory):
    """An archive with the first calls only, and their rows."""
    with zipfile.ZipFile(shared_data("uci_bank_marketing/bank-marketing-4files.zip")) as archive:
        lines = archive.read(MEMBER).decode().splitlines()[: CALLS + 1]
    path = tmp_path_factory.mktemp("data") / "bank-marketing-4files.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, "\n".join(lines))
    return path, list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter=";"))


@pytest.fixture(scope="module")
def out(first_calls, tmp_path_factory):
    """What `rapport load` and `rapport replay` write of them."""
    folder = tmp_path_factory.mktemp("out")
    loaded = rapport("load", first_calls[0], "--mapping", MAPPING, "--out", folder / "uci.jsonl", "--json").json
    assert loaded["by_topic"] == dict.fromkeys(("bank.customers", "bank.interactions", "bank.outcomes"), CALLS)
    assert rapport("replay", folder / "uci.jsonl", "--out", folder / "replay").code == 0
    return folder


def jsonl(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_events_come_in_order_of_time_and_nothing_of_the_answer_is_in_the_call(out):
    lines = jsonl(out / "uci.jsonl")
    times = [line["value"]["occurred_at"] for line in lines]
    assert times == sorted(times)
    calls = [line["value"] for line in lines if line["topic"] == "bank.interactions"]
    assert all({"duration", "y"}.isdisjoint(call["attributes"]) for call in calls)
    assert {len(call["attributes"]) for call in calls} == {20}


def test_every_answer_joins_its_call_and_the_example_is_the_row(first_calls, out):
    rows = first_calls[1]
    paces = [x[PACE] for x, _ in paced((row, False) for row in rows)]
    examples = [e for e in jsonl(out / "replay" / "examples.jsonl") if e["model"] == "propensity"]
    assert len(examples) > CALLS / 2, "the calls of the last fortnight have no label yet"
    for example in examples:
        place = int(example["customer_id"].removeprefix("U")) - 1
        row = rows[place]
        known = {
            name: float(text) if name in NUMBERS else text
            for name, text in row.items()
            if name not in ("duration", "y")
        } | {PACE: paces[place]}
        assert tuple(map(tuple, example["context"])) == slots_of(known)
        assert (example["about"], example["label"]) == ("high_yield_savings", int(row["y"] == "yes"))


def test_a_label_is_learned_a_fortnight_after_its_call(out):
    examples = [e for e in jsonl(out / "replay" / "examples.jsonl") if e["model"] == "propensity"]
    assert {e["due_ms"] - e["snapshot_ms"] for e in examples} == {14 * 86_400_000 + 3_600_000}
    first_label_ms = min(e["due_ms"] for e in examples)
    assert all(e["model_version"] == 0 for e in examples if e["snapshot_ms"] < first_label_ms)
    assert any(e["model_version"] > 0 for e in examples)


def test_the_model_is_judged_and_nothing_is_lost_on_the_way(out):
    model = json.loads((out / "replay" / "models.json").read_text())["propensity"]
    examples = [e for e in jsonl(out / "replay" / "examples.jsonl") if e["model"] == "propensity"]
    # The last examples matured, but no clock has passed them yet.
    assert len(examples) - 50 < model["examples"] <= len(examples)
    assert 0.0 < model["served"]["examples"] < model["examples"]
    assert 0.0 < model["auc"] < 1.0
    assert model["refused"] == model["late"] == model["repeated"] == model["censored"] == 0


def test_the_figures_are_those_of_every_call_with_its_label(first_calls, tmp_path):
    calls = 800
    with zipfile.ZipFile(first_calls[0]) as archive:
        lines = archive.read(MEMBER).decode().splitlines()[: calls + 1]
    (tmp_path / "uci_bank_marketing").mkdir()
    with zipfile.ZipFile(tmp_path / "uci_bank_marketing" / first_calls[0].name, "w") as archive:
        archive.writestr(MEMBER, "\n".join(lines))
    found = replayed(tmp_path)
    assert found.matured.examples == found.served.examples == calls
    assert found.matured.whole == pytest.approx(found.reported, abs=1e-12)
    assert found.delay == (14 * 24 + 1) * 3_600 // 1_969
    assert found.matured.whole != found.served.whole
