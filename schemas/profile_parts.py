"""The parts of a profile that take few bytes when packed by hand; `schemas.profile_codec` puts the whole together.

Times are told as distances to `base`, a moment near the customer's highest event time.
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import msgpack

from schemas.profile import (
    Due,
    Identity,
    OfferMade,
    OpenAlert,
    PendingExample,
    Profile,
    ReasonPart,
    Score,
    Tally,
    Totals,
    Visit,
)
from schemas.profile_complaints import Complaint
from schemas.profile_worth import NO_PURCHASES, Purchases

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
    "alerts:collections:p3 alerts:relationship:p1 alerts:relationship:p2 alerts:relationship:p3 "
    "CNY USD person zh en Asia/Shanghai marketing personalisation profiling social_linking low "
    "aum aum_to_high credit_30d debit_30d net_flow_7d net_flow_30d investments_63d debit_trend_month "
    "holds_investments age offers_14d count_trend_month transfer_share cash_share fees_30d "
    "declined_30d days_since_activity days_since_login logins_7d logins_30d login_trend_month service_30d visits_30d "
    "branch_share digital_share salary_late_days has_salary open_complaints complaint_age_days complaint_recent "
    "last_rating mood tenure_days products business medium high current savings fund debit_card credit_card loan "
    "mortgage securities wealth new active cooling dormant closed arrivals:other insurance escalation"
)
_WORDS = _TEXT.split()
NUMBER_OF: dict[Any, Any] = {word: number for number, word in enumerate(_WORDS)}
WORD_OF: dict[Any, Any] = dict(enumerate(_WORDS))
_MATURE, _EXPIRES = "mature", "alert_expires"  # due work that follows from what else a profile holds
_SAME = -1  # an example that is about its own id, where no offer of that id is kept
_FOLLOWING = (_MATURE, _EXPIRES)
_STREAM = "arrivals:"
_ID = 20  # characters of an action's id, all of them of base64's alphabet

_BIG_INTEGER = 1  # msgpack's integers end at 64 bits; lifetime sums must not
_BIG_BYTES = 15

new_tuple: Any = tuple.__new__  # a named tuple from a plain one, without the detour by its fields


def _big(value: int) -> msgpack.ExtType:
    return msgpack.ExtType(_BIG_INTEGER, value.to_bytes(_BIG_BYTES, "big", signed=True))


def _big_integer(code: int, data: bytes) -> int:
    if code != _BIG_INTEGER:
        raise ValueError(f"extension type {code}")
    return int.from_bytes(data, "big", signed=True)


pack = msgpack.Packer(default=_big).pack  # empty between calls; making one for each takes a microsecond
unpack = partial(msgpack.unpackb, use_list=False, strict_map_key=False, ext_hook=_big_integer)


def packed_due(p: Profile, base: int) -> list[Any]:
    """Tell the due work without that which follows from pending examples and open alerts, where all of it is there.

    Else the ids that such work is about come first, all in one.
    """
    number = NUMBER_OF.get
    follows = [(e[3], _MATURE, e[0]) for e in p.pending] + [(a[4], _EXPIRES, a[0]) for a in p.open_alerts]
    follows.sort()
    following = [due for due in p.due if due[1] in _FOLLOWING]
    if follows == following:
        return [True, *[(d[0] - base, number(d[1], d[1]), d[2]) for d in p.due if d[1] not in _FOLLOWING]]
    rows = [(d[0] - base, number(d[1], d[1]), *(() if d[1] in _FOLLOWING else d[2:])) for d in p.due]
    return [packed_ids([due[2] for due in following]), *rows]


def due_work(packed: Any, pending: tuple[Any, ...], alerts: tuple[Any, ...], base: int) -> tuple[Due, ...]:
    """Read the due work, with that which follows from what waits."""
    new, word = new_tuple, WORD_OF.get
    whole, *told = packed
    if whole is not True:
        next_id = iter(_ids(whole))
        return tuple([new(Due, (base + d[0], word(d[1], d[1]), d[2] if d[2:] else next(next_id))) for d in told])
    due = [new(Due, (base + wait, word(name, name), about)) for wait, name, about in told]
    due += [new(Due, (example[3], _MATURE, example[0])) for example in pending]
    due += [new(Due, (alert[4], _EXPIRES, alert[0])) for alert in alerts]
    due.sort()
    return tuple(due)


def packed_complaint(complaint: Complaint) -> tuple[Any, ...]:
    """Tell a complaint."""
    event_id, opened_ms, channel, topic = complaint
    return event_id, opened_ms, NUMBER_OF.get(channel, channel), topic


def complaint_of(packed: Any) -> Complaint:
    """Read a complaint."""
    event_id, opened_ms, channel, topic = packed
    return Complaint(event_id, opened_ms, WORD_OF.get(channel, channel), topic)


def packed_alerts(alerts: tuple[OpenAlert, ...]) -> list[Any]:
    """Tell the open alerts, first the ids of all of them."""
    number = NUMBER_OF.get
    return [packed_ids([a[0] for a in alerts]), *[(a[1], number(a[2], a[2]), *a[3:]) for a in alerts]]


def alerts_of(packed: Any) -> tuple[OpenAlert, ...]:
    """Read the open alerts."""
    new, word = new_tuple, WORD_OF.get
    ids, *told = packed
    rows = zip(_ids(ids), told, strict=True)
    return tuple([new(OpenAlert, (i, kind, word(s, s), *rest)) for i, (kind, s, *rest) in rows])


def totals_of(totals: tuple[Any, ...]) -> Totals:
    """Read the totals of one currency."""
    by_kind, by_channel = totals[6:]
    new = new_tuple
    kinds = {WORD_OF[kind]: new(Tally, tally) for kind, tally in by_kind.items()}
    channels = {WORD_OF[channel]: new(Tally, tally) for channel, tally in by_channel.items()}
    return new(Totals, (*totals[:6], kinds, channels))  # type: ignore[no-any-return]


def packed_purchases(purchases: Purchases) -> tuple[int, ...] | None:
    """Tell the days with a purchase, the last by its distance to the first; None where there is nothing."""
    days, first, last, *paid = purchases
    return None if purchases == NO_PURCHASES else (days, first, last - first, *paid)


def purchases_of(packed: Any) -> Purchases:
    """Read the days with a purchase."""
    if packed is None:
        return NO_PURCHASES
    days, first, span, minor, first_minor = packed
    return new_tuple(Purchases, (days, first, first + span, minor, first_minor))  # type: ignore[no-any-return]


def packed_weeks(weeks: tuple[tuple[int, int], ...]) -> list[int]:
    """Tell the AUM of weeks: the first one's day, every further one as its distance to the one before."""
    told, before = [], 0
    for day, aum in weeks:
        told += [day - before, aum]
        before = day
    return told


def weeks_of(packed: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Read the AUM of weeks."""
    return tuple(zip(accumulate(packed[::2]), packed[1::2], strict=True))


def packed_visits(visits: tuple[Visit, ...], base: int) -> list[Any]:
    """Tell the visits, each without its stream where that is its branch's own."""
    number = NUMBER_OF.get
    return [
        (branch, base - at, card, stream == _STREAM + branch or number(stream, stream), until - at, left)
        for branch, at, card, stream, until, left in visits
    ]


def visits_of(packed: Any, base: int) -> tuple[Visit, ...]:
    """Read the visits."""
    new, word = new_tuple, WORD_OF.get
    return tuple(
        [
            new(
                Visit, (branch, base - back, card, _STREAM + branch if s is True else word(s, s), base - back + w, left)
            )
            for branch, back, card, s, w, left in packed
        ]
    )


def packed_reasons(reasons: tuple[ReasonPart, ...]) -> list[Any]:
    """Tell a score's reasons one after the other."""
    return [told for code, contribution in reasons for told in (NUMBER_OF.get(code, code), contribution)]


def score_of(score: tuple[Any, ...], base: int) -> Score:
    """Read a score."""
    new, word = new_tuple, WORD_OF.get
    parts = zip(score[4::2], score[5::2], strict=True)
    reasons = tuple([new(ReasonPart, (word(code, code), contribution)) for code, contribution in parts])
    return new(Score, (*score[:3], base - score[3], reasons))  # type: ignore[no-any-return]


def packed_identity(identity: Identity, base: int) -> tuple[Any, ...]:
    """Tell the master data."""
    as_of, name, born, language, zone, branch, manager, house, kind, risk, products, *rest, consents, silent = identity
    number = NUMBER_OF.get
    told = [number(product, product) for product in products]
    agreed = [number(consent, consent) for consent in consents]
    first = base - as_of, name, born, number(language, language), number(zone, zone), branch, manager, house
    return *first, number(kind, kind), number(risk, risk), told, *rest, agreed, silent


def identity_of(packed: tuple[Any, ...], base: int) -> Identity:
    """Read the master data."""
    back, name, born, language, zone, branch, manager, house, kind, risk, products, *rest, consents, silent = packed
    word = WORD_OF.get
    held = tuple([word(product, product) for product in products])
    agreed = tuple([word(consent, consent) for consent in consents])
    first = base - back, name, born, word(language, language), word(zone, zone), branch, manager, house
    found = *first, word(kind, kind), word(risk, risk), held, *rest, agreed, silent
    return new_tuple(Identity, found)  # type: ignore[no-any-return]


def packed_ids(ids: list[str]) -> Any:
    """Write ids of actions as what they are in base64, all in one; others as they are."""
    text = "".join(ids)
    if not ids or len(text) != _ID * len(ids) or max(map(len, ids)) != _ID:
        return ids
    try:
        packed = a2b_base64(text, strict_mode=True)
    except ValueError:
        return ids
    return packed if 4 * len(packed) == 3 * len(text) else ids


def _ids(packed: Any) -> Sequence[str]:
    if type(packed) is not bytes:
        return packed  # type: ignore[no-any-return]
    text = b2a_base64(packed, newline=False).decode()
    return [text[i : i + _ID] for i in range(0, len(text), _ID)]


def packed_offers(offers: tuple[OfferMade, ...], base: int) -> list[Any]:
    """Tell the offers without their ids."""
    number = NUMBER_OF.get
    return [
        (name, number(c, c), base - made, due - made, number(word, word), None if at is None else base - at, hours)
        for _, _, name, c, made, due, word, at, hours in offers
    ]


def offers_of(packed: Any, base: int) -> tuple[OfferMade, ...]:
    """Read the offers: first the ids of all of them and of their decisions, then one by one."""
    new, word, ids, told = new_tuple, WORD_OF.get, _ids(packed[0]), packed[1:]
    return tuple(
        [
            new(
                OfferMade, (i, d, name, word(c, c), base - m, base - m + w, word(o, o), h if h is None else base - h, s)
            )
            for i, d, (name, c, m, w, o, h, s) in zip(ids, ids[len(told) :], told, strict=False)
        ]
    )


def packed_pending(p: Profile, base: int) -> tuple[Any, list[Any]]:
    """Tell the waiting examples; one of an offer says which offer, whose place stands for both ids."""
    number = NUMBER_OF.get
    place = {offer[0]: place for place, offer in enumerate(p.offers)}.get
    ids, told = [], []
    for example, model, scored, due, features, score, version, about, context in p.pending:
        of: str | int = about
        if about == example:
            of = place(example, _SAME)
        if of in (about, _SAME):
            ids.append(example)
        row = (number(model, model), base - scored, due - scored, features, score, version)
        told.append((*row, of, context) if of != "" or context else row)
    return packed_ids(ids), told


def pending_of(packed: Any, offers: tuple[OfferMade, ...], base: int) -> tuple[PendingExample, ...]:
    """Read the waiting examples."""
    ids, told = packed
    new, word, next_id = new_tuple, WORD_OF.get, [*_ids(ids)][::-1].pop
    pending = []
    for model, back, wait, features, score, version, *rest in told:
        about, context = rest or ("", b"")
        if type(about) is int:
            example = about = offers[about][0] if about != _SAME else next_id()
        else:
            example = next_id()
        scored = base - back
        told_of = (example, word(model, model), scored, scored + wait, features, score, version, about, context)
        pending.append(new(PendingExample, told_of))
    return tuple(pending)


def short(by_word: Mapping[str, Any]) -> dict[int, Any]:
    """Give numbers for words; raises KeyError for a word that `schemas.vocabulary` does not know."""
    number = NUMBER_OF
    return {number[word]: value for word, value in by_word.items()}


def long(by_number: Mapping[int, Any]) -> dict[str, Any]:
    """Read what is told by the words' numbers."""
    word = WORD_OF
    return {word[number]: value for number, value in by_number.items()}
