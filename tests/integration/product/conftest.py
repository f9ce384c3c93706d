"""Deployments of the whole product on the shared Kafka and Redis, each with one worker."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_app.settings import Settings

from .deployment import Deployment


def settings_of(kafka: str, redis_url: str, data_dir: Path, *, learning: bool) -> Settings:
    name = f"p-{secrets.token_hex(4)}"
    return Settings.load(
        kafka={"bootstrap": kafka},
        redis={"url": redis_url},
        data_dir=data_dir,
        namespace=name,
        input_namespace=f"{name}-in",
        app_id=name,
        partitions=3,
        learning=learning,
    )


@pytest.fixture(scope="session")
def bank(kafka_bootstrap: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment that learns, shared by all tests: each has customers of its own."""
    home = tmp_path_factory.mktemp("bank")
    with Deployment(settings_of(kafka_bootstrap, redis_url, home, learning=True)) as started:
        yield started


@pytest.fixture(scope="module")
def history(kafka_bootstrap: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment whose models are pinned, for long histories; one per module."""
    home = tmp_path_factory.mktemp("history")
    with Deployment(settings_of(kafka_bootstrap, redis_url, home, learning=False)) as started:
        yield started


@pytest.fixture
def customer() -> str:
    """A customer whom no other test knows."""
    return f"C-{secrets.token_hex(4)}"
