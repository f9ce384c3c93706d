"""The figures of CDNOW beside the published ones: `make figures ARGS=clv` (Fader, Hardie, Lee 2005; data: MIT).

The sample's 2,357 customers go through load and the core as any transactions do; what is fitted is what their profiles
say at the end of 39 weeks, and the next 39 weeks are what came of it. RAPPORT_SHARED_DATA names the folder of the data.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from models.clv import Buying, Column, Past
from models.clv_fit import fit_buying, fit_spending
from models.clv_spend import Spending
from models.policy import load_policy
from models.sentiment import Sentiment
from models.value_model import WEEK_DAYS
from models.windows import home_day
from schemas.profile_worth import Purchases
from schemas.times import parse_rfc3339
from stream_app.load import convert, key_of
from stream_app.local import Line, LocalRuntime
from stream_app.mapping import load_mapping
from stream_app.settings import CHECKOUT, Settings

MAPPING = CHECKOUT / "deploy" / "mappings" / "cdnow_sample.toml"
FILE = ("cdnow", "CDNOW_sample.txt")
LAST_DAY, END = "1997-09-30T23:59:59Z", "1998-06-30T23:59:59Z"
HOLDOUT_WEEKS = 39
# Customers who send nothing are graded monthly here, not weekly: nothing of this hangs on it, and it is half the time.
POLICY: Mapping[str, Mapping[str, Any]] = {"bank": {"home_currency": "USD"}, "tags": {"again_after_days": 30}}
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
    path, until = data.joinpath(*FILE), parse_rfc3339(last_day)
    if not path.exists():
        raise FileNotFoundError(2, "no such file", str(path))
    settings = Settings.load()
    runtime = LocalRuntime(
        load_policy(settings.policy_dir, POLICY),
        partitions=settings.partitions,
        seed=settings.seed,
        learning=False,
        analyse=_no_texts,
        on_effect=lambda _effect: None,
        on_dead_letter=_stop,
    )
    for number, (topic, event) in enumerate(convert(path, load_mapping(MAPPING)), 1):
        if parse_rfc3339(event["occurred_at"]) <= until:
            runtime.take(Line(topic, orjson.dumps(event), key_of(topic, event).encode()), number)
    profiles = runtime.tables["profiles"].values
    return {customer: profile.purchases for customer, profile in sorted(profiles.items())}


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


def _no_texts(_text: str, _language: str | None) -> Sentiment:
    raise AssertionError("purchases have no text")


def _stop(letter: object) -> None:
    raise ValueError(f"a row became a dead letter: {letter}")
