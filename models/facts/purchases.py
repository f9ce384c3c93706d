"""The days on which a customer bought, in five numbers: what customer value is reckoned from (`models.clv.bg_nbd`).

A day counts once, whatever the order of its payments: days after the last one and before the first are new, and the
ring of days knows what happened between. Only a payment that comes so late that the ring has let go of its day (a
month), and lies between, cannot be placed; it is left out, as it is of the windows.
"""

from models.policy import Policy
from models.rings.cells import DIRECTIONS, FORGOTTEN_KIND, KINDS, unpack
from models.rings.windows import DAYS, home_day
from schemas.events import Transaction
from schemas.profile import Profile
from schemas.profile_worth import Purchases
from schemas.ring import buckets_of

_MOST = 2**62


def fold_purchase(p: Profile, event: Transaction, policy: Policy) -> None:
    """Fill a payment into `p`, a profile that is being written, before the rings have heard of it."""
    if event.currency != policy.home_currency or event.kind not in policy.value.kinds or event.direction != "debit":
        return
    if event.status == "booked":
        _pay(p, home_day(event.occurred_ms), event.amount_minor, policy)
    elif event.status == "reversed":
        p.purchases = p.purchases._replace(minor=_within(p.purchases.minor - event.amount_minor))


def _pay(p: Profile, day: int, minor: int, policy: Policy) -> None:
    days, first, last, before, paid_first = p.purchases
    paid = _within(before + minor)
    if not days:
        p.purchases = Purchases(1, day, day, paid, minor)
    elif day < first:
        p.purchases = Purchases(days + 1, day, last, paid, minor)
    elif day > last:
        p.purchases = Purchases(days + 1, first, day, paid, paid_first)
    elif day in (first, last):
        p.purchases = Purchases(days, first, last, paid, _within(paid_first + (minor if day == first else 0)))
    elif day > home_day(p.last_seen_ms) - DAYS.size:
        p.purchases = Purchases(days + _is_new(p, day, policy), first, last, paid, paid_first)


def _within(minor: int) -> int:
    """Keep a sum in 64 bits: it stands still at 46 quadrillion yuan."""
    return max(-_MOST, min(_MOST, minor))


def _is_new(p: Profile, day: int, policy: Policy) -> bool:
    """Whether the ring of days has no purchase of that day; one that has forgotten the kinds had all of its debits."""
    bucket = buckets_of(p.rings.days).get(day)
    if bucket is None:
        return True
    debit = DIRECTIONS["debit"]
    cells = unpack(bucket)
    return not any(cells.get(cell + debit) for cell in (FORGOTTEN_KIND, *[KINDS[kind] for kind in policy.value.kinds]))
