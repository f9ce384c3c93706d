"""A crew tells each other its clocks through rebalances, restarts and late words: in the end every number follows."""

import asyncio
from random import Random
from types import SimpleNamespace

from stream_app.engine.clocks import Clocks, TimerRule
from stream_app.settings import Settings
from stream_app.worker.sibling_clocks import TABLE, SiblingClocks

PAY, LATENESS_MS, NUMBERS, WORKERS = "bank.transactions", 10, 3, 2
SETTINGS = Settings.load(partitions=NUMBERS, idle_seconds=5.0)
CREWS = range(60)


class Deaf(SiblingClocks):
    """A worker that does not correct what another says of a number that is its own."""

    def hear(self, records):
        said = dict(self._said)
        super().hear(records)
        self._said = said


class Worker:
    """A worker as its clocks see it, and as it sends on the topic of clocks."""

    def __init__(self, crew, kind):
        self.crew = crew
        clocks = Clocks(lambda: crew.seconds)
        clocks.add_rule(TimerRule(TABLE, "timers", lambda key, until_ms: b"", LATENESS_MS))
        self.engine = SimpleNamespace(clocks=clocks, fence=SimpleNamespace(holds=True, generation=0))
        self.lifecycle = self
        self.siblings = kind(self, SETTINGS)
        self.heard = 0

    async def unread(self, table, number):
        return {PAY: self.crew.produced[number] > self.crew.done[number]}

    async def send_and_wait(self, topic, value, *, key, partition):
        record = SimpleNamespace(value=value, offset=len(self.crew.log))
        if self.crew.chance.random() < self.crew.sleepy:  # it sleeps here, past its session, and the record leaves late
            self.crew.late.append(record)
            self.crew.rebalance()
        else:
            self.crew.log.append(record)

    async def turn(self):
        """Hear, look and tell, as once a second."""
        self.siblings.hear(self.crew.log[self.heard :])
        self.heard = len(self.crew.log)
        for table, number in self.engine.clocks.numbers:
            self.engine.clocks.look(table, number, await self.unread(table, number))
        await self.siblings.tell(self)


class Crew:
    """Workers, what was produced and delivered of each number, and the topic of clocks."""

    def __init__(self, seed, kind):
        self.chance, self.kind, self.sleepy = Random(seed), kind, 0.2
        self.seconds, self.generation = 0.0, 0
        self.produced, self.done, self.highest_ms = [0] * NUMBERS, [0] * NUMBERS, [None] * NUMBERS
        self.log, self.late = [], []
        self.workers = [Worker(self, kind) for _ in range(WORKERS)]
        self.owner = {}
        self.rebalance()

    def rebalance(self):
        self.generation += 1
        for worker in self.workers:
            worker.engine.clocks.clear()
            worker.engine.fence.generation = self.generation
        for number in range(NUMBERS):
            self.owner[number] = self.chance.choice(self.workers)
            self.owner[number].engine.clocks.begin(TABLE, number, {PAY: self.done[number]}, self.highest_ms[number])

    def restart(self):
        self.workers[self.chance.randrange(WORKERS)] = Worker(self, self.kind)
        self.rebalance()

    def produce(self):
        self.produced[self.chance.randrange(NUMBERS)] += 1

    def deliver(self, number):
        if self.done[number] < self.produced[number]:
            self.done[number] += 1
            at_ms = self.highest_ms[number] = 1_000 + int(self.seconds * 1_000)
            batch = SimpleNamespace(
                topic=PAY, partition=number, end_offset=self.done[number], highest_ms=at_ms, kept={}
            )
            self.owner[number].engine.clocks.deliver(TABLE, batch)

    def land(self):
        self.log += self.late
        self.late.clear()

    async def live(self):
        for _ in range(60):
            self.seconds += 1.0
            act = self.chance.choice((self.produce, self.produce, self.rebalance, self.restart, self.land, None, None))
            if act is not None:
                act()
            self.deliver(self.chance.randrange(NUMBERS))
            for worker in list(self.workers):
                await worker.turn()

    async def calm_down(self):
        """Let all be read, what is late land, and the idle time pass."""
        self.sleepy = 0.0
        for number in range(NUMBERS):
            while self.done[number] < self.produced[number]:
                self.deliver(number)
        for second in range(10):
            self.seconds += 1.0
            if second == 7:
                self.land()
            for worker in self.workers:
                await worker.turn()

    def clocks_ms(self):
        """Each number's clock, as its owner's timers go by it."""
        return [self.owner[n].engine.clocks.now_ms(TABLE, n, {PAY: False}) for n in range(NUMBERS)]

    def due_ms(self):
        """The highest time of all, by which silent numbers are to go."""
        return max((at_ms for at_ms in self.highest_ms if at_ms is not None), default=0) - LATENESS_MS


def a_crew(seed, kind=SiblingClocks):
    crew = Crew(seed, kind)

    async def life():
        await crew.live()
        await crew.calm_down()

    asyncio.run(life())
    return crew


def test_once_all_is_quiet_every_number_goes_by_the_latest_clock():
    for seed in CREWS:
        crew = a_crew(seed)
        assert crew.clocks_ms() == [crew.due_ms()] * NUMBERS, seed


def test_without_a_correction_of_late_words_some_number_stays_behind_for_ever():
    crews = [a_crew(seed, Deaf) for seed in CREWS]
    assert any(crew.clocks_ms() != [crew.due_ms()] * NUMBERS for crew in crews)
