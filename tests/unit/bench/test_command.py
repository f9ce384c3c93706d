"""`rapport bench` without any server: one clear line for what cannot be done."""

import os
import signal
import sys

import pytest

from stream_app.bench.process import ended_by_sigterm
from tests.bench.__main__ import PARTS, command, run
from tests.commands import rapport


def test_a_kafka_that_does_not_answer_is_one_line():
    answer = rapport("bench", "--kafka", "127.0.0.1:1", "--unpinned")

    assert answer.code == 1
    assert "no Kafka broker answers at 127.0.0.1:1" in answer.err


def test_what_can_be_asked_has_bounds():
    assert rapport("bench", "--seconds", "0").code == 2


ENDS_WHO_STARTED_IT = """
import os, pathlib, signal, sys
def let_go(*_):
    pathlib.Path(sys.argv[1]).touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, let_go)
os.kill(os.getppid(), signal.SIGTERM)
while True:
    signal.pause()
"""


def test_who_ends_all_benchmarks_ends_the_part_under_way_in_good_order(tmp_path):
    with pytest.raises(SystemExit), ended_by_sigterm():
        run((sys.executable, "-c", ENDS_WHO_STARTED_IT, str(tmp_path / "let go")))
    assert (tmp_path / "let go").exists()


def test_a_second_sigterm_does_not_break_off_the_cleaning_up():
    cleaned = []

    def work():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append("all")

    with pytest.raises(SystemExit), ended_by_sigterm():
        work()
    assert cleaned == ["all"]


def test_figures_are_asked_for_where_a_part_makes_some():
    told = {name: command(part, full=True, figures=True) for name, part in PARTS.items()}

    protocol = {"reduced", "reduced-open-loop", "whole", "fraud", "threshold"}
    by_name = {"poison", "restore", "customers", "two_workers", "bench_models"}
    assert {name for name, line in told.items() if "--figures" in line} == protocol | by_name
    assert "--figures" not in command(PARTS["whole"], full=False, figures=False)
