"""The stage of a fault run: a Kafka and a Redis of its own, each with a side door through a proxy."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from stream_app.embedded import Addresses, EmbeddedServices, Service
from stream_app.embedded.service import free_ports
from tests.faults.proxy import Proxy


class TwoDoors(EmbeddedServices):
    """Services whose Kafka has a second listener: who comes by it is told to stay on the proxy's port."""

    def __init__(self, data_dir: Path, listener: int, proxy: int, on_progress: Callable[[str], None]) -> None:
        super().__init__(data_dir=data_dir, on_progress=on_progress)
        self._listener, self._proxy = listener, proxy

    def _prepare(self, directory: Path) -> None:
        super()._prepare(directory)
        settings = directory / "kafka" / "server.properties"
        told = dict(line.split("=", 1) for line in settings.read_text().splitlines() if "=" in line)
        settings.write_text(
            settings.read_text()
            + f"listener.security.protocol.map={told['listener.security.protocol.map']},PROXIED:PLAINTEXT\n"
            + f"listeners={told['listeners']},PROXIED://127.0.0.1:{self._listener}\n"
            + f"advertised.listeners={told['advertised.listeners']},PROXIED://127.0.0.1:{self._proxy}\n"
        )


@dataclass(frozen=True)
class Stage:
    """Where the services are, directly and through the proxies."""

    services: TwoDoors
    kafka_proxy: Proxy
    redis_proxy: Proxy

    @property
    def kafka(self) -> Service:
        """The broker, for faults."""
        return self.services.kafka

    @property
    def redis(self) -> Service:
        """The Redis server, for faults."""
        return self.services.redis

    @property
    def direct(self) -> Addresses:
        """The addresses without a proxy."""
        return Addresses(self.services.kafka_bootstrap, self.services.redis_url)

    @property
    def proxied(self) -> Addresses:
        """The addresses through the proxies."""
        return Addresses(f"127.0.0.1:{self.kafka_proxy.port}", f"redis://127.0.0.1:{self.redis_proxy.port}/0")

    @property
    def cut_kafka(self) -> Addresses:
        """Only Kafka through its proxy."""
        return Addresses(self.proxied.kafka_bootstrap, self.services.redis_url)

    def whole(self) -> None:
        """Mend all that a scenario has broken."""
        self.kafka_proxy.heal()
        self.redis_proxy.heal()
        for service in (self.kafka, self.redis):
            if not service.is_alive():
                service.start()
        with Redis.from_url(self.services.redis_url) as redis:
            redis.config_set("maxmemory", "0")


@asynccontextmanager
async def opened(data_dir: Path, on_progress: Callable[[str], None] = lambda _line: None) -> AsyncIterator[Stage]:
    """Start the services and the proxies."""
    listener, kafka_port, redis_port = free_ports(3)
    with TwoDoors(data_dir, listener, kafka_port, on_progress) as services:
        target = int(services.redis.address.rpartition(":")[2])
        async with Proxy(kafka_port, listener) as kafka_proxy, Proxy(redis_port, target) as redis_proxy:
            yield Stage(services, kafka_proxy, redis_proxy)
