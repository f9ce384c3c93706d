"""Who an author is: three small steps over one table. Claim, withdraw, re-key.

A customer claims the handles of his master data while he consents to social linking; the claims travel on `links` to
the author's own key. A mention by an author whom exactly one customer claims is re-keyed to that customer; two
claimants link nobody. A mention that came before its claim stays unlinked: consent is not retroactive.
"""

from models.context import Context, Verdict
from schemas.actions import Effect
from schemas.author import MAX_CLAIMANTS, Author
from schemas.events import Mention, linked
from schemas.internal import Claim, MoodMark
from schemas.profile import Identity
from schemas.wire import encode

CONSENT = "social_linking"
TWO_CLAIMANTS = "two_claimants"


def step(author: Author | None, event: Claim | Mention, context: Context) -> Verdict[Author]:
    """Take one claim, withdrawal or mention of one author (None: nobody ever claimed him)."""
    if isinstance(event, Mention):
        return _rekey(author, event, context)
    return Verdict(_claim(author, event) if event.op == "claim" else _withdraw(author, event))


def _claim(author: Author | None, claim: Claim) -> Author:
    claimants = author.claimants if author is not None else ()
    if claim.customer_id in claimants or len(claimants) == MAX_CLAIMANTS:
        return Author(claimants)
    return Author((*claimants, claim.customer_id))


def _withdraw(author: Author | None, claim: Claim) -> Author | None:
    """Take a claim back; after the last one a value without claimants stays, with the engine's guards."""
    if author is None:
        return None
    return Author(tuple([claimant for claimant in author.claimants if claimant != claim.customer_id]))


def _rekey(author: Author | None, mention: Mention, context: Context) -> Verdict[Author]:
    """Pass the mention's sentiment on to the bank's mood, and the mention itself to the one customer who claims it."""
    effects: tuple[Effect, ...] = (_mood_mark(mention, context),)
    claimants = author.claimants if author is not None else ()
    if len(claimants) == 1:
        of_customer = encode(linked(mention, claimants[0]))
        effects += (Effect("topic", "mentions-linked", claimants[0], of_customer),)
    suppressed = (TWO_CLAIMANTS,) if len(claimants) > 1 else ()
    return Verdict(author, effects, unknown_fields=mention.unknown_fields, suppressed=suppressed)


def _mood_mark(mention: Mention, context: Context) -> Effect:
    feeling = context.sentiment(mention.text, mention.language)
    mark = MoodMark(
        platform=mention.platform,
        event_id=mention.event_id,
        occurred_ms=mention.occurred_ms,
        sentiment=feeling.score,
    )
    return Effect("topic", "mood", mention.platform, encode(mark))


def claimed(identity: Identity | None) -> tuple[str, ...]:
    """List the authors that a customer claims to be: his handles, while he consents."""
    return identity.handles if identity is not None and CONSENT in identity.consents else ()


def changes(customer_id: str, before: Identity | None, after: Identity | None, at_ms: int) -> tuple[Effect, ...]:
    """Tell the authors what changed: withdrawals first, then claims, each in the order of the master data."""
    old, new = claimed(before), claimed(after)
    if old == new:
        return ()
    gone = [_told(handle, customer_id, "withdraw", at_ms) for handle in old if handle not in new]
    return (*gone, *[_told(handle, customer_id, "claim", at_ms) for handle in new if handle not in old])


def _told(handle: str, customer_id: str, op: str, at_ms: int) -> Effect:
    claim = Claim.model_validate({"author_key": handle, "customer_id": customer_id, "op": op, "occurred_ms": at_ms})
    return Effect("topic", "links", handle, encode(claim))
