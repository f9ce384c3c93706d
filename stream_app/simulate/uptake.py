"""Products that customers open of their own accord, by what suits them: the truth behind the forecast of needs.

Off unless asked for (`Options.uptake_per_60_days`). It draws from a generator of its own, so that a bank with it is the
same bank in all that its customers do but for the openings.
"""

from math import exp
from random import Random

from stream_app.simulate.options import Options
from stream_app.simulate.people import Person, Record, Touch, plan
from stream_app.simulate.seasons import DAY_MS, HOUR_MS, start_of

THEMES = {"savings": "savings", "fund": "investment", "credit_card": "credit", "insurance": "insurance"}
"""Families that are opened, and the theme whose affinity drives each."""


def chance(person: Person, family: str, options: Options) -> float:
    """Give the chance that a customer who has no product of the family opens one within 60 days."""
    return min(0.9, options.uptake_per_60_days * exp(1.5 * person.affinity[THEMES[family]]))


def maybe_plant_uptake(person: Person, options: Options) -> None:
    """Let the customer open products on days of the period, with master data that tell of it afterwards."""
    if not options.uptake_per_60_days:
        return
    rng = Random(f"{options.seed}/{person.customer_id}/uptake")
    held = [str(product) for product in person.record["products"]]  # type: ignore[attr-defined] # a list, as all made here
    found = []
    for family in THEMES:
        waits = rng.expovariate(1.0) * 60 / chance(person, family, options)
        if family not in held and waits < options.days:
            found.append((waits, family))
    for waits, family in sorted(found):
        at_ms = start_of(options.start) + int(waits) * DAY_MS + rng.randint(9, 20) * HOUR_MS
        held = [*held, family]
        plan(person, Touch(at_ms, "mobile", "product_opened", {"product_id": family}), options)
        plan(person, Record(at_ms + HOUR_MS, {"products": held}), options)
