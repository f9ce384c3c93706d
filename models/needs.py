"""What a customer will take next, kept in his profile: for each product family, how likely it is within a month.

A family counts as taken when the customer opens a product of it (`product_opened`), offered or not. What was known of
him a horizon ago waits in his profile anyway, for the churn model: when it matures, the same features go out once more
with what he opened meanwhile. So needs are learned at the same moment, with the same care, and at no further bytes.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from models.cause import Cause
from models.context import Context
from models.facts.eve import as_of
from models.features import unpack
from models.learning.scoring import Forecaster, within
from models.products import names_in
from models.rings.windows import home_day
from models.served.churn import may_profile
from models.served.need import MODEL
from schemas.actions import Effect, example_effect
from schemas.internal import ExampleRecord
from schemas.profile import Due, Identity, Profile
from schemas.profile_holdings import ProductChange
from schemas.vocabulary import CENSORING, PRODUCT_FAMILIES

_MONTH_DAYS = 30
_PLACES = {family: place for place, family in enumerate(PRODUCT_FAMILIES)}

Effects = tuple[Effect, ...]


@lru_cache(maxsize=4096)
def family_of(product: str) -> str | None:
    """Name the family of a product: its name, or what its id begins with.

    >>> family_of("fund"), family_of("credit_card-778"), family_of("funding")
    ('fund', 'credit_card', None)
    """
    names = names_in(product)
    return next((family for family in PRODUCT_FAMILIES if family in names), None)


def fold_opening(p: Profile, product: str, at_ms: int) -> None:
    """Note in `p`, a profile that is being written and does not hold it yet, when a family's first product was opened.

    Who has one and opens another was never asked about: to count him among those who took it, and none of those who
    have one and open no other, would teach that having it makes one take it. Of two that come in the wrong order the
    earlier was the first. Where master data told of it sooner (`fold_told`), it was opened by then.
    """
    family, day = family_of(product), home_day(at_ms)
    if family is not None and (family not in _held(p) or day < _known_since(p, family)):
        p.opened = {**p.opened, family: day}


def take_back_openings(p: Profile, changes: Iterable[ProductChange]) -> None:
    """Forget in `p` that families were opened by these changes: master data of before them are about to be heard."""
    taken = {(family_of(change.product), home_day(change.at_ms)) for change in changes if change.opened}
    left = {family: day for family, day in p.opened.items() if (family, day) not in taken}
    if left != p.opened:
        p.opened = left


def fold_told(p: Profile, before: Identity, at_ms: int) -> None:
    """Note in `p` which families newer master data name first: Kafka may bring these before the opening itself.

    That day is kept as its complement, which is below 0: nobody opened anything yet.
    """
    if p.identity is None or p.identity.products == before.products:
        return
    told = _held(p) - {family_of(product) for product in before.products}
    new = {family: ~home_day(at_ms) for family in told if family is not None and p.opened.get(family, -1) < 0}
    if new:
        p.opened = {**p.opened, **new}


def _known_since(p: Profile, family: str) -> int:
    """Say before which home day an opening was the first one, of a family that is held; 0: he has always had it."""
    noted = p.opened.get(family, 0)
    return noted if noted >= 0 else ~noted + 1


def forecast(profile: Profile, values: Sequence[float], context: Context) -> Profile:
    """Keep how likely each family is to be taken within 30 days, in thousandths: of those that he does not hold.

    A family of which too few examples were learned (policy's floor) is left out; without consent all are.
    """
    if not may_profile(profile):
        return without_needs(profile)
    scorer, policy = context.scorers.get(MODEL), context.policy
    if not isinstance(scorer, Forecaster):
        return profile
    held, horizon_days = _held(profile), policy.churn.horizon_days
    lacking = [family for family in PRODUCT_FAMILIES if family not in held]
    chances = scorer.chances(values, lacking, policy.models.floor_examples[MODEL])
    needs = {family: round(1000 * within(chance, horizon_days, _MONTH_DAYS)) for family, chance in chances.items()}
    if needs == profile.needs:
        return profile
    changed = profile.copied()
    changed.needs = needs
    return changed


def without_needs(profile: Profile) -> Profile:
    """Forget what the customer may take."""
    if not profile.needs:
        return profile
    changed = profile.copied()
    changed.needs = {}
    return changed


def tell(profile: Profile, due: Due, cause: Cause, context: Context) -> Effects:
    """Tell the trainer what was opened since the churn example that matures now (the profile still holds it).

    Of families that he did not hold before: those that he opened within the horizon, and those that he still lacks. The
    label of the whole is whether he opened any.
    """
    policy = context.policy
    example = next((other for other in profile.pending if other.example_id == due.about), None)
    if MODEL not in policy.models.names or example is None or example.model != "churn" or not may_profile(profile):
        return ()
    end_ms = due.due_ms - policy.lateness_ms
    seen = as_of(profile, end_ms)
    erased = profile.erased_ms is not None and example.scored_ms < profile.erased_ms
    if seen is None or erased or seen.churn_label in CENSORING:
        return ()
    begin, held = home_day(example.scored_ms), _held(seen)
    taken = {family for family, day in seen.opened.items() if begin <= day < home_day(end_ms)}
    record = ExampleRecord(
        model=MODEL,
        example_id=cause.id(MODEL),
        customer_id=profile.customer_id,
        due_ms=due.due_ms,
        snapshot_ms=example.scored_ms,
        features=unpack(example.features),
        context=tuple(
            (place, float(family in taken))
            for family, place in _PLACES.items()
            if family in taken or family not in held
        ),
        label=int(bool(taken)),
    )
    return (example_effect(record, timed=cause.timed),)


def _held(profile: Profile) -> set[str | None]:
    return {family_of(product) for product in profile.identity.products} if profile.identity is not None else set()
