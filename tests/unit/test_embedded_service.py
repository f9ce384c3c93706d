"""A supervised process: seen to answer, broken, stopped; tried on small programs instead of Kafka."""

import os
import select
import signal
import socket
import sys
from pathlib import Path

import pytest

from stream_app.embedded.service import PORTS, Program, Service, ServiceUnavailable, free_ports

RUNS_ON = "import signal; print('up', flush=True); signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile 1: signal.pause()"
FORKS = "import os, signal; os.fork(); print(os.getpid(), flush=True); signal.pause()"
CRASHES = "import sys; sys.exit('no room on the disk')"


@pytest.fixture
def run(tmp_path):
    """Build a service around a line of Python; whatever a test leaves running is killed after it."""
    built: list[Service] = []

    def build(code: str, *, lines: int = 1) -> Service:
        log = tmp_path / "log"
        command = (sys.executable, "-c", code)

        def has_printed() -> bool:
            return log.read_text().count("\n") >= lines

        service = Service(Program("Thing", command, "127.0.0.1:1", log, os.environ, has_printed))
        built.append(service)
        return service

    yield build
    for service in built:
        service.kill()


def has_ended(descriptor: int) -> bool:
    ended = bool(select.select([descriptor], [], [], 60)[0])
    os.close(descriptor)
    return ended


def test_a_service_that_ends_while_starting_is_reported_with_its_last_words(run):
    with pytest.raises(ServiceUnavailable, match=r"^Thing ended while starting; log: .*no room on the disk$"):
        run(CRASHES, lines=2).start()


def test_a_service_that_never_answers_is_killed_and_reported(run):
    service = run(RUNS_ON, lines=99)
    service.launch()
    with pytest.raises(ServiceUnavailable, match="Thing gave no answer within 0 s"):
        service.wait_ready(timeout_seconds=0)
    assert not service.is_alive()


def test_a_program_that_cannot_be_run_is_reported(tmp_path):
    program = Program("Thing", ("/nowhere/thing",), "127.0.0.1:1", tmp_path / "log", os.environ, lambda: True)
    with pytest.raises(ServiceUnavailable, match=r"could not be started.*/nowhere/thing"):
        Service(program).launch()


def test_starting_a_running_service_is_refused(run):
    service = run(RUNS_ON)
    service.start()
    with pytest.raises(RuntimeError, match="running already"):
        service.launch()


def test_a_crash_during_use_is_noticed(run):
    service = run(RUNS_ON)
    service.start()
    assert service.is_alive()
    os.kill(service.pids[1], signal.SIGKILL)
    assert service.wait(60) == 128 + signal.SIGKILL
    assert not service.is_alive()


def test_waiting_for_a_service_that_runs_on_times_out(run):
    service = run(RUNS_ON)
    service.start()
    with pytest.raises(TimeoutError, match="Thing still runs"):
        service.wait(0)


def test_a_stopped_service_starts_again(run):
    service = run(RUNS_ON)
    service.start()
    before = service.pids
    service.stop()
    assert not service.is_alive()
    service.start()
    assert service.is_alive()
    assert service.pids != before


def test_a_paused_service_can_be_stopped(run):
    service = run(RUNS_ON)
    service.start()
    service.signal(signal.SIGSTOP)
    assert service.is_alive()
    service.stop()
    assert service.wait() == 128 + signal.SIGTERM


def test_a_service_deaf_to_sigterm_is_killed_once_patience_ends(run):
    service = run(DEAF)
    service.start()
    service.stop(patience_seconds=0.1)
    assert service.wait() == 128 + signal.SIGKILL


def test_only_an_orderly_stop_is_followed_up(tmp_path):
    stops: list[str] = []
    log = tmp_path / "log"
    command = (sys.executable, "-c", RUNS_ON)
    program = Program(
        "Thing",
        command,
        "127.0.0.1:1",
        log,
        os.environ,
        lambda: log.stat().st_size > 0,
        lambda: stops.append("stopped"),
    )
    service = Service(program)
    service.start()
    service.kill()
    service.stop()
    assert stops == []
    service.start()
    service.stop()
    assert stops == ["stopped"]


def test_what_a_service_forked_goes_with_it(run):
    service = run(FORKS, lines=2)
    service.start()
    forked = [os.pidfd_open(int(line)) for line in service.log.read_text().split()]
    os.kill(service.pids[1], signal.SIGKILL)
    assert [has_ended(descriptor) for descriptor in forked] == [True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
def test_a_service_does_not_outlive_its_supervisor(run):
    service = run(RUNS_ON)
    service.start()
    supervisor, server = service.pids
    descriptor = os.pidfd_open(server)
    os.kill(supervisor, signal.SIGKILL)
    assert has_ended(descriptor)


def test_signals_and_stops_after_the_end_do_nothing(run):
    service = run(RUNS_ON)
    service.stop()
    service.start()
    service.kill()
    service.signal(signal.SIGTERM)
    service.stop()
    service.kill()
    assert not service.is_alive()


def test_free_ports_differ_and_can_be_bound():
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert set(ports) <= set(PORTS)
    for port in ports:
        with socket.socket() as server:
            server.bind(("127.0.0.1", port))


def test_the_supervisor_needs_no_package_of_ours():
    source = (Path(__file__).parents[2] / "stream_app" / "embedded" / "supervisor.py").read_text()
    assert "stream_app" not in source
