"""All errors of Rapport, one tree.

    RapportError
    ├── BadMessage        the message is at fault: it becomes a dead letter with `reason`, the stream goes on
    ├── PolicyError       a file under deploy/policy is at fault: the start stops with one line that names the place
    ├── SettingsError     a setting is at fault: the start stops with one line that names the variable
    ├── StateError        stored bytes are at fault (unknown version, cut short): the process ends, nothing is committed
    └── BrokenInvariant   we are at fault: the process ends

Errors of the infrastructure (Kafka, Redis) keep the types of their libraries; each port retries them in one place.
"""

from typing import Literal, NamedTuple, get_args

BadReason = Literal[
    "too_large",
    "empty",
    "bad_json",
    "bad_envelope",
    "missing_field",
    "bad_value",
    "bad_id",
    "bad_amount",
    "bad_currency",
    "bad_time",
    "key_mismatch",
    "future",
    "processing_error",
]

# When several reasons apply, the first of this order is told (docs/rules.md, 18).
REASON_ORDER: tuple[BadReason, ...] = get_args(BadReason)


class RapportError(Exception):
    """The root: catch it at the rim only."""


class Identity(NamedTuple):
    """Whom and which event a bad message claims to be, so that a repeat can be told before its content is judged."""

    customer_id: str
    event_id: str


class BadMessage(RapportError):
    """A record that cannot be taken: `reason` is of the fixed set, `detail` names the field and never quotes content.

    `identity` is set when the content is at fault but id, customer and key are sound (a repeat is told by
    its id before its content is looked at: docs/rules.md, 5).
    """

    def __init__(self, reason: BadReason, detail: str, identity: Identity | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: BadReason = reason
        self.detail = detail
        self.identity = identity


class PolicyError(RapportError):
    """A policy file says something that cannot be meant."""


class SettingsError(RapportError):
    """A setting cannot be used; the message names its variable."""


class StateError(RapportError):
    """Stored bytes cannot be read: unknown version, or cut short."""


class BrokenInvariant(RapportError):
    """Something that cannot happen has happened: stop before it is written down."""
