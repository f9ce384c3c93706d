"""Whether the customer has left: as his accounts and the bank's books say, whatever is heard of first."""

from datetime import date

from models.rings import windows
from schemas.profile import Profile
from schemas.vocabulary import CENSORING

_EPOCH_DAY = date(1970, 1, 1)


def tell_leaving(p: Profile) -> None:
    """Say in `p`, a profile that is being written, whether and when the customer left by his own choice.

    He left when the last of his accounts was closed, or when the newest master data say so: not where these say that he
    is a customer (again), nor where another account turns up, nor where he goes on by himself, with an open account,
    after they were told. Who died or was merged into another has not left.
    """
    if p.churn_label in CENSORING:
        return
    left_ms = _left_ms(p)
    if left_ms is not None and not p.churn_label:
        p.loans = {}
    p.churn_label, p.churn_label_ms = ("", None) if left_ms is None else ("closed", left_ms)


def _left_ms(p: Profile) -> int | None:
    closings = [account.closed_ms for account in p.accounts.values() if account.closed_ms is not None]
    last_ms = max(closings) if closings and len(closings) == len(p.accounts) else None
    books = p.identity
    if books is None:
        return last_ms
    if books.closed_on is None:  # master data without a time of their own do not know of what came since
        return None if last_ms is not None and books.has_own_time and books.as_of_ms > last_ms else last_ms
    if last_ms is not None:
        return last_ms
    told_ms = books.as_of_ms if books.has_own_time else _end_of(books.closed_on)
    return None if _goes_on_after(p, told_ms) else told_ms


def _goes_on_after(p: Profile, told_ms: int) -> bool:
    """Whether he did something himself since, and an open account moved since: interest alone is no sign."""
    moved = any(account.closed_ms is None and account.last_ms > told_ms for account in p.accounts.values())
    return moved and (p.last_own_activity_ms or 0) > told_ms


def _end_of(day: str) -> int:
    """When a home day ends: where nobody says when he told it, the customer left on the day that is told."""
    return windows.home_day_start_ms((date.fromisoformat(day) - _EPOCH_DAY).days + 1) - 1
