"""The synthetic bank against the core in one process, without broker or wall clock: offers are made and answered.

Deterministic and fast, so it is where models and alerts are held against the planted truth (`make figures`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.labels.outcomes import TAKEN
from models.needs import family_of
from models.policy import DAY_MS, Policy
from models.sentiment import SentimentAnalyser, load_lexicon
from schemas.actions import Effect
from schemas.partitioner import partition_for
from schemas.profile import Profile
from schemas.times import parse_rfc3339
from stream_app.offline.local import Line, LocalRuntime
from stream_app.offline.local_agent import LocalAgent
from stream_app.routes import ROUTES
from stream_app.settings import Settings
from stream_app.simulate import Options, Respondents, World
from stream_app.simulate.lines import Line as SimulatedLine
from stream_app.simulate.town import Town

CLOCK_TOPICS = frozenset(route.topic for route in ROUTES if route.moves_clock)


@dataclass
class Played:
    """What came of it: alerts and offers (the entries' data), matured examples, the runtime with its profiles."""

    runtime: LocalRuntime
    world: World
    partitions: int
    alerts: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)
    begun: list[dict[str, Any]] = field(default_factory=list)
    """Parts of examples that are learned before they mature (`models.labels.early`)."""
    arrivals: int = 0
    lines: int = 0
    pended: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Every example that ever waited for its label: whose it is, and when it matures (epoch ms)."""
    accepted_ms: dict[str, int] = field(default_factory=dict)
    """When each offer was accepted first (epoch ms)."""
    last_ms: dict[str, int] = field(default_factory=dict)
    """When each customer last sent anything (epoch ms)."""
    opened_ms: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """When each customer opened products, by family (epoch ms)."""

    def effect(self, effect: Effect) -> None:
        """Keep what is to be looked at."""
        if effect.name == "examples":
            example = orjson.loads(effect.body)
            (self.begun if example.get("part") == "early" else self.examples).append(example)
        elif effect.kind == "stream":
            fields = orjson.loads(effect.body)
            if fields["type"] == "crm.alert.raised":
                self.alerts.append(orjson.loads(fields["data"]))
            elif fields["type"] == "crm.offer.made":
                self.offers.append(orjson.loads(fields["data"]))
            elif fields["type"] == "crm.customer.arrived":
                self.arrivals += 1

    def profile(self, customer: str, profile: Profile) -> None:
        """Note which examples wait."""
        for example in profile.pending:
            self.pended.setdefault(example.example_id, (customer, example.due_ms))

    def heard(self, line: SimulatedLine) -> None:
        """Note when a customer sent something that moves the clock, if it is sound, what he accepted and opened."""
        if line.key is not None and not line.fault and line.topic.rpartition(".")[2] in CLOCK_TOPICS:
            data = line.data()
            told = data.get("occurred_at")
            if told is not None:
                at_ms = parse_rfc3339(told)
                self.last_ms[line.key] = max(self.last_ms.get(line.key, 0), at_ms)
                if data.get("label") in TAKEN:
                    self.accepted_ms.setdefault(data["action_id"], at_ms)
                if data.get("kind") == "product_opened" and (family := family_of(data["product_id"])) is not None:
                    self.opened_ms.setdefault((line.key, family), []).append(at_ms)

    def matured_of_the_silent(self, policy: Policy) -> tuple[int, int]:
        """Count the examples that are due of customers who never return, and those of them that came out matured.

        Never: they sent nothing in the last horizon of the period. What is due follows from the lines alone: the clock
        of a partition number stands a lateness behind its newest line.
        """
        partitions = self.partitions
        newest: dict[int, int] = {}
        for customer, at_ms in self.last_ms.items():
            number = partition_for(customer.encode(), partitions)
            newest[number] = max(newest.get(number, 0), at_ms)
        silent_ms = max(self.last_ms.values(), default=0) - policy.churn.horizon_days * DAY_MS
        gone = {customer for customer, at_ms in self.last_ms.items() if at_ms < silent_ms}
        due = {
            example_id
            for example_id, (customer, due_ms) in self.pended.items()
            if customer in gone and due_ms <= newest[partition_for(customer.encode(), partitions)] - policy.lateness_ms
        }
        return len(due), len(due & {example["example_id"] for example in self.examples})


class _Watched(LocalRuntime):
    """The runtime, with a look at every profile that is written."""

    on_profile: Callable[[str, Profile], None]

    def _put(self, agent: LocalAgent, key: str, value: Any) -> None:
        super()._put(agent, key, value)
        if isinstance(value, Profile):
            self.on_profile(key, value)


def play(
    options: Options, settings: Settings, policy: Policy, on_progress: Callable[[int], None] = lambda _lines: None
) -> Played:
    """Play the whole period of a synthetic bank; customers answer each offer when the line that brought it is done."""
    world = World(options)
    town = Town(world, Respondents(world.by_id, world.options))
    analyser = SentimentAnalyser(load_lexicon(settings.policy_dir / "sentiment.toml"))
    runtime = _Watched(
        policy,
        partitions=settings.partitions,
        seed=settings.seed,
        learning=settings.learning,
        analyse=analyser.sentiment,
        on_effect=lambda effect: played.effect(effect),  # noqa: PLW0108 - made two lines below
        on_dead_letter=lambda _letter: None,
    )
    played = Played(runtime, world, settings.partitions)
    runtime.on_profile = played.profile
    answered = 0
    for line in town.lines():
        played.lines += 1
        played.heard(line)
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
