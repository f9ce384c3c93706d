"""An assignment gives every partition to somebody, or is not made: also while a broker tells of no topics."""

import pytest

from stream_app.engine.app import EngineApp
from stream_app.engine.assignor import EngineAssignor
from stream_app.engine.fatal import Exit
from tests.unit.engine_seams.test_app import app

__all__ = ["app"]  # the fixture

SUBSCRIBED = {"bank.transactions", "bank.interactions"}


class Metadata:
    """What the broker tells of the cluster: partitions by topic."""

    def __init__(self, **partitions: int) -> None:
        self._partitions = {f"bank.{name}": set(range(count)) for name, count in partitions.items()}

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return self._partitions.get(topic)


class Ended(Exception):
    """Instead of the end of the process."""


def groups_by(metadata: Metadata) -> dict[int, list[set[str]]]:
    return EngineAssignor._get_copartitioned_groups(SUBSCRIBED, metadata, {"w1": sorted(SUBSCRIBED)})


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Exit, str]]:
    told: list[tuple[Exit, str]] = []

    def end(code: Exit, why: str) -> None:
        told.append((code, why))
        raise Ended

    monkeypatch.setattr("stream_app.engine.assignor.die", end)
    return told


def test_topics_that_are_all_there_are_assigned_together(ends: list[tuple[Exit, str]]):
    groups = groups_by(Metadata(transactions=3, interactions=3))
    assert {count: list(together) for count, together in groups.items()} == {3: [SUBSCRIBED]}
    assert ends == []


def test_a_topic_that_nobody_would_own_ends_the_worker_that_leads_to_be_started_again(ends: list[tuple[Exit, str]]):
    with pytest.raises(Ended):
        groups_by(Metadata(transactions=3))
    assert ends == [(Exit.STUCK, "nobody would own bank.interactions: missing in Kafka's metadata at a rebalance")]


def test_the_app_assigns_by_it(app: EngineApp):
    assert isinstance(app.assignor, EngineAssignor)
