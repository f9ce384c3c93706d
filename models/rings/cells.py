"""What one bucket of a ring holds: cells by number, in which counts and sums lie, and the bytes that they become.

Below 32 and from 64 on a cell is a count, from 32 to 63 a sum. The numbers are stored: never give one a new meaning.
"""

from functools import partial

import msgpack

from schemas.vocabulary import CHANNEL_PLACES, KIND_PLACES

Cells = dict[int, int]

KINDS = {kind: 2 * place for place, kind in enumerate(KIND_PLACES)}  # of credits; the next cell is of debits
DIRECTIONS = {"credit": 0, "debit": 1}
FORGOTTEN_KIND = 20
DECLINED = 22
ACTIVITIES = {"login": 24, "failed_login": 25, "visit": 26, "service": 27}
DEBITS_OF_NOTHING = 28  # booked debits that have no logarithm; all others are in the moments
SMALL_CARDS = 29  # small card payments in any currency, in the ring of minutes only
SUMS = 32  # what is added to a transaction cell's number to get that of its sum
LOG_SUM, LOG_SQUARES = 54, 55
USUAL_LOG = 4  # of 100.00 in minor units: what the moments are counted from
OF_DAYS_ONLY = frozenset({DEBITS_OF_NOTHING, LOG_SUM, LOG_SQUARES})
FIRST_CHANNEL = 64
CHANNELS = {channel: FIRST_CHANNEL + place for place, channel in enumerate(CHANNEL_PLACES)}
# A cell stands still at its limit, which keeps it within 1 + 1, 2, 3 or 9 bytes.
_FEWEST = 127  # small card payments of a bucket
_FEW = 255  # declines and activities of a bucket
_MANY = 65_535  # transactions, and uses of a channel
_LEAST, _MOST = -(2**63), 2**64 - 1  # sums; 92 quadrillion yuan

unpack = partial(msgpack.unpackb, strict_map_key=False)
_packer = msgpack.Packer()  # empty between calls; making one costs more than a bucket does


def pack(cells: Cells) -> bytes:
    """Write a bucket; sums stand still at their limits."""
    try:
        return _packer.pack(cells)  # type: ignore[no-any-return]
    except OverflowError:
        within = {cell: max(_LEAST, min(_MOST, value)) for cell, value in cells.items()}
        return _packer.pack(within)  # type: ignore[no-any-return]


def sum_into(total: Cells, cells: Cells) -> Cells:
    """Add `cells` to `total`, which is changed and returned; counts stand still at their limits."""
    if LOG_SUM in cells and LOG_SUM in total:
        total[LOG_SQUARES] = squares_of(total) + squares_of(cells)
    for cell in cells:
        if cell in total:
            value = total[cell] + cells[cell]
            total[cell] = value if value <= _FEWEST or SUMS <= cell < FIRST_CHANNEL else _stopped(cell, value)
        else:
            total[cell] = cells[cell]
    return total


def squares_of(cells: Cells) -> int:
    """Sum of the squares of log-amounts; that of a single one follows from it and is told from the second one on."""
    return cells.get(LOG_SQUARES, cells.get(LOG_SUM, 0) ** 2)


def _stopped(cell: int, count: int) -> int:
    if cell == SMALL_CARDS:
        return min(count, _FEWEST)
    return min(count, _FEW if DECLINED <= cell <= max(ACTIVITIES.values()) else _MANY)


def thin(packed: bytes) -> bytes:
    """Keep directions, declines, activities and moments (at most 12 cells: 64 bytes; 44 without moments).

    In the ring of minutes the small card payments, too: 46 bytes.
    """
    kept: Cells = {}
    for cell, value in unpack(packed).items():
        if cell < FORGOTTEN_KIND or SUMS <= cell < SUMS + FORGOTTEN_KIND:
            sum_into(kept, {(cell & SUMS) + FORGOTTEN_KIND + (cell & 1): value})
        elif cell < FIRST_CHANNEL:
            kept[cell] = kept.get(cell, 0) + value
    return pack(kept)
