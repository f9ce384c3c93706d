"""What due work does when its time has come: the table of names, and the loop that fires it in due order."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from models import needs, rules, value
from models.cause import Cause
from models.context import Context
from models.facts import eve
from models.grading import regrade_silent
from models.labels import outcomes
from schemas.actions import Effect
from schemas.errors import BrokenInvariant
from schemas.profile import Due, EventCounts, Profile


class Fired(NamedTuple):
    """What due work left of the profile (None: nothing), its effects, and the models of which an example was lost."""

    profile: Profile | None
    effects: tuple[Effect, ...]
    lost: outcomes.Lost = ()


Done = tuple[Profile | None, tuple[Effect, ...]]
Work = Callable[[Profile, Due, Cause, Context], Done | Fired]

FORGET = "forget"


def fire(profile: Profile | None, until_ms: int, context: Context) -> Fired:
    """Do all work that is due by `until_ms`, in due order, each on what the one before it left."""
    effects: tuple[Effect, ...] = ()
    lost: outcomes.Lost = ()
    while profile is not None and profile.due and profile.due[0].due_ms <= until_ms:
        due = profile.due[0]
        before = profile.copied()
        before.due = profile.due[1:]
        work = WORK.get(due.name)
        if work is None:
            raise BrokenInvariant(f"nobody knows the due work {due.name!r}")
        profile, more, at_a_loss = Fired(*work(before, due, Cause.of_work(before.customer_id, due), context))
        effects += more
        lost += at_a_loss
        if profile is not None:
            _check_later(due, before, profile)
    return Fired(profile if profile is None else eve.forget(profile, until_ms, context.policy), effects, lost)


def _check_later(due: Due, before: Profile, after: Profile) -> None:
    """Hold work to its law: what it creates is due later than itself, else time would never end."""
    for other in after.due:
        if other.due_ms > due.due_ms:
            return
        if other not in before.due:
            raise BrokenInvariant(f"the work {due.name!r} created {other.name!r}, which is not due later")


def _regrade(profile: Profile, due: Due, cause: Cause, context: Context) -> Done:
    """Grade a customer who sends nothing, and ask the rules about his silence."""
    return rules.silence(regrade_silent(profile, due, context.policy), due, cause, context)


def _snapshot(profile: Profile, due: Due, cause: Cause, context: Context) -> Fired:
    """Take the weekly snapshot, and ask the rules about the score that it brought, unless he has gone by now."""
    scored, lost = outcomes.take_snapshot(profile, due, cause, context)
    examples = value.tell(profile, due, cause, context)
    scored = value.appraise(scored, due.due_ms, context)
    if profile.churn_label:
        return Fired(scored, examples, lost)
    judged, alerts = rules.judge(profile, scored, due, cause, context)
    return Fired(judged, examples + alerts, lost)


def _mature(profile: Profile, due: Due, cause: Cause, context: Context) -> Done:
    """Release an example, and with that of churn what the customer opened meanwhile."""
    opened = needs.tell(profile, due, cause, context)
    released, examples = outcomes.mature(profile, due, cause, context)
    return released, examples + opened


def _forget(profile: Profile, due: Due, cause: Cause, context: Context) -> Done:
    """Let the stub of an erased customer go, unless he has come back."""
    came_back = profile.identity is not None or profile.events != EventCounts()
    return (profile if came_back else None), ()


WORK: Mapping[str, Work] = {
    "weekly_snapshot": _snapshot,
    "mature": _mature,
    "salary_due": rules.salary_due,
    "loan_due": rules.loan_due,
    "complaint_deadline": rules.complaint_deadline,
    "alert_expires": rules.alert_expires,
    "regrade": _regrade,
    FORGET: _forget,
}
