"""A profile as bytes: versioned msgpack, fields by position, the words of the contract as small numbers.

`python -m schemas.profile_codec` prints the sum behind the bound of 16,384 bytes: the most that each field can take.
"""

import struct
from collections.abc import Mapping
from typing import Any

import msgpack

from schemas.errors import StateError
from schemas.profile import (
    PROFILE_VERSION,
    Account,
    Complaint,
    Due,
    EventCounts,
    Grade,
    Identity,
    MentionMood,
    OfferMade,
    OpenAlert,
    PendingExample,
    Profile,
    Ratings,
    ReasonPart,
    Rings,
    Salary,
    Score,
    Tag,
    Tally,
    Totals,
    Visit,
)

MAX_PROFILE_BYTES = 16_384

# Words that are stored as their place here. Append only: a place that was given once is never given again.
_TEXT = (
    "card cash transfer salary fee interest loan_payment investment bill other "
    "branch phone web mobile kiosk email fax wechat chat forum face_to_face iot "
    "login view search enquiry application product_opened product_closed complaint complaint_resolved survey visit "
    "leave appointment call_started call_ended message message_opened click points_earned points_redeemed sms "
    "churn propensity weekly_snapshot mature salary_due loan_due complaint_deadline alert_expires offer_due "
    "regrade forget Impression Clicked Accepted Rejected Converted NoResponse Expired Retracted "
    "alerts:retention:p1 alerts:retention:p2 alerts:retention:p3 alerts:fraud:p1 alerts:fraud:p2 alerts:fraud:p3 "
    "alerts:service:p1 alerts:service:p2 alerts:service:p3 alerts:collections:p1 alerts:collections:p2 "
    "alerts:collections:p3 alerts:relationship:p1 alerts:relationship:p2 alerts:relationship:p3"
)
_WORDS = _TEXT.split()
_NUMBER_OF: dict[Any, Any] = {word: number for number, word in enumerate(_WORDS)}
_WORD_OF: dict[Any, Any] = dict(enumerate(_WORDS))
_MATURE, _EXPIRES = "mature", "alert_expires"  # due work that follows from what else a profile holds
_SAME = 1  # an example of an offer has the offer's id, which need not be told twice
_BIG_INTEGER = 1  # msgpack's integers end at 64 bits; lifetime sums must not
_BIG_BYTES = 15

_new: Any = tuple.__new__  # a named tuple from a plain one, without the detour by its fields


def encode(profile: Profile) -> bytes:
    """Encode a profile; raises KeyError for a kind or channel that the contract does not know."""
    p = profile
    remembered = p.remembered
    number = _NUMBER_OF.get
    packed: bytes = msgpack.packb(
        (
            PROFILE_VERSION,
            p.customer_id,
            p.first_seen_ms,
            p.last_seen_ms,
            p.erased_ms,
            p.identity,
            p.grade,
            p.lifecycle,
            p.tags,
            p.events,
            {c: (*t[:6], _short(t[6]), _short(t[7])) for c, t in p.totals.items()},
            _short(p.interactions_by_channel),
            _short(p.interactions_by_kind),
            _short(p.last_by_channel_ms),
            p.accounts,
            p.aum_highs,
            p.rings,
            p.salary,
            p.loan_missed,
            p.counterparties,
            p.countries,
            p.last_login_ms,
            p.last_own_activity_ms,
            [(c[0], c[1], number(c[2], c[2]), c[3]) for c in p.complaints],
            p.last_complaint_ms,
            p.complaints_closed,
            p.ratings,
            p.mood,
            p.visits,
            [(a[0], a[1], number(a[2], a[2]), *a[3:]) for a in p.open_alerts],
            p.cool_downs,
            [(*o[:3], number(o[3], o[3]), o[4], o[5], number(o[6], o[6]), o[7]) for o in p.offers],
            _short(p.contacts_by_channel),
            p.last_offer_day,
            [(e[0], number(e[1], e[1]), *e[2:7], _SAME if e[7] == e[0] else e[7], e[8]) for e in p.pending],
            p.scores,
            struct.pack(f">{len(remembered)}Q", *remembered),
            _packed_due(p),
            p.churn_label,
            p.churn_label_ms,
        ),
        default=_big,
    )
    return packed


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


def highest_ms(profile: Profile) -> int:
    """Return the highest event time applied (epoch ms)."""
    return profile.last_seen_ms


def _profile(v: Any) -> Profile:
    new, word = _new, _WORD_OF.get
    alerts = tuple([new(OpenAlert, (i, kind, word(s, s), *rest)) for i, kind, s, *rest in v[28]])
    pending = tuple(
        [new(PendingExample, (e, word(m, m), *r, e if about == _SAME else about, c)) for e, m, *r, about, c in v[33]]
    )
    values: tuple[Any, ...] = (
        *v[:4],
        v[4] and new(Identity, v[4]),
        new(Grade, v[5]),
        v[6],
        {name: new(Tag, tag) for name, tag in v[7].items()},
        new(EventCounts, v[8]),
        {currency: _totals(totals) for currency, totals in v[9].items()},
        _long(v[10]),
        _long(v[11]),
        _long(v[12]),
        {name: new(Account, account) for name, account in v[13].items()},
        v[14],
        new(Rings, v[15]),
        new(Salary, v[16]),
        *v[17:22],
        tuple([new(Complaint, (e, t, word(c, c), topic)) for e, t, c, topic in v[22]]),
        *v[23:25],
        new(Ratings, v[25]),
        new(MentionMood, v[26]),
        tuple([new(Visit, part) for part in v[27]]),
        alerts,
        v[29],
        tuple([new(OfferMade, (*o[:3], word(o[3], o[3]), o[4], o[5], word(o[6], o[6]), o[7])) for o in v[30]]),
        _long(v[31]),
        v[32],
        pending,
        {name: _score(score) for name, score in v[34].items()},
        struct.unpack(f">{len(v[35]) // 8}Q", v[35]),
        _due(v[36], pending, alerts),
        *v[37:],
    )
    return Profile(*values)


def _packed_due(p: Profile) -> list[Any]:
    """Tell the due work without that which follows from pending examples and open alerts, where all of it is there."""
    number = _NUMBER_OF.get
    follows = {(e[3], _MATURE, e[0]) for e in p.pending} | {(a[4], _EXPIRES, a[0]) for a in p.open_alerts}
    told: Any = [due for due in p.due if due not in follows]
    whole = sorted([*told, *follows]) == [*p.due]
    return [whole, *[(d[0], number(d[1], d[1]), d[2]) for d in (told if whole else p.due)]]


def _due(packed: Any, pending: tuple[Any, ...], alerts: tuple[Any, ...]) -> tuple[Due, ...]:
    new, word = _new, _WORD_OF.get
    whole, *told = packed
    due = [new(Due, (at, word(name, name), about)) for at, name, about in told]
    if whole:
        due += [new(Due, (example[3], _MATURE, example[0])) for example in pending]
        due += [new(Due, (alert[4], _EXPIRES, alert[0])) for alert in alerts]
        due.sort()
    return tuple(due)


def _totals(totals: tuple[Any, ...]) -> Totals:
    by_kind, by_channel = totals[6:]
    new = _new
    kinds = {_WORD_OF[kind]: new(Tally, tally) for kind, tally in by_kind.items()}
    channels = {_WORD_OF[channel]: new(Tally, tally) for channel, tally in by_channel.items()}
    return new(Totals, (*totals[:6], kinds, channels))  # type: ignore[no-any-return]


def _score(score: tuple[Any, ...]) -> Score:
    return _new(Score, (*score[:4], tuple([_new(ReasonPart, part) for part in score[4]])))  # type: ignore[no-any-return]


def _short(by_word: Mapping[str, Any]) -> dict[int, Any]:
    number = _NUMBER_OF
    return {number[word]: value for word, value in by_word.items()}


def _long(by_number: Mapping[int, Any]) -> dict[str, Any]:
    word = _WORD_OF
    return {word[number]: value for number, value in by_number.items()}


def _big(value: int) -> msgpack.ExtType:
    return msgpack.ExtType(_BIG_INTEGER, value.to_bytes(_BIG_BYTES, "big", signed=True))


def _big_integer(code: int, data: bytes) -> int:
    if code != _BIG_INTEGER:
        raise ValueError(f"extension type {code}")
    return int.from_bytes(data, "big", signed=True)


if __name__ == "__main__":
    from schemas.profile_bound import report

    print(report())  # noqa: T201 - that is what one runs it for
