"""Someone comes in: the greeter's card, one per visit, and taken back when the customer leaves."""

from models import contact
from models.cause import Cause
from models.context import Context
from models.decide import Weighed, decide, trigger_of
from models.explanations.reasons import score_card
from models.facts.promise import last_promise
from models.features import features
from models.policy import HOUR_MS, Policy
from models.rules.alerts import NOTHING, Step
from models.withdrawn import withdrawn
from schemas.actions import Arrival, BestAction, Effect, OpenComplaint, Reason
from schemas.entries import arrival_effect
from schemas.events import Interaction
from schemas.profile import MAX_VISITS, Profile, Visit
from schemas.vocabulary import NO_BRANCH


def arrive(profile: Profile, event: Interaction, cause: Cause, context: Context) -> Step:
    """Show the greeter who came in; a second signal of the same visit shows nothing.

    To be asked before `models.offer.offer`, which makes the same decision as the card's best action and carries it out.
    """
    policy, branch = context.policy, event.branch_id or NO_BRANCH
    if any(_same_visit(visit, branch, event.occurred_ms, policy) for visit in profile.visits):
        return profile, NOTHING
    card = Arrival(
        action_id=cause.id("arrival"),
        branch_id=branch,
        customer_id=profile.customer_id,
        ticket=event.ticket,
        arrived_ms=event.occurred_ms,
        tier=profile.grade.tier,
        relationship_manager=profile.identity.relationship_manager_id if profile.identity is not None else None,
        open_complaint=_open_complaint(profile),
        last_promise=last_promise(profile, policy),
        do_not_mention=do_not_mention(profile),
        tags=tuple(profile.tags),
        holdings=_holdings(profile),
        churn=score_card(profile, "churn", policy, context.scorers.get("churn")),
        best_action=_best_action(profile, event, context),
        expires_ms=event.occurred_ms + policy.branches.card_expires_hours * HOUR_MS,
    )
    effect = arrival_effect(card, branches=policy.branches.named, timed=cause.timed)
    visit = Visit(branch, event.occurred_ms, card.action_id, effect.name, card.expires_ms)
    changed = profile.copied()
    changed.visits = (*profile.visits, visit)[-MAX_VISITS:]
    return changed, (effect,)


def _same_visit(visit: Visit, branch: str, at_ms: int, policy: Policy) -> bool:
    apart_ms = abs(at_ms - visit.arrived_ms)
    return visit.branch_id == branch and not visit.left and apart_ms <= policy.branches.same_visit_minutes * 60_000


def leave(profile: Profile, event: Interaction, cause: Cause, context: Context) -> Step:
    """Take back the card of whoever leaves; of a branch that was not named, the last one."""
    here = [
        visit
        for visit in profile.visits
        if not visit.left
        and event.branch_id in (None, visit.branch_id)
        and visit.arrived_ms <= event.occurred_ms < visit.expires_ms
    ]
    if not here:
        return profile, NOTHING
    visit = max(here, key=lambda one: one.arrived_ms)
    changed = profile.copied()
    changed.visits = tuple([one._replace(left=True) if one is visit else one for one in profile.visits])
    return changed, (take_back(visit, Reason(code="left", zh="客户已离开", en="The customer has left"), cause),)


def take_back(visit: Visit, reason: Reason, cause: Cause) -> Effect:
    """Write the entry that takes a visit's card back."""
    return withdrawn(
        visit.stream, "arrival", visit.action_id, reason, cause, name="arrival", expires_ms=visit.expires_ms
    )


def do_not_mention(profile: Profile) -> tuple[str, ...]:
    """List what the greeter must not bring up, and nothing that gives it away: flags, sorted."""
    identity = profile.identity
    silent = identity is None or identity.do_not_contact or "marketing" not in identity.consents
    flags = {
        "sales": bool(profile.complaints) or silent,
        "fraud_alert": contact.has_alert(profile, "fraud"),
        "loan_arrears": profile.loan_missed > 0,
        "salary": profile.salary.missed_since_ms is not None,
        "churn_score": "churn" in profile.scores,
    }
    return tuple(sorted(flag for flag, raised in flags.items() if raised))


def _open_complaint(profile: Profile) -> OpenComplaint | None:
    if not profile.complaints:
        return None
    oldest = profile.complaints[0]
    return OpenComplaint(
        event_id=oldest.event_id, opened_ms=oldest.opened_ms, channel=oldest.channel, topic=oldest.topic
    )


def _holdings(profile: Profile) -> tuple[str, ...]:
    """Name the products held; an id that was too long to be kept says nothing to a greeter."""
    products = profile.identity.products if profile.identity is not None else ()
    return tuple([product for product in products if not product.startswith("#")])


def _best_action(profile: Profile, event: Interaction, context: Context) -> BestAction | None:
    trigger = trigger_of(event, context.policy)
    if trigger is None:
        return None
    values = features(profile, event.occurred_ms, context.policy.home_currency)
    chosen = decide(profile, event, trigger, context, values).chosen
    return None if chosen is None else _shown(chosen)


def _shown(chosen: Weighed) -> BestAction:
    action = chosen.action
    return BestAction(
        action=action.name,
        title=action.title.both,
        reason=Reason(code=action.name, zh=action.reason.zh, en=action.reason.en),
    )
