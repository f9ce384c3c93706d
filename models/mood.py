"""How people speak about the bank on one platform: rings of sentiment, and the alert when it turns."""

from models.cause import Cause
from models.context import Context, Verdict
from models.policy import HOUR_MS, MoodBurst, Policy
from models.rules.alerts import compose
from models.rules.finding import Finding
from schemas.actions import Effect
from schemas.entries import alert_effect
from schemas.internal import MoodMark
from schemas.mood import MAX_REMEMBERED, Heard, Mood
from schemas.remembered import and_remembered, is_among, remembered_as

MINUTE_MS = 60_000
FIVE_MINUTES_MS, MINUTES = 5 * MINUTE_MS, 12
HOURS = 24
_NEW = Mood()
_SILENCE = Heard()


def step(mood: Mood | None, mark: MoodMark, context: Context) -> Verdict[Mood]:
    """Hear one mention's sentiment; the rule `mood_burst` of the policy says when it is too much."""
    mood = mood if mood is not None else _NEW
    name = remembered_as(mark)
    if is_among(name, mood.remembered):
        return Verdict(mood, result="duplicate")
    rule = burst_rule(context.policy)
    mood = hear(mood, mark, -1.0 if rule is None else rule.sentiment)
    mood = mood._replace(remembered=and_remembered(mood.remembered, name, MAX_REMEMBERED))
    if rule is None or mark.occurred_ms < mood.quiet_until_ms:
        return Verdict(mood)
    heard = within(mood, rule.minutes, mark.occurred_ms)
    if heard.negative < rule.negative or heard.negative < rule.share * heard.mentions:
        return Verdict(mood)
    mood = mood._replace(quiet_until_ms=mark.occurred_ms + rule.cool_down_hours * HOUR_MS)
    return Verdict(mood, (_alert(rule, mark, heard, context.policy),))


def burst_rule(policy: Policy) -> MoodBurst | None:
    """Find the enabled rule about bursts, if policy has one."""
    return next((rule for rule in policy.rules.rule if isinstance(rule, MoodBurst) and rule.enabled), None)


def hear(mood: Mood, mark: MoodMark, negative_from: float) -> Mood:
    """Add one mention to the buckets of its own time, where the rings still hold it."""
    highest = max(mood.highest_ms, mark.occurred_ms)
    heard = Heard(1, int(mark.sentiment <= negative_from), round(1000 * mark.sentiment))
    return mood._replace(
        highest_ms=highest,
        minutes=_added(mood.minutes, FIVE_MINUTES_MS, MINUTES, mark.occurred_ms, highest, heard),
        hours=_added(mood.hours, HOUR_MS, HOURS, mark.occurred_ms, highest, heard),
    )


def within(mood: Mood, minutes: int, at_ms: int) -> Heard:
    """Sum up what was heard in the last `minutes` in whole buckets: of 5 minutes up to an hour, else of an hour."""
    width, buckets = (FIVE_MINUTES_MS, mood.minutes) if minutes <= 60 else (HOUR_MS, mood.hours)
    newest, number = at_ms // width, -(-minutes * MINUTE_MS // width)
    total = _SILENCE
    for bucket, heard in buckets.items():
        if newest - number < bucket <= newest:
            total = _sum(total, heard)
    return total


def _added(
    buckets: dict[int, Heard], width: int, size: int, at_ms: int, highest_ms: int, heard: Heard
) -> dict[int, Heard]:
    bucket, oldest = at_ms // width, highest_ms // width - size + 1
    kept = {number: old for number, old in buckets.items() if number >= oldest}
    if bucket >= oldest:
        kept[bucket] = _sum(kept.get(bucket, _SILENCE), heard)
    return kept


def _sum(one: Heard, other: Heard) -> Heard:
    return Heard(
        one.mentions + other.mentions,
        one.negative + other.negative,
        one.sum_thousandths + other.sum_thousandths,
    )


def _alert(rule: MoodBurst, mark: MoodMark, heard: Heard, policy: Policy) -> Effect:
    cause = Cause(mark.event_id, mark.occurred_ms, mark.platform)
    figures = {
        "negative": heard.negative,
        "mentions": heard.mentions,
        "negative_share": heard.negative / heard.mentions,
        "minutes": rule.minutes,
    }
    finding = Finding(mark.platform, (mark.event_id,), figures, {"platform": mark.platform})
    return alert_effect(compose(rule, finding, cause, policy))
