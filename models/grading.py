"""Tier, lifecycle and tags of a customer, graded in real time by the tables of the policy.

The tier follows the assets with every event. Tags and lifecycle also hang on time, so they are looked at with the first
event of each home day, at once with the events that the policy names, and by due work ("regrade") for customers who
send nothing, until nothing can change any more. Both hang on event times only: batches and timers never show.

The due work is also the memory of when tags were last looked at: it lies so many days after that day.
"""

from zlib import crc32

from models.due import with_work
from models.figures import Figures
from models.policy import Policy
from models.policy.parts import TagRule
from models.rings import windows
from schemas.profile import MAX_REASON_BYTES, MAX_TAGS, Due, Grade, Profile, Tag, cut

REGRADE = "regrade"
NOWHERE = (0, 0)  # where a tier stays that policy does not know


def regrade(profile: Profile, at_ms: int, policy: Policy, event_key: str = "") -> Profile:
    """Grade the customer as of an event at `at_ms`; `event_key` is `models.event_key.key_of` the event."""
    profile = _regrade_tier(profile, at_ms, policy)
    graded = _graded_day(profile, policy)
    now_ms = max(at_ms, profile.last_seen_ms)
    if graded is not None and windows.home_day(now_ms) <= graded and event_key not in policy.tags.again_on:
        return profile
    return _regrade_tags(profile, now_ms, policy)


def regrade_silent(profile: Profile, due: Due, policy: Policy) -> Profile:
    """Grade a customer who has sent nothing since; after `settle_days` without an event for the last time."""
    profile = _regrade_tags(profile, due.due_ms, policy)
    silent_days = windows.home_day(due.due_ms) - windows.home_day(profile.last_seen_ms)
    if silent_days <= policy.tags.settle_days:
        return profile
    settled = profile.copied()
    settled.due = tuple([other for other in profile.due if other.name != REGRADE])
    return settled


def _graded_day(profile: Profile, policy: Policy) -> int | None:
    for due in profile.due:
        if due.name == REGRADE:
            return windows.home_day(due.due_ms) - policy.tags.again_after_days
    return None


def _regrade_tier(profile: Profile, at_ms: int, policy: Policy) -> Profile:
    """Rise at a tier's edge, fall only below what keeps it (hysteresis)."""
    aum = profile.aum_minor(policy.home_currency)
    kept_by, next_edge = policy.tiers.stays.get(profile.grade.tier, NOWHERE)
    if kept_by <= aum < next_edge:
        return profile
    fit = next(tier for tier in reversed(policy.tiers.tier) if tier.from_minor <= aum)
    graded = profile.copied()
    graded.grade = Grade(fit.name, at_ms, cut(str(aum // 100), MAX_REASON_BYTES))
    return graded


def _regrade_tags(profile: Profile, at_ms: int, policy: Policy) -> Profile:
    """Look at every tag; one that still holds keeps since when and why."""
    figures = Figures(profile, at_ms, policy.home_currency, policy.bank.home_country)
    old = profile.tags
    tags = {}
    for rule, holds in zip(policy.tags.tag, policy.tags.held(figures), strict=True):
        if holds:
            tags[rule.name] = old.get(rule.name) or Tag(at_ms, _why(rule, figures))
    day = windows.home_day(at_ms) + policy.tags.again_after_days
    # Spread over that day, so that not all customers are due at midnight.
    again = Due(windows.home_day_start_ms(day) + crc32(profile.customer_id.encode()) % windows.DAY_MS, REGRADE)
    graded = profile.copied()
    graded.tags = old if tags == old else _bounded(tags)
    graded.lifecycle = _lifecycle(profile, figures, policy)
    graded.due = with_work(profile.due, again)
    return graded


def _bounded(tags: dict[str, Tag]) -> dict[str, Tag]:
    """Keep at most `MAX_TAGS`: beyond it the one that holds longest leaves."""
    while len(tags) > MAX_TAGS:
        del tags[min(tags, key=lambda name: (tags[name].since_ms, name))]
    return tags


def _why(rule: TagRule, figures: Figures) -> str:
    """Quote the figures that brought the tag, in the order of its conditions, as short as the profile keeps them."""
    said = [figures[name] for name in rule.figures()]
    return cut(" ".join("?" if figure is None else f"{figure:.6g}" for figure in said), MAX_REASON_BYTES)


def _lifecycle(profile: Profile, figures: Figures, policy: Policy) -> str:
    table = policy.tags.lifecycle
    silent_days = figures["days_since_activity"] or 0
    if profile.churn_label:
        return "closed"
    if silent_days >= table.dormant_days:
        return "dormant"
    if silent_days >= table.cooling_days:
        return "cooling"
    return "new" if (figures["days_as_customer"] or 0) <= table.new_days else "active"
