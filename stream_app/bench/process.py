"""A process under measurement: on a core of its own, its CPU time told while it runs and, to the end, by wait4."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
POLL_SECONDS = 0.02
STOP_SECONDS = 60.0


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as an exception does, so that worker, topics and servers go with us (code 143).

    Only the first does: a group that is ended gets it twice, and the second would break off the cleaning up.
    """

    def end(number: int, _frame: Any) -> None:
        signal.signal(number, lambda *_: None)
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Used(NamedTuple):
    """What a process took: CPU seconds with children, most memory in MB as seen last, exit code (negative: signal)."""

    cpu_seconds: float
    memory_mb: float
    exit_code: int


class Measured:
    """A running process. It leads a group of its own, which `kill` ends with it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        log: Path,
        core: int | None,
        cwd: Path | None = None,
    ) -> None:
        """Start it; `core` None leaves it to all cores."""
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the commands are those of the benchmarks
                [*pinned, *command],
                env=dict(environ),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.log = log
        self._used: Used | None = None
        self._memory_mb = 0.0

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def used(self) -> Used | None:
        """Return what it took once it has ended, None while it runs."""
        if self._used is None:
            self._memory_mb = max(self._memory_mb, _most_memory_mb(self.pid))
            self._reap(os.WNOHANG)
        return self._used

    def cpu_seconds(self) -> float:
        """Return the CPU seconds so far, its threads and ended children included (to 10 ms)."""
        return self._used.cpu_seconds if self._used is not None else cpu_seconds_of(self.pid)

    def stop(self, patience_seconds: float = STOP_SECONDS) -> Used:
        """Ask it to end (SIGTERM), wait, and tell what it took; by force once patience ends."""
        if self.used() is None:
            self._process.send_signal(signal.SIGTERM)
        return self.wait(patience_seconds)

    def wait(self, patience_seconds: float) -> Used:
        """Wait until it ends by itself; by force once patience ends."""
        deadline = time.monotonic() + patience_seconds
        while self.used() is None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if self._used is None:
            self.kill()
        assert self._used is not None
        return self._used

    def kill(self) -> None:
        """End it and its children at once; nothing if it has ended."""
        if self.used() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._reap(0)

    def last_words(self, lines: int = 1) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:]) or "(nothing)"

    def _reap(self, options: int) -> None:
        pid, status, usage = os.wait4(self.pid, options)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            self._process.returncode = code  # or Popen would look for a child that is gone
            self._used = Used(usage.ru_utime + usage.ru_stime, self._memory_mb, code)


def _most_memory_mb(pid: int) -> float:
    """Return VmHWM: wait4's ru_maxrss would count what our own memory was when we forked."""
    return _status_mb(pid, "VmHWM")


def resident_mb(pid: int) -> float:
    """Return the resident memory of any running process in MB; 0 when it has ended."""
    return _status_mb(pid, "VmRSS")


def _status_mb(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


def cpu_seconds_of(pid: int) -> float:
    """Return the CPU seconds of any running process, with its threads and ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS
