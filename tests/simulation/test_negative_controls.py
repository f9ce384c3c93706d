"""Each protection of the engine, switched off, must be missed: a simulation that cannot fail proves nothing."""

import pytest

from tests.simulation.controls import CONTROLS
from tests.simulation.run import simulate


@pytest.mark.parametrize("name", CONTROLS)
def test_the_simulation_fails_with(name):
    control = CONTROLS[name]
    seed = next((n for n in control.seeds if simulate(n, control.policy, control.thread, control.setup)), None)
    assert seed is not None, f"none of {control.within} seeds noticed: {name}"
    assert not simulate(seed, control.policy, control.thread), "the same life must be right with every protection"
