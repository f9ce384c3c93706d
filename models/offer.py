"""Carry out a decision: the offer to its channel, the record to the ledger, and what the profile remembers of it."""

from typing import Any

from models.alerts import NOTHING, Step
from models.cause import Cause
from models.context import Context
from models.decide import Choice, Weighed, decide, trigger_of
from models.features import features as describe
from models.outcomes import pend_offer
from models.policy import HOUR_MS, Policy
from models.reasons import parts_in_words
from models.windows import home_day
from schemas.actions import Offer, Reason, offer_effect
from schemas.decisions import Decision, decision_effect
from schemas.events import Interaction, Transaction
from schemas.profile import MAX_OFFERS, OfferMade, Profile

URGENT_ISSUES = frozenset({"retain", "collect"})


def offer(
    profile: Profile, event: Any, cause: Cause, context: Context, features: tuple[float, ...] | None = None
) -> Step:
    """Decide if the event triggers a decision: at most one offer, and always a record of it."""
    trigger = trigger_of(event, context.policy)
    if trigger is None:
        return profile, NOTHING
    values = features or describe(profile, event.occurred_ms, context.policy.home_currency)
    choice = decide(profile, event, trigger, context, values)
    record = _record(choice, event, cause, context.policy)
    effects = (decision_effect(record, timed=cause.timed),)
    if choice.chosen is None:
        return profile, effects
    made = _offer(choice, choice.chosen, record, cause, context.policy)
    profile = _remember(profile, made, choice.chosen, values, choice.version, context.policy)
    return profile, (offer_effect(made, timed=cause.timed), *effects)


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


def _offer(choice: Choice, chosen: Weighed, record: Decision, cause: Cause, policy: Policy) -> Offer:
    action = chosen.action
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
        reasons=(why, said, *parts_in_words(choice.reasons(), policy)),
        action_probability=choice.action_probability,
        model=None if chosen.scored is None else "propensity",
        model_version=None if chosen.scored is None else choice.version,
        occurred_ms=cause.at_ms,
        expires_ms=cause.at_ms + policy.decisions.offer_expires_hours * HOUR_MS,
    )


def _remember(
    profile: Profile, made: Offer, chosen: Weighed, values: tuple[float, ...], version: int | None, policy: Policy
) -> Profile:
    """Count the contact, keep the offer, and let its features wait for the answer."""
    due_ms = made.occurred_ms + chosen.action.horizon_ms
    kept = OfferMade(made.action_id, made.decision_id, made.action, made.channel, made.occurred_ms, due_ms)
    changed = profile.copied()
    changed.offers = (*profile.offers, kept)[-MAX_OFFERS:]
    changed.last_offer_day = home_day(made.occurred_ms)
    contacts = profile.contacts_by_channel
    changed.contacts_by_channel = {**contacts, made.channel: contacts.get(made.channel, 0) + 1}
    return pend_offer(changed, kept, values, chosen.propensity, version or 0, policy)
