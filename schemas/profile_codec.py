"""A profile as bytes: versioned msgpack, fields by position, what is said often in few bytes.

Times stand as their distance to the customer's highest event time, or to each other; common words as small numbers; ids
of actions as the 15 bytes that their 20 characters are in base64. What follows from something else (due work of what
waits, an example's offer) is not told again. All of it is exact.

`python -m schemas.profile_codec` prints the sum behind the bound of 16,384 bytes: the most that each field can take.
"""

import struct
from typing import Any

import msgpack

from schemas.errors import StateError
from schemas.profile import (
    PROFILE_VERSION,
    Account,
    Complaint,
    EventCounts,
    Grade,
    Loan,
    MentionMood,
    Profile,
    Promise,
    Ratings,
    Rings,
    Salary,
    Tag,
)
from schemas.profile_eve import eve_of, packed_eve
from schemas.profile_parts import (
    NUMBER_OF,
    WORD_OF,
    alerts_of,
    due_work,
    identity_of,
    long,
    new_tuple,
    offers_of,
    packed_alerts,
    packed_due,
    packed_identity,
    packed_ids,
    packed_offers,
    packed_pending,
    packed_purchases,
    packed_reasons,
    packed_visits,
    pending_of,
    purchases_of,
    score_of,
    short,
    totals_of,
    visits_of,
)
from schemas.profile_worth import Worth

MAX_PROFILE_BYTES = 16_384

_BIG_INTEGER = 1  # msgpack's integers end at 64 bits; lifetime sums must not
_BIG_BYTES = 15


def encode(profile: Profile) -> bytes:
    """Encode a profile; raises KeyError for a kind or channel that the contract does not know."""
    p, last = profile, profile.last_seen_ms
    remembered, offers = p.remembered, p.offers
    minutes, hours, days, weeks = p.rings
    newest = max(days, default=0)
    number = NUMBER_OF.get
    return _pack(  # type: ignore[no-any-return]
        (
            PROFILE_VERSION,
            p.customer_id,
            last - p.first_seen_ms,
            last,
            p.erased_ms,
            p.identity and packed_identity(p.identity, last),
            p.grade,
            number(p.lifecycle, p.lifecycle),
            p.tags,
            p.events,
            {c: (*t[:6], short(t[6]), short(t[7])) for c, t in p.totals.items()},
            short(p.interactions_by_channel),
            short(p.interactions_by_kind),
            {NUMBER_OF[channel]: last - at for channel, at in p.last_by_channel_ms.items()},
            {k: (number(a[0], a[0]), a[1], a[3] - a[2], last - a[3], a[4]) for k, a in p.accounts.items()},
            p.aum_highs,
            (minutes, hours, newest, {newest - day: cells for day, cells in days.items()}, weeks),
            p.salary,
            p.loans,
            {name: last - at for name, at in p.counterparties.items()},
            p.countries,
            None if p.last_login_ms is None else last - p.last_login_ms,
            None if p.last_own_activity_ms is None else last - p.last_own_activity_ms,
            [(c[0], c[1], number(c[2], c[2]), c[3]) for c in p.complaints],
            p.last_complaint_ms,
            p.complaints_closed,
            p.ratings,
            p.mood,
            packed_visits(p.visits, last),
            packed_alerts(p.open_alerts),
            p.cool_downs,
            (packed_ids([o[0] for o in offers] + [o[1] for o in offers]), *packed_offers(offers, last)),
            short(p.contacts_by_channel),
            p.last_offer_day,
            packed_pending(p, last),
            {name: (*s[:3], last - s[3], *packed_reasons(s[4])) for name, s in p.scores.items()},
            struct.pack(f">{len(remembered)}Q", *remembered),
            packed_due(p),
            p.churn_label,
            p.churn_label_ms,
            p.promise,
            packed_purchases(p.purchases),
            p.worth,
            short(p.opened),
            short(p.needs),
            packed_eve(p),
        )
    )


def decode(raw: bytes) -> Profile:
    """Decode what `encode` made; raises StateError for another version or damaged bytes."""
    try:
        version, *values = msgpack.unpackb(raw, use_list=False, strict_map_key=False, ext_hook=_big_integer)
        if version != PROFILE_VERSION:
            raise StateError(f"profile of version {version}; this program reads version {PROFILE_VERSION}")
        return _profile(values)
    except (ValueError, TypeError, IndexError, msgpack.UnpackException, struct.error) as error:
        raise StateError(f"profile cannot be decoded: {error!r}") from error


def next_due_ms(profile: Profile) -> int | None:
    """Say when time next has work to do for the customer (epoch ms), None if never."""
    return profile.due[0].due_ms if profile.due else None


def _profile(v: Any) -> Profile:
    new, word, last = new_tuple, WORD_OF.get, v[2]
    alerts = alerts_of(v[28])
    offers = offers_of(v[30], last)
    minutes, hours, newest, days, weeks = v[15]
    pending = pending_of(v[33], offers, last)
    values: tuple[Any, ...] = (
        v[0],
        last - v[1],
        *v[2:4],
        v[4] and identity_of(v[4], last),
        new(Grade, v[5]),
        word(v[6], v[6]),
        {name: new(Tag, tag) for name, tag in v[7].items()},
        new(EventCounts, v[8]),
        {currency: totals_of(totals) for currency, totals in v[9].items()},
        long(v[10]),
        long(v[11]),
        {WORD_OF[channel]: last - back for channel, back in v[12].items()},
        {k: new(Account, (word(c, c), b, last - m - d, last - m, e)) for k, (c, b, d, m, e) in v[13].items()},
        v[14],
        new(Rings, (minutes, hours, {newest - back: cells for back, cells in days.items()}, weeks)),
        new(Salary, v[16]),
        {name: new(Loan, loan) for name, loan in v[17].items()},
        {name: last - back for name, back in v[18].items()},
        v[19],
        None if v[20] is None else last - v[20],
        None if v[21] is None else last - v[21],
        tuple([new(Complaint, (e, t, word(c, c), topic)) for e, t, c, topic in v[22]]),
        *v[23:25],
        new(Ratings, v[25]),
        new(MentionMood, v[26]),
        visits_of(v[27], last),
        alerts,
        v[29],
        offers,
        long(v[31]),
        v[32],
        pending,
        {name: score_of(score, last) for name, score in v[34].items()},
        struct.unpack(f">{len(v[35]) // 8}Q", v[35]),
        due_work(v[36], pending, alerts, last),
        *v[37:39],
        v[39] and new(Promise, v[39]),
        purchases_of(v[40]),
        v[41] and new(Worth, v[41]),
        long(v[42]),
        long(v[43]),
    )
    profile = Profile(*values)
    profile.eve = eve_of(v[44], profile)
    return profile


def _big(value: int) -> msgpack.ExtType:
    return msgpack.ExtType(_BIG_INTEGER, value.to_bytes(_BIG_BYTES, "big", signed=True))


def _big_integer(code: int, data: bytes) -> int:
    if code != _BIG_INTEGER:
        raise ValueError(f"extension type {code}")
    return int.from_bytes(data, "big", signed=True)


_pack = msgpack.Packer(default=_big).pack  # empty between calls; making one for each takes a microsecond


if __name__ == "__main__":
    from schemas.profile_bound import report

    print(report())  # noqa: T201 - that is what one runs it for
