"""Organic uptake: off by default, driven by what suits a customer, and nobody else's dice."""

import json

import pytest

from stream_app.simulate import Options, World
from stream_app.simulate.options import NO_FAULTS
from stream_app.simulate.uptake import THEMES, chance


def openings(world):
    found = []
    for line in world.lines():
        if line.topic.endswith(".interactions"):
            value = json.loads(line.value)
            if value.get("kind") == "product_opened":
                found.append((value["customer_id"], value["product_id"]))
    return sorted(set(found))


def test_nobody_opens_anything_of_his_own_accord_unless_asked_for():
    assert openings(World(Options(customers=60, days=20, faults=NO_FAULTS))) == []


def test_the_likelier_open_more_and_nobody_what_he_has():
    options = Options(customers=300, days=40, uptake_per_60_days=0.2, faults=NO_FAULTS)
    world = World(options)
    held = {person.customer_id: set(person.record["products"]) for person in world.people}
    found = openings(world)
    assert found
    assert all(product not in held[customer] for customer, product in found)
    could = [
        (p.customer_id, f, chance(p, f, options)) for p in world.people for f in THEMES if f not in held[p.customer_id]
    ]
    could.sort(key=lambda one: one[2])
    half = len(could) // 2
    took = [sum((customer, family) in found for customer, family, _ in part) for part in (could[:half], could[half:])]
    assert took[1] > 1.5 * took[0]


def test_what_else_customers_would_do_stays_the_same():
    few, many = (World(Options(customers=40, days=10, uptake_per_60_days=share)) for share in (0.0, 0.5))
    for _ in few.lines():
        pass
    for _ in many.lines():
        pass
    for one, other in zip(few.people, many.people, strict=True):
        assert one.rng.getstate() == other.rng.getstate()
        assert {a.product: a.balance_minor for a in one.accounts} == {
            a.product: a.balance_minor for a in other.accounts
        }


def test_an_uptake_below_nothing_cannot_be():
    with pytest.raises(ValueError, match="not negative"):
        Options(uptake_per_60_days=-0.1)
