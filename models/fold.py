"""The only writer of facts about a customer: an old profile and an event in, a new profile out.

What sums, counts and takes a maximum does not depend on the order of events; what follows a sequence (salary rhythm,
open complaints, the AUM high) goes by event time as far as it can and says so. A profile is copied once and filled in;
nothing that an older profile holds is changed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from models.facts import eve
from models.facts.bonds import BONDS
from models.facts.holdings import before_changes, changes_since, with_change
from models.facts.leaving import tell_leaving
from models.facts.money import fold_money
from models.facts.promise import promised
from models.needs import fold_opening, fold_told, take_back_openings
from models.policy import Policy
from models.rings import counting, windows
from schemas.events import Customer, Interaction, LinkedMention, Outcome, Transaction
from schemas.profile import (
    MAX_HANDLE_BYTES,
    MAX_HANDLES,
    MAX_ID_BYTES,
    MAX_PRODUCTS,
    MAX_REMEMBERED_EVENTS,
    MAX_TEXT_BYTES,
    MAX_WORD_BYTES,
    EventCounts,
    Identity,
    MentionMood,
    Profile,
    Ratings,
    cut,
    short_id,
)
from schemas.remembered import and_remembered, is_among, remembered_as

# What the bank does, or what says nothing of who began it.
NOT_OF_THE_CUSTOMER = frozenset({"message", "call_ended", "points_earned", "product_closed", "complaint_resolved"})
OUTBOUND, FAILED = "outbound", "failed"  # topics of a contact that the bank began, and of a login that did not succeed
NEGATIVE_THOUSANDTHS = -50  # a mention below it counts as negative (VADER's usual edge)


def new_profile(customer_id: str, at_ms: int) -> Profile:
    """Begin the profile of a customer of whom nothing was known."""
    return Profile(customer_id, at_ms, at_ms)


def fold(profile: Profile, event: Any, policy: Policy, feeling: float = 0.0) -> Profile:
    """Fold one event that was not applied before (whoever calls has asked `known`).

    `feeling` is the sentiment of a mention's text in [-1, 1].
    """
    p = _folded(profile, event, policy, feeling)
    eve.follow(profile, p, event, lambda other: _folded(other, event, policy, feeling), policy)
    return p


def _folded(profile: Profile, event: Any, policy: Policy, feeling: float) -> Profile:
    p = profile.copied()
    p.remembered = and_remembered(p.remembered, remembered_as(event), MAX_REMEMBERED_EVENTS)
    if isinstance(event, LinkedMention):
        _linked_mention(p, event, round(1000 * feeling))
    else:
        _FOLDS[type(event)](p, event, policy)
    if p.visits:  # a card that is gone needs no retraction; what comes late looks at the visits of its own time
        gone_ms = min(p.last_seen_ms, event.occurred_ms) - policy.lateness_ms
        p.visits = tuple([visit for visit in p.visits if visit.expires_ms > gone_ms])
    return p


def known(profile: Profile, event: Any) -> bool:
    """Whether the event is among the last 64 that were applied (docs/rules.md, 5)."""
    return is_among(remembered_as(event), profile.remembered)


def _seen(p: Profile, at_ms: int) -> None:
    """Move first and last seen; master data have told them only as long as nothing happened."""
    if p.events == (0, 0, 0, 0):
        p.first_seen_ms = p.last_seen_ms = at_ms
    elif at_ms > p.last_seen_ms:
        p.last_seen_ms = at_ms
    elif at_ms < p.first_seen_ms:
        p.first_seen_ms = at_ms


def _plus(events: EventCounts, place: int) -> EventCounts:
    counts = list(events)
    counts[place] += 1
    return EventCounts._make(counts)


def _transaction(p: Profile, event: Transaction, policy: Policy) -> None:
    _seen(p, event.occurred_ms)
    p.events = _plus(p.events, 0)
    fold_money(p, event, policy)
    if p.churn_label == "closed":
        tell_leaving(p)


def _interaction(p: Profile, event: Interaction, policy: Policy) -> None:
    at_ms, channel, kind = event.occurred_ms, event.channel, event.kind
    _seen(p, at_ms)
    p.events = _plus(p.events, 1)
    p.interactions_by_channel = _plus_one(p.interactions_by_channel, channel)
    p.interactions_by_kind = _plus_one(p.interactions_by_kind, kind)
    p.last_by_channel_ms = latest(p.last_by_channel_ms, channel, at_ms)
    what = _activity(event)
    p.rings = counting.add(
        p.rings,
        at_ms,
        p.last_seen_ms,
        cells=counting.activity_cells(what),
        channel=counting.channel_cells(channel),
        amount={},
    )
    if _his_own(event):
        p.last_own_activity_ms = max(at_ms, p.last_own_activity_ms or 0)
    if what == "login":
        p.last_login_ms = max(at_ms, p.last_login_ms or 0)
    if event.rating is not None:
        p.ratings = _rated(p.ratings, round(event.rating * 10), at_ms)
    if event.attributes:
        p.promise = promised(p.promise, event)
    if kind == "product_opened" and event.product_id is not None:
        fold_opening(p, event.product_id, at_ms)
    if kind in BONDS:
        BONDS[kind](p, event)
    if p.churn_label == "closed":
        tell_leaving(p)


def _activity(event: Interaction) -> windows.What:
    if event.kind == "login":
        return "failed_login" if event.topic == FAILED else "login"
    return "visit" if event.kind == "visit" else "service"


def _his_own(event: Interaction) -> bool:
    """Whether the customer himself began it: no login that failed (perhaps a thief's), no call or offer of the bank's.

    What a teller offers to one who came in does not make the visit the bank's.
    """
    if event.kind in NOT_OF_THE_CUSTOMER or event.topic == OUTBOUND:
        return False
    if event.kind == "login":
        return event.topic != FAILED
    return event.offered_action is None or event.kind == "visit"


def _plus_one(counts: Mapping[str, int], word: str) -> dict[str, int]:
    return {**counts, word: counts.get(word, 0) + 1}


def latest(times: dict[str, int], word: str, at_ms: int) -> dict[str, int]:
    """Return the times with `word` seen at `at_ms`, unless it was seen later."""
    return times if times.get(word, -1) >= at_ms else {**times, word: at_ms}


def _rated(ratings: Ratings, tenths: int, at_ms: int) -> Ratings:
    count, total = ratings[0] + 1, ratings.sum_tenths + tenths
    is_last = (at_ms, tenths) >= (ratings.last_ms, ratings.last_tenths or 0)
    return Ratings(count, total, tenths if is_last else ratings.last_tenths, at_ms if is_last else ratings.last_ms)


def _linked_mention(p: Profile, event: LinkedMention, score: int) -> None:
    """Hear a mention of this customer's; whoever calls has checked the consent."""
    at_ms = event.occurred_ms
    _seen(p, at_ms)
    p.events = _plus(p.events, 2)
    mood = p.mood
    is_last = (at_ms, score) >= (mood.last_ms, -1000 if mood.last_thousandths is None else mood.last_thousandths)
    p.mood = MentionMood(
        mood[0] + 1,
        mood.negative_count + (score < NEGATIVE_THOUSANDTHS),
        mood.sum_thousandths + score,
        score if is_last else mood.last_thousandths,
        at_ms if is_last else mood.last_ms,
    )


def _customer(p: Profile, event: Customer, policy: Policy) -> None:
    """Take over master data, unless newer ones are known; they do not say when the customer was last seen.

    What was opened and closed after them is told again: it was heard of first.
    """
    if p.events == (0, 0, 0, 0):
        p.last_seen_ms = max(p.last_seen_ms, event.occurred_ms)
    if p.identity is not None and p.identity.as_of_ms > event.occurred_ms:
        return
    since = changes_since(p, event.occurred_ms) if event.has_own_time else ()
    before, p.identity = p.identity, _identity(event)
    take_back_openings(p, since)
    if before is not None:
        fold_told(p, before_changes(before, since), event.occurred_ms)
    for change in since:
        if change.opened:
            fold_opening(p, change.product, change.at_ms)
        p.identity = with_change(p.identity, change)
    tell_leaving(p)


def _identity(event: Customer) -> Identity:
    return Identity(
        as_of_ms=event.occurred_ms,
        name=None if event.name is None else cut(event.name, MAX_TEXT_BYTES),
        birth_year=event.birth_year,
        language=cut(event.language, MAX_WORD_BYTES),
        time_zone=cut(event.time_zone, MAX_WORD_BYTES),
        branch_id=event.branch_id,
        relationship_manager_id=_id(event.relationship_manager_id),
        household_id=_id(event.household_id),
        kind=event.kind,
        risk_rating=None if event.risk_rating is None else cut(event.risk_rating, MAX_WORD_BYTES),
        products=tuple([short_id(product) for product in event.products[:MAX_PRODUCTS]]),
        handles=_handles(event.handles),
        opened_on=event.opened_on,
        closed_on=event.closed_on,
        has_own_time=event.has_own_time,
        consents=event.consents,
        do_not_contact=event.do_not_contact,
    )


def _id(text: str | None) -> str | None:
    return None if text is None else short_id(text, MAX_ID_BYTES)


def _handles(handles: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the first handles that fit; one that does not fit is never linked."""
    kept: list[str] = []
    left = MAX_HANDLE_BYTES
    for handle in dict.fromkeys(handles):
        left -= len(handle.encode())
        if left < 0 or len(kept) == MAX_HANDLES:
            break
        kept.append(handle)
    return tuple(kept)


def _outcome(p: Profile, event: Outcome, policy: Policy) -> None:
    """Count it; what it answers is the affair of `models.labels.outcomes`."""
    _seen(p, event.occurred_ms)
    p.events = _plus(p.events, 3)


_FOLDS: Mapping[type, Callable[[Profile, Any, Policy], None]] = {
    Transaction: _transaction,
    Interaction: _interaction,
    Customer: _customer,
    Outcome: _outcome,
}
