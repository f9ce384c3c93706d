"""The runs of the suite, counted: `python -m tests.simulation [--seeds 10000] [--figures]`.

Half of the runs have a fixed policy, half one that changes at restarts, all have every kind of output and its readers.
With --figures, docs/figures.json is told how many there were, if nothing was wrong in any of them.
"""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Sequence

from stream_app.figures.figure_file import figure, keep
from tests.simulation.run import replay_line, simulate

POLICIES = ("fixed", "changing")
THREAD = "outputs"
TOLD_EVERY = 1_000


def main(given: Sequence[str]) -> int:
    """Run them; returns 1 when one was not right."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="runs in all")
    parser.add_argument("--figures", action="store_true", help="write docs/figures.json")
    told = parser.parse_args(given)
    logging.getLogger("stream_app.engine").setLevel(logging.CRITICAL)  # it warns of what the simulation does to it
    runs: Counter[str] = Counter()
    for policy in POLICIES:
        for seed in range(told.seeds // len(POLICIES)):
            runs["done"] += 1
            if findings := simulate(seed, policy, THREAD):
                runs["wrong"] += 1
                say(f"{dict(findings)}  {replay_line(seed, policy, THREAD)}")
            if not runs["done"] % TOLD_EVERY:
                say(f"{runs['done']:,} runs, {runs['wrong']} of them wrong")
    if told.figures and not runs["wrong"]:
        command = f"python -m tests.simulation --seeds {told.seeds} --figures"
        keep(figure("simulation_seeds", runs["done"], "runs, 0 of them wrong", None, runs["done"], command, 10_000))
    return 1 if runs["wrong"] else 0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
