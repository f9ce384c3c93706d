"""Seeded inputs of the tally app: good, repeated, late, asked for and poisonous records, in endless runs."""

import itertools
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson

from tests.faults import hostile
from tests.faults.truth import Input

STEP_MS = 25
BEGINNING_MS = 1_000_000_000
HOUR_MS = 3_600_000
YEAR_1970_MS, YEAR_2100_MS = 1_000, 4_102_444_800_000

POISON: tuple[bytes | None, ...] = (
    b"\xff{not json",
    b"",
    None,
    b"[]",
    b'{"id":"p","ms":1}',
    b'{"id":7,"ms":1,"amount":7}',
    b'{"id":"p","ms":1,"amount":"7"}',
)


@dataclass(frozen=True)
class Mix:
    """Shares of all inputs unless said otherwise."""

    keys: int = 300
    duplicates: float = 0.02
    poison: float = 0.005
    raising: float = 0.001
    """Events on which the agent raises, twice."""
    asks: float = 0.1
    hot: float = 0.0
    """How much of it is about one key."""
    late: float = 0.0
    """An hour late; a tenth of them 25 hours."""
    skew_ms: int = 0
    absurd: float = 0.0
    """Of the years 1970 and 2100."""
    shuffled: int = 0
    """Inputs among which the order is lost."""
    hostile: float = 0.0
    padded_keys: bool = False
    """Whether keys are 1 kB long."""


class TallyInputs:
    """Makes the inputs of one run; the same seed gives the same."""

    def __init__(self, seed: int, topics: tuple[str, ...], mix: Mix) -> None:
        self._chance = random.Random(seed)
        self._topics = topics
        self._mix = mix
        self._number = 0
        self._last: deque[Input] = deque(maxlen=6)
        """Candidates for a repeat: recent enough to be remembered by any key."""

    def __iter__(self) -> Iterator[Input]:
        size = self._mix.shuffled
        if not size:
            while True:
                yield self._next()
        while True:
            window = [self._next() for _ in range(size)]
            self._chance.shuffle(window)
            yield from window

    def _next(self) -> Input:
        chance, mix = self._chance, self._mix
        self._number += 1
        roll = chance.random()
        for share, make in (
            (mix.poison, self._poison),
            (mix.raising, self._raising),
            (mix.duplicates, self._duplicate),
            (mix.asks, self._ask),
            (mix.hostile, self._hostile),
        ):
            if roll < share:
                return make()
            roll -= share
        return self._good()

    def _good(self) -> Input:
        made = self._event(self._id())
        if not self._mix.shuffled:
            self._last.append(made)
        return made

    def _ask(self) -> Input:
        return self._event(self._id(), ask=True)

    def _hostile(self) -> Input:
        roll = self._chance.random()
        if roll < 0.5:
            return self._broken(self._chance.choice(hostile.VALUES))
        if roll < 0.6:
            return replace(self._event(self._id(), key=hostile.LONG_KEY), kind="poison")
        name = self._chance.choice(hostile.IDS)
        return self._event(f"{self._id()} {name}"[:500], key=name.encode())

    def _raising(self) -> Input:
        return self._event(self._id(), fail=9)

    def _poison(self) -> Input:
        return self._broken(self._chance.choice(POISON))

    def _duplicate(self) -> Input:
        if self._mix.shuffled or not self._last:
            return self._good()
        again = self._chance.choice(self._last)
        return Input(again.topic, again.key, again.value, "duplicate", again.event_id, again.ms, again.amount)

    def _broken(self, value: bytes | None) -> Input:
        return Input(self._chance.choice(self._topics), self._key(), value, "poison", self._id())

    def _event(self, event_id: str, *, ask: bool = False, fail: int = 0, key: bytes | None = None) -> Input:
        ms, amount = self._time(), self._chance.randrange(1, 100_000)
        value = orjson.dumps({"id": event_id, "ms": ms, "amount": amount, "fail": fail, "ask": ask})
        kind = "poison" if fail else "ask" if ask else "good"
        return Input(self._chance.choice(self._topics), key or self._key(), value, kind, event_id, ms, amount)

    def _id(self) -> str:
        return f"e{self._number}"

    def _key(self) -> bytes:
        chance, mix = self._chance, self._mix
        if chance.random() < mix.hot:
            return b"HOT"
        name = b"C%04d" % int(mix.keys * chance.random() ** 2)  # some come often, some seldom enough to fall due
        return name.ljust(1_000, b"k") if mix.padded_keys else name

    def _time(self) -> int:
        chance, mix = self._chance, self._mix
        ms = BEGINNING_MS + self._number * STEP_MS
        if mix.skew_ms:
            ms += chance.randrange(-mix.skew_ms, mix.skew_ms)
        roll = chance.random()
        if roll < mix.absurd:
            return chance.choice((YEAR_1970_MS, YEAR_2100_MS)) + self._number
        if roll < mix.absurd + mix.late:
            return ms - (25 * HOUR_MS if chance.random() < 0.1 else HOUR_MS) - 7
        return ms


def flood(seed: int, topic: str, count: int) -> list[Input]:
    """Poison, and nothing else."""
    made = TallyInputs(seed, (topic,), Mix(poison=1.0))
    return [
        Input(item.topic, item.key, item.value, item.kind, f"flood-{item.event_id}")
        for item in itertools.islice(iter(made), count)
    ]
