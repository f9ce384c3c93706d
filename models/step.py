"""The straight way of an event: known already? what time brought, fold, grade, score, judge, answer, remember.

`step` is a pure function: it looks at no clock, draws no chance, and changes nothing that it was given. The same core
runs live, in replay and in what-if.
"""

from collections.abc import Callable
from typing import Any

from models import arrival, links, standing
from models.cause import Cause
from models.context import Context, Verdict
from models.decide import trigger_of
from models.erasure import erase
from models.event_key import key_of
from models.features import features
from models.fold import fold, known, new_profile
from models.grading import regrade
from models.labels import outcomes
from models.labels.early import came_true
from models.labels.escalation_examples import COMPLAINT, expect
from models.needs import forecast, without_needs
from models.offer import offer, offered
from models.rings.windows import home_day
from models.rules import judge
from models.served.churn import may_profile, score_churn, without_score
from models.value import appraise, without_worth
from models.value import withdrawn as taken_out
from models.work import fire
from schemas.actions import Effect, letter_effect
from schemas.events import Customer, Interaction, LinkedMention, Outcome
from schemas.internal import Erasure, Timer, Unreadable
from schemas.profile import EventCounts, Profile
from schemas.remembered import is_among, remember

Effects = tuple[Effect, ...]


def step(profile: Profile | None, event: Any, context: Context) -> Verdict[Profile]:
    """Take one event of one customer (None: nothing is known of him) to his new profile and what is wanted outside."""
    other_way = _OTHER_WAYS.get(type(event))
    if other_way is not None:
        return other_way(profile, event, context)
    if profile is not None:
        if profile.erased_ms is not None and event.occurred_ms < profile.erased_ms:
            return Verdict(profile, result="ignored")
        if known(profile, event):
            return Verdict(profile, result="duplicate")
    due: Effects = ()
    lost: outcomes.Lost = ()
    if _has_own_time(event):
        profile, due, lost = fire(profile, event.occurred_ms, context)
    before = profile if profile is not None else new_profile(event.customer_id, event.occurred_ms)
    if isinstance(event, LinkedMention) and links.CONSENT not in _consents(before):
        return Verdict(profile, due, "ignored", lost=lost)
    verdict = _follow(before, event, context)
    return verdict._replace(effects=due + verdict.effects, lost=lost + verdict.lost) if due or lost else verdict


def _wake(profile: Profile | None, timer: Timer, context: Context) -> Verdict[Profile]:
    fired = fire(profile, timer.until_ms, context)
    return Verdict(fired.profile, fired.effects, lost=fired.lost)


def _put_aside(profile: Profile | None, event: Unreadable, context: Context) -> Verdict[Profile]:
    """Tell a repeat by its id before its content matters; anything else becomes a dead letter."""
    if profile is not None and is_among(remember(event.kind, event.event_id), profile.remembered):
        return Verdict(profile, result="duplicate")
    return Verdict(profile, (letter_effect(event.reason, event.detail),), "dead_letter")


_OTHER_WAYS: dict[type, Callable[[Profile | None, Any, Context], Verdict[Profile]]] = {
    Timer: _wake,
    Erasure: erase,
    Unreadable: _put_aside,
}


def _follow(before: Profile, event: Any, context: Context) -> Verdict[Profile]:
    """Take a new event to the profile after it, its effects, and how an outcome was heard."""
    policy, at_ms, outcome = context.policy, _time_of(before, event), None
    early: Effects = ()
    suppressed: tuple[str, ...] = ()
    lost: outcomes.Lost = ()
    cause, key = Cause(event.event_id, at_ms, event.customer_id), key_of(event)
    profile = fold(before, event, policy, _feeling(event, context))
    if isinstance(event, Customer):
        withdrawn = links.changes(event.customer_id, before.identity, profile.identity, event.occurred_ms)
        withdrawn += taken_out(before, profile, cause, policy)
        if profile.events == EventCounts():  # nothing has happened yet: there is nothing to grade or to judge
            return Verdict(profile, withdrawn, "applied", event.unknown_fields)
    else:
        withdrawn = ()
        profile = outcomes.begin_snapshots(profile, at_ms, policy)
    if isinstance(event, Outcome):
        profile, heard = outcomes.hear(profile, event)
        outcome = (event.label, heard)
        profile, early = came_true(before, profile)
    profiled = may_profile(profile)
    if not profiled:
        profile = without_needs(without_worth(without_score(profile)))  # before the tags that hang on it are looked at
    profile = regrade(profile, at_ms, policy, key)
    trigger = trigger_of(event, policy)
    values: tuple[float, ...] = ()
    by_hand = isinstance(event, Interaction) and event.offered_action is not None
    new_day = profiled and _unscored_today(profile, at_ms)
    if profiled and (trigger is not None or by_hand or new_day):
        values = features(profile, at_ms, policy.home_currency)
        profile = appraise(score_churn(profile, values, at_ms, context), at_ms, context)
        profile = forecast(profile, values, context) if new_day else profile
    if key == COMPLAINT:
        profile, lost = expect(profile, values, cause, context)
    if by_hand:
        profile, early, suppressed, no_room = offered(profile, event, cause, context, values)
        lost += no_room
    profile, taken_back = standing.review(before, profile, event, cause, policy)
    profile, effects = judge(before, profile, event, cause, context)
    if isinstance(event, Interaction):
        profile, more = _at_the_branch(profile, event, cause, context)
        effects += more
    if trigger is not None:
        profile, more, held_back, no_room = offer(profile, event, trigger, cause, context, values)
        effects += more
        suppressed += held_back
        lost += no_room
    effects = withdrawn + taken_back + effects + early
    return Verdict(profile, effects, "applied", event.unknown_fields, outcome, suppressed, lost)


def _time_of(before: Profile, event: Any) -> int:
    """Say when an event is: master data without a time of their own are as of what was last seen of the customer.

    The time at which their record came is no event time: a replay reads it years after what it is about.
    """
    return event.occurred_ms if _has_own_time(event) else before.last_seen_ms


def _has_own_time(event: Any) -> bool:
    return not isinstance(event, Customer) or event.has_own_time


def _feeling(event: Any, context: Context) -> float:
    return context.sentiment(event.text, event.language).score if isinstance(event, LinkedMention) else 0.0


def _at_the_branch(profile: Profile, event: Interaction, cause: Cause, context: Context) -> tuple[Profile, Effects]:
    if event.kind == "visit":
        return arrival.arrive(profile, event, cause, context)
    return arrival.leave(profile, event, cause, context) if event.kind == "leave" else (profile, ())


def _consents(profile: Profile) -> tuple[str, ...]:
    return profile.identity.consents if profile.identity is not None else ()


def _unscored_today(profile: Profile, at_ms: int) -> bool:
    """Whether the first event of a home day wants a new score."""
    score = profile.scores.get("churn")
    return score is None or home_day(score.at_ms) < home_day(at_ms)
