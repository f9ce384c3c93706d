"""How much a customer spends at a time: the Gamma-Gamma model.

Fader, Hardie, "The Gamma-Gamma Model of Monetary Value" (note, 2013). A customer's purchases are Gamma(p, nu), and nu
is Gamma(q, v) over customers, independent of how often he buys. So the mean that we saw of him is drawn to the mean of
all, the more the less we saw. Money is in minor units; p and q are pure numbers, v is in minor units too.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from models.clv.bg_nbd import Column


class Spending(NamedTuple):
    """The three numbers of a customer base: Gamma-Gamma's p, q, v."""

    p: float
    q: float
    v: float

    def expected(self, repeats: float, mean: float) -> float:
        """Expect so much a purchase of one whose `repeats` purchases were `mean` on average; q must be above 1.

        Of whom we saw none we expect the mean of all.

        >>> round(Spending(6.25, 3.74, 15.44).expected(0, 0.0), 1)
        35.2
        """
        p, q, v = self
        return (v + repeats * mean) * p / (p * repeats + q - 1.0)

    def log_likelihood(self, repeats: Column, mean: Column) -> float:
        """Sum the logarithms of the likelihood of many customers' means; each has repeats and a mean above 0."""
        p, q, v = self
        shape, total = p * repeats, repeats * mean
        bought = special.gammaln(shape + q) - special.gammaln(shape) - special.gammaln(q)
        spread = q * np.log(v) + (shape - 1.0) * np.log(mean) + shape * np.log(repeats)
        return float(np.sum(bought + spread - (shape + q) * np.log(total + v)))
