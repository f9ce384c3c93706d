"""Carry out a decision: the offer to its channel, the record to the ledger, and what the profile remembers of it."""

from typing import NamedTuple

from models.cause import Cause
from models.context import Context
from models.decide import Choice, Weighed, decide, held_back
from models.explanations.reasons import parts_in_words, strongest
from models.labels.early import begun
from models.labels.outcomes import Lost, pend_offer
from models.learning.hashing import slots_of
from models.policy import HOUR_MS, Policy, Trigger
from models.rings.windows import home_day
from models.served.churn import may_profile
from schemas.actions import Effect, Offer, Reason
from schemas.decisions import Decision, decision_effect
from schemas.entries import offer_effect
from schemas.events import Interaction, Transaction
from schemas.profile import MAX_OFFERS, OfferMade, Profile, short_id

UNKNOWN_ACTION = "unknown_action"
URGENT_ISSUES = frozenset({"retain", "collect"})
MAX_TOLD = 3  # reasons of the propensity in an offer


class Offered(NamedTuple):
    """What became of an offer: the profile with it, effects, why something was held back (codes), `Lost` examples."""

    profile: Profile
    effects: tuple[Effect, ...] = ()
    held_back: tuple[str, ...] = ()
    lost: Lost = ()


def offer(
    profile: Profile,
    event: Transaction | Interaction,
    trigger: Trigger,
    cause: Cause,
    context: Context,
    values: tuple[float, ...],
) -> Offered:
    """Decide about an event that triggers it: at most one offer, and always a record of it.

    `values` are the customer's features; without consent to profiling none are asked for.
    """
    choice = decide(profile, event, trigger, context, values)
    record = _record(choice, event, cause, context.policy)
    effects = (decision_effect(record, timed=cause.timed),)
    if choice.chosen is None:
        return Offered(profile, effects, held_back(choice))
    made = _offer(choice, choice.chosen, values, record, cause, context.policy)
    due_ms = made.occurred_ms + choice.chosen.action.horizon_ms
    kept = OfferMade(
        made.action_id,
        made.decision_id,
        made.action,
        made.channel,
        made.occurred_ms,
        due_ms,
        stands_hours=context.policy.decisions.offer_expires_hours,
    )
    profile = _remember(profile, kept)
    propensity = choice.chosen.propensity
    version = 0 if choice.chosen.scored is None else choice.version or 0  # 0: policy said it, no model did
    profile, lost = pend_offer(profile, kept, values, propensity, version, context.policy, choice.slots)
    wanted = (offer_effect(made, timed=cause.timed), *effects, *begun(profile, kept))
    return Offered(profile, wanted, held_back(choice), lost)


def offered(profile: Profile, event: Interaction, cause: Cause, context: Context, values: tuple[float, ...]) -> Offered:
    """Remember an offer that a person made outside of our decisions.

    It happened, so that neither caps nor consents can forbid it; but it is a contact, and an example to learn from:
    scored now as we would have. An outcome joins it by `decision_id` = the interaction's event_id.
    """
    action = next((action for action in context.policy.actions.action if action.name == event.offered_action), None)
    if action is None:
        return Offered(profile, held_back=(UNKNOWN_ACTION,))
    at_ms = event.occurred_ms
    decision_id = short_id(event.event_id)
    kept = OfferMade(cause.id(action.name), decision_id, action.name, event.channel, at_ms, at_ms + action.horizon_ms)
    profile = _remember(profile, kept)
    if not may_profile(profile):
        return Offered(profile)
    scorer, slots = context.scorers["propensity"], slots_of(event.attributes)
    propensity = scorer.score(values, action.name, slots).value
    profile, lost = pend_offer(profile, kept, values, propensity, scorer.version, context.policy, slots)
    return Offered(profile, begun(profile, kept), lost=lost)


def _record(choice: Choice, event: Transaction | Interaction, cause: Cause, policy: Policy) -> Decision:
    return Decision(
        decision_id=cause.id("decision"),
        customer_id=cause.customer_id,
        event_id=event.event_id,
        occurred_ms=cause.at_ms,
        trigger=choice.trigger,
        policy=policy.hash,
        models={} if choice.version is None else {"propensity": choice.version},
        scores={one.action.name: one.propensity for one in choice.weighed},
        funnel=choice.funnel,
        action=None if choice.chosen is None else choice.chosen.action.name,
        action_probability=choice.action_probability,
    )


def _offer(
    choice: Choice, chosen: Weighed, values: tuple[float, ...], record: Decision, cause: Cause, policy: Policy
) -> Offer:
    action, scored = chosen.action, chosen.scored
    parts = () if scored is None else strongest(scored, policy, MAX_TOLD)
    words = action.treatment(chosen.channel)
    why = Reason(code=action.name, zh=action.reason.zh, en=action.reason.en)
    said = Reason(code="treatment", zh=words.zh, en=words.en)
    return Offer(
        action_id=cause.id(action.name),
        decision_id=record.decision_id,
        customer_id=cause.customer_id,
        issue=action.issue,
        group=action.group,
        action=action.name,
        treatment=f"{action.name}.{chosen.channel}",
        channel=chosen.channel,  # type: ignore[arg-type] # the policy allows no other
        propensity=chosen.propensity,
        value=float(action.value_minor),
        arbitration=chosen.priority,
        priority=2 if action.issue in URGENT_ISSUES else 3,
        reasons=(why, said, *parts_in_words(parts, policy, values)),
        action_probability=choice.action_probability,
        model=None if scored is None else "propensity",
        model_version=None if scored is None else choice.version,
        occurred_ms=cause.at_ms,
        expires_ms=cause.at_ms + policy.decisions.offer_expires_hours * HOUR_MS,
    )


def _remember(profile: Profile, kept: OfferMade) -> Profile:
    """Count the contact and keep the offer; a late one does not take back a later day's cap."""
    day, last_day = home_day(kept.made_ms), profile.last_offer_day
    changed = profile.copied()
    changed.offers = (*profile.offers, kept)[-MAX_OFFERS:]
    changed.last_offer_day = day if last_day is None else max(day, last_day)
    contacts = profile.contacts_by_channel
    changed.contacts_by_channel = {**contacts, kept.channel: contacts.get(kept.channel, 0) + 1}
    return changed
