"""A profile as bytes: versioned msgpack, fields by position, what is said often in few bytes.

Times stand as their distance to the customer's highest event time, or to each other; common words as small numbers; ids
of actions as the 15 bytes that their 20 characters are in base64. What follows from something else (due work of what
waits, an example's offer) is not told again. All of it is exact. What an ordinary event leaves as it is lies in two
runs of bytes within (`schemas.profile_settled`), so that writing a profile costs what has moved.

`python -m schemas.profile_codec` prints the sum behind the bound of 16,384 bytes: the most that each field can take.
"""

from operator import itemgetter
from typing import Any

import msgpack

from schemas.errors import StateError
from schemas.profile import PROFILE_VERSION, Account, EventCounts, Profile, Rings
from schemas.profile_eve import eve_of, packed_eve
from schemas.profile_parts import (
    NUMBER_OF,
    WORD_OF,
    long,
    new_tuple,
    pack,
    packed_purchases,
    purchases_of,
    short,
    totals_of,
    unpack,
)
from schemas.profile_settled import DAILY, SETTLED, base_ms, daily_run, read_runs, settled_run

MAX_PROFILE_BYTES = 16_384

MOVED = (
    "customer_id",
    "first_seen_ms",
    "last_seen_ms",
    "events",
    "totals",
    "interactions_by_channel",
    "interactions_by_kind",
    "last_by_channel_ms",
    "accounts",
    "aum_highs",
    "rings",
    "counterparties",
    "countries",
    "purchases",
    "last_login_ms",
    "last_own_activity_ms",
    "remembered",
)
"""The fields that stand before the two runs, in their order; after these comes `eve`."""

_in_order_of_fields = itemgetter(*[(*MOVED, *SETTLED, *DAILY, "eve").index(name) for name in Profile.__match_args__])


def encode(profile: Profile) -> bytes:
    """Encode a profile; raises KeyError for a kind or channel that `schemas.vocabulary` lacks."""
    p, last = profile, profile.last_seen_ms
    number = NUMBER_OF.get
    return pack(  # type: ignore[no-any-return]
        (
            PROFILE_VERSION,
            p.customer_id,
            last - p.first_seen_ms,
            last,
            p.events,
            {c: (*t[:6], short(t[6]), short(t[7])) for c, t in p.totals.items()},
            short(p.interactions_by_channel),
            short(p.interactions_by_kind),
            {NUMBER_OF[channel]: last - at for channel, at in p.last_by_channel_ms.items()},
            {k: (number(a[0], a[0]), a[1], a[3] - a[2], last - a[3], a[4]) for k, a in p.accounts.items()},
            p.aum_highs,
            p.rings,
            {name: last - at for name, at in p.counterparties.items()},
            {name: last - at for name, at in p.countries.items()},
            packed_purchases(p.purchases),
            None if p.last_login_ms is None else last - p.last_login_ms,
            None if p.last_own_activity_ms is None else last - p.last_own_activity_ms,
            p.remembered,
            settled_run.packed(p),
            daily_run.packed(p),
            packed_eve(p),
        )
    )


def decode(raw: bytes) -> Profile:
    """Decode what `encode` made; raises StateError for another version or damaged bytes."""
    try:
        version, *values = unpack(raw)
        if version != PROFILE_VERSION:
            raise StateError(f"profile of version {version}; this program reads version {PROFILE_VERSION}")
        return _profile(values)
    except (ValueError, TypeError, IndexError, AttributeError, msgpack.UnpackException) as error:
        raise StateError(f"profile cannot be decoded: {error!r}") from error


def next_due_ms(profile: Profile) -> int | None:
    """Say when time next has work to do for the customer (epoch ms), None if never."""
    return profile.due[0].due_ms if profile.due else None


def _profile(v: Any) -> Profile:
    new, word, last = new_tuple, WORD_OF.get, v[2]
    minutes, hours, days, weeks = v[10]
    values = (
        v[0],
        last - v[1],
        last,
        new(EventCounts, v[3]),
        {currency: totals_of(totals) for currency, totals in v[4].items()},
        long(v[5]),
        long(v[6]),
        {WORD_OF[channel]: last - back for channel, back in v[7].items()},
        {k: new(Account, (word(c, c), b, last - m - d, last - m, e)) for k, (c, b, d, m, e) in v[8].items()},
        v[9],
        new(Rings, (minutes, hours, days, weeks)),
        {name: last - back for name, back in v[11].items()},
        {name: last - back for name, back in v[12].items()},
        purchases_of(v[13]),
        None if v[14] is None else last - v[14],
        None if v[15] is None else last - v[15],
        v[16],
        *read_runs(v[17], v[18], base_ms(last)),
        None,
    )
    profile = Profile(*_in_order_of_fields(values))
    profile.eve = eve_of(v[19], profile)
    return profile


if __name__ == "__main__":
    from schemas.profile_bound import report

    print(report())  # noqa: T201 - that is what one runs it for
