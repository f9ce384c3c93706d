"""Contests in small: members that say what they are told to, and examples of a world whose truth is known."""

import random
from collections.abc import Callable, Iterator, Sequence
from math import exp

from models.contest import Contest, Setup
from models.features import FEATURES
from models.policy.contest import ContestRules, Segment
from schemas.internal import ExampleRecord, ModelCommand

WIDTH = len(FEATURES)
Says = Callable[[Sequence[float]], float]
AUM = Segment(name="aum", feature="aum", edges=(0.0,), groups=("small", "large"))


def share(log_odds: float) -> float:
    return 1.0 / (1.0 + exp(-log_odds))


def truth(values: Sequence[float]) -> float:
    """The chance that a customer of this world leaves: by his first three features."""
    return share(-2.0 + values[0] + 0.7 * values[1] + 0.7 * values[2])


class Member:
    """A learner that learns nothing and says what `says` tells it."""

    refused = 0

    def __init__(self, says: Says) -> None:
        self.says = says
        self.examples = 0

    def score(self, features, about="", slots=()):
        return self.says(features)

    def learn(self, features, label, about="", slots=()):
        self.examples += 1

    def snapshot(self):
        return {"examples": self.examples}

    def restore(self, data):
        self.examples = data["examples"]

    def scorer(self, version):
        raise NotImplementedError


def an_example(number: int, values: Sequence[float], label: bool, **changes) -> ExampleRecord:
    told = {
        "model": "churn",
        "example_id": f"e-{number:06d}",
        "customer_id": "C1",
        "due_ms": 1_000_000 + 1_000 * number,
        "snapshot_ms": 1,
        "features": tuple(values),
        "label": int(label),
    }
    return ExampleRecord.model_construct(**{**dict(ExampleRecord(**told)), **changes})


def world(number: int, *, seed: int = 1, chance_of: Says = truth) -> Iterator[tuple[ExampleRecord, bool]]:
    chance = random.Random(seed)
    for n in range(number):
        values = [chance.gauss(0, 1) for _ in range(4)] + [0.0] * (WIDTH - 4)
        label = chance.random() < chance_of(values)
        yield an_example(n, values, label), label


def rules(**changes) -> ContestRules:
    return ContestRules(**{"trial_every": 50, "trial_least": 100, "return_examples": 1_000, **changes})


def a_contest(champion: Says, challenger: Says, *, segments=(AUM,), **changes) -> Contest:
    """A contest of two members whose say is known; the challenger goes by the name naive_bayes."""
    contest = Contest("churn", Member(champion), 10**9, Setup(("naive_bayes",), 0.1, segments, rules(**changes)))
    contest.members["naive_bayes"] = Member(challenger)
    return contest


def a_command(op: str, *, number: int = 1, **about) -> ModelCommand:
    told = {"model": "churn", "command_id": f"c-{number}", "op": op, "by": "chen", "reason": "a test", "asked_ms": 5}
    return ModelCommand(**told, **about)
