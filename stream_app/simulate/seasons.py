"""The bank's calendar: days, hours and paydays, and how much goes on in each.

The bank keeps China Standard Time (UTC+8, no summer time); all times leave here as epoch milliseconds UTC.
"""

from bisect import bisect
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from math import exp
from random import Random

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
OFFSET_MS = 8 * HOUR_MS

_EPOCH = date(1970, 1, 1)
_FIXED_HOLIDAYS = {(1, 1), (4, 4), (4, 5), (4, 6), *((5, d) for d in range(1, 6)), *((10, d) for d in range(1, 8))}
_SPRING_FESTIVALS = (
    (date(2025, 1, 28), date(2025, 2, 4)),
    (date(2026, 2, 15), date(2026, 2, 23)),
    (date(2027, 2, 5), date(2027, 2, 11)),
)


def _curve(weights: Sequence[float]) -> tuple[float, ...]:
    total = sum(weights)
    return tuple(accumulate(weight / total for weight in weights))


# Weight of each hour of the day, from midnight on.
SHOPPING = _curve((1, 1, 0, 0, 0, 1, 2, 6, 8, 7, 8, 12, 16, 10, 8, 8, 9, 12, 16, 17, 14, 10, 6, 3))
DIGITAL = _curve((3, 1, 1, 0, 0, 1, 4, 9, 11, 10, 9, 9, 13, 9, 8, 8, 8, 9, 10, 12, 15, 16, 12, 6))
OFFICE = _curve((0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 18, 12, 6, 9, 14, 14, 9, 0, 0, 0, 0, 0, 0, 0))
MORNING = _curve((0, 0, 0, 0, 0, 0, 1, 2, 6, 8, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the bank: `index` counts from the first simulated day, factors are around 1."""

    index: int
    date: date
    start_ms: int
    workday: bool
    shopping: float
    digital: float
    office: float

    @property
    def end_ms(self) -> int:
        """The first millisecond of the next day."""
        return self.start_ms + DAY_MS


def start_of(day: date) -> int:
    """Midnight of a date at the bank, in epoch milliseconds."""
    return (day - _EPOCH).days * DAY_MS - OFFSET_MS


def is_workday(day: date) -> bool:
    """Whether the bank's offices are open and salaries are paid."""
    if day.weekday() >= 5 or (day.month, day.day) in _FIXED_HOLIDAYS:
        return False
    return not any(first <= day <= last for first, last in _SPRING_FESTIVALS)


def bank_day(start: date, index: int) -> Day:
    """Return the day `index` days after the start, with its season."""
    today = start + timedelta(days=index)
    workday = is_workday(today)
    month = {1: 1.08, 2: 0.95, 6: 1.05, 11: 1.18, 12: 1.12}.get(today.month, 1.0)
    payday_week = 1.12 if today.day <= 3 or 15 <= today.day <= 18 else 1.0
    return Day(
        index=index,
        date=today,
        start_ms=start_of(today),
        workday=workday,
        shopping=month * payday_week * (1.0 if workday else 1.3),
        digital=1.0 if workday else 0.85,
        office=(1.25 if today.weekday() == 0 else 1.0) if workday else (0.3 if today.weekday() == 5 else 0.0),
    )


def pay_date(year: int, month: int, day_of_month: int) -> date:
    """Return the working day of a monthly payment: the nominal day, or the last working day before it."""
    paid = date(year, month, min(day_of_month, monthrange(year, month)[1]))
    while not is_workday(paid):
        paid -= timedelta(days=1)
    return paid


def is_pay_day(today: date, day_of_month: int) -> bool:
    """Whether a monthly amount with this nominal day is paid today (the shift may cross the month's start)."""
    if pay_date(today.year, today.month, day_of_month) == today:
        return True
    following = today.replace(day=28) + timedelta(days=4)
    return pay_date(following.year, following.month, day_of_month) == today


def falls_due(today: date, day_of_month: int) -> bool:
    """Whether a bill with this nominal day (1 to 28) is due today."""
    return today.day == day_of_month


def moment(rng: Random, day: Day, curve: tuple[float, ...]) -> int:
    """Draw a time of that day from a curve over its hours."""
    hour = min(bisect(curve, rng.random()), 23)
    return day.start_ms + hour * HOUR_MS + int(rng.random() * HOUR_MS)


def poisson(rng: Random, mean: float) -> int:
    """Draw a Poisson number (Knuth's product of uniforms, in slices of 30 so that the limit does not underflow)."""
    count = 0
    while mean > 0.0:
        limit, product = exp(-min(mean, 30.0)), rng.random()
        while product > limit:
            count += 1
            product *= rng.random()
        mean -= 30.0
    return count


def iso(at_ms: int, *, utc: bool = False) -> str:
    """RFC 3339 text of a time, at the bank's offset or in UTC.

    >>> iso(0)
    '1970-01-01T08:00:00.000+08:00'
    >>> iso(0, utc=True)
    '1970-01-01T00:00:00.000Z'
    """
    days, rest = divmod(at_ms if utc else at_ms + OFFSET_MS, DAY_MS)
    text = _date_text(days)
    seconds, millis = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{text}T{hour:02d}:{minute:02d}:{second:02d}.{millis:03d}{'Z' if utc else '+08:00'}"


@lru_cache(maxsize=1_000)
def _date_text(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).isoformat()


def start_for_live(now_ms: int, days: int) -> date:
    """Return the start that lets a simulated period of `days` days end with the last midnight before now.

    Simulated times then never lie ahead of the broker's clock (`future`: docs/rules.md, 2).
    """
    today = datetime.fromtimestamp((now_ms + OFFSET_MS) / 1000, UTC).date()
    return today - timedelta(days=days)
