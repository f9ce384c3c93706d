"""The synthetic bank against the core in one process, without broker or wall clock: offers are made and answered.

Deterministic and fast, so it is where models and alerts are held against the planted truth (`make figures`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.policy import Policy
from models.sentiment import SentimentAnalyser, load_lexicon
from schemas.actions import Effect
from stream_app.local import Line, LocalRuntime
from stream_app.settings import Settings
from stream_app.simulate import Options, Respondents, World
from stream_app.simulate.lines import Line as SimulatedLine
from stream_app.simulate.town import Town


@dataclass
class Played:
    """What came of it: alerts and offers (the entries' data), matured examples, the runtime with its profiles."""

    runtime: LocalRuntime
    world: World
    alerts: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)
    arrivals: int = 0
    lines: int = 0

    def effect(self, effect: Effect) -> None:
        """Keep what is to be looked at."""
        if effect.name == "examples":
            self.examples.append(orjson.loads(effect.body))
        elif effect.kind == "stream":
            fields = orjson.loads(effect.body)
            if fields["type"] == "crm.alert.raised":
                self.alerts.append(orjson.loads(fields["data"]))
            elif fields["type"] == "crm.offer.made":
                self.offers.append(orjson.loads(fields["data"]))
            elif fields["type"] == "crm.customer.arrived":
                self.arrivals += 1


def play(
    options: Options, settings: Settings, policy: Policy, on_progress: Callable[[int], None] = lambda _lines: None
) -> Played:
    """Play the whole period of a synthetic bank; customers answer each offer when the line that brought it is done."""
    world = World(options)
    town = Town(world, Respondents(world.by_id, world.options))
    analyser = SentimentAnalyser(load_lexicon(settings.policy_dir / "sentiment.toml"))
    runtime = LocalRuntime(
        policy,
        partitions=settings.partitions,
        seed=settings.seed,
        learning=settings.learning,
        analyse=analyser.sentiment,
        on_effect=lambda effect: played.effect(effect),  # noqa: PLW0108 - made two lines below
        on_dead_letter=lambda _letter: None,
    )
    played = Played(runtime, world)
    answered = 0
    for line in town.lines():
        played.lines += 1
        runtime.take(_as_record(line, options.namespace), played.lines)
        for offer in played.offers[answered:]:
            town.answer(offer, line.arrival_ms)
        answered = len(played.offers)
        if not played.lines % 1_000:
            on_progress(played.lines)
    world.truth.offers[:] = town.respondents.answered
    return played


def _as_record(line: SimulatedLine, namespace: str) -> Line:
    return Line(
        line.topic.removeprefix(f"{namespace}."),
        line.value,
        None if line.key is None else line.key.encode(),
        tuple((name, text.encode()) for name, text in line.headers),
        line.arrival_ms,
    )
