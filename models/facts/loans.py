"""A customer's loans: of which instalment an event speaks, and how many in a row were missed.

An instalment is known by its home day, one gap (policy: `loan_gap_days`) after the one before it. Whatever speaks of it
(a declined payment, its retries, the silence after its grace, a payment at last) speaks of one instalment:

- after a missed one, three quarters of the gap belong to it: retries and late payments go on for weeks;
- after a paid one, half of the gap does: what is paid later is paid ahead for the next one;
- a quarter of the gap before its day belongs to it too: months differ in length, and events come late.
"""

from models.rings.windows import home_day
from schemas.events import Transaction
from schemas.profile import LOAN_RHYTHM, MAX_LOAN_BYTES, MAX_LOANS, MAX_MISSED, short_id
from schemas.profile_holdings import Loan

Loans = dict[str, Loan]


def loan_of(event: Transaction) -> str:
    """Name the loan that a payment is about: its product, else the account it goes to, else the one it comes from."""
    return loan_named(event.product_id or event.counterparty_id or event.account_id)


def loan_named(product_id: str) -> str:
    """Shorten what names a loan to the key that it is remembered by."""
    return short_id(product_id, MAX_LOAN_BYTES)


def follow(loans: Loans, event: Transaction, gap_days: int) -> Loans:
    """Follow the loan that a payment is about: booked, declined, or taken back."""
    key, day, paid = loan_of(event), home_day(event.occurred_ms), event.status == "booked"
    known = loans.get(key)
    if event.status == "reversed":
        return loans if known is None else {**loans, key: _reversed(known, day, gap_days)}
    if known is None:
        return _kept({**loans, key: Loan(int(not paid), day, int(paid))})
    moved = _booked(known, day, gap_days) if paid else _declined(known, day, gap_days)
    return loans if moved == known else {**loans, key: moved}


def unpaid(loan: Loan, gap_days: int) -> Loan:
    """Count the instalment after the last known one as missed: its day and grace went by in silence."""
    return loan._replace(missed=min(loan.missed + 1, MAX_MISSED), day=loan.day + gap_days)


def _declined(loan: Loan, day: int, gap_days: int) -> Loan:
    if not _of_the_next(loan, day, gap_days):
        return loan
    return loan._replace(missed=min(loan.missed + 1, MAX_MISSED), day=day)


def _booked(loan: Loan, day: int, gap_days: int) -> Loan:
    """Settle what was missed; a payment for an instalment before the last known one settles nothing."""
    if _of_the_next(loan, day, gap_days):
        in_a_row = loan.paid if day - loan.day <= 2 * gap_days else 0
        return Loan(0, day, min(in_a_row + 1, LOAN_RHYTHM))
    if not loan.missed or day < loan.day - gap_days // 4:
        return loan
    return Loan(0, loan.day, min(loan.paid + 1, LOAN_RHYTHM))


def _reversed(loan: Loan, day: int, gap_days: int) -> Loan:
    """Count the last instalment as missed after all; what was missed before it had been settled stays settled."""
    if loan.missed or _of_the_next(loan, day, gap_days) or day < loan.day - gap_days // 4:
        return loan
    return Loan(1, loan.day, max(loan.paid - 1, 0))


def _of_the_next(loan: Loan, day: int, gap_days: int) -> bool:
    same = 3 * gap_days // 4 if loan.missed else gap_days // 2
    return day - loan.day >= same


def _kept(loans: Loans) -> Loans:
    """Beyond the limit the loan without arrears that was heard of longest ago leaves."""
    if len(loans) > MAX_LOANS:
        del loans[min(loans, key=lambda name: (loans[name].missed, loans[name].day, name))]
    return loans
