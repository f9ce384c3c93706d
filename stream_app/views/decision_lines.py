"""A decision of the ledger for people: what was weighed, what fell out at which stage and why, in both languages."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.policy import Policy, Text
from stream_app.views.profile_lines import named

STAGES = {
    "eligibility": Text(zh="准入", en="may he have it"),
    "applicability": Text(zh="适用", en="does it make sense now"),
    "suitability": Text(zh="适当", en="is it good for him"),
    "contact": Text(zh="接触", en="may we contact him"),
    "arbitration": Text(zh="优选", en="which is best"),
}
REASONS = {
    "no_marketing_consent": Text(zh="客户未同意营销", en="the customer has not agreed to marketing"),
    "no_personalisation_consent": Text(zh="客户未同意个性化", en="the customer has not agreed to personalisation"),
    "not_eligible": Text(zh="不符合该方案的条件", en="the conditions of the action do not hold"),
    "no_channel": Text(zh="该时机的渠道不可用", en="it may not appear in a channel of this moment"),
    "offered_lately": Text(zh="近期已提供过同一方案", en="the same was offered lately"),
    "complaint_open": Text(zh="有未结投诉，先解决再营销", en="a complaint is open: first make it good"),
    "fraud_alert": Text(zh="有未结欺诈预警", en="a fraud alert is open"),
    "do_not_contact": Text(zh="客户要求勿扰", en="the customer is not to be contacted"),
    "daily_cap": Text(zh="当日已接触", en="contacted on this day already"),
    "monthly_cap": Text(zh="三十天内接触已达上限", en="as many offers within 30 days as policy allows"),
    "rejected_lately": Text(zh="客户近期拒绝过", en="the customer said no lately"),
    "not_worth_it": Text(zh="预期价值低于门槛", en="worth less than policy asks for"),
    "outranked": Text(zh="有更优方案", en="another action was better"),
}


def lines(decision: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    """Write a record of `crm.decisions`; names of actions are those of the policy in place now."""
    titles = {action.name: action.title.both for action in policy.actions.action}
    now = "" if decision["policy"] == policy.hash else f" (now in place: {policy.hash})"
    yield f"decision {decision['decision_id']} about {decision['customer_id']} at {decision['occurred_at']}"
    yield f"trigger {decision['trigger']}, event {decision['event_id']}; policy {decision['policy']}{now}"
    yield chosen(decision, titles)
    for stage in decision["funnel"]:
        yield f"{STAGES[stage['stage']].both} ({stage['stage']}): {stage['entered']} came in"
        for reason, actions in _by_reason(stage["dropped"]).items():
            said = f" {REASONS[reason].both}" if reason in REASONS else ""
            yield f"  {reason}:{said}: {', '.join(actions)}"
    for action, score in sorted(decision["scores"].items(), key=lambda pair: -pair[1]):
        yield f"likelihood of acceptance {score:.3f}: {named(action, titles)}"
    versions = ", ".join(f"{model} {version}" for model, version in decision["models"].items())
    yield f"models by version (0: not yet learned, policy's start): {versions or '-'}"


def chosen(decision: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Say in one line what was decided."""
    action = decision["action"]
    if action is None:
        return "不采取行动 / no action"
    probability = decision["action_probability"]
    why = "" if probability == 1 else f", which policy's exploration chose with a chance of {probability:.3f}"
    return f"采取 / offered: {named(action, titles)}{why}"


def outcome(decision: Mapping[str, Any]) -> str:
    """Say in a few words what was decided: the action, or the reasons for which the last ones fell out."""
    if decision["action"] is not None:
        return str(decision["action"])
    why = [f"{reason} ({REASONS[reason].both})" if reason in REASONS else reason for reason in last_reasons(decision)]
    return "no action: " + ", ".join(why or ("-",))


def last_reasons(decision: Mapping[str, Any]) -> list[str]:
    """Say for what the last actions fell out, each reason once; empty where there were none at all."""
    dropped: list[Any] = [stage["dropped"] for stage in decision["funnel"] if stage["dropped"]]
    return [*_by_reason(dropped[-1])] if dropped else []


def _by_reason(dropped: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in dropped:
        found.setdefault(each["reason"], []).append(each["action"])
    return found
