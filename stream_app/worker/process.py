"""A worker as a process of its own that others watch over: the demo starts one, and so do the tests."""

import os
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from stream_app.embedded.service import Program, Service
from stream_app.engine.fatal import ENDS_ITSELF
from stream_app.settings import Settings

STARTS, CRASHED = "[^-WorkerApp]: Starting...", ": Crashed reason="  # as mode logs it of a service


def worker_service(settings: Settings, log: Path, port: int, **environ: str) -> Service:
    """Make a service, not yet started, that is a worker with these settings and its metrics on `port`.

    `environ` is added to what the worker finds in its environment.
    """
    ours = {**settings_as_environment(settings), "RAPPORT_METRICS__PORT": str(port)}
    return Service(
        Program(
            name="Worker",
            command=(sys.executable, "-m", "stream_app.cli", "worker"),
            address=f"127.0.0.1:{port}",
            log=log,
            environ={**_own_environment(), **ours, **environ},
            answers=lambda: is_ready(port),
            last_words=reason_of_end,
        )
    )


def _own_environment() -> dict[str, str]:
    """Return our environment, but let the worker keep its bytecode: compiling all anew takes seconds at each start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def reason_of_end(lines: Sequence[str]) -> str:
    """Return what a worker's log says since its last start: why it ended itself, else what crashed, else the last line.

    Faust goes on stopping, and logs it, long after the line that tells why; what was handled is no reason.
    """
    reason = ""
    for line in lines:
        try:
            said = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        match said:
            case {"event": event} if event == STARTS:
                reason = ""
            case {"event": str(event)} if event.startswith(ENDS_ITSELF):
                return f"it says: {event}"
            case {"event": str(event), "exception": str(exception)} if CRASHED in event:
                reason = reason or f"it crashed with {exception.splitlines()[-1]}"
    return reason or f"its last line: {lines[-1]}"


def is_ready(port: int) -> bool:
    """Ask a worker whether it is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def settings_as_environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment variables under which another command sees these settings (but ports and secrets)."""
    return {
        "RAPPORT_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "RAPPORT_REDIS__URL": settings.redis.url,
        "RAPPORT_DATA_DIR": str(settings.data_dir),
        "RAPPORT_PARTITIONS": str(settings.partitions),
        "RAPPORT_NAMESPACE": settings.namespace,
        "RAPPORT_INPUT_NAMESPACE": settings.input_namespace,
        "RAPPORT_APP_ID": settings.app_id,
        "RAPPORT_IDLE_SECONDS": str(settings.idle_seconds),
        "RAPPORT_SEED": str(settings.seed),
        "RAPPORT_LEARNING": "on" if settings.learning else "off",
        "RAPPORT_POLICY_DIR": str(settings.policy_dir),
    }
