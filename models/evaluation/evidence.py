"""Evidence that one model forecasts better than another: it may be looked at after every example.

Both forecast the same examples; d is how much log loss the rival saves on one of them, bounded since probabilities are
taken for at least `LEAST`. Whoever bets a fixed share of his wealth on d > 0, again and again, cannot expect to win
while the rival is no better (E[d | past] <= 0): his wealth is a supermartingale, and the chance that it ever passes
1/a is at most a (Ville 1939). So wealth of 1/a is the moment at which the lower end of the (1 - a) confidence sequence
for the mean of d rises above 0: Waudby-Smith, Ramdas, "Estimating means of bounded random variables by betting",
JRSS B 86 (2024); for forecasters Choe, Ramdas, "Comparing Sequential Forecasters", Operations Research 72 (2024).
Several shares are bet side by side, and the mean of their wealth counts: it is such a wealth itself.

`floor` turns it into a watch that never tires: each wealth begins anew where it has fallen below 1, and the mean passes
a threshold A by chance not more often than once in A examples on average (Shin, Ramdas, Rinaldo, "E-detectors: a
nonparametric framework for sequential change detection", New England Journal of Statistics in Data Science 2, 2024).
"""

from math import exp, log, log1p
from typing import Final

LEAST: Final = 0.005  # of a probability, when losses are compared
RANGE: Final = log((1.0 - LEAST) / LEAST)  # no two losses are further apart
SHARES: Final = tuple([0.9 / RANGE / 2**halvings for halvings in range(6)])


def loss(label: bool, score: float) -> float:
    """Return the log loss of a score, in nats, between 0.005 and 5.3.

    >>> round(loss(True, 0.0), 2)
    5.3
    """
    likely = min(1.0 - LEAST, max(LEAST, score))
    return -log(likely if label else 1.0 - likely)


class Evidence:
    """Log wealth per share that is bet."""

    __slots__ = ("_floor", "wealth")

    def __init__(self, wealth: list[float] | None = None, *, floor: bool = False) -> None:
        """Start with the wealth 1, or go on with log wealths; `floor` makes it a watch for a change to come."""
        self.wealth = [0.0] * len(SHARES) if wealth is None else list(wealth)
        self._floor = floor

    def add(self, saved: float) -> None:
        """Bet on one example, on which the rival saved so much loss (nats, at most `RANGE` either way)."""
        least = 0.0 if self._floor else -1e9
        self.wealth = [
            max(wealth, least) + log1p(share * saved) for share, wealth in zip(SHARES, self.wealth, strict=True)
        ]

    def log_value(self) -> float:
        """Return the log of the mean wealth: promotion asks for log(1/a)."""
        most = max(self.wealth)
        return most + log(sum([exp(wealth - most) for wealth in self.wealth]) / len(self.wealth))
