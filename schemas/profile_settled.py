"""What an ordinary event leaves as it is, packed apart from what every event moves.

A payment moves sums, balances and windows; master data, tags, offers and waiting examples stay the very objects that
they were, and scores and due work move with the first event of a day. So each of these two is packed as one run of
bytes, and the run of a customer's last write is taken again while all that it tells of is the same: that saves most of
what writing a profile costs.

Times stand as their distance to `base_ms`, a moment that moves only every twelve days, so that a run stays true.
"""

from collections import OrderedDict
from collections.abc import Callable
from operator import attrgetter, is_
from typing import Any

from schemas.profile import Grade, MentionMood, Profile, Promise, Ratings, Salary, Tag
from schemas.profile_complaints import Answer
from schemas.profile_holdings import Loan, ProductChange
from schemas.profile_parts import (
    NUMBER_OF,
    WORD_OF,
    alerts_of,
    complaint_of,
    due_work,
    identity_of,
    long,
    new_tuple,
    offers_of,
    pack,
    packed_alerts,
    packed_complaint,
    packed_due,
    packed_identity,
    packed_ids,
    packed_offers,
    packed_pending,
    packed_reasons,
    packed_visits,
    packed_weeks,
    pending_of,
    score_of,
    short,
    unpack,
    visits_of,
    weeks_of,
)
from schemas.profile_worth import Worth

SETTLED = (
    "erased_ms",
    "identity",
    "grade",
    "lifecycle",
    "tags",
    "aum_weeks",
    "salary",
    "loans",
    "complaints",
    "last_complaint_ms",
    "product_changes",
    "answers",
    "ratings",
    "mood",
    "visits",
    "open_alerts",
    "cool_downs",
    "offers",
    "contacts_by_channel",
    "last_offer_day",
    "pending",
    "churn_label",
    "churn_label_ms",
    "promise",
    "worth",
    "opened",
    "needs",
)
"""The fields of the one run, in the order in which they stand."""

DAILY = ("scores", "due")
"""The fields of the other; due work is told by the waiting examples and open alerts from which it follows."""

KEPT_RUNS = 20_000
"""Customers whose last run is kept: as many as a worker keeps decoded if nothing else is set. A run serves only while
its customer stays decoded, since decoding makes other objects."""

_BASE_BITS = 30  # of milliseconds: 12.4 days


def base_ms(last_seen_ms: int) -> int:
    """Give the moment to which times are told."""
    return last_seen_ms >> _BASE_BITS << _BASE_BITS


class Run:
    """Some fields as one run of bytes, packed only when one of the fields that it `reads` is another object."""

    def __init__(self, reads: tuple[str, ...], values: Callable[[Profile], tuple[Any, ...]]) -> None:
        self._read = attrgetter(*reads)
        self._values = values
        # Base, what was read when it was packed, and the run. Ordered, since a plain dict looks for its oldest key past
        # all that were deleted before.
        self._kept: OrderedDict[str, tuple[int, tuple[Any, ...], bytes]] = OrderedDict()

    def packed(self, p: Profile) -> bytes:
        """Pack the fields, or take the run that they were packed to last."""
        base, parts = base_ms(p.last_seen_ms), self._read(p)
        kept = self._kept.get(p.customer_id)
        if kept is not None and kept[0] == base and all(map(is_, kept[1], parts)):
            return kept[2]
        run: bytes = pack(self._values(p))
        if kept is None and len(self._kept) >= KEPT_RUNS:
            self._kept.popitem(last=False)
        self._kept[p.customer_id] = base, parts, run
        return run


def _settled(p: Profile) -> tuple[Any, ...]:
    """Tell each of the fields of `SETTLED`."""
    base, number, offers = base_ms(p.last_seen_ms), NUMBER_OF.get, p.offers
    return (
        p.erased_ms,
        p.identity and packed_identity(p.identity, base),
        p.grade,
        number(p.lifecycle, p.lifecycle),
        p.tags,
        packed_weeks(p.aum_weeks),
        p.salary,
        p.loans,
        [packed_complaint(c) for c in p.complaints],
        p.last_complaint_ms,
        [(number(c[0], c[0]), c[1], c[2]) for c in p.product_changes],
        [(a[0], a[1], a[2] and packed_complaint(a[2])) for a in p.answers],
        p.ratings,
        p.mood,
        packed_visits(p.visits, base),
        packed_alerts(p.open_alerts),
        p.cool_downs,
        (packed_ids([o[0] for o in offers] + [o[1] for o in offers]), *packed_offers(offers, base)),
        short(p.contacts_by_channel),
        p.last_offer_day,
        packed_pending(p, base),
        p.churn_label,
        p.churn_label_ms,
        p.promise,
        p.worth,
        short(p.opened),
        short(p.needs),
    )


def _daily(p: Profile) -> tuple[Any, ...]:
    """Tell each of the fields of `DAILY`."""
    base = base_ms(p.last_seen_ms)
    scores = {name: (*s[:3], base - s[3], *packed_reasons(s[4])) for name, s in p.scores.items()}
    return scores, packed_due(p, base)


settled_run = Run(SETTLED, _settled)
daily_run = Run((*DAILY, "pending", "open_alerts"), _daily)


def read_runs(settled: bytes, daily: bytes, base: int) -> tuple[Any, ...]:
    """Read the fields of `SETTLED` and of `DAILY`, in this order."""
    (
        erased_ms, identity, grade, lifecycle, tags, weeks, salary, loans, complaints, last_complaint_ms,
        product_changes, answers, ratings, mood, visits, open_alerts, cool_downs, offers,
        contacts_by_channel, last_offer_day, pending, churn_label, churn_label_ms, promise, worth, opened, needs,
    ) = unpack(settled)  # fmt: skip
    scores, due = unpack(daily)
    new, word = new_tuple, WORD_OF.get
    alerts, offers = alerts_of(open_alerts), offers_of(offers, base)
    pending = pending_of(pending, offers, base)
    return (
        erased_ms,
        identity and identity_of(identity, base),
        new(Grade, grade),
        word(lifecycle, lifecycle),
        {name: new(Tag, tag) for name, tag in tags.items()},
        weeks_of(weeks),
        new(Salary, salary),
        {name: new(Loan, loan) for name, loan in loans.items()},
        tuple([complaint_of(complaint) for complaint in complaints]),
        last_complaint_ms,
        tuple([new(ProductChange, (word(product, product), at, how)) for product, at, how in product_changes]),
        tuple([new(Answer, (at, topic, told and complaint_of(told))) for at, topic, told in answers]),
        new(Ratings, ratings),
        new(MentionMood, mood),
        visits_of(visits, base),
        alerts,
        cool_downs,
        offers,
        long(contacts_by_channel),
        last_offer_day,
        pending,
        churn_label,
        churn_label_ms,
        promise and new(Promise, promise),
        worth and new(Worth, worth),
        long(opened),
        long(needs),
        {name: score_of(score, base) for name, score in scores.items()},
        due_work(due, pending, alerts, base),
    )
