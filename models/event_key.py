"""The word by which policy tables name an event: `transaction:card`, `interaction:login`, `customer:`, `mention:`."""

from collections.abc import Mapping
from typing import Any

from schemas.events import Customer, Interaction, LinkedMention, Outcome, Transaction

_OF_TYPE: Mapping[type, str] = {Customer: "customer:", LinkedMention: "mention:", Outcome: "outcome:"}


def key_of(event: Any) -> str:
    """Name an event as policy does.

    >>> key_of(object())
    ''
    """
    if isinstance(event, Transaction):
        return f"transaction:{event.kind}"
    if isinstance(event, Interaction):
        return f"interaction:{event.kind}"
    return _OF_TYPE.get(type(event), "")
