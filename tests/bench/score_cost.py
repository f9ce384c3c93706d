"""What learning that can be trusted costs an event: `make bench ARGS=score_cost` (`python -m tests.bench.score_cost`).

The scored events of a simulated bank are taken again, by turns: with the scorers that they had (calibrated champion,
customer value, need forecast), and with what stood there before these: a plain logistic regression for leaving, neither
value nor needs. CPU time of the whole step, so that what comes of a score counts too; both see the same profiles.
"""

import gc
import sys
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from time import process_time_ns
from typing import Any

import models.step
from models.features import FEATURES
from models.learning.learner import LogisticLearner
from models.learning.scoring import LinearScorer
from models.served.churn import score_churn
from tests.bench.core_steps import BANK, Step, instead, lived

ROUNDS, LEARNED = 7, 500

Features = tuple[float, ...]


def scored_of(steps: Sequence[Step]) -> tuple[list[Step], list[Features]]:
    """Return the steps in which the churn model is asked, and of what features."""
    found, asked = [], []

    def kept(profile: Any, values: Features, *rest: Any) -> Any:
        asked.append(values)
        return score_churn(profile, values, *rest)

    with instead(models.step, "score_churn", kept):
        for step in steps:
            before = len(asked)
            models.step.step(*step)
            if len(asked) > before:
                found.append(step)
    return found, asked


def with_plain_scorer(steps: Sequence[Step], asked: Sequence[Features]) -> list[Step]:
    """Return the steps with a plain regression, and nothing that was built on it.

    What it learned is no matter: a score costs as much whatever the weights are, as long as there are some.
    """
    plain = LogisticLearner(FEATURES)
    for number, values in enumerate(asked[:LEARNED]):
        plain.learn(values, label=not number % 5)
    scorer = LinearScorer(plain.linear(), 1)
    return [
        (profile, event, replace(context, scorers={"churn": scorer, "propensity": context.scorers["propensity"]}))
        for profile, event, context in steps
    ]


def cost(steps: Sequence[Step]) -> float:
    """Take the steps; µs of CPU a step."""
    begin = process_time_ns()
    for profile, event, context in steps:
        models.step.step(profile, event, context)
    return (process_time_ns() - begin) / len(steps) / 1_000


def main() -> None:
    """Print the median of both, and of what they differ by in the same round."""
    steps, _ = lived(BANK)
    after, asked = scored_of(steps)
    before = with_plain_scorer(after, asked)
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)  # as the worker
    pairs = [(cost(before), cost(after)) for _ in range(ROUNDS)]
    shares = sorted(late / early - 1 for early, late in pairs)
    sys.stdout.write(
        f"{len(after):,} of {len(steps):,} steps ask the churn model; {ROUNDS} rounds by turns, µs of CPU a step\n"
        f"plain regression, no value, no needs  {median(early for early, _ in pairs):6.1f}\n"
        f"as it is                              {median(late for _, late in pairs):6.1f}\n"
        f"more in the same round: {median(shares):.1%} ({shares[0]:.1%} to {shares[-1]:.1%})\n"
    )


if __name__ == "__main__":
    main()
