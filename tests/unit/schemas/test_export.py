import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas.export import MESSAGES, main, problems, schema_of, write
from tests.builders import wire_form
from tests.malformed import ACCEPTED, CASES, Case, good

TOPICS = {
    "transaction": "transactions",
    "interaction": "interactions",
    "mention": "mentions",
    "outcome": "outcomes",
    "customer": "customers",
}


def test_the_files_in_the_repository_are_what_the_models_say():
    assert problems() == []


@pytest.mark.parametrize("name", MESSAGES)
def test_each_schema_is_a_valid_json_schema(name: str):
    jsonschema.Draft202012Validator.check_schema(schema_of(MESSAGES[name]))


def complaints(name: str, value: Any) -> list[str]:
    """What another validator has against a message, by its own words."""
    validator = jsonschema.Draft202012Validator(schema_of(MESSAGES[name]))
    return [error.message for error in validator.iter_errors(value)]


def plain(case: Case) -> Any:
    """The case's value without nulls, which `schemas.wire` takes for absent fields before a model sees them.

    None where what matters lies around it (headers, an envelope), or where it is no JSON object.
    """
    try:
        value = None if case.headers else json.loads(case.value or b"")
    except ValueError:
        return None
    if not isinstance(value, dict) or "specversion" in value:
        return None
    return {field: content for field, content in value.items() if content is not None}


PLAIN = [(case.name, case, value) for case in CASES if (value := plain(case)) is not None]
TAKEN = {name: (case, value) for name, case, value in PLAIN if case.expected == ACCEPTED}
NAMES = {topic: name for name, topic in TOPICS.items()}


@pytest.mark.parametrize(("name", "topic"), TOPICS.items())
def test_another_validator_accepts_what_we_accept(name: str, topic: str):
    assert complaints(name, wire_form(topic)) == []
    assert complaints(name, good(topic)) == []


@pytest.mark.parametrize("case", TAKEN)
def test_another_validator_accepts_each_odd_message_that_we_accept(case: str):
    taken, value = TAKEN[case]
    assert complaints(NAMES[taken.topic], value) == []


@pytest.mark.parametrize(("name", "topic"), TOPICS.items())
def test_another_validator_misses_each_field_that_we_require(name: str, topic: str):
    """The negative control: a validator that accepts everything would pass the tests above."""
    required = schema_of(MESSAGES[name])["required"]
    assert "customer_id" in required or "author" in required
    for field in required:
        assert complaints(name, good(topic, **{field: ...})) == [f"'{field}' is a required property"]


@pytest.mark.parametrize(
    "changes", [{"amount": "1,00"}, {"currency": "XAU"}, {"direction": "up"}, {"customer_id": "C 1"}, {"amount": ...}]
)
def test_another_validator_refuses_what_we_refuse(changes: dict):
    (complaint,) = complaints("transaction", good("transactions", **changes))
    ((field, wrong),) = changes.items()
    assert (field if wrong is ... else wrong) in complaint


def test_a_missing_file_is_told_and_written(tmp_path: Path, capsys):
    assert main(["--check"], tmp_path) == 1
    assert "timer: no file" in capsys.readouterr().out
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0


def test_an_old_file_is_told_and_written_again_when_nothing_breaks(tmp_path: Path, capsys):
    write(tmp_path)
    path = tmp_path / "timer.json"
    old = json.loads(path.read_text())
    old["properties"]["until_ms"]["maximum"] = 10
    path.write_text(json.dumps(old))
    assert main(["--check"], tmp_path) == 1
    assert "timer: the file is old" in capsys.readouterr().out
    assert main([], tmp_path) == 0


def test_a_breaking_change_is_told_and_not_written_over(tmp_path: Path, capsys):
    write(tmp_path)
    path = tmp_path / "timer.json"
    promised = json.loads(path.read_text())
    promised["required"].remove("until_ms")
    path.write_text(json.dumps(promised))
    assert main([], tmp_path) == 1
    assert "timer: breaking: $.until_ms: became required" in capsys.readouterr().out
    assert json.loads(path.read_text()) == promised


def test_a_wrong_argument_is_wrong_use(tmp_path: Path, capsys):
    assert main(["--chekc"], tmp_path) == 2
    assert "usage" in capsys.readouterr().err


def test_it_runs_as_a_program():
    repository = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-m", "schemas.export", "--check"], cwd=repository, check=False)
    assert done.returncode == 0
