"""What a check found: the figures that go into the alert's evidence and texts."""

from collections.abc import Mapping
from typing import NamedTuple

from models.policy import Policy
from schemas.actions import bounded
from schemas.events import Transaction
from schemas.money import minor_digits


class Finding(NamedTuple):
    """Why an alert is due.

    `cause` is what the alert hangs on (an event id, or a word of the rule's own): when it has gone, so has the alert.
    `figures` are numbers by name (`…_minor` money in home currency, `…_share` of 1); `words` go into the texts only.
    """

    cause: str
    events: tuple[str, ...] = ()
    figures: Mapping[str, int | float] = {}
    words: Mapping[str, str] = {}
    model: str | None = None  # the model whose score the alert quotes


def within_bounds(finding: Finding) -> Finding:
    """Cut the figures to what a record may hold."""
    return finding._replace(figures={name: bounded(figure) for name, figure in finding.figures.items()})


def quoted(finding: Finding, policy: Policy) -> dict[str, str]:
    """Write the finding's figures as the texts quote them: money with its separators, shares in percent.

    `amount_minor` is in the currency that `words` names, all other money in home currency.
    """
    said = dict(finding.words)
    for name, figure in finding.figures.items():
        if name.endswith("_minor"):
            own = finding.words.get("currency") if name == "amount_minor" else None
            said[name.removesuffix("_minor")] = money(int(figure), own or policy.home_currency)
        elif name.endswith("_share"):
            said[name] = f"{100 * figure:.0f}%"
        else:
            said[name] = str(figure) if isinstance(figure, int) else f"{figure:.2f}"
    return said


def money(minor: int, currency: str) -> str:
    """Write an amount as people do.

    >>> money(5_000_000, "CNY"), money(-1_234_567, "JPY")
    ('50,000.00', '-1,234,567')
    """
    digits = minor_digits(currency)
    whole, fraction = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}.{fraction:0{digits}d}" if digits else f"{sign}{whole:,}"


def hundredths(transaction: Transaction) -> int:
    """Count in hundredths of the currency's unit, so that one threshold fits every currency."""
    digits = minor_digits(transaction.currency)
    return transaction.amount_minor * 100 // int(10**digits)


def of_transaction(transaction: Transaction, figures: Mapping[str, int | float], **words: str) -> Finding:
    """Hang a finding on one transaction, and quote its amount."""
    return Finding(
        cause=transaction.event_id,
        events=(transaction.event_id,),
        figures={"amount_minor": transaction.amount_minor, **figures},
        words={"currency": transaction.currency, **words},
    )
