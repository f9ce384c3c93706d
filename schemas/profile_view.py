"""A profile as others see it: the JSON of `rapport profile ID --json` and of `profiles.jsonl`."""

from collections.abc import Mapping
from typing import Any

from schemas.profile import Profile, Score, Tally, Totals
from schemas.times import to_rfc3339
from schemas.vocabulary import CONSENTS


def view(profile: Profile, home_currency: str) -> dict[str, Any]:
    """Show a profile: times in RFC 3339, money in minor units by currency; mappings sorted, so that equal is equal."""
    identity = profile.identity
    consents = identity.consents if identity is not None else ()
    return {
        "customer_id": profile.customer_id,
        "first_seen": to_rfc3339(profile.first_seen_ms),
        "last_seen": to_rfc3339(profile.last_seen_ms),
        "erased_at": _time(profile.erased_ms),
        "events": profile.events._asdict(),
        "totals": {currency: _totals(totals) for currency, totals in sorted(profile.totals.items())},
        "interactions_by_channel": dict(sorted(profile.interactions_by_channel.items())),
        "interactions_by_kind": dict(sorted(profile.interactions_by_kind.items())),
        "tier": profile.grade.tier,
        "tags": sorted(profile.tags),
        "tag_reasons": {
            name: {"since": to_rfc3339(tag.since_ms), "reason": tag.reason}
            for name, tag in sorted(profile.tags.items())
        },
        "aum_minor": {home_currency: profile.aum_minor(home_currency)},
        "balances": {name: account.balance_minor for name, account in sorted(profile.accounts.items())},
        "foreign_accounts": {
            name: account.currency
            for name, account in sorted(profile.accounts.items())
            if account.currency != home_currency
        },
        "lifecycle": profile.lifecycle,
        "consents": {name: name in consents for name in CONSENTS},
        "scores": {model: _score(model, score) for model, score in sorted(profile.scores.items())},
        "purchases": profile.purchases._asdict(),
        "worth": None if profile.worth is None else profile.worth._asdict(),
        "needs_30d_thousandths": dict(sorted(profile.needs.items())),
        "open_complaints": [
            {"event_id": c.event_id, "opened_at": to_rfc3339(c.opened_ms), "channel": c.channel, "topic": c.topic}
            for c in profile.complaints
        ],
        "open_alerts": [
            {"action_id": alert.action_id, "kind": alert.kind, "expires_at": to_rfc3339(alert.expires_ms)}
            for alert in profile.open_alerts
        ],
        "offers": [
            {"action_id": o.action_id, "action": o.action, "made_at": to_rfc3339(o.made_ms), "outcome": o.outcome}
            for o in profile.offers
        ],
        "next_due": _time(profile.next_due_ms()),
    }


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else to_rfc3339(at_ms)


def _totals(totals: Totals) -> dict[str, Any]:
    return {**totals._asdict(), "by_kind": _tallies(totals.by_kind), "by_channel": _tallies(totals.by_channel)}


def _tallies(tallies: Mapping[str, Tally]) -> dict[str, dict[str, int]]:
    return {name: tally._asdict() for name, tally in sorted(tallies.items())}


def _score(model: str, score: Score) -> dict[str, Any]:
    return {
        "value": score.value,
        "model": model,
        "version": score.version,
        "examples": score.examples,
        "at": to_rfc3339(score.at_ms),
        "reasons": [reason._asdict() for reason in score.reasons],
    }
