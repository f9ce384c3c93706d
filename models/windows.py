"""Bucket rings by event time: how a customer's last hour, day, week, month and nine weeks are counted.

An event is added to its bucket in each of four rings: 12 of 5 minutes, 24 of an hour, 31 of a (home) day, 10 of a week.
A bucket is a sparse map of small cell numbers to integers, packed as msgpack: counts and sums only, so the order in
which events come cannot show. A late event goes into the bucket of its own time while the ring still holds it, counted
from the customer's highest event time; what is older is left out of the windows (not of the totals).

The days of the last month are not told twice: a day that the day ring lets go of is added to its week, so the week ring
holds only what is older, and nine weeks are read as the old weeks and all days together.

Cells hold *marginals* (direction and kind, channel, activity), not the full cross. A transaction's cell is its kind and
direction together, because nearly every kind has one direction: the marginal by direction comes for free.

Each ring has a budget of bytes. A customer so busy that a ring is over its budget keeps the directions of the oldest
buckets and loses their kinds and channels; flows, activities and usual amounts stay exact.

Sums are in minor units of the home currency, and so are the counts of booked transactions. Declined ones are counted
whatever their currency, and so are small card payments: in five minutes the sum of all would hide them behind a large
one, and a count needs no rate of exchange.
"""

from bisect import bisect_left
from functools import lru_cache
from math import log10, sqrt
from typing import Literal, NamedTuple

from models.cells import (
    ACTIVITIES,
    CHANNELS,
    DEBITS_OF_NOTHING,
    DECLINED,
    DIRECTIONS,
    KINDS,
    LOG_SUM,
    OF_DAYS_ONLY,
    SMALL_CARDS,
    SUMS,
    Cells,
    pack,
    squares_of,
    sum_into,
    thin,
    unpack,
)
from schemas.profile import Profile, Rings, Tally
from schemas.ring import begun, buckets_before, buckets_of, has, most_cell_bytes, newest_of, read, ring_of, with_newest

Direction = Literal["credit", "debit"]
Span = Literal["1h", "24h", "7d", "30d", "63d"]
What = Literal["login", "failed_login", "visit", "service"]

NOTHING: Cells = {}  # never written to

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
HOME_OFFSET_MS = 8 * HOUR_MS  # home time is UTC+8 all year round

_USUAL_LOG = 4  # of 100.00 in minor units


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


# ---------------------------------------------------------------------------------------------------------- writing


def transaction_cells(kind: str, direction: str, minor: int, *, status: str) -> Cells:
    """Say what a transaction in home currency adds to every ring (contract-rules 14: booked, declined, reversed).

    A declined one adds the same in any currency.
    """
    if status == "declined":
        return {DECLINED: 1}
    cell = KINDS.get(kind, KINDS["other"]) + DIRECTIONS[direction]
    if status == "reversed":
        return {cell + SUMS: -minor}
    return {cell: 1, cell + SUMS: minor}


def amount_cells(minor: int) -> Cells:
    """Say what a booked debit adds to its day's moments of log-amounts; they are as many as the day's debits.

    Integers, so that order cannot show: hundredths of log10, counted from 100.00 because small numbers pack small.
    """
    if minor <= 0:
        return {DEBITS_OF_NOTHING: 1}
    return {LOG_SUM: round(100 * (log10(minor) - _USUAL_LOG))}


def activity_cells(what: What) -> Cells:
    """Say what an interaction adds to every ring."""
    return {ACTIVITIES[what]: 1}


def small_card_cells() -> Cells:
    """Say what a small card payment adds to the ring of minutes."""
    return {SMALL_CARDS: 1}


def channel_cells(channel: str) -> Cells:
    """Say what any use of a channel adds to days and weeks."""
    return {CHANNELS.get(channel, CHANNELS["other"]): 1}


def add(
    rings: Rings, at_ms: int, highest_ms: int, *, cells: Cells, channel: Cells, amount: Cells, burst: Cells = NOTHING
) -> Rings:
    """Rings with the cells added at `at_ms`, where a ring still holds that time seen from `highest_ms`.

    `cells` go into every ring, `channel` into days and weeks, `amount` into days, `burst` into minutes.
    """
    minutes, hours, days, weeks = rings
    if not cells:
        return Rings(_added(minutes, MINUTES, at_ms, highest_ms, burst), hours, days, weeks)
    by_day, today = cells | channel, home_day(highest_ms)
    if home_day(at_ms) <= today - DAYS.size:
        weeks = _added(weeks, WEEKS, at_ms, highest_ms, by_day)
    else:
        if not has(days, home_day(at_ms)):  # a day begins, and those that the ring leaves behind go
            weeks = _with_old_days(weeks, days, today)
        days = _added(days, DAYS, at_ms, highest_ms, by_day | amount if amount else by_day)
    of_minutes = cells | burst if burst else cells
    minutes = _added(minutes, MINUTES, at_ms, highest_ms, of_minutes)
    return Rings(minutes, _added(hours, HOURS, at_ms, highest_ms, cells), days, weeks)


def _with_old_days(weeks: bytes, days: bytes, today: int) -> bytes:
    """Weeks with what the days before the last 30 told, but for the moments of amounts."""
    for day, packed in buckets_before(days, today - DAYS.size + 1):
        cells = {cell: n for cell, n in unpack(packed).items() if cell not in OF_DAYS_ONLY}
        weeks = _added(weeks, WEEKS, home_day_start_ms(day), home_day_start_ms(today), cells)
    return weeks


def _added(ring: bytes, shape: Shape, at_ms: int, highest_ms: int, cells: Cells) -> bytes:
    width_ms, size, budget, offset_ms = shape
    bucket = (at_ms + offset_ms) // width_ms
    oldest = (highest_ms + offset_ms) // width_ms - size + 1
    if bucket < oldest:
        return ring
    newest = newest_of(ring)
    if newest is None or bucket > newest[0]:  # a bucket begins: those that the ring has left behind go
        ring = begun(ring, bucket, pack(cells), oldest)
    elif bucket == newest[0]:
        packed = pack(sum_into(unpack(newest[1]), cells))
        ring = with_newest(ring, packed)
        if len(packed) <= len(newest[1]):
            return ring
    else:
        return _added_late(buckets_of(ring), bucket, cells, oldest, budget)
    return ring if most_cell_bytes(ring) <= budget else ring_of(_within(buckets_of(ring), budget))


def _added_late(buckets: dict[int, bytes], bucket: int, cells: Cells, oldest: int, budget: int) -> bytes:
    """Give the ring of these buckets, which are the caller's own, with cells added to one that is not the newest."""
    before = buckets.get(bucket)
    if before is None:
        buckets = {number: packed for number, packed in buckets.items() if number >= oldest}
        buckets[bucket] = pack(cells)
        return ring_of(_within(buckets, budget))
    buckets[bucket] = packed = pack(sum_into(unpack(before), cells))
    return ring_of(_within(buckets, budget) if len(packed) > len(before) else buckets)


def _within(buckets: dict[int, bytes], budget: int) -> dict[int, bytes]:
    """Bring a ring that is being built down to its budget: the oldest buckets lose kinds and channels."""
    excess = sum(map(len, buckets.values())) - budget
    for number in sorted(buckets):
        if excess <= 0:
            break
        packed = buckets[number]
        buckets[number] = thin(packed)
        excess -= len(packed) - len(buckets[number])
    return buckets


# ---------------------------------------------------------------------------------------------------------- reading


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
        count += _tally(cells, range(DIRECTIONS["debit"], DECLINED, 2)).count - cells.get(DEBITS_OF_NOTHING, 0)
        total += cells.get(LOG_SUM, 0)
        squares += squares_of(cells)
    if not count:
        return Usual()
    mean = total / count
    return Usual(count, _USUAL_LOG + mean / 100, sqrt(max(0.0, squares / count - mean * mean)) / 100)


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
