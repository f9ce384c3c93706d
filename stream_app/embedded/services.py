"""Kafka and Redis together: started in parallel, stopped on every way out."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from stream_app.embedded.health import kafka_answers, redis_answers
from stream_app.embedded.kafka_server import embedded_kafka
from stream_app.embedded.redis_server import embedded_redis
from stream_app.embedded.service import Service, ServiceUnavailable, free_ports


@dataclass(frozen=True)
class Addresses:
    """Where to find the services, be they embedded or existing ones."""

    kafka_bootstrap: str
    redis_url: str


class EmbeddedServices:
    """A Kafka and a Redis of one's own, as a context manager. Not thread-safe.

    `data_dir` (default: `RAPPORT_DATA_DIR`, else `.rapport` in the working directory) gets a fresh sub-directory per
    start. It is removed when the `with` block ends well, and stays, logs and all, when the block raises.
    With `keep=True`, `data_dir` itself is the directory and its data are found again by the next start.
    """

    def __init__(
        self,
        *,
        data_dir: Path | None = None,
        kafka: bool = True,
        redis: bool = True,
        keep: bool = False,
        on_progress: Callable[[str], None] = lambda _line: None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._base = (data_dir or Path(environ.get("RAPPORT_DATA_DIR") or ".rapport")).absolute()
        self._keep = keep
        self._wanted = {"Kafka": kafka, "Redis": redis}
        self._on_progress = on_progress
        self._environ = environ
        self._running: dict[str, Service] = {}
        self._directory: Path | None = None

    @property
    def kafka(self) -> Service:
        """The broker, for faults: `kill()`, `stop()`, `start()`, `signal()`."""
        return self._running["Kafka"]

    @property
    def redis(self) -> Service:
        """The Redis server, for faults: `kill()`, `stop()`, `start()`, `signal()`."""
        return self._running["Redis"]

    @property
    def kafka_bootstrap(self) -> str:
        """`host:port` of the broker."""
        return self.kafka.address

    @property
    def redis_url(self) -> str:
        """URL of the Redis server's database 0."""
        return f"redis://{self.redis.address}/0"

    @property
    def directory(self) -> Path:
        """Where this start keeps data, settings and logs."""
        if self._directory is None:
            message = "the services have not been started"
            raise RuntimeError(message)
        return self._directory

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of all that was started, supervisors included."""
        return tuple(pid for service in self._running.values() for pid in service.pids)

    def dead(self) -> tuple[str, ...]:
        """Names of the services whose process has ended."""
        return tuple(name for name, service in self._running.items() if not service.is_alive())

    def start(self) -> Self:
        """Start what was asked for and return once all of it answers.

        Raises:
            ServiceUnavailable: with one line for the user; nothing is left running.
        """
        self._base.mkdir(parents=True, exist_ok=True)
        self._directory = self._base if self._keep else Path(tempfile.mkdtemp(prefix="services-", dir=self._base))
        try:
            self._prepare(self._directory)
            for service in self._running.values():
                service.launch()
            for service in self._running.values():
                seconds = service.wait_ready()
                self._on_progress(f"{service.name}: ready on {service.address} after {seconds:.1f} s")
        except BaseException:  # Ctrl-C too: nothing may be left running
            self.stop(remove=not self.pids)  # where nothing was launched there is no log to read
            raise
        return self

    def stop(self, *, remove: bool = True) -> None:
        """Stop all that runs and, by default, remove this start's fresh directory (never one that is to be kept)."""
        self._stop_processes()
        if remove and not self._keep and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start the services."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the services; keep data and logs if the block failed."""
        self.stop(remove=kind is None or not issubclass(kind, Exception))

    def _prepare(self, directory: Path) -> None:
        """Make ready what may take long or fail (Java, jars), so that the servers themselves start side by side."""
        kafka_port, controller_port, redis_port = free_ports(3)
        if self._wanted["Redis"]:
            self._running["Redis"] = embedded_redis(directory / "redis", redis_port, self._environ)
        if self._wanted["Kafka"]:
            ports = (kafka_port, controller_port)
            self._running["Kafka"] = embedded_kafka(directory / "kafka", ports, self._environ, self._on_progress)

    def _stop_processes(self) -> None:
        for service in reversed(self._running.values()):
            service.stop()


@contextmanager
def use_or_start(
    kafka_bootstrap: str | None = None,
    redis_url: str | None = None,
    *,
    data_dir: Path | None = None,
    on_progress: Callable[[str], None] = lambda _line: None,
) -> Iterator[Addresses]:
    """Give the addresses of the existing services (`--kafka`, `--redis`), and embedded ones for what is None.

    Raises:
        ServiceUnavailable: an existing service gives no answer, or an embedded one cannot be started.
    """
    if kafka_bootstrap is not None and not kafka_answers(kafka_bootstrap):
        message = f"no Kafka broker answers at {kafka_bootstrap}: check --kafka HOST:PORT, or leave it out"
        raise ServiceUnavailable(message)
    if redis_url is not None and not redis_answers(redis_url):
        message = f"no Redis server answers at {redis_url}: check --redis URL, or leave it out"
        raise ServiceUnavailable(message)
    wanted = EmbeddedServices(
        data_dir=data_dir, kafka=kafka_bootstrap is None, redis=redis_url is None, on_progress=on_progress
    )
    with wanted as services:
        yield Addresses(kafka_bootstrap or services.kafka_bootstrap, redis_url or services.redis_url)
