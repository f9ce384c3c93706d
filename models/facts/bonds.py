"""The part of the fold that is about the bond with the bank: complaints, products, death and merger."""

from collections.abc import Callable, Mapping

from models.facts.complaints import fold_answer, fold_complaint
from models.facts.holdings import fold_change, last_change
from models.facts.leaving import tell_leaving
from models.facts.loans import loan_named
from schemas.events import Interaction
from schemas.profile import Profile, short_id
from schemas.profile_holdings import ProductChange
from schemas.vocabulary import CENSORED, CENSORING


def _product_opened(p: Profile, event: Interaction) -> None:
    if event.product_id is not None:
        _change(p, ProductChange(short_id(event.product_id), event.occurred_ms, opened=True))


def _product_closed(p: Profile, event: Interaction) -> None:
    """Close an account or let go of a product; death and merger say that nothing is known of leaving."""
    label = CENSORED.get(event.topic or "")
    if label is not None:
        p.loans = {}
        if p.churn_label not in CENSORING or (event.occurred_ms, label) > (p.churn_label_ms or 0, p.churn_label):
            p.churn_label, p.churn_label_ms = label, event.occurred_ms
    if event.product_id is None:
        return
    if loan_named(event.product_id) in p.loans:
        p.loans = {name: loan for name, loan in p.loans.items() if name != loan_named(event.product_id)}
    _change(p, ProductChange(short_id(event.product_id), event.occurred_ms, opened=False))


def _change(p: Profile, change: ProductChange) -> None:
    """Open or close a product; where it is an account, by the last change of it, whatever is heard of first."""
    fold_change(p, change)
    account = p.accounts.get(change.product)
    if account is None:
        return
    last = last_change(p, change.product) or change
    latest_ms = max(last.at_ms, account.closed_ms or 0)
    opened_again = last.opened and latest_ms != account.closed_ms
    p.accounts = {**p.accounts, change.product: account._replace(closed_ms=None if opened_again else latest_ms)}
    tell_leaving(p)


BONDS: Mapping[str, Callable[[Profile, Interaction], None]] = {
    "complaint": fold_complaint,
    "complaint_resolved": fold_answer,
    "product_opened": _product_opened,
    "product_closed": _product_closed,
}
