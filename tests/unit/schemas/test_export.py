import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from schemas.export import MESSAGES, main, problems, schema_of, write
from tests.builders import wire_form
from tests.malformed import good

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


@pytest.mark.parametrize(("name", "topic"), TOPICS.items())
def test_another_validator_accepts_what_we_accept(name: str, topic: str):
    jsonschema.validate(wire_form(topic), schema_of(MESSAGES[name]))
    jsonschema.validate(good(topic), schema_of(MESSAGES[name]))


@pytest.mark.parametrize(
    "changes", [{"amount": "1,00"}, {"currency": "XAU"}, {"direction": "up"}, {"customer_id": "C 1"}, {"amount": ...}]
)
def test_another_validator_refuses_what_we_refuse(changes: dict):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good("transactions", **changes), schema_of(MESSAGES["transaction"]))


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
