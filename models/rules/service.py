"""Rules about what customers tell us: complaints, ratings, mentions."""

from models.figures import aum_minor
from models.labels.escalation import chance_of
from models.policy import DAY_MS, HOUR_MS, Policy
from models.policy.rules import AngryMention, ComplaintDeadline, ComplaintMade, LowRating, SecondComplaint
from models.rings.windows import home_date
from models.rules.finding import Finding
from schemas.events import Interaction, LinkedMention
from schemas.profile import Due, Profile, short_id


def complaint(
    before: Profile, after: Profile, event: Interaction, rule: ComplaintMade, policy: Policy
) -> Finding | None:
    """Find every complaint that is not answered yet: of some the answer is heard of first."""
    return None if _is_answered(before, after) else _of_complaint(after, event, policy, {})


def second_complaint(
    before: Profile, after: Profile, event: Interaction, rule: SecondComplaint, policy: Policy
) -> Finding | None:
    """Find a complaint within so many days of another."""
    last_ms = before.last_complaint_ms
    if last_ms is None or abs(event.occurred_ms - last_ms) > rule.days * DAY_MS or _is_answered(before, after):
        return None
    return _of_complaint(after, event, policy, {"days": abs(event.occurred_ms - last_ms) // DAY_MS})


def _is_answered(before: Profile, after: Profile) -> bool:
    return after.complaints_closed > before.complaints_closed


def _of_complaint(profile: Profile, event: Interaction, policy: Policy, figures: dict[str, int]) -> Finding:
    return Finding(
        cause=event.event_id,
        events=(event.event_id,),
        figures={"aum_minor": aum_minor(profile, policy.home_currency), **figures, **_chance(profile, event)},
        words={"topic": event.topic or "-", "channel": event.channel},
    )


def _chance(profile: Profile, event: Interaction) -> dict[str, float]:
    """Give the score of the complaint as evidence, where a model gave it one."""
    chance = chance_of(profile, event.occurred_ms)
    return {} if chance is None else {"escalation_share": chance}


def complaint_deadline(
    before: Profile, after: Profile, due: Due, rule: ComplaintDeadline, policy: Policy
) -> Finding | None:
    """Find that the complaint which the work is about still stands."""
    for stands in after.complaints:
        if short_id(stands.event_id) == due.about:
            hours = (stands.opened_ms + rule.deadline_days * DAY_MS - due.due_ms) // HOUR_MS
            return Finding(
                cause=stands.event_id,
                events=(stands.event_id,),
                figures={"hours": hours, "deadline_days": rule.deadline_days},
                words={"topic": stands.topic or "-", "opened": home_date(stands.opened_ms)},
            )
    return None


def low_rating(before: Profile, after: Profile, event: Interaction, rule: LowRating, policy: Policy) -> Finding | None:
    """Find a low rating, wherever it was given."""
    rating = event.rating
    if rating is None or rating > rule.rating:
        return None
    return Finding(
        cause=event.event_id, events=(event.event_id,), figures={"rating": rating}, words={"channel": event.channel}
    )


def angry_mention(
    before: Profile, after: Profile, event: LinkedMention, rule: AngryMention, policy: Policy
) -> Finding | None:
    """Find anger in the linked customer's mention that was just folded, also where a later one was heard before it."""
    heard = after.mood.sum_thousandths - before.mood.sum_thousandths
    if heard > 1000 * rule.sentiment:
        return None
    figures = {"sentiment": heard / 1000, "reach": int(event.reach or 0)}
    return Finding(cause=event.event_id, events=(event.event_id,), figures=figures, words={"platform": event.platform})
