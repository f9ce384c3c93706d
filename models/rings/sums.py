"""All cells of a window read at one go, for who asks many questions of it: the fast half of `models.rings.windows`."""

from bisect import bisect_left
from typing import NamedTuple

from models.rings.cells import ACTIVITIES, CHANNELS, DECLINED, FIRST_CHANNEL, KINDS, SUMS, Cells
from models.rings.windows import What, home_day, nine_weeks
from schemas.profile import Profile
from schemas.ring import read

_CELLS = max(CHANNELS.values()) + 1


class Sums:
    """One span's cells (even ones are credits, odd ones debits), and what is asked of them; money in minor units."""

    __slots__ = ("cells",)

    def __init__(self, cells: list[int]) -> None:
        self.cells = cells

    @property
    def credit_count(self) -> int:
        """Booked credits."""
        return sum(self.cells[:DECLINED:2])

    @property
    def credit_minor(self) -> int:
        """Their sum."""
        return sum(self.cells[SUMS : SUMS + DECLINED : 2])

    @property
    def debit_count(self) -> int:
        """Booked debits."""
        return sum(self.cells[1:DECLINED:2])

    @property
    def debit_minor(self) -> int:
        """Their sum."""
        return sum(self.cells[SUMS + 1 : SUMS + DECLINED : 2])

    @property
    def contacts(self) -> int:
        """Transactions and interactions through any channel."""
        return sum(self.cells[FIRST_CHANNEL:])

    def of_kind(self, kind: str) -> tuple[int, int]:
        """Count and sum of one kind's booked transactions, both directions."""
        credit, cells = KINDS[kind], self.cells
        return cells[credit] + cells[credit + 1], cells[credit + SUMS] + cells[credit + 1 + SUMS]

    @property
    def declined(self) -> int:
        """Declined transactions."""
        return self.cells[DECLINED]

    def activity(self, what: What) -> int:
        """Count interactions of one sort."""
        return self.cells[ACTIVITIES[what]]

    def channel(self, channel: str) -> int:
        """Count transactions and interactions through one channel."""
        return self.cells[CHANNELS[channel]]


class Spans(NamedTuple):
    """The windows of days: a week is a part of the month, and that of nine weeks."""

    week: Sums
    month: Sums
    nine_weeks: Sums


Read = tuple[bytes, bytes, int, Spans]  # rings of days and weeks, the day read up to, what was found

# What was read last: tags, features and decision of one step ask for the same windows. A ring is the same as long as it
# is the same object (which this keeps alive).
_last_read: Read | None = None


def spans(profile: Profile, at_ms: int) -> Spans:
    """Add up every cell of 7, 30 and 63 days up to and with the day of `at_ms`."""
    global _last_read  # noqa: PLW0603 - one place to remember, taken and written as a whole
    days, weeks, today = profile.rings.days, profile.rings.weeks, home_day(at_ms)
    if _last_read is not None:
        of_days, of_weeks, until, found = _last_read
        if of_days is days and of_weeks is weeks and until == today:
            return found
    found = _read(days, weeks, today)
    _last_read = days, weeks, today, found
    return found


def _read(days: bytes, weeks: bytes, today: int) -> Spans:
    """Add up a week, go on to the month that it is a part of, and to nine weeks."""
    cells = [0] * _CELLS
    ages, told = read(days, today)
    first, of_week, of_month = bisect_left(ages, 0), bisect_left(ages, 7), bisect_left(ages, 30)
    _add(told[first:of_week], cells)
    week = cells.copy()
    _add(told[of_week:of_month], cells)
    month = cells.copy()
    of_weeks, of_days = nine_weeks(today)
    before = told[of_month : bisect_left(ages, of_days)]
    ages, told = read(weeks, today // 7)
    _add(before + told[bisect_left(ages, 0) : bisect_left(ages, of_weeks)], cells)
    return Spans(Sums(week), Sums(month), Sums(cells))


def _add(buckets: list[Cells], cells: list[int]) -> None:
    for bucket in buckets:
        for cell, value in bucket.items():
            cells[cell] += value
