"""One server process: start it, see that it answers, break it, stop it."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")
READY_SECONDS = 120.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
LONGEST_WORDS = 300

PORTS = range(20_000, 32_768)
"""Below the ports that systems give to outgoing connections (32,768 up on Linux). In that range a client that keeps
dialling a killed server can be given the server's own port, connect to itself, and block its restart."""


class ServiceUnavailable(Exception):
    """A service cannot be started or reached; the message is one line that says what to do about it."""


@dataclass(frozen=True)
class Program:
    """What to run, and how to see that it serves."""

    name: str
    command: Sequence[str]
    address: str
    log: Path
    environ: Mapping[str, str]
    answers: Callable[[], bool]
    """True once the server gives a proper answer in its own protocol; it may be called often."""
    on_stopped: Callable[[], None] = lambda: None
    """Called after each orderly stop, not after a crash or a kill."""
    last_words: Callable[[Sequence[str]], str] = lambda lines: f"its last line: {lines[-1]}"
    """What the lines of its log (one or more) say of its end."""


class Service:
    """A supervised server process, restartable on the same port and data. Not thread-safe."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._launched = 0.0

    @property
    def name(self) -> str:
        """Name for people: `Kafka` or `Redis`."""
        return self._program.name

    @property
    def address(self) -> str:
        """`host:port`, the same over restarts."""
        return self._program.address

    @property
    def log(self) -> Path:
        """File with all that the server printed, over restarts."""
        return self._program.log

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the supervisor and the server, in this order; empty before the first start."""
        if self._supervisor is None or self._pid is None:
            return ()
        return self._supervisor.pid, self._pid

    def is_alive(self) -> bool:
        """Tell whether the server process runs (paused counts as running)."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def launch(self) -> None:
        """Start the process without waiting for it to serve; see `wait_ready`."""
        if self.is_alive():
            message = f"{self.name} is running already"
            raise RuntimeError(message)
        self._hang_up()  # on a supervisor that ended by itself
        self._launched = time.monotonic()
        with self.log.open("ab") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SUPERVISOR), str(os.getpid()), *self._program.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(self._program.environ),
                start_new_session=True,  # Ctrl-C on the terminal is for us; we then stop the servers in order
            )
        self._supervisor = supervisor
        assert supervisor.stdout is not None
        with supervisor.stdout as first_line:
            answer = first_line.readline()
        if not answer:
            self.kill()
            self._fail("could not be started")
        self._pid = int(answer)

    def wait_ready(self, timeout_seconds: float = READY_SECONDS) -> float:
        """Wait until the server answers; return the seconds since launch.

        Raises:
            ServiceUnavailable: it ended or did not answer in time; the process is killed, the message names its log.
        """
        while not self._program.answers():
            if not self.is_alive():
                self._fail("ended while starting")
            if time.monotonic() - self._launched > timeout_seconds:
                self.kill()
                self._fail(f"gave no answer within {timeout_seconds:.0f} s")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - self._launched

    def start(self) -> float:
        """Launch and wait until the server answers; return the seconds that it took."""
        self.launch()
        return self.wait_ready()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server process, e.g. SIGSTOP and SIGCONT for a pause; nothing if it has ended."""
        if self._supervisor is not None and self._supervisor.stdin is not None:
            with suppress(OSError, ValueError):  # ended, or stopped before
                self._supervisor.stdin.write(bytes([number]))
                self._supervisor.stdin.flush()

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait for the process to end and return its exit code (128 + n for signal n).

        Raises:
            TimeoutError: it still runs after `timeout_seconds`.
        """
        if self._supervisor is None:
            message = f"{self.name} was never started"
            raise RuntimeError(message)
        try:
            return self._supervisor.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            message = f"{self.name} still runs after {timeout_seconds} s"
            raise TimeoutError(message) from None

    def stop(self, patience_seconds: float = STOP_SECONDS) -> None:
        """End the server in good order (SIGTERM), by force once patience ends; nothing if it has ended."""
        if self.is_alive():
            self.signal(signal.SIGCONT)  # a paused process would not see the next one
            self.signal(signal.SIGTERM)
            with suppress(TimeoutError):
                self.wait(patience_seconds)
                self._program.on_stopped()
        self.kill()

    def kill(self) -> None:
        """End the server as a crash does (SIGKILL) and wait until it has gone."""
        if self._supervisor is not None:
            self._hang_up()  # the supervisor kills the server's whole group when our end closes
            self._supervisor.wait()

    def _hang_up(self) -> None:
        if self._supervisor is not None and self._supervisor.stdin is not None:
            with suppress(OSError):
                self._supervisor.stdin.close()

    def _fail(self, what: str) -> None:
        lines = self.log.read_text(errors="replace").strip().splitlines() or ["(empty)"]
        message = f"{self.name} {what}; log: {self.log}; {self._program.last_words(lines)[:LONGEST_WORDS]}"
        raise ServiceUnavailable(message)


def free_ports(count: int) -> tuple[int, ...]:
    """Return that many different free TCP ports of 127.0.0.1, outside the range of outgoing connections.

    Raises:
        ServiceUnavailable: too few are free.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in random.SystemRandom().sample(PORTS, len(PORTS)):
            if len(found) == count:
                return tuple(found)
            candidate = held.enter_context(socket.socket())
            with suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                found.append(port)
    message = f"fewer than {count} free ports between {PORTS.start} and {PORTS.stop - 1} on 127.0.0.1"
    raise ServiceUnavailable(message)
