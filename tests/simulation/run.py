"""One simulated life: a feed, two partition numbers, workers that are killed, moved and overtaken; then what must hold.

Replay a failing seed with the line that the failing test prints:

    python -m tests.simulation.run 4711 --policy changing --thread outputs
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgpack

from stream_app.engine import stored
from stream_app.engine.epochs import CLAIM
from stream_app.engine.records import Record
from tests.simulation.fold import LATENESS_MS, Deed, Known, Said, customer, decode, encode
from tests.simulation.owner import Owner, Setup
from tests.simulation.world import PARTITIONS, TABLES, World, partition_of

JITTER_MS = 15
"""How far events come out of order: less than the lateness."""
AHEAD_MS = 100_000
"""How far master data, which bears the wall clock, is ahead of what customers do."""
EVENTS = 46
MAX_STEPS = 100_000
THREADS = ("one topic", "timers", "outputs", "claims")
"""How much takes part: one topic; a second one, and timers; Kafka outputs and their readers; many of these."""
OUTPUTS = {"outputs": 0.25, "claims": 0.5}
"""Share of mentions among messages, and of deeds that claim or give up an author."""
AUTHORS = {"outputs": 3, "claims": 8}

Findings = Counter[str]


@dataclass
class Feed:
    """What the outside sends: (topic, key, value), and what there is to account for."""

    messages: list[tuple[str, str, bytes]] = field(default_factory=list)
    deeds: dict[str, tuple[str, Deed]] = field(default_factory=dict)
    mentions: set[str] = field(default_factory=set)
    known: set[tuple[str, str]] = field(default_factory=set)


def make_feed(world: World, thread: str) -> Feed:
    """Deeds, mentions and master data with jitter, producer repeats and broken bytes."""
    chance, feed, base = world.chance, Feed(), LATENESS_MS
    for n in range(EVENTS):
        base += chance.choice((0, 1, 2, 3, 12))
        moment, key = base + JITTER_MS - chance.randint(0, JITTER_MS), f"c{chance.randrange(4)}"
        if thread in OUTPUTS and chance.random() < OUTPUTS[thread]:
            said = Said(f"m{n}", moment, chance.random() < 0.5)
            feed.messages.append(("M", f"a{chance.randrange(AUTHORS[thread])}", encode(said)))
            feed.mentions.add(said.id)
            continue
        claims: tuple[tuple[str, str], ...] = ()
        if thread in OUTPUTS and chance.random() < OUTPUTS[thread]:
            claims = tuple((op, f"a{chance.randrange(AUTHORS[thread])}") for op in chance.choice(("+", "-", "-+")))
        if thread != "one topic" and chance.random() < 0.08:
            feed.messages.append(("C", key, encode(Known(f"k{n}", moment + AHEAD_MS))))
            feed.known.add((key, f"k{n}"))
        deed = Deed(f"e{n}", moment, chance.choice((1, 2, 3, 5, -4)), claims)
        feed.deeds[deed.id] = key, deed
        message = ("X" if thread == "one topic" else chance.choice("XY"), key, encode(deed))
        if chance.random() < 0.06:
            feed.messages.append((message[0], key, encode(deed._replace(amount=None))))  # repaired by its sender
        feed.messages.append(message)
        if chance.random() < 0.15 and deed.amount != 5:
            feed.messages.append(message)  # the producer sends it twice
        if chance.random() < 0.04:
            feed.messages.append((message[0], key, b"broken"))
    return feed


class Life:
    """The driver: it feeds, steps owners, and lets faults happen."""

    def __init__(self, seed: int, policy: str, thread: str, setup: Setup) -> None:
        self.world = World(seed)
        self.policy = policy
        self.setup = setup
        self.kills = self.world.chance.randint(2, 9)
        self.feed = make_feed(self.world, thread)
        self.wire = self.world.chance.choice((0.1, 0.01, 0.003))  # how soon lands what others left on it
        self.zombies: list[Owner] = []
        self.owners = [self._assign(number) for number in range(PARTITIONS)]

    def run(self) -> bool:
        """Live until all is read, delivered and committed; False when that never happens."""
        world, waiting = self.world, list(reversed(self.feed.messages))
        for _ in range(MAX_STEPS):
            if waiting and world.happens(0.2):
                world.produce(*waiting.pop())
            if self.zombies and world.happens(0.5):
                self._step_a_zombie()
            if world.late and world.happens(self.wire):
                world.land()
            owner = self.owners[world.happens(1 / PARTITIONS)]
            if not owner.step():
                raise AssertionError("the rightful owner was fenced")
            if self.kills and world.happens(0.02):
                self._fault(owner)
            nothing_left = not (waiting or self.zombies or self.kills or world.late)
            if nothing_left and all(each.settled for each in self.owners):
                return True
        return False

    def end(self) -> None:
        """End all workers."""
        for each in (*self.owners, *self.zombies):
            each.kill()

    def _assign(self, number: int) -> Owner:
        world = self.world
        world.generation[number] += 1
        taken = {zombie.worker for zombie in self.zombies if zombie.number == number}
        worker = world.chance.choice([name for name in range(2 + len(taken)) if name not in taken])
        changing = self.policy == "changing"
        threshold = world.chance.choice((3, 5, 7)) if changing else 4
        stream = world.chance.choice("AB") if changing else "A"
        return Owner(world, worker, number, self.setup.fold(threshold, stream), self.setup)

    def _fault(self, owner: Owner) -> None:
        self.kills -= 1
        how = self.world.chance.choice(("kill", "kill", "overtake", "move"))
        self.world.met[how] += 1
        if how == "overtake":
            self.zombies.append(owner)  # it does not know yet that it has lost its partitions
        else:
            if how == "move":
                owner.leave()
            owner.kill()
        self.owners[owner.number] = self._assign(owner.number)

    def _step_a_zombie(self) -> None:
        zombie = self.world.chance.choice(self.zombies)
        fenced = not zombie.step()
        if fenced or self.world.happens(0.02):
            self.world.met["fenced"] += fenced
            zombie.kill()
            self.zombies.remove(zombie)


def simulate(seed: int, policy: str = "fixed", thread: str = "outputs", setup: Setup | None = None) -> Findings:
    """Live one life and return what is wrong with it: nothing, if the engine is right."""
    setup = setup or Setup()
    if thread == "one topic":
        setup = Setup(**{**vars(setup), "timers": False})
    life = Life(seed, policy, thread, setup)
    try:
        if not life.run():
            return Counter({"never settles": 1})
    except AssertionError as broken:
        return Counter({str(broken): 1})
    finally:
        life.end()
    return Counter(finding for finding, wrong in _findings(life) if wrong)


def _findings(life: Life) -> Iterator[tuple[str, bool]]:
    world, feed = life.world, life.feed
    states = {table: _states(world, table) for table in TABLES}
    customers = states["customers"]
    entries = [msgpack.unpackb(raw) for stream in world.streams.values() for raw in stream]
    ids = [entry[3] for entry in entries]
    yield "id twice", len(ids) != len(set(ids))
    yield "refers to something unsent", any(entry[4] and entry[4] not in ids for entry in entries)
    remembered = [entry for state in customers.values() for entry in state["sent"]]
    yield "Redis is not what profiles remember", sorted(map(str, entries)) != sorted(map(str, remembered))
    yield from _accounts(world, feed, customers)
    relayed = sorted((name, to) for state in states["authors"].values() for name, to in state["relayed"])
    heard = sorted((name, key) for key, state in customers.items() for name in state["said"])
    known = {(key, name) for key, state in customers.items() for name in state["known"]}
    yield "master data lost", known != feed.known
    yield "mentions do not match", relayed != heard or len({name for name, _ in heard}) != len(heard)
    counted = [name for state in states["mood"].values() for name in state["counted"]]
    yield "mood miscounted", sorted(counted) != sorted(feed.mentions)
    if life.policy == "fixed":
        yield "timers show", any(_one_pass(life, key, state) != _own(state) for key, state in customers.items())
    yield "store is not the changelog", any(_differs(world, owner) for owner in life.owners)


def _accounts(world: World, feed: Feed, customers: dict[str, dict]) -> Iterator[tuple[str, bool]]:
    """Each event applied once or dead-lettered, never both; each broken record a letter."""
    applied = [(key, name) for key, state in customers.items() for _, name, _ in state["log"]]
    by_position = {record.position: record for record in world.records()}
    failed = [by_position[at] for at, reason in world.letters if reason == "processing_error"]
    rejected = {decode(record).id for record in failed if record.topic != "T"}
    yield "an event twice", len(applied) != len(set(applied)) or bool({name for _, name in applied} & rejected)
    expected = {(key, name) for name, (key, _) in feed.deeds.items() if name not in rejected}
    yield "an event lost", set(applied) != expected
    sums = Counter[str]()
    for key, name in expected:
        sums[key] += feed.deeds[name][1].amount
    yield "sums differ", any(state["sum"] != sums[key] for key, state in customers.items())
    broken = {record.position for record in by_position.values() if record.value == b"broken"}
    yield "a letter lost", {at for at, reason in world.letters if reason == "bad_json"} != broken
    refused = {at for at, record in by_position.items() if record.topic in "XY" and _amount(record) is None} - broken
    yield "a refusal lost", {at for at, reason in world.letters if reason == "bad_value"} != refused


def _amount(record: Record) -> int | None:
    return getattr(decode(record), "amount", None)


def _one_pass(life: Life, key: str, state: dict) -> list:
    """What one plain pass over the customer's deeds sends, with no timers before the end."""
    fold, oracle = life.setup.fold(4, "A"), customer()
    for _, name, _ in state["log"]:
        oracle, _ = fold.deed(oracle, key, life.feed.deeds[name][1])
    fold.fire(oracle, key, life.world.latest_clock_ms.get(partition_of(key), -1), "end")
    return oracle["sent"]


def _own(state: dict) -> list:
    return [entry for entry in state["sent"] if entry[2] != "angry"]


def _states(world: World, table: str) -> dict[str, dict]:
    states = {}
    for number in range(PARTITIONS):
        for key, raw in _newest(world, table, number).items():
            body = stored.decode(raw).body
            if body is not None:
                states[key.decode()] = msgpack.unpackb(body)
    return states


def _differs(world: World, owner: Owner) -> bool:
    return any(_newest(world, table, owner.number) != store.values for table, store in owner.stores.items())


def _newest(world: World, table: str, number: int) -> dict[bytes, bytes]:
    """What is left of a changelog after compaction."""
    newest = {record.key: record.value for record in world.changelogs[table, number]}
    return {key: value for key, value in newest.items() if value is not None and key != CLAIM}


def replay_line(seed: int, policy: str, thread: str) -> str:
    return f"replay: python -m tests.simulation.run {seed} --policy {policy} --thread {thread!r}"


def main() -> None:
    """Run a range of seeds and print what is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("first", type=int)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--policy", choices=("fixed", "changing"), default="fixed")
    parser.add_argument("--thread", choices=THREADS, default="outputs")
    parser.add_argument("--control", default=None)
    args = parser.parse_args()
    setup = None
    if args.control:
        from tests.simulation.controls import CONTROLS  # noqa: PLC0415 - the controls import this module's setup

        setup = CONTROLS[args.control].setup
    failing, total = [], Counter[str]()
    for seed in range(args.first, args.first + args.count):
        findings = simulate(seed, args.policy, args.thread, setup)
        total += findings
        failing += [seed] if findings else []
    print(f"{len(failing)} of {args.count} seeds fail: {failing[:10]} {dict(total)}")  # noqa: T201


if __name__ == "__main__":
    main()
