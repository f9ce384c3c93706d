"""Runs one server and takes it down with whoever asked for it. Standard library only: it is started as a plain script.

    python supervisor.py PARENT_PID COMMAND…

Standard input: each byte is a signal number to pass on to the server; end of file, or a change of parent, means that
the parent is gone: the server's whole process group is killed. Standard output: the server's process id, one line.
The server writes to our standard error. Exit code: the server's (128 + n when signal n ended it).
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress

PARENT_CHECK_SECONDS = 1.0
"""How long an inherited copy of the pipe (a fork of the parent) can hide that the parent has gone."""

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent, the supervisor, dies; elsewhere do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def exit_notice() -> int:
    """Return a file descriptor that becomes readable when a child ends."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return readable


def watch(server: "subprocess.Popen[bytes]", parent: int, exited: int) -> None:
    """Pass signals on until the server has ended or the parent has gone."""
    while server.poll() is None and os.getppid() == parent:
        ready, _, _ = select.select([sys.stdin.fileno(), exited], [], [], PARENT_CHECK_SECONDS)
        if exited in ready:
            os.read(exited, 4096)
        if sys.stdin.fileno() in ready:
            orders = os.read(sys.stdin.fileno(), 64)
            if not orders:
                return
            for number in orders:
                server.send_signal(number)


def main(arguments: list[str]) -> int:
    """Start the server, watch over it, and return its exit code."""
    parent = int(arguments[0])
    exited = exit_notice()
    server = subprocess.Popen(
        arguments[1:],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        stderr=sys.stderr.fileno(),
        process_group=0,
        preexec_fn=die_with_parent,  # noqa: PLW1509  unsafe with threads: there are none here
    )
    with suppress(OSError):  # the parent may be gone already: watch() sees to it
        os.write(sys.stdout.fileno(), b"%d\n" % server.pid)
    try:
        watch(server, parent, exited)
    finally:
        with suppress(ProcessLookupError):  # the server, and what it forked
            os.killpg(server.pid, signal.SIGKILL)
        code = server.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
