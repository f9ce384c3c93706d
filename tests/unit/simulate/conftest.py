"""One bank of 400 customers over 60 days, made once and looked at by all tests here."""

from types import SimpleNamespace

import orjson
import pytest

from stream_app.simulate import Faults, Options, World

OPTIONS = Options(
    customers=400, days=60, seed=11, faults=Faults(late=0.02, duplicate=0.02, out_of_order=0.03, broken=0.01)
)


@pytest.fixture(scope="session")
def bank():
    """The world after its last line, its lines, the good events by topic in order of occurrence, and the truth."""
    world = World(OPTIONS)
    lines = list(world.lines())
    good = {}
    for line in lines:
        if not line.fault.startswith(("duplicate", "broken")):
            good.setdefault(line.topic.removeprefix("bank."), []).append(orjson.loads(line.value))
    return SimpleNamespace(world=world, lines=lines, good=good, truth=list(world.truth_records()), options=OPTIONS)


@pytest.fixture(scope="session")
def departures(bank):
    """Truth of the customers who leave in the period, by id."""
    found = {r["customer_id"]: r["leaves"] for r in bank.truth if r["record"] == "customer" and r["leaves"]}
    return {customer: leaves for customer, leaves in found.items() if leaves["in_period"]}
