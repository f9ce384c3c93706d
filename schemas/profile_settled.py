"""What an ordinary event leaves as it is, packed apart from what every event moves.

A payment moves sums, balances and windows; master data, tags, offers, waiting examples and due work stay the very
objects that they were. So these are packed as one run of bytes, and the run of a customer's last write is taken again
while all of them are the same: that saves most of what writing a profile costs.

Times stand as their distance to `base_ms`, a moment that moves only every twelve days, so that the run stays true.
"""

from collections import OrderedDict
from operator import attrgetter, is_
from typing import Any

from schemas.profile import Complaint, Grade, Loan, MentionMood, Profile, Promise, Ratings, Salary, Tag
from schemas.profile_parts import (
    NUMBER_OF,
    WORD_OF,
    alerts_of,
    due_work,
    identity_of,
    long,
    new_tuple,
    offers_of,
    pack,
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
    unpack,
    visits_of,
)
from schemas.profile_worth import Worth

SETTLED = (
    "erased_ms",
    "identity",
    "grade",
    "lifecycle",
    "tags",
    "salary",
    "loans",
    "countries",
    "complaints",
    "last_complaint_ms",
    "complaints_closed",
    "ratings",
    "mood",
    "visits",
    "open_alerts",
    "cool_downs",
    "offers",
    "contacts_by_channel",
    "last_offer_day",
    "pending",
    "scores",
    "due",
    "churn_label",
    "churn_label_ms",
    "promise",
    "purchases",
    "worth",
    "opened",
    "needs",
)
"""The fields that are packed here, in the order in which they stand."""

KEPT_RUNS = 20_000
"""Customers whose last run is kept: as many as a worker keeps decoded if nothing else is set. A run serves only while
its customer stays decoded, since decoding makes other objects."""

_BASE_BITS = 30  # of milliseconds: 12.4 days
_parts = attrgetter(*SETTLED)
# Base, the parts that it was packed from, and the run. Ordered, since a plain dict looks for its oldest key past all
# that were deleted before.
_runs: OrderedDict[str, tuple[int, tuple[Any, ...], bytes]] = OrderedDict()


def base_ms(last_seen_ms: int) -> int:
    """Give the moment to which times are told."""
    return last_seen_ms >> _BASE_BITS << _BASE_BITS


def packed_settled(p: Profile) -> bytes:
    """Pack the fields of `SETTLED`, or take the run that they were packed to last."""
    base, parts = base_ms(p.last_seen_ms), _parts(p)
    kept = _runs.get(p.customer_id)
    if kept is not None and kept[0] == base and all(map(is_, kept[1], parts)):
        return kept[2]
    run: bytes = pack(values_of(p))
    if kept is None and len(_runs) >= KEPT_RUNS:
        _runs.popitem(last=False)
    _runs[p.customer_id] = base, parts, run
    return run


def values_of(p: Profile) -> tuple[Any, ...]:
    """Tell each of the fields, in the order of `SETTLED`."""
    base, number, offers = base_ms(p.last_seen_ms), NUMBER_OF.get, p.offers
    return (
        p.erased_ms,
        p.identity and packed_identity(p.identity, base),
        p.grade,
        number(p.lifecycle, p.lifecycle),
        p.tags,
        p.salary,
        p.loans,
        p.countries,
        [(c[0], c[1], number(c[2], c[2]), c[3]) for c in p.complaints],
        p.last_complaint_ms,
        p.complaints_closed,
        p.ratings,
        p.mood,
        packed_visits(p.visits, base),
        packed_alerts(p.open_alerts),
        p.cool_downs,
        (packed_ids([o[0] for o in offers] + [o[1] for o in offers]), *packed_offers(offers, base)),
        short(p.contacts_by_channel),
        p.last_offer_day,
        packed_pending(p, base),
        {name: (*s[:3], base - s[3], *packed_reasons(s[4])) for name, s in p.scores.items()},
        packed_due(p, base),
        p.churn_label,
        p.churn_label_ms,
        p.promise,
        packed_purchases(p.purchases),
        p.worth,
        short(p.opened),
        short(p.needs),
    )


def settled_of(run: bytes, base: int) -> tuple[Any, ...]:
    """Read what `packed_settled` wrote, in the order of `SETTLED`."""
    (
        erased_ms, identity, grade, lifecycle, tags, salary, loans, countries, complaints, last_complaint_ms,
        complaints_closed, ratings, mood, visits, open_alerts, cool_downs, offers, contacts_by_channel, last_offer_day,
        pending, scores, due, churn_label, churn_label_ms, promise, purchases, worth, opened, needs,
    ) = unpack(run)  # fmt: skip
    new, word = new_tuple, WORD_OF.get
    alerts, offers = alerts_of(open_alerts), offers_of(offers, base)
    pending = pending_of(pending, offers, base)
    return (
        erased_ms,
        identity and identity_of(identity, base),
        new(Grade, grade),
        word(lifecycle, lifecycle),
        {name: new(Tag, tag) for name, tag in tags.items()},
        new(Salary, salary),
        {name: new(Loan, loan) for name, loan in loans.items()},
        countries,
        tuple([new(Complaint, (e, t, word(c, c), topic)) for e, t, c, topic in complaints]),
        last_complaint_ms,
        complaints_closed,
        new(Ratings, ratings),
        new(MentionMood, mood),
        visits_of(visits, base),
        alerts,
        cool_downs,
        offers,
        long(contacts_by_channel),
        last_offer_day,
        pending,
        {name: score_of(score, base) for name, score in scores.items()},
        due_work(due, pending, alerts, base),
        churn_label,
        churn_label_ms,
        promise and new(Promise, promise),
        purchases_of(purchases),
        worth and new(Worth, worth),
        long(opened),
        long(needs),
    )
