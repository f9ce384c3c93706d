"""Laboratories on the shared Kafka and Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.restarts import STARTED_AGAIN

from .lab import Lab, opened


@asynccontextmanager
async def told_of(node: pytest.Item, lab: Lab) -> AsyncIterator[Lab]:
    """Open a laboratory, and note for the end of the run which of its workers were started again."""
    try:
        async with opened(lab) as made:
            yield made
    finally:
        node.user_properties += [(STARTED_AGAIN, words) for words in lab.ends]


@pytest.fixture
async def lab(
    kafka_bootstrap: str, redis_url: str, namespace: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Lab]:
    """One source topic `events`."""
    async with told_of(request.node, Lab(kafka_bootstrap, redis_url, namespace, tmp_path, ("events",))) as made:
        yield made


@pytest.fixture
async def two_topics(
    kafka_bootstrap: str, redis_url: str, namespace: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Lab]:
    """Two source topics that fold into one table."""
    topics = ("events", "others")
    async with told_of(request.node, Lab(kafka_bootstrap, redis_url, namespace, tmp_path, topics)) as made:
        yield made
