"""The entry that takes an earlier one back on its stream, or says what took its place: of alerts, offers and cards."""

from models.cause import Cause
from schemas.actions import Effect, Reason, Subject, Withdrawal
from schemas.entries import retraction_effect, supersession_effect


def withdrawn(
    stream: str,
    subject: Subject,
    refers_to: str,
    reason: Reason,
    cause: Cause,
    *,
    name: str,
    expires_ms: int,
    by: str | None = None,
) -> Effect:
    """Take back the entry `refers_to`, which expires at `expires_ms`; `name` is what made it, `by` what replaces it."""
    withdrawal = Withdrawal(
        action_id=cause.id(f"{name}.withdrawn"),
        refers_to=refers_to,
        customer_id=cause.customer_id,
        reason=reason,
        superseded_by=by,
        occurred_ms=cause.at_ms,
        expires_ms=max(expires_ms, cause.at_ms),
    )
    entry = retraction_effect if by is None else supersession_effect
    return entry(stream, subject, withdrawal, timed=cause.timed)
