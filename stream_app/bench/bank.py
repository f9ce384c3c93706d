"""The whole job's events: a simulated bank whose outcome does not hang on how Kafka interleaves topics.

A customer's events come on several topics, and Kafka keeps no order across them, so that what follows would differ from
run to run. Here time has three phases, each done before the next is sent, and in each phase a customer comes on one
topic only: master data on the first day, then a history, then what is measured. So every action that must come out is
known beforehand, by a run of the same core in one process. Which topic it is follows from the customer's id; faults
(duplicates, late and broken messages) are the simulator's.

Mentions are strangers' alone. What a customer says reaches his profile by way of another topic, for which the clock of
event time does not wait; a backlog plays an hour (the lateness) in a tenth of a second, so that his timers could fire
before what he said arrives, and then other days would be looked at.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

import orjson

from models.learning.scoring import Scorer
from models.policy import Policy
from models.sentiment import SentimentAnalyser, load_lexicon
from models.training.learners import LocalTrainer, scorer_of, starting_scorers
from models.training.published import Published
from models.training.shelf import Shelf
from models.training.snapshots import to_records
from schemas.actions import Effect
from stream_app.bench.messages import Message
from stream_app.offline.local import Line, LocalRuntime
from stream_app.settings import Settings
from stream_app.simulate import Options, Respondents, World
from stream_app.simulate.lines import Line as SimulatedLine
from stream_app.simulate.seasons import DAY_MS
from stream_app.simulate.town import Town

SHARES = (("transactions", 56), ("interactions", 93), ("outcomes", 97), ("customers", 100))
"""Of customers by the topic on which they come in a phase, cumulated percent."""
MENTIONS = "mentions"

RESULTS = ("applied", "duplicate", "dead_letter")
KINDS = {"alerts": "alert", "offers": "offer", "arrivals": "arrival"}
TEACHING = Options(customers=150, days=75, seed=1_001)
"""The bank from which the models learn what they know during the run."""

Say = Callable[[str], None]


@dataclass
class Recording:
    """What to send and what must come of it."""

    messages: list[Message] = field(default_factory=list)
    phases: list[int] = field(default_factory=lambda: [0, 0, 0])
    """How many messages belong to each phase, in their order."""
    results: bytearray = field(default_factory=bytearray)
    """Per message the index of what becomes of it (`RESULTS`)."""
    actions: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Per action: number of the message that causes it (negative: time does), kind, stream without namespace."""
    models: list[tuple[str, bytes]] = field(default_factory=list)
    """Records of the models' topic with the versions that score."""

    def expect(self, effect: Effect, number: int) -> None:
        """Note a stream entry that comes of the message with this number, or of the time that it brings."""
        fields = orjson.loads(effect.body)
        kind = KINDS[effect.name.partition(":")[0]]
        self.actions[fields["id"]] = (-1 - number if effect.timed else number, kind, effect.name)


class Keeping(LocalTrainer):
    """A trainer that remembers the newest version of each model."""

    newest: dict[str, Published]

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy, learning=True)
        self.newest = {}

    def advance(self, clock_ms: int, earliest_due_ms: int | None) -> tuple[Published, ...]:
        """Learn, and keep what is published."""
        published = super().advance(clock_ms, earliest_due_ms)
        self.newest |= {version.model: version for version in published}
        return published


class Fixed(LocalTrainer):
    """No trainer at all: the scorers stay as they are."""

    def __init__(self, policy: Policy, scorers: dict[str, Scorer]) -> None:
        super().__init__(policy, learning=False)
        self._fixed = scorers

    def current(self) -> dict[str, Scorer]:
        """Give the scorers (the base class asks before they are known)."""
        return self._fixed


def scorers_of(records: list[tuple[str, bytes]], policy: Policy) -> dict[str, Scorer]:
    """Return the scorers that a worker makes of these records, and the starting ones for what they lack."""
    shelf, scorers = Shelf(policy.models.keep_versions), starting_scorers(policy)
    for key, value in records:
        stored = shelf.put(key, value)
        if stored is not None:
            scorers[stored.manifest.model] = scorer_of(stored, policy)
    return scorers


class Player:
    """A simulated bank against the core in one process, as `closed_loop`, with a say in which lines count."""

    def __init__(
        self, options: Options, settings: Settings, policy: Policy, trainer: LocalTrainer, partitions: int = 1
    ) -> None:
        self.world = World(options)
        self.town = Town(self.world, Respondents(self.world.by_id, options))
        self.effects: list[Effect] = []
        analyser = SentimentAnalyser(load_lexicon(settings.policy_dir / "sentiment.toml"))
        self.runtime = LocalRuntime(
            policy,
            partitions=partitions,
            seed=settings.seed,
            learning=False,
            analyse=analyser.sentiment,
            on_effect=self.effects.append,
            on_dead_letter=lambda _letter: None,
            trainer=trainer,
        )
        self._prefix = f"{options.namespace}."

    def take(self, line: SimulatedLine, number: int) -> list[Effect]:
        """Take one line; customers answer the offers that it brings. Returns what it brought about."""
        self.effects.clear()
        key = (line.key or "").encode()  # on Kafka a record without its key is a dead letter, in a file it may lack it
        headers = tuple((name, text.encode()) for name, text in line.headers)
        topic = line.topic.removeprefix(self._prefix)
        self.runtime.take(Line(topic, line.value, key, headers, line.arrival_ms), number)
        for effect in self.effects:
            if effect.kind == "stream" and effect.name.startswith("offers:"):
                fields = orjson.loads(effect.body)
                if fields["type"] == "crm.offer.made":
                    self.town.answer(orjson.loads(fields["data"]), line.arrival_ms)
        return [*self.effects]


def teach(options: Options, settings: Settings, policy: Policy) -> list[tuple[str, bytes]]:
    """Let the models learn from a bank of their own; returns the records of their newest versions."""
    trainer = Keeping(policy)
    player = Player(options, settings, policy, trainer)
    for number, line in enumerate(player.town.lines(), 1):
        player.take(line, number)
    return [record for version in trainer.newest.values() for record in to_records(version)]


def record(
    options: Options, history_days: int, events: int, settings: Settings, policy: Policy,
    say: Say = lambda _line: None, *, teaching: Options = TEACHING, partitions: int = 1,
) -> Recording:  # fmt: skip
    """Play a bank until `events` messages are there to be measured, or its days are over.

    On several partition numbers each has a clock of its own: what time brings about hangs on how many there are. And
    mentions are left out then: those of a channel lie on all numbers, and its mood hears them in any order.
    """
    say("Bench: the models learn")
    made = Recording(models=teach(teaching, settings, policy))
    player = Player(options, settings, policy, Fixed(policy, scorers_of(made.models, policy)), partitions)
    for phase, line in _chosen(player, history_days, mentions=partitions == 1):
        number = len(made.messages)
        before = _results(player.runtime)
        for effect in player.take(line, number):
            if effect.kind == "stream":
                made.expect(effect, number)
        after = _results(player.runtime)
        made.results.append(next((index for index in range(3) if after[index] != before[index]), 0))
        topic = line.topic.removeprefix(f"{options.namespace}.")
        headers = tuple((name, text.encode()) for name, text in line.headers)
        key = None if line.key is None else line.key.encode()
        made.messages.append(Message(topic, key, line.value, headers))
        made.phases[phase] += 1
        if made.phases[2] >= events:
            break
        if not len(made.messages) % 20_000:
            say(f"Bench: {len(made.messages):,} events made, {made.phases[2]:,} of {events:,} to be measured")
    return made


def _results(runtime: LocalRuntime) -> tuple[int, int, int]:
    inputs = {MENTIONS, *(name for name, _ in SHARES)}
    found = [0, 0, 0]
    for (topic, result), count in runtime.counts.items():
        if topic in inputs:
            found[RESULTS.index(result) if result in RESULTS else 0] += count
    return found[0], found[1], found[2]


def _chosen(player: Player, history_days: int, *, mentions: bool) -> Iterator[tuple[int, SimulatedLine]]:
    """Yield the lines that count, with their phase."""
    world = player.world
    prefix = f"{world.options.namespace}."
    holders = {person.handle: person.customer_id for person in world.people if person.handle}
    for line in player.town.lines():
        topic = line.topic.removeprefix(prefix)
        day = (line.arrival_ms - world.start_ms) // DAY_MS
        if day == 0:
            if topic == "customers":
                yield 0, line
            continue
        phase = 1 if day <= history_days else 2
        who = holders.get(line.key or "", line.key or "")
        if topic_of(who, phase) == topic or (mentions and topic == MENTIONS and who not in world.by_id):
            yield phase, line


def topic_of(customer_id: str, phase: int) -> str:
    """Return the topic on which a customer comes in a phase."""
    percent = crc32(f"{phase}/{customer_id}".encode()) % 100
    return next(topic for topic, upto in SHARES if percent < upto)
