"""Banks of any size for a benchmark: each customer is a real profile under another id, and goes on as its model did.

A simulated bank of a few hundred is played through the core up to a noon. What is left of each customer is the template
of many: the stored value with another id in it is, byte for byte, that of a customer with this id. The transactions and
interactions that the simulator has for the week after come to them under their ids, at times that follow on: so many a
customer and day as in the simulated bank, whatever the size, so that as much time work comes with an event.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import orjson
from numpy.typing import NDArray

from models.context import Context
from models.policy import Policy
from models.step import step
from models.training.snapshots import to_records
from schemas.internal import Timer
from schemas.profile import Profile
from schemas.profile_codec import decode, encode
from schemas.times import to_rfc3339
from schemas.wire import decode as decode_event
from stream_app.bench import messages
from stream_app.bench.bank import RESULTS, Keeping, Player, Recording, scorers_of
from stream_app.bench.messages import Message
from stream_app.bench.recorded import Recorded
from stream_app.engine import stored
from stream_app.settings import Settings
from stream_app.simulate import Options
from stream_app.simulate.seasons import DAY_MS

FOLLOWING_DAYS = 7
TOPICS = ("transactions", "interactions")
ON_TRANSACTIONS = 62
"""Percent of customers who come as transactions; the others do as interactions: Kafka keeps no order across topics."""
LATE_EVERY, LATE_MS = 100, 600_000
TWICE_EVERY, TWICE_AFTER = 200, 50
"""Of so many messages one is that of so many before once more."""
HOTTEST = 10


class Template(NamedTuple):
    """A customer whose profile many have: what is stored, split at the id, and the rest of the JSON of events."""

    front: bytes
    back: bytes
    events: dict[str, tuple[bytes, ...]]

    def value(self, key: bytes) -> bytes:
        """Return what is stored of the customer with this id."""
        return self.front + key + self.back

    def profile(self, key: bytes) -> Profile:
        """Return the profile of the customer with this id."""
        body = stored.decode(self.value(key)).body
        assert body is not None
        return decode(body)


@dataclass(frozen=True)
class Bank:
    """Templates, what the models learned from them, when they end, and how many events a customer has in a day."""

    templates: Sequence[Template]
    models: tuple[tuple[str, bytes], ...]
    begin_ms: int
    pace: float

    def template(self, number: int) -> Template:
        """Return the template of the customer with this number."""
        return self.templates[number % len(self.templates)]

    def values(self, customers: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and stored value of so many customers."""
        for number in range(customers):
            key = key_of(number)
            yield key, self.template(number).value(key)

    def gap_ms(self, customers: int) -> float:
        """Return the time between two events of a bank of this size."""
        return DAY_MS / (customers * self.pace)


def key_of(number: int) -> bytes:
    """Return the id of the customer with this number; all are of one length."""
    return b"C%08d" % number


def play(options: Options, days: int, settings: Settings, policy: Policy) -> Bank:
    """Play a bank until the noon after `days`, and gather what its customers do in the days that follow."""
    player = Player(options, settings, policy, trainer := Keeping(policy))
    begin_ms = player.world.start_ms + days * DAY_MS + DAY_MS // 2
    following: dict[str, dict[str, list[bytes]]] = {}
    for number, line in enumerate(player.town.lines(), 1):
        topic = line.topic.removeprefix(f"{options.namespace}.")
        if line.arrival_ms < begin_ms:
            player.take(line, number)
        elif line.arrival_ms >= begin_ms + FOLLOWING_DAYS * DAY_MS:
            break
        elif line.key is not None and topic in TOPICS and line.plain and not line.fault:
            of_one = following.setdefault(line.key, {name: [] for name in TOPICS})
            of_one[topic].append(rest_of(line.value))
    profiles = player.runtime.tables["profiles"].values
    templates = [template(profiles[key], events) for key, events in sorted(following.items()) if key in profiles]
    models = [record for version in trainer.newest.values() for record in to_records(version)]
    count = sum(len(lines) for events in following.values() for lines in events.values())
    return Bank(templates, tuple(models), begin_ms, count / len(templates) / FOLLOWING_DAYS)


def rest_of(value: bytes) -> bytes:
    """Return an event's JSON without whose it is, when it was, and its id; ready to follow these."""
    rest = orjson.loads(value)
    for name in ("event_id", "customer_id", "occurred_at"):
        del rest[name]
    return b"," + orjson.dumps(rest)[1:]


def template(profile: Profile, events: dict[str, list[bytes]]) -> Template:
    """Make the template of a profile and what its customer does by topic."""
    placeholder = key_of(99_999_999)
    profile = profile.copied()
    profile.customer_id = placeholder.decode()
    value = stored.encode(stored.Stored({}, {}, profile.next_due_ms(), profile.last_seen_ms, (), encode(profile)))
    front, back = value.split(placeholder)
    return Template(front, back, {topic: (*lines,) for topic, lines in events.items() if lines})


def zipf(customers: int, count: int, exponent: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw customers: the k-th most frequent one in proportion to 1 / k ** exponent, which one that is by chance."""
    upto = np.cumsum(np.arange(1, customers + 1, dtype=float) ** -exponent)
    ranks = np.searchsorted(upto / upto[-1], rng.random(count), side="right")
    return rng.permutation(customers)[ranks]


def uniform(customers: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw customers, one as likely as the other."""
    return rng.integers(0, customers, count)


class Drawn(NamedTuple):
    """A message, whose it is, and whether it has been sent before."""

    customer: int
    message: Message
    again: bool


def events_of(bank: Bank, draws: Iterable[int], gap_ms: float) -> Iterator[Drawn]:
    """Yield an event for each customer drawn: 1 % out of order, and every 200th message one that came before."""
    recent: deque[Drawn] = deque(maxlen=TWICE_AFTER)
    for number, customer in enumerate(draws):
        if number % TWICE_EVERY == TWICE_EVERY - 1:
            drawn = recent[0]._replace(again=True)
        else:
            late_ms = LATE_MS if number % LATE_EVERY == LATE_EVERY - 1 else 0
            at_ms = bank.begin_ms + int(number * gap_ms) - late_ms
            drawn = Drawn(customer, _message(bank.template(customer), key_of(customer), number, at_ms), again=False)
        recent.append(drawn)
        yield drawn


def _message(of: Template, key: bytes, number: int, at_ms: int) -> Message:
    wanted = TOPICS[crc32(key) % 100 >= ON_TRANSACTIONS]
    topic = wanted if wanted in of.events else next(iter(of.events))  # who does nothing of the one does the other
    rest = of.events[topic][number % len(of.events[topic])]
    told = b"E%09d" % number, key, to_rfc3339(at_ms).encode()
    return Message(topic, key, b'{"event_id":"%s","customer_id":"%s","occurred_at":"%s"' % told + rest)


@dataclass
class Oracle:
    """The pure core on some of the customers: what must come of their events, and where they must end."""

    bank: Bank
    context: Context
    checked: frozenset[int]
    recording: Recording = field(default_factory=Recording)
    profiles: dict[int, Profile] = field(default_factory=dict)

    def take(self, number: int, drawn: Drawn) -> None:
        """Fold one message, if it is of one of the customers, and note what comes of it."""
        customer, (topic, key, value, _), _ = drawn
        if customer not in self.checked or key is None:
            return
        event = decode_event(topic, key, value, (), None, (topic, 0, number))
        before = self.profiles.get(customer) or self.bank.template(customer).profile(key)
        verdict = step(before, event, self.context)
        assert verdict.profile is not None
        assert verdict.result == ("duplicate" if drawn.again else "applied")
        self.profiles[customer] = verdict.profile
        for effect in verdict.effects:
            if effect.kind == "stream":
                self.recording.expect(effect, number)

    def at(self, profile: Profile, end_ms: int) -> tuple[bytes, frozenset[str]]:
        """Let time go on for a customer; returns the encoded profile, and the ids of the actions that come of it."""
        verdict = step(profile, Timer(customer_id=profile.customer_id, until_ms=end_ms), self.context)
        found = Recording()
        for effect in verdict.effects:
            if effect.kind == "stream":
                found.expect(effect, 0)
        return b"" if verdict.profile is None else encode(verdict.profile), frozenset(found.actions)


@dataclass(frozen=True)
class Sent:
    """The messages of one bank as a run sends them, and the oracle that knows what must come of them."""

    customers: int
    recorded: Recorded
    oracle: Oracle
    end_ms: int


def sent(bank: Bank, customers: int, draws: NDArray[np.int64], one_in: int, context: Context, file: Path) -> Sent:
    """Write the messages for these draws; one customer in `one_in`, and the hottest, are held against the core."""
    told = draws.tolist()
    hottest = {customer for customer, _ in Counter(told).most_common(HOTTEST)}
    checked = frozenset(n for n in set(told) if n in hottest or crc32(key_of(n)) // 100 % one_in == 0)
    oracle, results = Oracle(bank, context, checked), bytearray()

    def made() -> Iterator[Message]:
        for number, drawn in enumerate(events_of(bank, told, bank.gap_ms(customers))):
            oracle.take(number, drawn)
            results.append(RESULTS.index("duplicate" if drawn.again else "applied"))
            yield drawn.message

    count = messages.write(file, made())
    recorded = Recorded(file, (0, 0, count), bytes(results), oracle.recording.actions, bank.models)
    return Sent(customers, recorded, oracle, bank.begin_ms + int(count * bank.gap_ms(customers)))


def context_of(bank: Bank, settings: Settings, policy: Policy) -> Context:
    """Return the context in which a worker steps that has the bank's models, and learns nothing."""
    return Context(policy, scorers_of([*bank.models], policy), settings.seed)
