"""The part of the fold that is about the bond with the bank: products, and how a relation ends."""

from collections.abc import Callable, Mapping
from datetime import date

from models.facts.complaints import fold_answer, fold_complaint
from models.facts.holdings import fold_change
from models.facts.loans import loan_named
from models.rings import windows
from schemas.events import Customer, Interaction
from schemas.profile import Profile, short_id
from schemas.profile_holdings import ProductChange
from schemas.vocabulary import CENSORED

_EPOCH_DAY = date(1970, 1, 1)


def _product_opened(p: Profile, event: Interaction) -> None:
    if event.product_id is not None:
        fold_change(p, ProductChange(short_id(event.product_id), event.occurred_ms, opened=True))


def _product_closed(p: Profile, event: Interaction) -> None:
    """Close an account or let go of a product; death and merger say that nothing is known of leaving."""
    label = CENSORED.get(event.topic or "")
    if label is not None:
        p.churn_label, p.churn_label_ms, p.loans = label, event.occurred_ms, {}
    if event.product_id is None:
        return
    if loan_named(event.product_id) in p.loans:
        p.loans = {name: loan for name, loan in p.loans.items() if name != loan_named(event.product_id)}
    product = short_id(event.product_id)
    if product in p.accounts:
        account = p.accounts[product]
        closed_ms = max(event.occurred_ms, account.closed_ms or 0)
        p.accounts = {**p.accounts, product: account._replace(closed_ms=closed_ms)}
        if label is None:
            _left_with_the_last_account(p)
    fold_change(p, ProductChange(product, event.occurred_ms, opened=False))


def _left_with_the_last_account(p: Profile) -> None:
    """Say that the customer left when the last account was closed, in whichever order one hears of the closings."""
    closings = [account.closed_ms for account in p.accounts.values() if account.closed_ms is not None]
    if len(closings) < len(p.accounts):
        return
    _left(p, max(closings))
    if p.churn_label == "closed":
        p.churn_label_ms = max(p.churn_label_ms or 0, *closings)


def _left(p: Profile, at_ms: int) -> None:
    p.loans = {}
    if not p.churn_label:
        p.churn_label, p.churn_label_ms = "closed", at_ms


def fold_closed_on(p: Profile, event: Customer) -> None:
    """Hear whether master data say that the relation has ended."""
    if event.closed_on is not None:
        _left(p, event.occurred_ms if event.has_own_time else _end_of(event.closed_on))
    elif p.churn_label == "closed":  # master data say that he is a customer (again)
        p.churn_label, p.churn_label_ms = "", None


def _end_of(day: str) -> int:
    """When a home day ends: where nobody says when he told it, the customer left on the day that is told."""
    return windows.home_day_start_ms((date.fromisoformat(day) - _EPOCH_DAY).days + 1) - 1


BONDS: Mapping[str, Callable[[Profile, Interaction], None]] = {
    "complaint": fold_complaint,
    "complaint_resolved": fold_answer,
    "product_opened": _product_opened,
    "product_closed": _product_closed,
}
