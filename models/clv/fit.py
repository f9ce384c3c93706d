"""The numbers of a customer base by maximum likelihood: BG/NBD from many pasts, Gamma-Gamma from many means.

The search is over logarithms, so that nothing becomes negative, in units in which the data are about 1, by L-BFGS-B
with the exact gradient and from several starts; the best end counts. What stands at a limit is told, not hidden: in a
bank where nobody leaves, `a` has nothing to hold on to.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize, special

from models.clv.bg_nbd import Buying, Column, terms
from models.clv.gamma_gamma import Spending

LEAST, MOST = 1e-3, 100.0  # of what a search may find, where the data are about 1
LEAST_TAIL = 0.05  # of q - 1: at q = 1 the mean of all is infinite
_BUYING_STARTS = ((0.25, 0.25, 0.5, 2.0), (1.0, 1.0, 1.0, 1.0), (2.0, 0.5, 0.1, 5.0))
_SPENDING_LEAST = (LEAST, LEAST_TAIL, LEAST)
_SPENDING_STARTS = ((5.0, 3.0, 0.5), (1.0, 1.0, 1.0))

Loss = Callable[[Column], tuple[float, Column]]


class NotFitted(ValueError):
    """No numbers could be found; the message says what was wrong with the data or with the search."""


def fit_buying(repeats: Column, recency: Column, age: Column, near: Buying | None = None) -> Buying:
    """Find r, alpha, a, b (in the unit of `recency` and `age`). Raises `NotFitted`.

    `near` are the numbers of last time: starting from them, one further start is enough.
    """
    _check(repeats, recency, age)
    if np.any((recency < 0) | (recency > age)) or np.any((repeats == 0) & (recency > 0)):
        raise NotFitted("recency lies between 0 and age, and is 0 without a repeat purchase")
    if not np.any(repeats > 0):
        raise NotFitted("nobody has bought twice: nothing says how often they do")
    unit = float(np.max(age))
    count = len(repeats)
    recency, age = recency / unit, age / unit

    def loss(logs: Column) -> tuple[float, Column]:
        r, alpha, a, b = map(float, np.exp(logs))
        likelihood, left = terms(Buying(r, alpha, a, b), repeats, recency, age)
        x, psi = repeats, special.digamma
        stay = 1.0 - left
        common = psi(a + b) - psi(a + b + x)
        # Where x is 0 nobody can have left: the weight is 0, and 1 stands for the divisor.
        chance = np.where(x > 0, b + x - 1.0, 1.0)
        slope = (
            r * (psi(r + x) - psi(r) + np.log(alpha) - stay * np.log(alpha + age) - left * np.log(alpha + recency)),
            r - alpha * (r + x) * (stay / (alpha + age) + left / (alpha + recency)),
            a * (common + left / a),
            b * (common + psi(b + x) - psi(b) - left / chance),
        )
        return -float(np.mean(likelihood)), -np.array([float(np.sum(part)) for part in slope]) / count

    last = near and near._replace(alpha=near.alpha / unit)
    r, alpha, a, b = _search(loss, _BUYING_STARTS if last is None else (last, _BUYING_STARTS[0]))
    return Buying(r, alpha * unit, a, b)


def fit_spending(repeats: Column, mean: Column, near: Spending | None = None) -> Spending:
    """Find p, q, v (in the unit of `mean`) of customers with repeat purchases; `near` as above. Raises `NotFitted`."""
    _check(repeats, mean)
    if np.any((repeats <= 0) | (mean <= 0)):
        raise NotFitted("each customer has repeat purchases of more than nothing")
    unit = float(np.average(mean, weights=repeats))
    count = len(repeats)
    mean = mean / unit

    def loss(logs: Column) -> tuple[float, Column]:
        p, tail, v = map(float, np.exp(logs))
        q, x, psi = 1.0 + tail, repeats, special.digamma
        total = x * mean
        slope = (
            p * x * (psi(p * x + q) - psi(p * x) + np.log(total) - np.log(total + v)),
            tail * (psi(p * x + q) - psi(q) + np.log(v) - np.log(total + v)),
            q - (p * x + q) * v / (total + v),
        )
        found = Spending(p, q, v).log_likelihood(x, mean)
        return -found / count, -np.array([float(np.sum(part)) for part in slope]) / count

    last = near and (near.p, near.q - 1.0, near.v / unit)
    p, tail, v = _search(loss, _SPENDING_STARTS if last is None else (last, _SPENDING_STARTS[0]), _SPENDING_LEAST)
    return Spending(p, 1.0 + tail, v * unit)


def _check(*columns: Column) -> None:
    if len({len(column) for column in columns}) != 1 or not len(columns[0]):
        raise NotFitted("every column tells of the same customers, at least one")
    if not all(np.all(np.isfinite(column)) and np.all(column >= 0) for column in columns):
        raise NotFitted("no number is negative or infinite")
    if not np.max(columns[-1]) > 0:
        raise NotFitted("the last column is all nought")


def _search(loss: Loss, starts: Sequence[Sequence[float]], least: Sequence[float] = (LEAST,) * 4) -> tuple[float, ...]:
    limits = [(np.log(low), np.log(MOST)) for low in least[: len(starts[0])]]
    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-9}
    ends = [
        optimize.minimize(
            loss,
            np.clip(np.log(start), *np.transpose(limits)),
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options=options,
        )
        for start in starts
    ]
    found = [end for end in ends if np.isfinite(end.fun) and _is_flat(loss, end.x, limits)]
    if not found:
        raise NotFitted(f"the search did not end: {ends[0].message}")
    return tuple(map(float, np.exp(min(found, key=lambda end: end.fun).x)))


def _is_flat(loss: Loss, at: Column, limits: Sequence[tuple[float, float]]) -> bool:
    """Whether no step within the limits would gain more than nearly nothing, whatever the search says of itself."""
    slope = loss(at)[1]
    low, high = np.array(limits).T
    step = np.clip(at - slope, low, high) - at
    return bool(np.max(np.abs(step)) < 1e-4)
