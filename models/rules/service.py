"""Rules about what customers tell us: complaints, ratings, mentions."""

from models.facts.complaints import complaint_of
from models.figures import aum_minor
from models.labels.escalation import chance_of
from models.policy import DAY_MS, HOUR_MS, Policy
from models.policy.rules import AngryMention, ComplaintDeadline, ComplaintMade, LowRating, SecondComplaint
from models.rings.windows import home_date
from models.rules.finding import Finding
from schemas.events import Interaction, LinkedMention
from schemas.profile import Due, Profile, short_id
from schemas.profile_complaints import Complaint


def complaint(
    before: Profile, after: Profile, event: Interaction, rule: ComplaintMade, policy: Policy
) -> Finding | None:
    """Find the complaint that stands since this one was made."""
    stands = _stands_since(before, after, event)
    return None if stands is None else _of_complaint(stands, after, event, policy, {})


def second_complaint(
    before: Profile, after: Profile, event: Interaction, rule: SecondComplaint, policy: Policy
) -> Finding | None:
    """Find a complaint within so many days of another."""
    stands, last_ms = _stands_since(before, after, event), before.last_complaint_ms
    if stands is None or last_ms is None or abs(event.occurred_ms - last_ms) > rule.days * DAY_MS:
        return None
    return _of_complaint(stands, after, event, policy, {"days": abs(event.occurred_ms - last_ms) // DAY_MS})


def _stands_since(before: Profile, after: Profile, event: Interaction) -> Complaint | None:
    """Give the complaint that has come to stand: the one just made, or another whose answer it took; None: none has.

    Of some the answer is heard of first (`models.facts.complaints`). One too many to be remembered took no answer, and
    stands all the same.
    """
    risen = [complaint for complaint in after.complaints if complaint not in before.complaints]
    if risen:
        return risen[0]
    return complaint_of(event) if after.answers == before.answers else None


def _of_complaint(
    complaint: Complaint, profile: Profile, event: Interaction, policy: Policy, figures: dict[str, int]
) -> Finding:
    own = complaint == complaint_of(event)
    event_id, topic = (event.event_id, event.topic) if own else (complaint.event_id, complaint.topic)
    return Finding(
        cause=event_id,
        events=(event_id,),
        figures={"aum_minor": aum_minor(profile, policy.home_currency), **figures, **_chance(profile, complaint)},
        words={"topic": topic or "-", "channel": complaint.channel},
    )


def _chance(profile: Profile, complaint: Complaint) -> dict[str, float]:
    """Give the score of the complaint as evidence, where a model gave it one."""
    chance = chance_of(profile, complaint.opened_ms)
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
