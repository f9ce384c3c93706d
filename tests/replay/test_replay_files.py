"""`rapport replay` over files: twice the same bytes, exact figures, and a clear word about a bad line."""

import base64
import hashlib
import json
import re
import shutil
from collections import defaultdict

import pytest

from tests.builders import wire_form
from tests.commands import CHECKOUT, MAPPINGS, rapport
from tests.shared_data import shared_data

FILES = {
    *("alerts.jsonl", "offers.jsonl", "arrivals.jsonl", "decisions.jsonl", "profiles.jsonl", "dead_letters.jsonl"),
    *("models.json", "summary.json"),
}
"""What others read; more files are free."""


def jsonl(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def lines_file(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


# -- a simulated bank with all topics, models learning ------------------------------------------------------------


@pytest.fixture(scope="module")
def bank_file(tmp_path_factory):
    """100 customers over 45 days, with late, repeated, disordered and broken messages."""
    path = tmp_path_factory.mktemp("bank") / "bank.jsonl"
    made = rapport("simulate", "--customers", 100, "--days", 45, "--seed", 3, "--out", path, "--json").json
    assert {name.rpartition(".")[2] for name in made["counts"]["lines"]} >= {
        *("transactions", "interactions", "mentions", "customers"),
    }
    return path


@pytest.fixture(scope="module")
def twice(bank_file, tmp_path_factory):
    """The directories of two replays, each with its printed summary."""
    runs = []
    for name in ("first", "second"):
        out = tmp_path_factory.mktemp(name) / "out"
        runs.append((out, rapport("replay", bank_file, "--out", out, "--json").json))
    return runs


def test_replay_writes_the_files_that_others_read(twice):
    (out, _), _ = twice
    assert {path.name for path in out.iterdir()} >= FILES


def test_two_replays_write_the_same_bytes(twice):
    first, second = ({p.name: p.read_bytes() for p in out.iterdir() if p.name != "summary.json"} for out, _ in twice)
    assert {name: hashlib.sha256(data).hexdigest() for name, data in first.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in second.items()
    }
    for name in ("alerts", "offers", "arrivals", "decisions", "profiles", "dead_letters", "examples"):
        assert first[f"{name}.jsonl"], f"{name} are compared, so there must be some"


def test_two_summaries_differ_in_their_seconds_alone(twice):
    first, second = (
        {
            name: figure
            for name, figure in json.loads((out / "summary.json").read_text()).items()
            if "second" not in name
        }
        for out, _ in twice
    )
    assert first == second


def test_every_line_is_accounted_for(bank_file, twice):
    (_, summary), _ = twice
    lines = len(bank_file.read_bytes().splitlines())
    inputs = [f"bank.{name}" for name in ("transactions", "interactions", "mentions", "customers", "outcomes")]
    counted = sum(count for topic in inputs for count in summary["topics"].get(topic, {}).values())
    assert summary["lines"] == lines == counted
    assert summary["topics"]["bank.transactions"]["duplicate"] > 0
    assert sum(summary["topics"][topic].get("dead_letter", 0) for topic in inputs if topic in summary["topics"]) > 0


def test_all_models_have_their_figures(twice):
    (out, _), _ = twice
    models = json.loads((out / "models.json").read_text())
    assert set(models) == {"churn", "propensity", "value", "need"}
    assert models["churn"]["examples"] > 0
    assert set(models["churn"]) >= {"examples", "auc", "log_loss", "calibration_error"}


def test_no_id_is_written_twice(twice):
    (out, _), _ = twice
    for name in ("alerts", "offers", "arrivals"):
        ids = [entry["id"] for entry in jsonl(out / f"{name}.jsonl")]
        assert len(ids) == len(set(ids)), name


def test_what_is_taken_back_was_made_before(twice):
    (out, _), _ = twice
    for name in ("alerts", "arrivals"):
        entries = jsonl(out / f"{name}.jsonl")
        made = {entry["id"]: entry["stream"] for entry in entries if "refers_to" not in entry}
        taken_back = [entry for entry in entries if "refers_to" in entry]
        assert taken_back, name
        assert all(stream.startswith(f"crm:{name}:") for stream in made.values())
        for entry in taken_back:
            assert made[entry["refers_to"]] == entry["stream"]


def test_learning_off_pins_the_models(tmp_path):
    few = tmp_path / "few.jsonl"
    rapport("simulate", "--customers", 20, "--days", 45, "--seed", 3, "--out", few)
    learned, pinned = (
        rapport("replay", few, "--out", tmp_path / name, "--json", environ={"RAPPORT_LEARNING": name}).json["models"]
        for name in ("on", "off")
    )
    assert learned["churn"]["version"] > 0
    assert {model["version"] for model in pinned.values()} == {0}


# -- CDNOW: 18 months of purchases (Fader and Hardie; MIT) --------------------------------------------------------


@pytest.fixture
def calm_policy(tmp_path):
    """Our policy, but that the silent are not looked at every week: 23,570 customers are, for a year, most of the time.

    Purchases and sums do not hang on it.
    """
    policy = shutil.copytree(CHECKOUT / "deploy" / "policy", tmp_path / "policy")
    tags, calmed = re.subn(
        r"^(again_after_days|settle_days) = \d+", r"\1 = 30", (policy / "tags.toml").read_text(), flags=re.MULTILINE
    )
    assert calmed == 2
    (policy / "tags.toml").write_text(tags)
    return policy


@pytest.mark.slow
def test_cdnow_customers_have_the_purchases_and_sums_of_the_file(tmp_path, calm_policy):
    source, lines = shared_data("cdnow/CDNOW_master.txt"), tmp_path / "lines.jsonl"
    loaded = rapport("load", source, "--mapping", MAPPINGS / "cdnow.toml", "--out", lines, "--json").json
    assert loaded["events"] == 69_659
    answer = rapport("replay", lines, "--out", tmp_path / "out", "--policy", calm_policy, "--json")
    assert answer.json["topics"]["bank.transactions"] == {"applied": 69_659}

    purchases, cents, rows = defaultdict(int), defaultdict(int), source.read_text().splitlines()[1:]
    for row in rows:
        customer, _, _, dollars = row.split()
        purchases[customer] += 1
        cents[customer] += int(dollars.replace(".", ""))
    assert (len(rows), len(purchases), sum(cents.values())) == (69_659, 23_570, 250_031_563)

    totals = {
        profile["customer_id"]: profile["totals"]["USD"] for profile in jsonl(tmp_path / "out" / "profiles.jsonl")
    }
    assert {customer: total["debit_count"] for customer, total in totals.items()} == purchases
    assert {customer: total["debit_minor"] for customer, total in totals.items()} == cents
    assert {customer: total["by_kind"]["card"]["minor"] for customer, total in totals.items()} == cents
    assert not any(total["credit_count"] for total in totals.values())


# -- single lines -------------------------------------------------------------------------------------------------


@pytest.fixture
def replayed(tmp_path):
    """Replay these lines; gives a function from a result's name to its entries."""

    def run(*records):
        path = lines_file(tmp_path / "in.jsonl", *records)
        answer = rapport("replay", path, "--out", tmp_path / "out")
        assert answer.code == 0, answer.err
        return lambda name: jsonl(tmp_path / "out" / f"{name}.jsonl")

    return run


def a_line(topic="transactions", value=None, **more):
    return {"topic": f"bank.{topic}", "value": value if value is not None else wire_form(topic), **more}


def test_a_line_without_a_time_stamp_is_never_from_the_future_and_one_with_it_may_be(replayed):
    ahead = wire_form("transactions", customer_id="C1", occurred_at="2100-01-01T00:00:00Z")
    results = replayed(a_line(value=ahead), a_line(value={**ahead, "event_id": "e2"}, timestamp=1_772_413_200_000))
    assert [letter["reason"] for letter in results("dead_letters")] == ["future"]
    assert results("profiles")[0]["events"]["transactions"] == 1


def test_bytes_that_are_no_json_stand_as_raw_and_come_back_unchanged(replayed):
    raw = base64.b64encode(b"\xff no json").decode()
    results = replayed({"topic": "bank.transactions", "raw": raw}, a_line())
    (letter,) = results("dead_letters")
    assert (letter["topic"], letter["reason"], letter["value"]) == ("bank.transactions", "bad_json", raw)
    assert letter["number"] == 1
    assert len(results("profiles")) == 1


def test_a_key_is_checked_where_a_line_has_one(replayed):
    results = replayed(a_line(key="somebody-else"), a_line(key="C1"))
    assert [letter["reason"] for letter in results("dead_letters")] == ["key_mismatch"]


def test_a_null_erases_a_customer_and_is_empty_elsewhere(replayed):
    results = replayed(
        a_line("customers", wire_form("customers", name="张三")),
        {"topic": "bank.customers", "key": "C1", "value": None, "timestamp": 1_772_500_000_000},
        {"topic": "bank.transactions", "key": "C1", "value": None},
    )
    assert [letter["reason"] for letter in results("dead_letters")] == ["empty"]
    (stub,) = results("profiles")
    assert stub["erased_at"] is not None


def test_several_files_are_one_history(tmp_path):
    first = lines_file(tmp_path / "a.jsonl", a_line(value=wire_form("transactions", event_id="e1")))
    second = lines_file(
        tmp_path / "b.jsonl",
        a_line(value=wire_form("transactions", event_id="e1")),
        a_line(value=wire_form("transactions", event_id="e2")),
    )
    summary = rapport("replay", first, second, "--out", tmp_path / "out", "--json").json
    assert summary["topics"]["bank.transactions"] == {"applied": 2, "duplicate": 1}


def test_the_input_namespace_is_a_setting(tmp_path):
    path = lines_file(tmp_path / "in.jsonl", {"topic": "zz.transactions", "value": wire_form("transactions")})
    answer = rapport("replay", path, "--out", tmp_path / "out", "--json", environ={"RAPPORT_INPUT_NAMESPACE": "zz"})
    assert answer.json["topics"]["zz.transactions"] == {"applied": 1}
