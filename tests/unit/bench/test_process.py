"""A measured process: its CPU time to the end, children included; one that does not end is ended."""

import os
import signal
import sys

import pytest

from stream_app.bench.process import Measured, ended_by_sigterm

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def started(code, tmp_path):
    return Measured((sys.executable, "-c", code), environ=os.environ, log=tmp_path / "log", core=None)


def test_cpu_seconds_count_to_the_end(tmp_path):
    used = started(BURN, tmp_path).wait(60)

    assert used.exit_code == 0
    assert 0.3 <= used.cpu_seconds < 3


def test_children_that_were_waited_for_count_too(tmp_path):
    used = started(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])", tmp_path).wait(60)

    assert used.cpu_seconds >= 0.3


def test_a_process_that_does_not_end_is_ended_by_force(tmp_path):
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\nsignal.pause()"
    process = started(stubborn, tmp_path)
    while process.last_words() != "deaf":
        assert process.used() is None

    assert process.stop(patience_seconds=0.1).exit_code == -9
    assert process.stop().exit_code == -9  # a second time does nothing


def test_its_last_words_can_be_asked_for(tmp_path):
    process = started("raise SystemExit('no luck')", tmp_path)

    assert process.wait(60).exit_code == 1
    assert process.last_words() == "no luck"


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
