"""Which agent listens to which topic, and which table it folds into: the whole behaviour as one table.

Live (`worker/build.py`) and replay (`offline/local.py`) are both made from it, so they cannot drift apart.
"""

from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from agents import customers, interactions, linked_mentions, links, mentions, mood, outcomes, timers, transactions
from agents.handle import Handle
from models import links as link_steps
from models import mood as mood_steps
from models import step as profile_steps
from models.context import Context, Verdict
from schemas import author as author_codec
from schemas import mood as mood_codec
from schemas import profile_codec

Consume = Callable[[AsyncIterable[Any], Handle], Awaitable[None]]
Step = Callable[[Any, Any, Context], Verdict[Any]]
Repeats = Literal["unknown", "by_partition", "by_key"]


@dataclass(frozen=True)
class Route:
    """One source topic: its agent, its table, and how the engine reads it (`stream_app.engine.rules.TopicRule`)."""

    topic: str
    table: str
    consume: Consume
    moves_clock: bool = False
    repeats: Repeats = "unknown"


@dataclass(frozen=True)
class TableSpec:
    """One table: how its values change and how they become bytes."""

    name: str
    step: Step
    codec: Any
    stubs: bool = True


ROUTES = (
    Route("transactions", "profiles", transactions.consume, moves_clock=True),
    Route("interactions", "profiles", interactions.consume, moves_clock=True),
    Route("customers", "profiles", customers.consume),
    Route("outcomes", "profiles", outcomes.consume, moves_clock=True),
    Route("mentions-linked", "profiles", linked_mentions.consume, repeats="by_key"),
    Route("timers", "profiles", timers.consume),
    Route("mentions", "links", mentions.consume),
    Route("links", "links", links.consume, repeats="by_key"),
    Route("mood", "mood", mood.consume, repeats="by_partition"),
)

TABLES = (
    TableSpec("profiles", profile_steps.step, profile_codec),
    TableSpec("links", link_steps.step, author_codec, stubs=False),  # most authors are nobody's
    TableSpec("mood", mood_steps.step, mood_codec),
)
