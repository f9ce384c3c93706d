"""What a profile remembers of the products that a customer holds: loans, and what was opened and closed last."""

from typing import NamedTuple


class Loan(NamedTuple):
    """A loan's instalments: missed ones in a row, the home day of the last one known of, paid ones (up to a rhythm)."""

    missed: int
    day: int
    paid: int


class ProductChange(NamedTuple):
    """The last that was heard of a product's opening or closing."""

    product: str
    at_ms: int
    opened: bool
