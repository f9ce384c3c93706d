"""The engine's core against an in-memory Kafka and Redis, with workers that are killed, moved and overtaken anywhere.

`RAPPORT_SEEDS` says how many runs with all outputs there are, half of them under a policy that changes at restarts; a
failing one prints the line that replays it.
"""

import os
from collections import Counter

import pytest

from tests.simulation.owner import Setup
from tests.simulation.run import Life, replay_line, simulate

SEEDS = int(os.environ.get("RAPPORT_SEEDS", "10000")) // 2  # of each policy
BLOCKS = 20
KINDS = ("kill", "overtake", "move", "fenced", "abandoned", "hiccup", "waits", "lease", "landed late", "cut", "left")
KINDS += ("folded", "skipped", "repeated", "undecodable", "rejected")


def assert_all_hold(seeds: range, policy: str, thread: str) -> None:
    wrong = {seed: findings for seed in seeds if (findings := simulate(seed, policy, thread))}
    lines = [f"{dict(findings)}  {replay_line(seed, policy, thread)}" for seed, findings in wrong.items()]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(seeds)} seeds", *lines[:20]])


@pytest.mark.parametrize("policy", ["fixed", "changing"])
@pytest.mark.parametrize("block", range(BLOCKS))
def test_nothing_is_lost_or_done_twice_with_outputs_and_their_readers(policy, block):
    assert_all_hold(range(block * SEEDS // BLOCKS, (block + 1) * SEEDS // BLOCKS), policy, "outputs")


@pytest.mark.parametrize("policy", ["fixed", "changing"])
@pytest.mark.parametrize("thread", ["one topic", "timers", "claims"])
def test_nothing_is_lost_or_done_twice(policy, thread):
    assert_all_hold(range(SEEDS // 20), policy, thread)


def test_the_simulation_meets_every_kind_of_fault():
    met = Counter()
    for seed in range(60):
        life = Life(seed, "changing", "outputs", Setup())
        life.run()
        life.end()
        met += life.world.met
    rare = [kind for kind in KINDS if met[kind] < 20]
    assert not rare, met
