"""Decide what to offer, if anything: a funnel of five stages, then propensity × value × weight of the moment.

`decide` is pure: profile, event and policy in, a choice out. Chance comes from a hash of seed, customer and event, so a
replay explores alike; `action_probability` is the chance with which the chosen action was chosen, which learning needs.
"""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

from models import contact
from models.context import Context
from models.event_key import key_of
from models.figures import Figures
from models.learning.hashing import Slots, slots_of
from models.learning.scoring import Scored, Scorer
from models.policy import Action, Policy, Trigger
from models.served.churn import may_profile
from schemas.decisions import Dropped, FunnelStage, Stage
from schemas.events import Interaction, Transaction
from schemas.profile import Profile

ARBITRATION: Stage = "arbitration"
NOT_ELIGIBLE, NO_CHANNEL = "not_eligible", "no_channel"
UNFIT = frozenset({NOT_ELIGIBLE, NO_CHANNEL})  # such an action is none for this customer, or for this moment


class Weighed(NamedTuple):
    """An action that came through, with its likelihood, where that came from, and what ranks it."""

    action: Action
    channel: str
    propensity: float
    priority: float
    scored: Scored | None = None  # None: the policy's starting propensity


class Choice(NamedTuple):
    """What was weighed, what fell out, and what was chosen (None: no action)."""

    trigger: str
    funnel: tuple[FunnelStage, ...]
    weighed: tuple[Weighed, ...]
    chosen: Weighed | None
    action_probability: float
    version: int | None
    slots: Slots = ()  # what was known of the contact


def trigger_of(event: Any, policy: Policy) -> Trigger | None:
    """Find the trigger of a decision in an event: money must have come in, a login must have succeeded."""
    trigger = policy.triggers.get(key_of(event))
    if trigger is None:
        return None
    if isinstance(event, Transaction):
        came_in = event.direction == "credit" and event.status == "booked" and event.currency == policy.home_currency
        return trigger if came_in and event.amount_minor >= trigger.amount_minor else None
    return None if event.topic == "failed" else trigger


def decide(
    profile: Profile, event: Transaction | Interaction, trigger: Trigger, context: Context, features: tuple[float, ...]
) -> Choice:
    """Choose the best action that may be, fits, is good for the customer and does not press him."""
    policy, at_ms = context.policy, event.occurred_ms
    left: Sequence[Action] = policy.actions.action
    funnel = []
    for stage, why_not in _stages(profile, event, trigger, policy):
        left, sifted = _sift(stage, left, why_not)
        funnel.append(sifted)
    scorer = context.scorers.get("propensity") if may_profile(profile) else None
    version = scorer.version if scorer is not None else None
    if not left:
        return Choice(trigger.name, (*funnel, _untouched(ARBITRATION, 0)), (), None, 1.0, version)
    slots = slots_of(event.attributes) if isinstance(event, Interaction) else ()
    weighed = [
        _weigh(action, _channel(action, event, trigger), trigger, features, slots, scorer, policy) for action in left
    ]
    weighed.sort(key=lambda one: (-one.priority, one.action.name))
    worthy = [one for one in weighed if one.priority >= policy.decisions.min_priority]
    chosen, probability = _arbitrate(
        worthy, f"{context.seed}\x1f{profile.customer_id}\x1f{event.event_id}\x1f{at_ms}", policy
    )
    funnel.append(_arbitration(weighed, worthy, chosen))
    return Choice(trigger.name, tuple(funnel), tuple(weighed), chosen, probability, version, slots)


def held_back(choice: Choice) -> tuple[str, ...]:
    """Name why actions were kept from the customer: each reason once.

    What is not for him or for this moment was not held back, nor was what another action outranked. Consents are asked
    before anything else, so one that lacks is named whether or not an action would have been for him.
    """
    dropped = (action.reason for stage in choice.funnel if stage.stage != ARBITRATION for action in stage.dropped)
    return tuple(dict.fromkeys(reason for reason in dropped if reason not in UNFIT))


WhyNot = Callable[[Action], str | None]


def _sift(stage: Stage, actions: Sequence[Action], why_not: WhyNot) -> tuple[Sequence[Action], FunnelStage]:
    """Ask a stage about each action that came so far: what goes on, and what fell out."""
    kept, dropped = [], []
    for action in actions:
        reason = why_not(action)
        if reason is None:
            kept.append(action)
        else:
            dropped.append(_dropped(action.name, reason))
    if not dropped:
        return actions, _untouched(stage, len(actions))
    return kept, FunnelStage(stage, len(actions), tuple(dropped))


@cache
def _dropped(action: str, reason: str) -> Dropped:
    """Share what says the same (frozen; as many as actions times reasons): most of a decision is what falls out."""
    return Dropped(action, reason)


@cache
def _untouched(stage: Stage, entered: int) -> FunnelStage:
    """Share the stages in which nothing fell out: most often nothing even came so far."""
    return FunnelStage(stage, entered)


def _stages(
    profile: Profile, event: Transaction | Interaction, trigger: Trigger, policy: Policy
) -> tuple[tuple[Stage, WhyNot], ...]:
    """List the stages in their order, each a question to an action."""
    at_ms = event.occurred_ms
    missing = {asked: contact.consent_missing(profile, personalised=asked) for asked in (False, True)}

    fitting: set[str] = set() if missing[False] else _fitting(profile, at_ms, policy)

    def eligible(action: Action) -> str | None:
        return missing[action.personalised] or (None if action.name in fitting else NOT_ELIGIBLE)

    def applicable(action: Action) -> str | None:
        if not _channel(action, event, trigger):
            return NO_CHANNEL
        return contact.resting(profile, action, at_ms)

    return (
        ("eligibility", eligible),
        ("applicability", applicable),
        # Of the customer, not of the action; asked only when an action came so far, and few do.
        ("suitability", lambda _: contact.quiet(profile, policy)),
        ("contact", lambda _: contact.contact_denied(profile, at_ms, policy)),
    )


def _fitting(profile: Profile, at_ms: int, policy: Policy) -> set[str]:
    """Name the actions that the customer may have by what we know of him."""
    figures = Figures(profile, max(at_ms, profile.last_seen_ms), policy.home_currency, policy.bank.home_country)
    actions = policy.actions
    return {action.name for action, holds in zip(actions.action, actions.held(figures), strict=True) if holds}


def _channel(action: Action, event: Transaction | Interaction, trigger: Trigger) -> str:
    """Pick the first channel of the trigger in which the action may appear; "" if there is none."""
    for channel in trigger.channels:
        if channel in action.channels and (not trigger.own_channel or channel == event.channel):
            return channel
    return ""


def _weigh(
    action: Action,
    channel: str,
    trigger: Trigger,
    features: tuple[float, ...],
    slots: Slots,
    scorer: Scorer | None,
    policy: Policy,
) -> Weighed:
    """Propensity × value × weight; below the floors of examples the policy's starting propensity stands in."""
    scored = None
    if scorer is not None and scorer.examples >= policy.models.floor_examples["propensity"]:
        scored = scorer.score(features, action.name, slots)
        if scored.examples < policy.decisions.action_floor:
            scored = None
    propensity = action.start_propensity if scored is None else scored.value
    return Weighed(action, channel, propensity, propensity * action.value_minor * trigger.weight, scored)


def _arbitrate(worthy: list[Weighed], chance: str, policy: Policy) -> tuple[Weighed | None, float]:
    """Take the best, or, in the share that explores, any of them; with the chance of what was taken."""
    if not worthy:
        return None, 1.0
    digest = blake2b(chance.encode(), digest_size=16, person=b"rapport.explore").digest()
    luck, pick = int.from_bytes(digest[:8]) / 2**64, int.from_bytes(digest[8:])
    share = policy.decisions.exploration
    chosen = worthy[pick % len(worthy)] if luck < share else worthy[0]
    by_chance = share / len(worthy)
    return chosen, by_chance + (1 - share if chosen is worthy[0] else 0.0)


def _arbitration(weighed: list[Weighed], worthy: list[Weighed], chosen: Weighed | None) -> FunnelStage:
    dropped = tuple(
        _dropped(one.action.name, "outranked" if one in worthy else "not_worth_it")
        for one in weighed
        if one is not chosen
    )
    return FunnelStage(ARBITRATION, len(weighed), dropped)
