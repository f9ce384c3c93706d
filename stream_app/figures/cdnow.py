"""The figures of CDNOW beside the published ones: `make figures ARGS=clv` (Fader, Hardie, Lee 2005; data: MIT).

The sample's 2,357 customers go through load and the core as any transactions do; what is fitted is what their profiles
say at the end of 39 weeks, and the next 39 weeks are what came of it. RAPPORT_SHARED_DATA names the folder of the data.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.clv.bg_nbd import Buying, Column, Past
from models.clv.fit import fit_buying, fit_spending
from models.clv.gamma_gamma import Spending
from models.clv.model import WEEK_DAYS
from models.rings.windows import home_day
from schemas.profile_worth import Purchases
from schemas.times import parse_rfc3339
from stream_app.figures.played_file import PlayedFile

MAPPING, FILE = "cdnow_sample.toml", ("cdnow", "CDNOW_sample.txt")
LAST_DAY, END = "1997-09-30T23:59:59Z", "1998-06-30T23:59:59Z"
HOLDOUT_WEEKS = 39
PUBLISHED: Mapping[str, float] = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "log_likelihood": -9582.4}


class Base(NamedTuple):
    """What the profiles say of the customers after 39 weeks (weeks, dollars), and their purchases in the next 39."""

    repeats: Column
    recency: Column
    age: Column
    mean: Column
    came_true: Column


class Judged(NamedTuple):
    """The numbers found, and how well they foresaw the holdout."""

    base: Base
    buying: Buying
    spending: Spending
    log_likelihood: float
    foreseen: Column


def purchases_until(data: Path, last_day: str) -> dict[str, Purchases]:
    """Play the sample's transactions up to a time; what the profiles say. Raises `FileNotFoundError`."""
    played = PlayedFile(data.joinpath(*FILE), MAPPING, "USD")
    for _ in played.rows(parse_rfc3339(last_day)):
        pass
    return {customer: profile.purchases for customer, profile in sorted(played.profiles.items())}


def base_of(calibration: Mapping[str, Purchases], whole: Mapping[str, Purchases]) -> Base:
    """Make columns of what the profiles said at the two times."""
    today = home_day(parse_rfc3339(LAST_DAY) - 86_399_000)
    rows = [
        (
            past.repeats,
            (past.last_day - past.first_day) / WEEK_DAYS,
            (today - past.first_day) / WEEK_DAYS,
            past.mean_minor / 100,
            whole[customer].days - past.days,
        )
        for customer, past in calibration.items()
    ]
    return Base(*np.array(rows, dtype=np.float64).T)


def judged(data: Path) -> Judged:
    """Fit to the first 39 weeks and foresee the next. Raises `FileNotFoundError` without the data."""
    base = base_of(purchases_until(data, LAST_DAY), purchases_until(data, END))
    buying = fit_buying(base.repeats, base.recency, base.age)
    paid = base.mean > 0
    spending = fit_spending(base.repeats[paid], base.mean[paid])
    pasts = [Past(*map(float, row)) for row in zip(base.repeats, base.recency, base.age, strict=True)]
    foreseen = np.array([buying.expected(past, HOLDOUT_WEEKS) for past in pasts])
    likelihood = buying.log_likelihood(base.repeats, base.recency, base.age)
    return Judged(base, buying, spending, likelihood, foreseen)


def tracking(found: Judged) -> dict[str, tuple[float, str, float]]:
    """Hold what was foreseen for the holdout against what came: value, unit, and the figure to compare with."""
    true, foreseen = found.base.came_true, found.foreseen
    naive = found.base.repeats / np.maximum(found.base.age, 1 / WEEK_DAYS) * HOLDOUT_WEEKS
    return {
        "cdnow_holdout_purchases": (float(foreseen.sum()), "days with a repeat purchase", float(true.sum())),
        "cdnow_holdout_correlation": (_correlation(foreseen, true), "r", _correlation(naive, true)),
        "cdnow_holdout_error": (_error(foreseen, true), "purchases a customer, mean absolute", _error(naive, true)),
    }


def _correlation(one: Column, other: Column) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def _error(one: Column, other: Column) -> float:
    return float(np.mean(np.abs(one - other)))
