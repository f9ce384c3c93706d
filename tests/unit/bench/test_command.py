"""`rapport bench` without any server: one clear line for what cannot be done."""

import os
import signal

import pytest

from stream_app.commands.bench import ended_by_sigterm
from tests.bench.__main__ import PARTS, command
from tests.commands import rapport


def test_a_kafka_that_does_not_answer_is_one_line():
    answer = rapport("bench", "--kafka", "127.0.0.1:1", "--unpinned")

    assert answer.code == 1
    assert "no Kafka broker answers at 127.0.0.1:1" in answer.err


def test_what_can_be_asked_has_bounds():
    assert rapport("bench", "--seconds", "0").code == 2


def test_sigterm_ends_it_in_good_order_so_that_no_worker_is_left_behind():
    before, let_go = signal.getsignal(signal.SIGTERM), []

    def measuring():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            let_go.append("worker")

    with pytest.raises(SystemExit) as ended, ended_by_sigterm():
        measuring()
    assert (ended.value.code, let_go, signal.getsignal(signal.SIGTERM)) == (143, ["worker"], before)


def test_figures_are_asked_for_where_a_part_makes_some():
    told = {name: command(part, full=True, figures=True) for name, part in PARTS.items()}

    protocol = {"reduced", "reduced-open-loop", "whole", "fraud", "threshold"}
    by_name = {"poison", "restore", "customers", "two_workers", "bench_models"}
    assert {name for name, line in told.items() if "--figures" in line} == protocol | by_name
    assert "--figures" not in command(PARTS["whole"], full=False, figures=False)
