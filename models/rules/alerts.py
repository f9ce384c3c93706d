"""The life of an alert: raised, superseded, retracted, expired. What a rule finds is `models.rules`' affair.

A profile remembers each open alert with its stream, so that what takes it back goes there too (docs/rules.md, 20).
When more than `MAX_OPEN_ALERTS` are open, the one that expires first leaves the profile: people still see it until
then, it just can no longer be taken back.
"""

from dataclasses import replace

from models.cause import Cause
from models.due import cancel, schedule
from models.policy import HOUR_MS, Policy, Rule, Text
from models.rules.finding import Finding, quoted, within_bounds
from models.withdrawn import withdrawn
from schemas.actions import Alert, Effect, Evidence, Reason
from schemas.entries import alert_effect
from schemas.profile import MAX_COOL_DOWNS, MAX_OPEN_ALERTS, Due, OpenAlert, Profile, Score, short_id

EXPIRES = "alert_expires"
# The cause of an alert that was taken back because it was right: no event has such an id, nothing takes it back again.
CONFIRMED = "a confirmed risk"
Step = tuple[Profile, tuple[Effect, ...]]
NOTHING: tuple[Effect, ...] = ()

# Why an alert is taken back, in words.
GONE = {
    "complaint_resolved": Text(zh="投诉已解决", en="The complaint was resolved"),
    "salary_arrived": Text(zh="工资已到账", en="The salary arrived"),
    "loan_paid": Text(zh="贷款已还款", en="The loan payment was made"),
    "loan_closed": Text(zh="贷款已结清", en="The loan was closed"),
    "relation_ended": Text(zh="客户关系已终止", en="The relationship with the customer has ended"),
    "active_again": Text(zh="客户恢复活跃", en="The customer is active again"),
    "money_back": Text(zh="资金已回流", en="The money came back"),
    "score_fell": Text(zh="流失分已回落", en="The churn score fell again"),
    "consent_withdrawn": Text(zh="客户已撤回画像同意", en="The customer no longer consents to be profiled"),
    "reversed": Text(zh="交易已冲正", en="The transaction was reversed"),
    "confirmed": Text(zh="已核实为风险", en="An analyst confirmed the risk"),
    "dismissed": Text(zh="已排除风险", en="An analyst dismissed the risk"),
    "erased": Text(zh="客户数据已删除", en="The customer's data was erased"),
}


def compose(
    rule: Rule,
    finding: Finding,
    cause: Cause,
    policy: Policy,
    score: Score | None = None,
    supersedes: str | None = None,
    why: tuple[Reason, ...] = (),
) -> Alert:
    """Write the alert that a rule raises about a finding: its texts filled in, its evidence, its expiry.

    `why` explains the score that it quotes.
    """
    finding = within_bounds(finding)
    words = quoted(finding, policy)
    reasons = tuple(
        Reason(code=reason.code, zh=reason.zh.format_map(words), en=reason.en.format_map(words))
        for reason in rule.reasons
    )
    return Alert(
        action_id=cause.id(rule.kind),
        kind=rule.kind,
        queue=rule.queue,
        priority=rule.priority,
        customer_id=cause.customer_id,
        title=_both(rule.title, words),
        reasons=reasons + why,
        score=None if score is None else score.value,
        model=None if score is None else finding.model,
        model_version=None if score is None else score.version,
        evidence=Evidence(events=finding.events, figures=dict(finding.figures)),
        next_step=_both(rule.next_step, words),
        occurred_ms=cause.at_ms,
        expires_ms=cause.at_ms + rule.expires_hours * HOUR_MS,
        supersedes=supersedes,
    )


def _both(text: Text, words: dict[str, str]) -> str:
    return text.both.format_map(words)


def raise_alert(
    profile: Profile, rule: Rule, finding: Finding, cause: Cause, policy: Policy, why: tuple[Reason, ...] = ()
) -> Step:
    """Raise an alert, put its predecessors out of force, and remember both it and its cool-down."""
    hangs_on = short_id(finding.cause)
    replaced = [alert for alert in profile.open_alerts if alert.kind in rule.supersedes and alert.cause == hangs_on]
    score = profile.scores.get(finding.model) if finding.model is not None else None
    alert = compose(rule, finding, cause, policy, score, replaced[-1].action_id if replaced else None, why)
    effect = alert_effect(alert, timed=cause.timed)
    superseded = Reason(code="superseded", zh="已被新的提醒取代", en="A newer alert took its place")
    effects = [effect]
    for earlier in replaced:
        profile, withdrawn = _withdraw(profile, earlier, superseded, cause, by=alert.action_id)
        effects.append(withdrawn)
    opened = OpenAlert(alert.action_id, rule.kind, effect.name, cause.at_ms, alert.expires_ms, hangs_on, rule.priority)
    profile = _remember(profile, opened)
    if rule.cool_down_hours:
        profile = _cool_down(profile, rule, cause.at_ms)
    return profile, tuple(effects)


def _remember(profile: Profile, opened: OpenAlert) -> Profile:
    """Keep the alert among the open ones; beyond the limit the one that expires first leaves."""
    kept = (*profile.open_alerts, opened)
    if len(kept) > MAX_OPEN_ALERTS:
        leaves = min(kept, key=lambda alert: (alert.expires_ms, alert.raised_ms, alert.action_id))
        kept = tuple([alert for alert in kept if alert is not leaves])
        profile = cancel(profile, EXPIRES, leaves.action_id)
    profile = replace(profile, open_alerts=kept)
    if opened not in kept:
        return profile
    return schedule(profile, Due(opened.expires_ms, EXPIRES, opened.action_id))


def _cool_down(profile: Profile, rule: Rule, at_ms: int) -> Profile:
    """Note until when the rule keeps quiet; what is over leaves, and beyond the limit what ends first."""
    ends = {kind: until_ms for kind, until_ms in profile.cool_downs.items() if until_ms > at_ms}
    ends[rule.kind] = max(at_ms + rule.cool_down_hours * HOUR_MS, ends.get(rule.kind, 0))
    if len(ends) > MAX_COOL_DOWNS:
        del ends[min(ends, key=lambda kind: (ends[kind], kind))]
    return replace(profile, cool_downs=ends)


def retract(profile: Profile, alert: OpenAlert, code: str, cause: Cause) -> Step:
    """Take an alert back because its cause has gone; `code` is a key of `GONE`."""
    text = GONE[code]
    profile, effect = _withdraw(profile, alert, Reason(code=code, zh=text.zh, en=text.en), cause)
    return profile, (effect,)


def keep_confirmed(profile: Profile, alert: OpenAlert) -> Profile:
    """Remember a risk that an analyst confirmed until its alert would have expired: nobody is to sell meanwhile."""
    return _remember(profile, alert._replace(cause=CONFIRMED))


def retract_all(profile: Profile, code: str, cause: Cause) -> Step:
    """Take back every open alert (an erasure leaves none)."""
    effects = NOTHING
    for alert in profile.open_alerts:
        if alert.cause == CONFIRMED:
            continue
        profile, more = retract(profile, alert, code, cause)
        effects += more
    return profile, effects


def _withdraw(
    profile: Profile, alert: OpenAlert, reason: Reason, cause: Cause, by: str | None = None
) -> tuple[Profile, Effect]:
    effect = withdrawn(
        alert.stream,
        "alert",
        alert.action_id,
        reason,
        cause,
        name=alert.kind,
        expires_ms=alert.expires_ms,
        by=by,
    )
    kept = tuple([other for other in profile.open_alerts if other.action_id != alert.action_id])
    profile = cancel(replace(profile, open_alerts=kept), EXPIRES, alert.action_id)
    return profile, effect


def expire(profile: Profile, due: Due) -> Profile:
    """Forget an alert whose time is over: its entry says so itself, nothing needs to be written."""
    kept = tuple([alert for alert in profile.open_alerts if alert.action_id != due.about])
    return replace(profile, open_alerts=kept)
