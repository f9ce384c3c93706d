"""Real Kafka and Redis for the integration tests, started once per session (per xdist worker); isolation is by name."""

import secrets
from collections.abc import Iterator

import pytest

from stream_app.embedded import EmbeddedServices


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServices]:
    """Embedded Kafka and Redis, shared by the session: a test that breaks one starts it again."""
    with EmbeddedServices(data_dir=tmp_path_factory.mktemp("services")) as started:
        yield started


@pytest.fixture(scope="session")
def kafka_bootstrap(services: EmbeddedServices) -> str:
    """`host:port` of the shared broker."""
    return services.kafka_bootstrap


@pytest.fixture(scope="session")
def redis_url(services: EmbeddedServices) -> str:
    """URL of the shared Redis server."""
    return services.redis_url


@pytest.fixture
def namespace() -> str:
    """A name that no other test uses, for topics, keys, groups and application ids; it needs no clearing up."""
    return f"t-{secrets.token_hex(6)}"
