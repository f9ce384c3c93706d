"""The part of `make faults` that every `make test` runs: kills at named points, and a control that must fail."""

from dataclasses import replace
from functools import partial

import pytest

from tests.faults.run import execute
from tests.faults.scenarios import BY_NAME, kills

pytestmark = [pytest.mark.integration, pytest.mark.slow]

POINTS = ("after_changelog", "after_effects")


@pytest.fixture
def play(loop, stage, tmp_path):
    def run(scenario, seed=1):
        running = execute(
            scenario.name, scenario.subject, scenario.body, stage=stage, home=tmp_path / "run", seed=seed, kills=2
        )
        return loop.run_until_complete(running)

    return run


def test_a_worker_killed_at_named_points_loses_and_repeats_nothing(play):
    scenario = BY_NAME["kills_at_points"]
    outcome = play(replace(scenario, body=partial(kills.at_points, points=POINTS)))
    assert outcome.findings == []
    assert outcome.kills == 2 * len(POINTS) - 1  # killed between two points, too
    assert outcome.produced > 500
    assert len(outcome.recoveries) == len(POINTS)


def test_without_staging_again_the_same_kill_loses_alerts_and_the_judge_sees_it(play):
    outcome = play(BY_NAME["without_restaging"])
    assert outcome.count("alert lost") > 0
