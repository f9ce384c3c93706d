"""What came true: snapshots wait until their horizon, then become examples with the label that only time could give.

Positives and negatives are released together, at maturity: whoever learns the early ones first learns a bank in which
everybody leaves (`models.labels.early` corrects for it, where policy wants offers so). What can never be known (death,
merger, consent withdrawn, an offer taken back) is censored: it goes out too, without a label, to be counted and not
learned.

A weekly snapshot describes the customer at the start of a home day and is due one lateness later: what it reads, and
what its label reads, are exactly the facts from before the boundary, late ones included (`models.facts.eve`). Consent
is the exception: it is a permission, and what was said last holds. Each customer has a day of the week of his own, by a
hash of his id.
"""

from zlib import crc32

from models.cause import Cause
from models.context import Context
from models.due import schedule
from models.facts.assets import note_week
from models.facts.eve import as_of
from models.features import features, pack, unpack
from models.figures import aum_minor, weekly_high_minor
from models.labels.escalation import MODEL as ESCALATION
from models.labels.escalation import escalated
from models.learning.hashing import Slots, pack_slots, unpack_slots
from models.policy import DAY_MS, Policy
from models.rings.windows import home_day, home_day_start_ms
from models.served.churn import may_profile, score_churn
from schemas.actions import Effect, example_effect
from schemas.events import Outcome
from schemas.internal import ExampleRecord
from schemas.profile import MAX_CONTEXT_BYTES, MAX_PENDING, Due, OfferMade, PendingExample, Profile, short_id
from schemas.vocabulary import CENSORING, FAST, VOID

WEEKLY_SNAPSHOT, MATURE = "weekly_snapshot", "mature"
TAKEN = frozenset({"Accepted", "Converted"})
LEARNED_EARLY = frozenset({FAST, VOID})  # `about` of examples that come in parts
# The better outcome of one offer wins, whatever the order in which they come.
RANKS = {
    "NoResponse": 0,
    "Expired": 0,
    "Impression": 1,
    "Clicked": 2,
    "Rejected": 3,
    "Retracted": 4,
    "Accepted": 5,
    "Converted": 6,
}

Effects = tuple[Effect, ...]
Lost = tuple[str, ...]  # models whose example found no room


def begin_snapshots(profile: Profile, at_ms: int, policy: Policy) -> Profile:
    """Put the weekly snapshot on the list of a customer (new, or come back) who has none.

    A late event brings no snapshot of a day that is over: it would know what came after.
    """
    now_ms = max(at_ms, profile.last_seen_ms)
    if _gone(profile, now_ms + 1) or any(due.name == WEEKLY_SNAPSHOT for due in profile.due):
        return profile
    return schedule(profile, _next_snapshot(profile.customer_id, home_day(now_ms), policy))


def _gone(profile: Profile, boundary_ms: int) -> bool:
    """Whether anything ended the relation before the boundary."""
    return profile.churn_label != "" and (profile.churn_label_ms or 0) < boundary_ms


def _next_snapshot(customer_id: str, after_day: int, policy: Policy) -> Due:
    days = policy.churn.snapshot_days
    wait = days - (after_day + crc32(customer_id.encode())) % days
    return Due(home_day_start_ms(after_day + wait) + policy.lateness_ms, WEEKLY_SNAPSHOT)


def take_snapshot(profile: Profile, due: Due, cause: Cause, context: Context) -> tuple[Profile, Lost]:
    """Score the customer as of the day boundary and let the snapshot wait for its label; then schedule the next.

    Who has left already is scored no more as one who could leave: no example, and no further snapshot until he sends
    something again (`begin_snapshots`), else a long silence would be work without end. Without consent to profiling
    neither. Says also whose example was lost (`pend`).
    """
    policy = context.policy
    boundary_ms = due.due_ms - policy.lateness_ms
    seen = as_of(profile, boundary_ms)
    if _gone(seen or profile, boundary_ms):
        return profile, ()
    if seen is not None:
        profile = note_week(profile, seen, boundary_ms, policy.home_currency)
    if not may_profile(profile):
        return score_churn(profile, (), due.due_ms, context), ()
    values = features(seen or profile, boundary_ms - 1, policy.home_currency)
    profile = score_churn(profile, values, due.due_ms, context)
    if has_left(seen or profile, boundary_ms, policy):
        return profile, ()
    profile = schedule(profile, _next_snapshot(profile.customer_id, home_day(boundary_ms), policy))
    if seen is None:  # the score may know what came after the boundary; what is learned from may not
        return profile, ()
    score = profile.scores["churn"]
    matures_ms = due.due_ms + policy.churn.horizon_days * DAY_MS
    example = PendingExample(
        cause.id("churn"), "churn", boundary_ms, matures_ms, pack(values), score.value, score.version
    )
    return pend(profile, example, due.due_ms)


def pend_offer(
    profile: Profile,
    offer: OfferMade,
    values: tuple[float, ...],
    propensity: float,
    version: int,
    policy: Policy,
    slots: Slots = (),
) -> tuple[Profile, Lost]:
    """Let an offer's features wait until its horizon (`offer.due_ms`) and one lateness have passed (`pend`)."""
    if not may_profile(profile):
        return profile, ()
    due_ms = offer.due_ms + policy.lateness_ms
    about = FAST if policy.models.is_fast("propensity") else offer.action_id
    example = PendingExample(
        offer.action_id,
        "propensity",
        offer.made_ms,
        due_ms,
        pack(values),
        propensity,
        version,
        about,
        pack_slots(slots),
    )
    return pend(profile, example, offer.made_ms)


def pend(profile: Profile, example: PendingExample, at_ms: int) -> tuple[Profile, Lost]:
    """Let an example wait for its label, and name its model where it is lost.

    Where `MAX_PENDING` wait already, or their contexts leave no room for its own, the newcomer is lost: which one that
    is does not depend on any label. Those whose work was crowded out of the list of due work have nothing to wait for
    and make room.
    """
    waiting = tuple([other for other in profile.pending if other.due_ms > at_ms])
    changed = profile.copied()
    changed.pending = waiting
    if any(other.example_id == example.example_id for other in waiting):
        return changed, ()
    if len(waiting) >= MAX_PENDING:
        return changed, (example.model,)
    if example.context and sum(len(other.context) for other in (*waiting, example)) > MAX_CONTEXT_BYTES:
        return changed, (example.model,)
    changed.pending = (*waiting, example)
    return schedule(changed, Due(example.due_ms, MATURE, example.example_id)), ()


def mature(profile: Profile, due: Due, cause: Cause, context: Context) -> tuple[Profile, Effects]:
    """Release the example that waited for this moment, with its label, to the topic `examples`.

    Its offer ends with it: whatever is answered from now on comes too late for the label (`hear`).
    """
    example = next((other for other in profile.pending if other.example_id == due.about), None)
    if example is None:
        return profile, ()
    changed = profile.copied()
    changed.pending = tuple([other for other in profile.pending if other is not example])
    offer = next((o for o in profile.offers if o.action_id == example.example_id), None) if example.about else None
    if offer is not None:
        changed.offers = tuple([o._replace(due_ms=o.made_ms) if o is offer else o for o in profile.offers])
    if example.model not in context.policy.models.names:  # any more
        return changed, ()
    label = _label(profile, example, offer, context.policy)
    record = told(profile, example, offer, due_ms=due.due_ms, label=label)
    if example.about in LEARNED_EARLY:
        record = record.model_copy(update={"part": "verdict"})
    return changed, (example_effect(record, timed=cause.timed),)


def told(
    profile: Profile, example: PendingExample, offer: OfferMade | None, *, due_ms: int, label: int | None
) -> ExampleRecord:
    """Tell the trainer of an example with what came true of it by `due_ms`."""
    return ExampleRecord(
        model=example.model,
        example_id=example.example_id,
        customer_id=profile.customer_id,
        due_ms=due_ms,
        snapshot_ms=example.scored_ms,
        features=unpack(example.features),
        context=unpack_slots(example.context),
        label=label,
        about=offer.action if offer is not None else "",
        decision_id=offer.decision_id if offer is not None else "",
        score=example.score,
        model_version=example.version,
    )


def _label(profile: Profile, example: PendingExample, offer: OfferMade | None, policy: Policy) -> int | None:
    """Say what came true by the horizon: 1, 0, or None where it can never be known.

    An erasure ends what was scored before it; who comes back afterwards is learned from as anybody.
    """
    boundary_ms = example.due_ms - policy.lateness_ms
    seen = as_of(profile, boundary_ms)
    if seen is None or not may_profile(profile):
        return None
    if seen.churn_label in CENSORING and _gone(seen, boundary_ms):
        return None
    if profile.erased_ms is not None and example.scored_ms < profile.erased_ms:
        return None
    if not example.about:
        escalates = example.model == ESCALATION
        return int(escalated(seen, example.scored_ms) if escalates else has_left(seen, boundary_ms, policy))
    if offer is None or offer.outcome == "Retracted" or example.about == VOID:
        return None
    return int(offer.outcome in TAKEN)


def has_left(seen: Profile, boundary_ms: int, policy: Policy) -> bool:
    """Whether the customer has left as policy means it, before the boundary as of which the profile is seen.

    He closed his accounts; or his assets fell by `aum_fall_share` from their weekly high of 90 days and are not back;
    or he did nothing of his own for `silence_days`.
    """
    churn = policy.churn
    if seen.churn_label == "closed" and _gone(seen, boundary_ms):
        return True
    aum = aum_minor(seen, policy.home_currency)
    high = weekly_high_minor(seen, home_day(boundary_ms - 1), aum)
    if high >= churn.aum_high_minor and aum <= (1 - churn.aum_fall_share) * high:
        return True
    last_ms = seen.last_own_activity_ms
    return boundary_ms - (seen.first_seen_ms if last_ms is None else last_ms) >= churn.silence_days * DAY_MS


def hear(profile: Profile, outcome: Outcome) -> tuple[Profile, str]:
    """Join an outcome to the offer that it answers; returns `joined`, `late` or `dangling` (nothing known is meant).

    Late: it came true after the offer's horizon, or was heard of when the label was out already. It changes no label;
    a "no" that is told only then is noted all the same, since the customer is to have his rest.
    The better outcome wins and the first of equals stays: hearing one twice, or two in another order, is the same.
    """
    if outcome.about_event_id is not None:
        known = any(alert.cause == short_id(outcome.about_event_id) for alert in profile.open_alerts)
        return profile, "joined" if known else "dangling"
    offer = next((o for o in profile.offers if answers(outcome, o)), None)
    if offer is None:
        return profile, "dangling"
    late = outcome.occurred_ms > offer.due_ms
    label_is_out = offer.due_ms == offer.made_ms
    if late and not (label_is_out and outcome.label == "Rejected"):
        return profile, "late"
    new, old = _worth(outcome.label, outcome.occurred_ms), _worth(offer.outcome, offer.outcome_ms)
    said = "late" if late else "joined"
    if new <= old:
        return profile, said
    heard = offer._replace(outcome=outcome.label, outcome_ms=outcome.occurred_ms)
    changed = profile.copied()
    changed.offers = tuple([heard if other is offer else other for other in profile.offers])
    return changed, said


def answers(outcome: Outcome, offer: OfferMade) -> bool:
    """Whether the outcome is about this offer, by its id or by that of its decision."""
    if outcome.action_id is not None:
        return outcome.action_id == offer.action_id
    return outcome.decision_id is not None and short_id(outcome.decision_id) == offer.decision_id


def _worth(label: str | None, at_ms: int | None) -> tuple[int, int]:
    """Rank an outcome; of equals the earlier is worth more."""
    return (-1, 0) if label is None else (RANKS[label], -(at_ms or 0))
