"""Which products a customer holds: as master data tell them, and as he has opened and closed them since.

Master data and interactions are two topics, and of a topic, too, something may come late. So the last changes are
remembered with their times: master data of before them do not undo them, nor does an older word of the same product.
"""

from collections.abc import Sequence

from schemas.profile import MAX_PRODUCT_CHANGES, MAX_PRODUCTS, Identity, Profile
from schemas.profile_holdings import ProductChange


def fold_change(p: Profile, change: ProductChange) -> None:
    """Hear in `p`, a profile that is being written, that a product (its short id) was opened or closed.

    Of two words of one moment a closing is the later one, and master data are earlier than either.
    """
    last = last_change(p, change.product)
    if last is not None and _when(last) > _when(change):
        return
    others = [other for other in p.product_changes if other.product != change.product]
    p.product_changes = tuple(sorted([*others, change], key=_when)[-MAX_PRODUCT_CHANGES:])
    if p.identity is not None and not (p.identity.has_own_time and p.identity.as_of_ms > change.at_ms):
        p.identity = with_change(p.identity, change)


def changes_since(p: Profile, at_ms: int) -> tuple[ProductChange, ...]:
    """List the changes that are remembered from a moment on, oldest first."""
    return tuple([change for change in p.product_changes if change.at_ms >= at_ms])


def last_change(p: Profile, product: str) -> ProductChange | None:
    """Give the last change of a product that is remembered."""
    return next((change for change in p.product_changes if change.product == product), None)


def closing_of(p: Profile, product: str) -> int | None:
    """Say when a product was closed, as far as that is remembered; None where it was not, or is open again."""
    last = last_change(p, product)
    return None if last is None or last.opened else last.at_ms


def with_change(identity: Identity, change: ProductChange) -> Identity:
    """Give master data with a product more, or without one."""
    others = tuple([product for product in identity.products if product != change.product])
    if not change.opened:
        return identity._replace(products=others)
    if change.product in identity.products:
        return identity
    return identity._replace(products=(*others, change.product)[:MAX_PRODUCTS])


def before_changes(identity: Identity, changes: Sequence[ProductChange]) -> Identity:
    """Give master data without what was opened meanwhile."""
    opened = {change.product for change in changes if change.opened}
    return identity._replace(products=tuple([product for product in identity.products if product not in opened]))


def _when(change: ProductChange) -> tuple[int, bool, str]:
    return change.at_ms, not change.opened, change.product
