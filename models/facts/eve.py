"""What a snapshot or a label may read: the facts before its day boundary, although later events are folded already.

A snapshot describes the customer at the start of a home day, the boundary, and is taken one lateness after it, so that
facts from before it that come late still count; what happens meanwhile must not. So from the first event at or after
the boundary on, the facts as they were are kept beside the profile (`Eve`), and an event from before the boundary is
folded into both, by the same fold. Windows need no such care: the day rings are read up to the boundary.

One boundary at a time is enough: two of them lie a day apart at least, and a lateness is no longer than a day.
"""

from collections.abc import Callable
from typing import Any

from models.policy import Policy
from schemas.events import Customer
from schemas.profile import MAX_EVE_BYTES, Eve, Facts, Identity, Profile, Rings
from schemas.profile_eve import eve_bytes

_SNAPSHOT, _LABEL = "weekly_snapshot", "mature"
_SALARY_BYTES = 56  # a salary that is missed meanwhile differs from now on, and nobody asks here again


def follow(before: Profile, after: Profile, event: Any, again: Callable[[Profile], Profile], policy: Policy) -> None:
    """Keep in `after`, which is being written, the facts as of a boundary; `again` folds the event once more.

    Master data without a time of their own are as of any time.
    """
    timed = not isinstance(event, Customer) or event.has_own_time
    kept = before.eve
    if kept is None:
        boundary_ms = _boundary_before(before, event.occurred_ms, policy) if timed else None
        if boundary_ms is None:
            return
        kept = Eve(boundary_ms, _facts(before))
    elif event.occurred_ms < kept.boundary_ms or not timed:
        seen = as_of(before, kept.boundary_ms)
        if seen is not None:
            seen.rings = Rings(days=before.rings.days)  # days before the boundary hold nothing from after it
            kept = Eve(kept.boundary_ms, _facts(again(seen)))
    after.eve = kept
    if kept.facts is not None and eve_bytes(after) > MAX_EVE_BYTES - _SALARY_BYTES:
        after.eve = Eve(kept.boundary_ms, None)


def as_of(profile: Profile, boundary_ms: int) -> Profile | None:
    """Give the profile as features and labels see it without any event at or after the boundary; None: it is lost."""
    if profile.eve is None or profile.eve.boundary_ms != boundary_ms:
        return profile
    facts = profile.eve.facts
    if facts is None:
        return None
    seen = profile.copied()
    seen.eve = None
    seen.last_seen_ms = facts.last_seen_ms
    seen.aum_highs = ()  # of what is told meanwhile, too: what is learned reads `aum_weeks`
    seen.accounts, seen.salary = facts.accounts, facts.salary
    seen.last_login_ms, seen.last_own_activity_ms = facts.last_login_ms, facts.last_own_activity_ms
    seen.complaints, seen.last_complaint_ms = facts.complaints, facts.last_complaint_ms
    seen.answers = facts.answers
    seen.product_changes = tuple([change for change in profile.product_changes if change.at_ms < boundary_ms])
    seen.ratings, seen.mood = facts.ratings, facts.mood
    seen.churn_label, seen.churn_label_ms = facts.churn_label, facts.churn_label_ms
    seen.purchases, seen.opened = facts.purchases, facts.opened
    if profile.identity is not None:
        seen.identity = None if facts.told_ms is None else _told(profile.identity, facts, facts.told_ms)
    return seen


def _told(now: Identity, facts: Facts, told_ms: int) -> Identity:
    return now._replace(
        as_of_ms=told_ms,
        birth_year=facts.birth_year,
        products=facts.products,
        closed_on=facts.closed_on,
        has_own_time=facts.has_own_time,
    )


def forget(profile: Profile, until_ms: int, policy: Policy) -> Profile:
    """Let go of facts that all work up to `until_ms` has read."""
    if profile.eve is None or profile.eve.boundary_ms + policy.lateness_ms > until_ms:
        return profile
    changed = profile.copied()
    changed.eve = None
    return changed


def _boundary_before(profile: Profile, at_ms: int, policy: Policy) -> int | None:
    """Find the boundary at or before `at_ms` whose snapshot or label is still to come."""
    for due in profile.due:
        boundary_ms = due.due_ms - policy.lateness_ms
        if boundary_ms > at_ms:
            return None
        if due.name == _SNAPSHOT or (due.name == _LABEL and _is_churn(profile, due.about)):
            return boundary_ms
    return None


def _is_churn(profile: Profile, example_id: str) -> bool:
    return any(example.example_id == example_id and not example.about for example in profile.pending)


def _facts(p: Profile) -> Facts:
    identity = p.identity
    return Facts(
        p.last_seen_ms,
        p.accounts,
        p.salary,
        p.last_login_ms,
        p.last_own_activity_ms,
        p.complaints,
        p.last_complaint_ms,
        p.answers,
        p.ratings,
        p.mood,
        None if identity is None else identity.as_of_ms,
        None if identity is None else identity.birth_year,
        () if identity is None else identity.products,
        None if identity is None else identity.closed_on,
        True if identity is None else identity.has_own_time,
        p.churn_label,
        p.churn_label_ms,
        p.purchases,
        p.opened,
    )
