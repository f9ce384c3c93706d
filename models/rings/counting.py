"""What an event adds to a customer's rings, and where: the writing half of `models.rings.windows`.

Each ring has a budget of bytes. A customer so busy that a ring is over its budget keeps the directions of the oldest
buckets and loses their kinds and channels; flows, activities and usual amounts stay exact.

Sums are in minor units of the home currency, and so are the counts of booked transactions. Declined ones are counted
whatever their currency, and so are small card payments: in five minutes the sum of all would hide them behind a large
one, and a count needs no rate of exchange.
"""

from math import log10

from models.rings.cells import (
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
    USUAL_LOG,
    Cells,
    pack,
    sum_into,
    thin,
    unpack,
)
from models.rings.windows import DAYS, HOURS, MINUTES, WEEKS, Shape, What, home_day, home_day_start_ms
from schemas.profile import Rings
from schemas.ring import begun, buckets_before, buckets_of, has, most_cell_bytes, newest_of, ring_of, with_newest

NOTHING: Cells = {}  # never written to


def transaction_cells(kind: str, direction: str, minor: int, *, status: str) -> Cells:
    """Say what a transaction in home currency adds to every ring (booked, declined, reversed: docs/rules.md, 14).

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
    return {LOG_SUM: round(100 * (log10(minor) - USUAL_LOG))}


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
