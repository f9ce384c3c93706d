"""`rapport demo` as its user sees it: a summary that adds up, and nothing left behind."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[3]


def processes_with(text: str) -> list[int]:
    """The processes whose environment or command line holds a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                known = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has ended meanwhile, or is not ours
            if text.encode() in known:
                found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One short demo; gives its exit code, what it said, its summary and its data directory.

    Who leaves is known after a month: of eighty days half is left for the trainer and the worker to take that up.
    """
    home = tmp_path_factory.mktemp("demo")
    summary = home / "demo.json"
    ended = subprocess.run(
        [sys.executable, "-m", "stream_app.cli", "demo", "--seconds", "15", "--customers", "30", "--days", "80",
         "--json", str(summary)],
        env={**os.environ, "RAPPORT_DATA_DIR": str(home / "data")},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended, json.loads(summary.read_text()), home


def test_every_event_is_processed_known_already_or_put_aside_and_no_lag_is_left(demo):
    _, summary, _ = demo
    done = summary["events_processed"] + summary["duplicates"] + summary["dead_letters"]
    assert summary["events_in"] == done > 1_000
    assert summary["duplicates"] > 0
    assert summary["dead_letters"] > 0
    assert summary["lag"] == 0


def test_it_says_what_can_be_tried_meanwhile_and_tells_nothing_twice(demo):
    ended, _, _ = demo
    said = ended.stderr.splitlines()
    assert re.search(r"export RAPPORT_KAFKA__BOOTSTRAP=127\.0\.0\.1:\d+ RAPPORT_REDIS__URL=redis://127", ended.stderr)
    lines = [line for line in said if line.startswith("sent ")]
    assert len(set(lines)) == len(lines) > 0


def test_alerts_offers_and_arrivals_come_out_and_both_models_learn(demo):
    _, summary, _ = demo
    assert min(summary["alerts"], summary["offers"], summary["arrivals"]) > 0
    assert sum(summary["alerts_by_kind"].values()) == summary["alerts"]
    assert summary["models"]["churn"]["examples"] > 0
    assert summary["models"]["propensity"]["examples"] > 0


def test_the_first_alert_and_the_latency_are_told(demo):
    _, summary, _ = demo
    assert 0 < summary["first_alert_seconds"] < 120
    assert 0 < summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]


def test_without_a_terminal_it_prints_plain_lines(demo):
    ended, summary, _ = demo
    assert "\x1b" not in ended.stdout + ended.stderr
    assert re.search(r"^sent \d+ .*lag \d+", ended.stderr, re.MULTILINE)
    assert f"events_in: {summary['events_in']}" in ended.stdout


def test_no_process_no_port_and_no_service_data_are_left(demo):
    ended, _, home = demo
    assert processes_with(str(home)) == []
    ports = {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", ended.stderr)}
    assert len(ports) >= 3, "Kafka, Redis and the worker say where they listen"
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, port
    assert not list((home / "data").glob("services-*"))
