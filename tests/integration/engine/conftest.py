"""Laboratories on the shared Kafka and Redis."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .lab import Lab, opened


@pytest.fixture
async def lab(kafka_bootstrap: str, redis_url: str, namespace: str, tmp_path: Path) -> AsyncIterator[Lab]:
    """One source topic `events`."""
    async with opened(Lab(kafka_bootstrap, redis_url, namespace, tmp_path, ("events",))) as made:
        yield made


@pytest.fixture
async def two_topics(kafka_bootstrap: str, redis_url: str, namespace: str, tmp_path: Path) -> AsyncIterator[Lab]:
    """Two source topics that fold into one table."""
    async with opened(Lab(kafka_bootstrap, redis_url, namespace, tmp_path, ("events", "others"))) as made:
        yield made
