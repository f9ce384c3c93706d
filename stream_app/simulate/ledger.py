"""The running ledger: a planned payment becomes a transaction whose balance follows from the one before."""

from random import Random

from stream_app.simulate.people import Payment, Person
from stream_app.simulate.seasons import iso


def money(amount_minor: int) -> str:
    """Decimal text of an amount in a currency with two digits.

    >>> money(-1205)
    '-12.05'
    """
    sign, amount_minor = ("-", -amount_minor) if amount_minor < 0 else ("", amount_minor)
    return f"{sign}{amount_minor // 100}.{amount_minor % 100:02d}"


def post(person: Person, payment: Payment) -> dict[str, object] | None:
    """Book a payment and return the transaction, or None when it does not take place for want of money.

    A card or loan payment without cover is declined and leaves the balance; overdrafts do not exist.
    """
    account, amount, status = payment.account, payment.amount_minor, payment.status
    if payment.share:
        amount = int(account.balance_minor * payment.share) // 100 * 100
        if amount < 10_000:
            return None
    if status == "booked" and payment.direction == "debit" and amount > account.balance_minor:
        if payment.kind == "loan_payment" or (payment.kind == "card" and payment.episode is None):
            status = "declined"
        else:
            return None
    if status == "booked":
        account.balance_minor += amount if payment.direction == "credit" else -amount
    elif status == "reversed":
        account.balance_minor -= amount if payment.direction == "credit" else -amount
    return {
        "event_id": person.next_id("T"),
        "customer_id": person.customer_id,
        "occurred_at": iso(payment.ms, utc=payment.kind == "card"),
        "account_id": account.account_id,
        "amount": money(amount),
        "currency": account.currency,
        "direction": payment.direction,
        "kind": payment.kind,
        "status": status,
        "balance_after": money(account.balance_minor),
        **payment.fields,
    }


def card_amount(rng: Random, mean_minor: int, sigma: float) -> int:
    """Draw a log-normal amount with that mean (not median), at least 1.00."""
    return max(int(mean_minor * rng.lognormvariate(-sigma * sigma / 2, sigma)), 100)
