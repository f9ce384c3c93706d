"""The command line without any server: help, exit codes, JSON, and one clear line for what cannot be done."""

import json
import subprocess
import sys

import pytest

from stream_app import tokens
from stream_app.cli import COMMANDS
from stream_app.settings import Settings
from tests.commands import rapport

NOBODY = {"RAPPORT_KAFKA__BOOTSTRAP": "127.0.0.1:1", "RAPPORT_REDIS__URL": "redis://127.0.0.1:1/0"}
CONTRACT = {
    *("worker", "token", "demo", "simulate", "load", "replay", "topics", "send", "profile", "queue", "model"),
    *("dead-letters", "doctor", "config", "what-if", "decision", "erase"),
}
"""What people type and scripts call: none of them may go."""


def test_the_commands_that_others_call_are_there():
    assert set(COMMANDS) >= CONTRACT
    answer = rapport("--help")
    assert answer.code == 0
    assert all(name in answer.out for name in CONTRACT)


@pytest.mark.parametrize("name", sorted(name for name, command in COMMANDS.items() if not command.group))
def test_every_command_has_help_with_an_example(name):
    answer = rapport(name, "--help")
    assert answer.code == 0
    assert "Example: " in answer.out.replace("\n", " ") or "Examples" in answer.out


@pytest.mark.parametrize(
    "wrong",
    [
        ("fly",),
        ("replay",),
        ("load", "x.csv"),
        ("send", "transactions"),
        ("send", "crm.models", "{}"),
        ("dead-letters", "list", "--reason", "bad_jason"),
        ("dead-letters", "retry", "--reason", "bad_jason"),
        ("token", "--role", "agent", "--scope", "fraud"),
        ("save", "no-such-directory/day.jsonl"),
        ("erase", "C1"),
        ("erase", "C 1", "--yes"),
        ("demo", "--seconds", "-1"),
        ("simulate", "--customers", "none"),
        ("simulate", "--start", "yesterday"),
        ("token", "--role", "king"),
        ("queue", "tail", "-n", "0"),
        ("config",),
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_2(wrong):
    answer = rapport(*wrong)
    assert answer.code == 2
    assert answer.err or answer.out  # `config` alone prints its help


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RAPPORT_PARTITIONS", "0"),
        ("RAPPORT_KAFKA__BOOTSTRAP", "nowhere"),
        ("RAPPORT_REDIS__URL", "http://localhost"),
        ("RAPPORT_NAMESPACE", "No Good"),
        ("RAPPORT_METRICS__PORT", "99999"),
        ("RAPPORT_LEARNING", "perhaps"),
    ],
)
@pytest.mark.parametrize("command", [("config", "show"), ("worker",), ("profile", "C1"), ("topics", "list")], ids=str)
def test_a_wrong_setting_stops_a_command_with_one_line_that_names_it(variable, value, command):
    answer = rapport(*command, environ={variable: value})
    assert answer.code == 2
    assert answer.complaint.startswith(f"{variable}: ")
    assert answer.out == ""


@pytest.mark.parametrize(
    "command",
    [
        ("profile", "C1"),
        ("topics", "create"),
        ("topics", "list"),
        ("send", "transactions", "{}"),
        ("dead-letters", "list"),
        ("dead-letters", "retry"),
        ("model", "list"),
        ("decision", "d1"),
        ("erase", "C1", "--yes"),
    ],
    ids=" ".join,
)
def test_without_kafka_a_command_says_where_it_looked(command):
    answer = rapport(*command, environ=NOBODY)
    assert answer.code == 1
    assert answer.complaint == "Kafka does not answer at 127.0.0.1:1 (RAPPORT_KAFKA__BOOTSTRAP)"


def test_saving_without_kafka_leaves_what_was_there(tmp_path):
    (tmp_path / "day.jsonl").write_text("yesterday")
    answer = rapport("save", tmp_path / "day.jsonl", environ=NOBODY)
    assert answer.code == 1
    assert "127.0.0.1:1" in answer.complaint
    assert (tmp_path / "day.jsonl").read_text() == "yesterday"


def test_loading_without_kafka_says_where_it_looked(tmp_path):
    (tmp_path / "rows.csv").write_text("id\n1\n")
    (tmp_path / "map.toml").write_text('[[event]]\ntopic = "transactions"\nfields = { customer_id = "C{id}" }\n')
    answer = rapport("load", tmp_path / "rows.csv", "--mapping", tmp_path / "map.toml", environ=NOBODY)
    assert answer.code == 1
    assert "127.0.0.1:1" in answer.complaint


@pytest.mark.parametrize("command", [("queue", "list"), ("queue", "tail"), ("queue", "stats")], ids=" ".join)
def test_without_redis_a_command_says_where_it_looked_and_shows_no_password(command):
    answer = rapport(*command, environ={"RAPPORT_REDIS__URL": "redis://me:secret@127.0.0.1:1/0"})
    assert answer.code == 1
    assert "127.0.0.1:1" in answer.complaint
    assert "secret" not in answer.complaint


def test_who_looks_into_a_queue_does_not_wait_for_the_libraries_of_the_models():
    loaded = "import sys, stream_app.commands.queues; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", loaded], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    assert "stream_app.commands.queues" in modules
    assert not {"river", "scipy", "faust"} & set(modules)


def test_the_doctor_says_what_is_wrong_and_fails(tmp_path):
    answer = rapport("doctor", "--json", environ={**NOBODY, "RAPPORT_DATA_DIR": str(tmp_path)})
    assert answer.code == 1
    states = {finding["what"]: finding["state"] for finding in json.loads(answer.out)}
    assert (states["kafka"], states["redis"], states["policy"], states["data directory"]) == (
        "failed", "failed", "ok", "ok",
    )  # fmt: skip


def test_the_doctor_says_that_the_policy_is_wrong_and_looks_on(tmp_path):
    answer = rapport("doctor", "--json", environ={**NOBODY, "RAPPORT_POLICY_DIR": str(tmp_path / "none")})
    assert answer.code == 1
    states = {finding["what"]: finding["state"] for finding in json.loads(answer.out)}
    assert (states["policy"], states["kafka"], states["redis"]) == ("failed", "failed", "failed")


def test_a_policy_that_is_not_there_is_one_line(tmp_path):
    for command in (("worker",), ("topics", "list"), ("demo", "--seconds", "1", "--kafka", "127.0.0.1:1")):
        answer = rapport(*command, environ={**NOBODY, "RAPPORT_POLICY_DIR": str(tmp_path / "none")})
        assert answer.code == 1
        assert answer.complaint


def test_services_that_are_given_and_do_not_answer_are_named():
    answer = rapport("demo", "--seconds", "1", "--kafka", "127.0.0.1:1")
    assert answer.code == 1
    assert "127.0.0.1:1" in answer.complaint
    assert "--kafka" in answer.complaint


def test_settings_are_shown_by_variable_with_secrets_masked():
    shown = rapport(
        "config", "show", "--json",
        environ={"RAPPORT_TOKENS__KEY": "k" * 32, "RAPPORT_REDIS__URL": "redis://me:secret@h:1/0", "RAPPORT_SEED": "9"},
    )  # fmt: skip
    assert shown.json["RAPPORT_SEED"] == 9
    assert "k" * 32 not in shown.out
    assert "secret" not in shown.out
    plain = rapport("config", "show").out
    assert "RAPPORT_PARTITIONS=4\n" in plain


def test_a_token_can_be_read_by_the_worker():
    made = rapport("token", "--role", "agent", "--scope", "queue:fraud", "--scope", "branch:B001", "--json").json
    bearer = tokens.read(Settings.load().tokens, f"Bearer {made['token']}")
    assert (bearer.role, bearer.scopes) == ("agent", ("queue:fraud", "branch:B001"))
    assert rapport("token", "--role", "ops").out.count(".") == 2


def test_simulating_to_a_directory_that_is_not_there_is_one_line(tmp_path):
    answer = rapport("simulate", "--customers", 3, "--days", 1, "--out", tmp_path / "none" / "x.jsonl")
    assert answer.code == 1
    assert "none" in answer.complaint


def test_the_same_seed_simulates_the_same_bytes(tmp_path):
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        answer = rapport("simulate", "--customers", 8, "--days", 3, "--seed", 5, "--out", file, "--json")
        assert answer.json["lines"] == len(file.read_text().splitlines())
    assert files[0].read_bytes() == files[1].read_bytes()
