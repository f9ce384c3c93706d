"""A worker takes up a newer version between two batches: all events of one batch are scored by the same."""

from dataclasses import dataclass, field
from typing import Any

from models.served.churn import ChurnLearner
from stream_app.worker.build import LiveContext
from tests.policies import a_context


@dataclass
class Batches:
    """What the context asks of the engine: which batch is under way."""

    work: Any = field(default_factory=object)

    def next(self) -> None:
        self.work = object()


@dataclass
class Board:
    """The newest scorers, replaced as versions come."""

    scorers: Any

    def publish(self, version: int) -> None:
        self.scorers = {**self.scorers, "churn": ChurnLearner().scorer(version)}


def test_a_version_that_comes_within_a_batch_waits_for_the_next_one():
    engine, board = Batches(), Board({"churn": ChurnLearner().scorer(1)})
    context = LiveContext(a_context(), lambda: board.scorers, engine)

    def used() -> int:
        return context.current.scorers["churn"].version

    assert used() == 1
    board.publish(2)
    board.publish(3)
    assert (used(), used()) == (1, 1), "the batch is still under way"
    engine.next()
    assert used() == 3
    engine.next()
    assert context.current is context.current, "nothing is made anew while nothing comes"


def test_the_context_of_a_batch_that_brings_no_version_is_that_of_the_batch_before():
    engine, board = Batches(), Board({"churn": ChurnLearner().scorer(1)})
    context = LiveContext(a_context(churn=board.scorers["churn"]), lambda: board.scorers, engine)
    before = context.current
    engine.next()
    assert context.current is before
