"""How often evidence alone promotes one of equals: `python -m tests.bench.contest --seeds 200`; minutes.

Both forecast equally badly, in opposite directions. Every 2,500 of 20,000 examples a trial begins and asks for the
evidence that its number asks for; groups and calibration have no veto here.
"""

import argparse
import random
import sys
from collections.abc import Sequence

from models.contest.trial import Trial
from models.evaluation.evidence import Evidence, loss
from models.policy.contest import ContestRules
from tests.contests import share

EXAMPLES, EVERY = 20_000, 2_500


def promotes(seed: int, examples: int = EXAMPLES) -> bool:
    """Whether the challenger passes in any trial, looked at after every example."""
    chance, rules, evidence, needed = random.Random(seed), ContestRules(), Evidence(), 0.0
    for n in range(examples):
        if n % EVERY == 0:
            evidence, needed = Evidence(), Trial(n // EVERY + 1, "schedule", 0, "one", ["other"]).needed(rules)
        odds, off = chance.gauss(-2, 1), chance.gauss(0, 0.5)
        label = chance.random() < share(odds)
        evidence.add(loss(label, share(odds + off)) - loss(label, share(odds - off)))
        if evidence.log_value() >= needed:
            return True
    return False


def main(arguments: Sequence[str] | None = None) -> None:
    """Count and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args(arguments).seeds
    passed = sum(promotes(seed) for seed in range(seeds))
    told = f"{passed} of {seeds} equals promoted in {EXAMPLES} examples (error {ContestRules().error})\n"
    sys.stdout.write(told)


if __name__ == "__main__":
    main()
