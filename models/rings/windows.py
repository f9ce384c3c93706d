"""Bucket rings by event time: how a customer's last hour, day, week, month and nine weeks are counted.

An event is added to its bucket in each of four rings: 12 of 5 minutes, 24 of an hour, 31 of a (home) day, 10 of a week.
A bucket is a sparse map of small cell numbers to integers, packed as msgpack: counts and sums only, so the order in
which events come cannot show. A late event goes into the bucket of its own time while the ring still holds it, counted
from the customer's highest event time; what is older is left out of the windows (not of the totals).

The days of the last month are not told twice: a day that the day ring lets go of is added to its week, so the week ring
holds only what is older, and nine weeks are read as the old weeks and all days together.

Cells hold *marginals* (direction and kind, channel, activity), not the full cross. A transaction's cell is its kind and
direction together, because nearly every kind has one direction: the marginal by direction comes for free.

Here the rings are read; what an event adds to them is `models.rings.counting`'s affair.
"""

from bisect import bisect_left
from functools import lru_cache
from math import sqrt
from typing import Literal, NamedTuple

from models.rings.cells import (
    ACTIVITIES,
    CHANNELS,
    DEBITS_OF_NOTHING,
    DECLINED,
    DIRECTIONS,
    KINDS,
    LOG_SUM,
    SMALL_CARDS,
    SUMS,
    USUAL_LOG,
    Cells,
    squares_of,
)
from schemas.profile import Profile, Tally
from schemas.ring import read
from schemas.times import to_rfc3339

Direction = Literal["credit", "debit"]
Span = Literal["1h", "24h", "7d", "30d", "63d"]
What = Literal["login", "failed_login", "visit", "service"]

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
HOME_OFFSET_MS = 8 * HOUR_MS  # home time is UTC+8 all year round


class Shape(NamedTuple):
    """One ring's shape: bucket width, number of buckets, and the bytes that its buckets may fill together."""

    width_ms: int
    size: int
    budget: int
    offset_ms: int


# What a thinned bucket needs at most (see `cells.thin`), times the buckets, is below each budget: thinning always ends.
MINUTES = Shape(5 * MINUTE_MS, 12, 12 * 46, 0)
HOURS = Shape(HOUR_MS, 24, 24 * 44, 0)
# One day and one week more than a window holds: those that end with yesterday are whole when today has begun.
DAYS = Shape(DAY_MS, 31, 31 * 64, HOME_OFFSET_MS)
WEEKS = Shape(7 * DAY_MS, 10, 10 * 72, HOME_OFFSET_MS)

_SPANS: dict[str, tuple[str, Shape, int]] = {
    "1h": ("minutes", MINUTES, 12),
    "24h": ("hours", HOURS, 24),
    "7d": ("days", DAYS, 7),
    "30d": ("days", DAYS, 30),
    "63d": ("weeks", WEEKS, 9),
}


_DEBITS = frozenset(range(DIRECTIONS["debit"], DECLINED, 2))


class Usual(NamedTuple):
    """What amounts are usual for this customer: mean and deviation of log10(minor units) over `count` debits."""

    count: int = 0  # type: ignore[assignment] # hides tuple.count, which nobody wants of it
    mean_log: float = 0.0
    deviation_log: float = 0.0


def home_day(at_ms: int) -> int:
    """Return the number of the bank's day (UTC+8) that `at_ms` falls on."""
    return (at_ms + HOME_OFFSET_MS) // DAY_MS


def home_day_start_ms(day: int) -> int:
    """When the bank's day number `day` begins (epoch ms)."""
    return day * DAY_MS - HOME_OFFSET_MS


def home_date(at_ms: int) -> str:
    """Write the bank's day that `at_ms` falls on, as people are told it.

    >>> home_date(0), home_date(16 * HOUR_MS)
    ('1970-01-01', '1970-01-02')
    """
    return to_rfc3339(at_ms + HOME_OFFSET_MS)[:10]


def flow(profile: Profile, direction: Direction, span: Span, at_ms: int) -> Tally:
    """Sum up the booked money (home currency) of one direction within `span`, the bucket of `at_ms` included."""
    return _tally(window(profile, span, at_ms), range(DIRECTIONS[direction], DECLINED, 2))


def of_kind(profile: Profile, kind: str, span: Span, at_ms: int) -> Tally:
    """Sum up the booked transactions of one kind within `span`, both directions (home currency)."""
    return _tally(window(profile, span, at_ms), range(KINDS[kind], KINDS[kind] + 2))


def small_cards(profile: Profile, minutes: int, at_ms: int) -> int:
    """Count the small card payments of the last `minutes` (at most 60, in whole buckets of 5, each up to 127)."""
    number = min(MINUTES.size, -(-minutes // 5))
    return _last(profile.rings.minutes, MINUTES, number, at_ms).get(SMALL_CARDS, 0)


def moments_with(profile: Profile, at_ms: int, minutes: int) -> range:
    """List a moment in each 5 minutes whose last `minutes` (at most 60) hold an event at `at_ms`, as far as was seen.

    Of an event that came in order it is the event's own; one that came late may be what made a later window full.
    """
    width_ms = MINUTES.width_ms
    later = min(profile.last_seen_ms // width_ms - at_ms // width_ms, -(-minutes // 5) - 1)
    return range(at_ms, at_ms + later * width_ms + 1, width_ms)


def declined(profile: Profile, span: Span, at_ms: int) -> int:
    """Count the declined transactions (any currency) within `span`."""
    return window(profile, span, at_ms).get(DECLINED, 0)


def activity(profile: Profile, what: What, span: Span, at_ms: int) -> int:
    """Count the interactions within `span`: good logins, failed ones, visits, or all others ("service")."""
    return window(profile, span, at_ms).get(ACTIVITIES[what], 0)


def by_channel(profile: Profile, channel: str, span: Literal["7d", "30d", "63d"], at_ms: int) -> int:
    """Count the transactions and interactions through one channel within `span`."""
    return window(profile, span, at_ms).get(CHANNELS[channel], 0)


def usual_amount(profile: Profile, at_ms: int) -> Usual:
    """Sum up the debits of the days before that of `at_ms` (29 at most)."""
    count, total, squares = 0, 0, 0
    ages, told = read(profile.rings.days, home_day(at_ms))
    for cells in told[bisect_left(ages, 1) : bisect_left(ages, 30)]:
        count += sum([cells[cell] for cell in _DEBITS & cells.keys()]) - cells.get(DEBITS_OF_NOTHING, 0)
        total += cells.get(LOG_SUM, 0)
        squares += squares_of(cells)
    if not count:
        return Usual()
    mean = total / count
    return Usual(count, USUAL_LOG + mean / 100, sqrt(max(0.0, squares / count - mean * mean)) / 100)


def nine_weeks(today: int) -> tuple[int, int]:
    """Say how many weeks, and how many days of theirs, make up the nine weeks that end with day number `today`.

    Both rings are to be read: a day is told by the day ring as long as that has it, and by its week from then on.
    """
    return 9, today - 7 * (today // 7 - 8) + 1


def window(profile: Profile, span: Span, at_ms: int) -> Cells:
    """Add up all cells of a span; the answer may be shared and is not to be changed."""
    name, shape, number = _SPANS[span]
    if shape is not WEEKS:
        return _last(getattr(profile.rings, name), shape, number, at_ms)
    today = home_day(at_ms)
    weeks, days = nine_weeks(today)
    total = _sum_of(profile.rings.weeks, today // 7, weeks).copy()
    for cell, value in _sum_of(profile.rings.days, today, days).items():
        total[cell] = total.get(cell, 0) + value
    return total


def _last(ring: bytes, shape: Shape, number: int, at_ms: int) -> Cells:
    return _sum_of(ring, (at_ms + shape.offset_ms) // shape.width_ms, number)


@lru_cache(maxsize=256)  # rules, tags and features of one step ask for the same few windows again and again
def _sum_of(ring: bytes, now: int, number: int) -> Cells:
    """Add up the cells of the last `number` buckets up to and with `now`."""
    ages, told = read(ring, now)
    total: Cells = {}
    for bucket in told[bisect_left(ages, 0) : bisect_left(ages, number)]:
        for cell, value in bucket.items():
            total[cell] = total.get(cell, 0) + value
    return total


def _tally(found: Cells, cells: range) -> Tally:
    return Tally(sum([found.get(cell, 0) for cell in cells]), sum([found.get(cell + SUMS, 0) for cell in cells]))
