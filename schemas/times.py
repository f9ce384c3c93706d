"""Instants: RFC 3339 on the wire, epoch milliseconds (UTC, floored) inside.

Strict on purpose (docs/rules.md, 4): `T` and an offset or `Z`, no leap second, no lower case, no blank, no naive time.
Offsets are resolved by integer arithmetic, so a time at the edge of the calendar cannot overflow a datetime.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from schemas.errors import BadMessage

# Shape only (the calendar is checked in `epoch_ms`); written for Rust, ECMA and Python alike.
RFC3339_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,32})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_SHAPE = re.compile(RFC3339_PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY_MS = 86_400_000
MAX_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last instant that RFC 3339 can write


def epoch_ms(text: str, field: str = "occurred_at") -> int:
    """Milliseconds since 1970 of a text that already has the shape of `RFC3339_PATTERN`; floors finer fractions.

    Raises BadMessage `bad_time` for a day that does not exist, before 1970, or after the year 9999.
    """
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        raise BadMessage("bad_time", f"{field}: no such day or time") from None
    ms = since.days * _ONE_DAY_MS + since.seconds * 1000 + since.microseconds // 1000
    if not 0 <= ms <= MAX_MS:
        raise BadMessage("bad_time", f"{field}: outside 1970 to 9999")
    return ms


def parse_rfc3339(text: str, field: str = "occurred_at") -> int:
    """Milliseconds since 1970 of a strict RFC 3339 text.

    Raises BadMessage `bad_time`.

    >>> parse_rfc3339("1970-01-01T01:00:00.0019+01:00")
    1
    """
    if len(text) > 64 or not _SHAPE.fullmatch(text):
        raise BadMessage("bad_time", f"{field}: not RFC 3339 with T and offset or Z")
    return epoch_ms(text, field)


def to_rfc3339(ms: int) -> str:
    """Write the instant in UTC with milliseconds; `ms` from 0 to `MAX_MS`.

    >>> to_rfc3339(1)
    '1970-01-01T00:00:00.001Z'
    """
    seconds, milliseconds = divmod(ms, 1000)
    days, seconds = divmod(seconds, 86_400)
    minutes, seconds = divmod(seconds, 60)
    return f"{_day(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{milliseconds:03d}Z"


@lru_cache(maxsize=4096)  # all that one writes is of a few days, and writing dates is slow
def _day(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def is_day(text: str) -> bool:
    """Whether the text is a calendar day written `YYYY-MM-DD`.

    >>> is_day("2024-02-29"), is_day("2023-02-29"), is_day("20240229")
    (True, False, False)
    """
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
