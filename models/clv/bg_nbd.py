"""How often a customer will still come: BG/NBD, in closed form.

Fader, Hardie, Lee, "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD Model", Marketing Science
24(2), 2005. While alive a customer buys as a Poisson process whose rate is Gamma(r, alpha) over customers; after each
purchase he leaves for good with a probability that is Beta(a, b) over customers. What matters of his past is how many
repeat purchases he made (`x`), when the last of them was (`t_x`) and how long he is observed (`T`), both since the
first purchase, all in one unit of time (weeks here).

The paper writes expectations by Gauss's function 2F1(r + x, b + x; a + b + x - 1; z), whose value overflows for those
who buy often. Euler's transformation, 2F1(A, B; C; z) = (1 - z)^(C - A - B) 2F1(C - A, C - B; C; z), takes `x` out of
all but the last parameter: what is left is small numbers, and quick to sum.
"""

from math import exp, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Column = NDArray[np.float64]
_NEAR = 1e-5  # where a + b + x or a come so near to 1, the formula is 0 / 0: the mean of both sides is as exact


class Past(NamedTuple):
    """A customer's past (`x`, `t_x`, `T` of the paper): repeat purchases, weeks from the first to the last, and to now.

    >>> Past(2, 30.43, 38.86)
    Past(repeats=2, recency=30.43, age=38.86)
    """

    repeats: float
    recency: float
    age: float


class Buying(NamedTuple):
    """The four numbers of a customer base: BG/NBD's r, alpha (weeks), a, b."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, past: Past) -> float:
        """Say how probable it is that the customer has not left. Who has bought but once cannot have left yet.

        >>> round(Buying(0.243, 4.414, 0.793, 2.426).alive(Past(2, 30.43, 38.86)), 3)
        0.727
        """
        r, alpha, a, b = self
        x, recency, age = past
        if x <= 0:
            return 1.0
        # odds of having left: a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)
        power = min(700.0, (r + x) * log1p((age - recency) / (alpha + recency)))
        return 1.0 / (1.0 + a / (b + x - 1.0) * exp(power))

    def expected(self, past: Past, weeks: float) -> float:
        """Expect so many purchases in the next `weeks`, given the past.

        The example is the paper's own (its customer 1 of CDNOW over 39 weeks).

        >>> round(Buying(0.243, 4.414, 0.793, 2.426).expected(Past(2, 30.43, 38.86), 39), 3)
        1.226
        """
        r, alpha, a, b = self
        x, _, age = past
        return self.alive(past) * _purchases(Buying(r + x, alpha + age, a, b + x), a + b - 1.0 - r, weeks)

    def expected_of_new(self, weeks: float) -> float:
        """Expect so many repeat purchases of a customer in his first `weeks`."""
        return _purchases(self, self.a + self.b - 1.0 - self.r, weeks)

    def log_likelihood(self, repeats: Column, recency: Column, age: Column) -> float:
        """Sum the logarithms of the likelihood of many customers' pasts."""
        return float(np.sum(terms(self, repeats, recency, age)[0]))


def terms(buying: Buying, repeats: Column, recency: Column, age: Column) -> tuple[Column, Column]:
    """Give each customer's log likelihood, and the weight in it of "has left with the last purchase" (0 to 1)."""
    r, alpha, a, b = buying
    x = repeats
    bought = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    stayed = special.gammaln(a + b) - special.gammaln(a + b + x) + special.gammaln(b + x) - special.gammaln(b)
    alive = -(r + x) * np.log(alpha + age)
    again = x > 0
    left = np.full_like(alive, -np.inf)
    left[again] = np.log(a / (b + x[again] - 1.0)) - (r + x[again]) * np.log(alpha + recency[again])
    both = np.logaddexp(alive, left)
    return bought + stayed + both, np.exp(left - both)


def _purchases(living: Buying, difference: float, weeks: float) -> float:
    """Expect so many purchases of one who is alive, with his own (posterior) numbers.

    `difference` is a + b - 1 - r, which his past does not change: the sum would lose it in the digits of `x`.
    """
    if weeks <= 0:
        return 0.0
    _, alpha, a, b = living
    if abs(a - 1.0) < _NEAR or abs(a + b - 1.0) < _NEAR:
        sides = [_purchases(living._replace(a=a + off), difference + off, weeks) for off in (-2 * _NEAR, 2 * _NEAR)]
        return sum(sides) / 2
    last = a + b - 1.0
    share = weeks / (alpha + weeks)
    gauss = float(special.hyp2f1(difference, a - 1.0, last, share))  # infinite at the edge of what may be fitted
    return last / (a - 1.0) * (1.0 - exp((a - 1.0) * log1p(-share)) * gauss)
