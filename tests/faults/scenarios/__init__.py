"""The programme: to add a scenario, write its body and put it into the `ALL` of its module."""

from tests.faults.scenario import Scenario
from tests.faults.scenarios import controls, data, kills, members, network, outages, product, soak, state

PROGRAMME: tuple[Scenario, ...] = (
    *kills.ALL,
    *members.ALL,
    *outages.ALL,
    *network.ALL,
    *state.ALL,
    *data.ALL,
    *product.ALL,
    *soak.ALL,
    *controls.ALL,
)
BY_NAME = {scenario.name: scenario for scenario in PROGRAMME}
