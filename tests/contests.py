"""Contests in small: members that say what they are told to, and examples of a world whose truth is known."""

import random
from collections.abc import Callable, Iterator, Sequence
from math import exp

from models.contest.contest import Contest
from models.contest.setup import Setup
from models.features import FEATURES
from models.learning.scoring import Scored
from models.policy.contest import ContestRules, Segment
from schemas.internal import ExampleRecord, ModelCommand

WIDTH = len(FEATURES)
STRETCH_MS = 10_000  # ten examples: scorers are kept so often
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
        return Told(self.says, self.examples)

    def thawed(self, plain):
        return Told(self.says, plain["examples"])


class Told:
    """A scorer that says what its member says; as data it is how many examples that had learned."""

    version = 0

    def __init__(self, says: Says, examples: int) -> None:
        self.says = says
        self.examples = examples

    def score(self, features, action="", slots=()):
        chance = self.says(features)
        return Scored(chance, 0.0, 0.0, (), self.examples)

    def plain(self):
        return {"examples": self.examples}


def an_example(number: int, values: Sequence[float], label: bool, **changes) -> ExampleRecord:
    told = {
        "model": "churn",
        "example_id": f"e-{number:06d}",
        "customer_id": "C1",
        "due_ms": 1_000_000 + 1_000 * number,
        "snapshot_ms": 1_000_000 + 1_000 * number,  # known at once, so that what is judged is what was learned
        "features": tuple(values),
        "label": int(label),
    }
    return ExampleRecord.model_construct(**{**dict(ExampleRecord(**told)), **changes})


def world(
    number: int, *, seed: int = 1, chance_of: Says = truth, first: int = 0
) -> Iterator[tuple[ExampleRecord, bool]]:
    chance = random.Random(seed)
    for n in range(first, first + number):
        values = [chance.gauss(0, 1) for _ in range(4)] + [0.0] * (WIDTH - 4)
        label = chance.random() < chance_of(values)
        yield an_example(n, values, label), label


QUICK = {"trial_every": 50, "trial_least": 100, "return_examples": 1_000, "segment_slack": 0.1}


def rules(**changes) -> ContestRules:
    return ContestRules(**{**QUICK, **changes})


def alone(champion: Says, challengers=(), *, segments=(), held_by: ContestRules | None = None, **more) -> Contest:
    """A contest of a member whose say is known, with challengers of their own kind."""
    setup = Setup(challengers, 0.1, segments, held_by or rules(), freeze_ms=STRETCH_MS, **more)
    return Contest("churn", Member(champion), 10**9, setup)


def a_contest(champion: Says, challenger: Says, *, segments=(AUM,), **changes) -> Contest:
    """A contest of two members whose say is known; the challenger goes by the name naive_bayes."""
    contest = alone(champion, ("naive_bayes",), segments=segments, held_by=rules(**changes))
    contest.members["naive_bayes"] = Member(challenger)
    return contest


def a_command(op: str, *, number: int = 1, **about) -> ModelCommand:
    told = {"model": "churn", "command_id": f"c-{number}", "op": op, "by": "chen", "reason": "a test", "asked_ms": 5}
    return ModelCommand(**{**told, **about})
