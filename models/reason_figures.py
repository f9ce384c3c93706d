"""What the models' features say in the units that people think in, and how such a figure is written.

A feature is a log, a share or a flag, kept to three digits (`models.features`); a reason quotes days, yuan, a number of
logins. Figures are rounded for people: amounts to two digits, shares to whole percent, times to whole days.
"""

from collections.abc import Callable, Mapping, Sequence
from math import expm1, floor, log1p, log10
from typing import Literal, NamedTuple

from models.features import FEATURES, LONG_AGO_DAYS

PLACE: Mapping[str, int] = {name: place for place, name in enumerate(FEATURES)}
Values = Sequence[float]


class Unit(NamedTuple):
    """How a feature's value becomes a figure and back, what texts call the figure, and whether it is a whole number.

    Between `least` and `most` every figure has a value, which rises with it: only there may policy move it.
    """

    name: str
    figure: Callable[[float], float]
    value: Callable[[float], float]
    whole: bool = False
    least: float = 0.0
    most: float = 0.0


def _same(number: float) -> float:
    return number


def _since(value: float) -> float:
    return 30 / value - 30 if value else LONG_AGO_DAYS  # what never was is as long ago as anything can be


YUAN = Unit("amount", expm1, log1p, most=1e6)
DAYS = Unit("days", expm1, log1p, whole=True, most=LONG_AGO_DAYS)
COUNT = Unit("count", expm1, log1p, whole=True, most=1e4)
PLAIN_COUNT = Unit("count", _same, _same, whole=True, most=1e4)
PERCENT = Unit("percent", lambda share: 100 * share, lambda percent: percent / 100, least=-100.0, most=100.0)
SINCE = Unit("days", _since, lambda days: 30 / (30 + days), whole=True)  # falls as days go by, which nobody can stop
RATING = Unit("rating", lambda value: 5 + 5 * value, lambda rating: rating / 5 - 1, most=10.0)
MOOD = Unit("mood", _same, _same, least=-1.0, most=1.0)
YEARS = Unit("years", lambda value: 45 + 10 * value, lambda years: (years - 45) / 10, whole=True)
FLAG = Unit("flag", _same, _same, whole=True)
LEVEL = Unit("level", _same, _same)

UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(("aum", "credit_30d", "debit_30d"), YUAN),
    **dict.fromkeys(("aum_to_high", "transfer_share", "cash_share", "branch_share", "digital_share"), PERCENT),
    **dict.fromkeys(("net_flow_7d", "net_flow_30d"), PERCENT),
    **dict.fromkeys(("debit_trend_month", "count_trend_month", "login_trend_month"), LEVEL),
    **dict.fromkeys(("investments_63d", "fees_30d", "declined_30d", "logins_7d", "logins_30d"), COUNT),
    **dict.fromkeys(("service_30d", "visits_30d", "open_complaints", "products"), COUNT),
    **dict.fromkeys(("days_since_activity", "days_since_login", "salary_late_days"), DAYS),
    **dict.fromkeys(("complaint_age_days", "tenure_days"), DAYS),
    **dict.fromkeys(("has_salary", "holds_investments"), FLAG),
    "complaint_recent": SINCE,
    "last_rating": RATING,
    "mood": MOOD,
    "age": YEARS,
    "offers_14d": PLAIN_COUNT,
}
# Trends are told as what was this month and what is usual in one: the month's own figure is a feature, too.
MONTH_OF: Mapping[str, str] = {"debit_trend_month": "debit_30d", "login_trend_month": "logins_30d"}
SENTINELS = frozenset({"days_since_activity", "days_since_login"})  # the most that they can be is said of "never", too
USUAL_DAYS = 63  # who is shorter with us has no usual month

Case = Literal["name", "never", "none", "less", "said"]
_STEP_DAYS = 2  # how far off a float16 of so long a time may be


def figure_names(feature: str) -> frozenset[str]:
    """Name the figures that a text about this feature may quote; none where the feature is no number for people."""
    unit = UNITS.get(feature)
    if unit is None or unit is FLAG:
        return frozenset()
    if unit is LEVEL:
        return frozenset({"recent", "usual"}) if feature in MONTH_OF else frozenset()
    return frozenset({unit.name})


def moved_by(feature: str) -> Unit | None:
    """Give the unit in which a feature's figure could be moved; None where none could be, or nobody could move it."""
    unit = UNITS.get(feature)
    return unit if unit is not None and unit.least < unit.most else None


def case_of(feature: str, values: Values, language: str) -> Case:
    """Tell which sentence is true of a feature (of all `values`), beside its figures written in `language`."""
    value, unit = values[PLACE[feature]], UNITS[feature]
    known_days = expm1(values[PLACE["tenure_days"]])
    if unit is LEVEL and round(known_days) < USUAL_DAYS:
        return "name"
    if feature in MONTH_OF and value:
        month = figures(feature, values, language)
        if month["recent"] == month["usual"]:
            return "none"
    if feature in SENTINELS and _is_long_ago(unit.figure(value)) and not _is_long_ago(known_days):
        return "never"
    if not value:
        return "none"
    return "less" if value < 0.0 else "said"


def _is_long_ago(days: float) -> bool:
    return round(days) >= LONG_AGO_DAYS - _STEP_DAYS


def figures(feature: str, values: Values, language: str) -> dict[str, str]:
    """Write the figures of a feature (of all `values`, in the order of `FEATURES`) as a text in `language` quotes them.

    >>> values = [0.0] * len(FEATURES)
    >>> values[PLACE["salary_late_days"]] = 2.302  # log of 1 + 9 days
    >>> figures("salary_late_days", values, "en"), figures("salary_late_days", values, "zh")
    ({'days': '9 days'}, {'days': '9 天'})
    """
    value, unit = values[PLACE[feature]], UNITS[feature]
    if unit is LEVEL:
        return _month(feature, value, values, language) if feature in MONTH_OF else {}
    if unit is FLAG or (unit is SINCE and not value):
        return {}
    number = abs(unit.figure(value)) if unit is PERCENT else unit.figure(value)
    return {unit.name: written(unit, number, language)}


def _month(feature: str, trend: float, values: Values, language: str) -> dict[str, str]:
    """Undo the log ratio of daily rates: what the month brought, and what nine weeks bring in a month."""
    month = MONTH_OF[feature]
    recent = expm1(values[PLACE[month]])
    usual = max(0.0, 30 * ((1 + recent / 30) / (1 + expm1(trend)) - 1))
    unit = UNITS[month]
    return {"recent": written(unit, recent, language), "usual": written(unit, usual, language)}


def written(unit: Unit, number: float, language: str) -> str:
    """Write a figure as people do in `language` (`zh`; anything else reads English)."""
    if unit is YUAN:
        return _amount(number, language)
    if unit is DAYS or unit is SINCE:
        return _days(number, language)
    if unit is PERCENT:
        return "<1%" if 0 < number < 0.5 else f"{number:.0f}%"
    return f"{number:.0f}" if unit.whole else f"{number:.1f}"


def _amount(number: float, language: str) -> str:
    """Round to two digits: a logarithm of three digits knows no more.

    >>> _amount(123_456, "en"), _amount(123_456, "zh"), _amount(180_000_000, "zh"), _amount(860, "zh")
    ('120,000', '12万', '1.8亿', '860')
    """
    rounded = round(number, 1 - floor(log10(number))) if number >= 1 else 0.0
    if language == "zh":
        for size, name in ((100_000_000, "亿"), (10_000, "万")):
            if rounded >= size:
                return f"{rounded / size:g}{name}"
    return f"{rounded:,.0f}"


def _days(number: float, language: str) -> str:
    """Write whole days with their unit; beyond what a feature can tell it is "or more".

    >>> _days(1.2, "en"), _days(0.2, "zh"), _days(399.9, "en")
    ('1 day', '不到 1 天', '400 days or more')
    """
    days, chinese = round(number), language == "zh"
    if _is_long_ago(number):
        return f"{LONG_AGO_DAYS:.0f} 天以上" if chinese else f"{LONG_AGO_DAYS:.0f} days or more"
    if number and not days:
        return "不到 1 天" if chinese else "less than a day"
    if chinese:
        return f"{days} 天"
    return f"{days} day" if days == 1 else f"{days} days"
