"""The model "value": a sample of the bank's customers, the numbers fitted to it, and what a customer is worth by them.

Each weekly snapshot tells the trainer how often and when a customer has bought (`models.value`). The trainer keeps one
row a customer, of a sample that is bounded and drawn fairly: those whose ids have the lowest hashes. So it never scans
a table, a customer who is told of again replaces his row, and one who falls silent stays in it, which is what the model
learns leaving from: he would have been told of within a week, had he bought. Rows are learned in the order of maturity
as all examples are, so the same examples give the same numbers.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from math import isfinite, log
from typing import Any, NamedTuple

import numpy as np

from models.clv.bg_nbd import Buying, Past
from models.clv.fit import NotFitted, fit_buying, fit_spending
from models.clv.gamma_gamma import Spending
from models.learning.hashing import Slots
from models.learning.learner import Snapshot, reading
from models.learning.scoring import Scored
from models.policy import Policy
from models.policy.parts import Value
from schemas.profile_worth import Purchases, Worth

MODEL = "value"
WEEK_DAYS = 7.0
KEYS = 2**56  # hashes are below it
_LEAST = 1e-12
_MOST_MINOR = 2**62
_MOST_TENTHS = 2**16 - 1


class Row(NamedTuple):
    """What a snapshot tells of a customer, as of the end of the home day `seen_day`; days are numbers of home days."""

    repeats: float
    first_day: float
    last_day: float
    seen_day: float
    mean_minor: float


class ValueScorer:
    """Says what a customer is worth by one version's numbers; before the first fit it says nothing."""

    __slots__ = ("_buying", "_spending", "examples", "version")

    def __init__(self, buying: Buying | None, spending: Spending | None, version: int, examples: int) -> None:
        """Reckon with these numbers, which were fitted to so many customers (`examples`)."""
        self._buying = buying
        self._spending = spending
        self.version = version
        self.examples = examples

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Say how probable it is that the customer of a `Row` has not left."""
        row = Row(*features)
        alive = 0.5 if self._buying is None else self._buying.alive(_past(row, row.seen_day))
        kept = min(1.0 - _LEAST, max(_LEAST, alive))
        odds = log(kept / (1.0 - kept))
        return Scored(alive, odds, odds, (), self.examples)

    def appraise(self, purchases: Purchases, day: int, value: Value) -> Worth | None:
        """Reckon what one who has bought is worth as of the end of a home day; None before the first fit.

        None, too, where fitted numbers at the edge of what they may be give no finite answer.
        """
        if self._buying is None or self._spending is None:
            return None
        days, first, last, _, _ = purchases
        past = Past(days - 1, (last - first) / WEEK_DAYS, (max(day, last) - first) / WEEK_DAYS)
        expected = self._buying.expected(past, value.horizon_days / WEEK_DAYS)
        spent = self._spending.expected(purchases.repeats, purchases.mean_minor)
        if not (isfinite(expected) and isfinite(spent) and expected >= 0):
            return None
        minor = min(_MOST_MINOR, round(expected * spent * value.margin_share))
        alive = round(1000 * self._buying.alive(past))
        tenths = min(_MOST_TENTHS, round(10 * expected))
        return Worth(day, self.version, alive, tenths, minor, value.band_of(minor))

    def plain(self) -> dict[str, Any]:
        """All that it reckons with, as data."""
        return {"buying": list(self._buying or ()), "spending": list(self._spending or ()), "examples": self.examples}


class ValueLearner:
    """Keeps the sample and fits the numbers to it; see the top of this file."""

    def __init__(self, policy: Policy) -> None:
        """Start with nobody; `policy` says how large the sample is and from how many customers on it is believed."""
        self.examples = 0
        self.refused = 0  # fits that found nothing
        self._policy = policy
        self._rows: dict[int, Row] = {}
        self._edge = KEYS  # nobody with a hash from here on is taken
        self._buying: Buying | None = None
        self._spending: Spending | None = None
        self._fitted_day = -1
        self._customers = 0  # to whom the numbers were fitted

    @property
    def rows(self) -> Mapping[int, Row]:
        """The sample, by the hash of the customer's id."""
        return self._rows

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say how probable it is that the customer of a `Row` has not left."""
        return self.scorer(0).score(features).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Take the row of the customer `about` in place of his last one, or, where `label` is false, take him out."""
        key = _key(about)
        self.examples += 1
        if not label:
            self._rows.pop(key, None)
        elif key < self._edge:
            self._rows[key] = Row(*features)
            if len(self._rows) > self._policy.value.sample:
                self._edge = max(self._rows)
                del self._rows[self._edge]

    def fit(self) -> bool:
        """Find the numbers anew if it is time for it; say whether there are new ones. What fails is in `refused`."""
        day = int(max([row.seen_day for row in self._rows.values()], default=0))
        floor = self._policy.models.floor_examples[MODEL]
        is_time = self._fitted_day < 0 or day - self._fitted_day >= self._policy.value.fit_days
        if not self._rows or len(self._rows) < floor or not is_time:
            return False
        self._fitted_day = day
        try:
            rows = [self._rows[key] for key in sorted(self._rows)]
            self._buying, self._spending = fitted(rows, day, self._policy, self._buying, self._spending)
        except NotFitted:
            self.refused += 1
            return False
        self._customers = len(self._rows)
        return True

    def snapshot(self) -> Snapshot:
        """Give the sample as columns, by hash, and the numbers."""
        keys = sorted(self._rows)
        columns = zip(*[self._rows[key] for key in keys], strict=True) if keys else [()] * len(Row._fields)
        return {
            "examples": self.examples,
            "refused": self.refused,
            "edge": self._edge,
            "keys": keys,
            **{name: list(column) for name, column in zip(Row._fields, columns, strict=True)},
            "fitted_day": self._fitted_day,
            "customers": self._customers,
            "buying": list(self._buying or ()),
            "spending": list(self._spending or ()),
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        with reading():
            columns = [data[name] for name in Row._fields]
            rows = {key: Row(*row) for key, *row in zip(data["keys"], *columns, strict=True)}
            buying, spending = _fits_of(data)
            counts = [int(data[name]) for name in ("examples", "refused", "edge", "fitted_day", "customers")]
        self._rows, self._buying, self._spending = rows, buying, spending
        self.examples, self.refused, self._edge, self._fitted_day, self._customers = counts

    def scorer(self, version: int) -> ValueScorer:
        """Freeze what reckons with the numbers of now."""
        return ValueScorer(self._buying, self._spending, version, self._customers)

    def thawed(self, plain: Mapping[str, Any]) -> ValueScorer:
        """Read a scorer that was told as data and whose shape was checked."""
        return ValueScorer(*_fits_of(plain), 0, plain["examples"])


def _fits_of(told: Mapping[str, Any]) -> tuple[Buying | None, Spending | None]:
    buying = Buying(*told["buying"]) if told["buying"] else None
    return buying, Spending(*told["spending"]) if told["spending"] else None


def fitted(
    rows: Sequence[Row], day: int, policy: Policy, buying: Buying | None = None, spending: Spending | None = None
) -> tuple[Buying, Spending]:
    """Fit both models to customers of whom the last was told on `day`, from the last numbers on. Raises `NotFitted`.

    One who was not told of lately has sent nothing: he is observed up to the week (`snapshot_days`) that is not over.
    """
    known = day - policy.churn.snapshot_days
    pasts = np.array([_past(row, max(row.seen_day, known)) for row in rows])
    bought = np.array([(row.repeats, row.mean_minor) for row in rows if row.repeats > 0 and row.mean_minor > 0])
    if not len(bought):
        raise NotFitted("nobody has paid twice")
    found = fit_buying(pasts[:, 0], pasts[:, 1], pasts[:, 2], buying)
    return found, fit_spending(bought[:, 0], bought[:, 1], spending)


def _past(row: Row, day: float) -> Past:
    return Past(row.repeats, (row.last_day - row.first_day) / WEEK_DAYS, (day - row.first_day) / WEEK_DAYS)


def _key(customer_id: str) -> int:
    return int.from_bytes(blake2b(customer_id.encode(), digest_size=7, person=b"rapport.value").digest())
