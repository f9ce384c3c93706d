"""The names of the Redis streams: asked for by commands, too, so nothing that is slow to import stands behind it."""

from models.policy import Policy
from schemas.vocabulary import NO_BRANCH, OFFER_CHANNELS, QUEUES


def stream_names(policy: Policy, namespace: str) -> list[str]:
    """Return every stream that we may write, and where what could not be delivered from it ends."""
    alerts = [f"alerts:{queue}:p{priority}" for queue in QUEUES for priority in (1, 2, 3)]
    offers = [f"offers:{channel}" for channel in sorted(OFFER_CHANNELS)]
    arrivals = [f"arrivals:{branch}" for branch in sorted({*policy.branches.named, NO_BRANCH})]
    names = [*alerts, *offers, *arrivals]
    return [f"{namespace}:{prefix}{name}" for prefix in ("", "dead:") for name in names]
