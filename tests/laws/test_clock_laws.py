"""A silent partition number that follows the others' clocks changes when due work is done, and nothing else."""

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from models.step import step
from schemas.internal import Timer
from stream_app.engine.clock import PartitionClock, Siblings, Told
from tests.builders import a_customer, a_transaction, after
from tests.customers import CONSENTS, the_context

NUMBERS = 3
PRODUCE, LOOK = NUMBERS, NUMBERS + 1
LATENESS_MS = the_context().policy.lateness_ms
END_MS = after(days=120)


class Delivered(NamedTuple):
    topic: str
    highest_ms: int


@dataclass
class Owner:
    """One partition number with one customer: what is unread there, and what came of what was read."""

    number: int
    clock: PartitionClock = field(default_factory=lambda: PartitionClock(["t"], None, LATENESS_MS))
    unread: deque = field(default_factory=deque)
    profile: Any = None
    effects: list = field(default_factory=list)
    reached_ms: int = -1
    older_than_the_clock: bool = False
    stops_at_unread: bool = True
    woken: int = 0

    def take(self, event: Any) -> None:
        verdict = step(self.profile, event, the_context())
        self.profile = verdict.value
        self.effects += verdict.effects

    def arrive(self, event: Any) -> None:
        self.older_than_the_clock |= event.occurred_ms < self.reached_ms
        self.unread.append(event)

    def read(self) -> None:
        event = self.unread.popleft()
        self.take(event)
        self.clock.deliver(Delivered("t", event.occurred_ms))

    def look(self, siblings: Siblings | None) -> None:
        """Tell the others, and wake the customer by the clock; without siblings nobody is followed."""
        unread = {"t": bool(self.unread)}
        if siblings is None:
            now_ms = self.clock.own_ms(unread)
        else:
            siblings.hear(self.number, Told(self.clock.own_ms(unread), not self.unread))
            seen = unread if self.stops_at_unread else {"t": False}
            now_ms = self.clock.now_ms(seen, None if seen["t"] else siblings.lowest_ms(besides=self.number))
        if now_ms is not None:
            self.reached_ms = max(self.reached_ms, now_ms)
            before = len(self.effects)
            self.take(Timer(customer_id="C1", until_ms=now_ms))
            self.woken += len(self.effects) - before


def run(
    arrivals: list[tuple[int, Any]], actions: list[int], *, following: bool, stops_at_unread: bool = True
) -> list[Owner]:
    """Produce the arrivals in their order; action n < NUMBERS lets number n read, the others let all look."""
    owners = [Owner(number, stops_at_unread=stops_at_unread) for number in range(NUMBERS)]
    siblings = Siblings(NUMBERS) if following else None
    waiting = deque(arrivals)
    for action in actions:
        if action < NUMBERS:
            if owners[action].unread:
                owners[action].read()
        elif action == PRODUCE and waiting:
            number, event = waiting.popleft()
            owners[number].arrive(event)
        else:
            for owner in owners:
                owner.look(siblings)
    for number, event in waiting:
        owners[number].arrive(event)
    for owner in owners:
        while owner.unread:
            owner.read()
        owner.take(Timer(customer_id="C1", until_ms=END_MS))
    return owners


def a_town(seed: int) -> tuple[list[tuple[int, Any]], list[int]]:
    """A customer who does little for 100 days, beside one with an event a day: what comes when, read and looked at.

    Events arrive as they occur. Most are read at once; some of the quiet customer's lie unread for days.
    """
    chance = Random(seed)
    quiet_days = sorted(chance.uniform(0, 100) for _ in range(chance.randint(1, 7)))
    quiet = [a_customer(consents=CONSENTS, occurred_at=after())]
    quiet += [a_transaction(occurred_at=after(days=day)) for day in quiet_days]
    busy = [a_transaction(occurred_at=after(days=day)) for day in range(110)]
    found = [(event.occurred_ms, number, event) for number, life in enumerate((quiet, busy)) for event in life]
    arrivals = [(number, event) for _, number, event in sorted(found, key=lambda it: it[:2])]
    actions: list[int] = []
    for number, _ in arrivals:
        actions.append(PRODUCE)
        if number == 1 or chance.random() < 0.6:
            actions += [number] * 2  # what lay unread before goes with it
        elif chance.random() < 0.5:
            actions.append(LOOK)
        if chance.random() < 0.1:
            actions.append(0)
        if chance.random() < 0.8:
            actions.append(LOOK)
    return arrivals, actions


def outcomes(owners: list[Owner]) -> list[tuple[Any, list]]:
    return [(owner.profile, owner.effects) for owner in owners]


TOWNS = range(12)


def test_with_it_and_without_it_comes_the_same_for_who_sends_nothing_older_than_the_clock():
    earlier = 0
    for seed in TOWNS:
        town = a_town(seed)
        with_it, without_it = (run(*town, following=following) for following in (True, False))
        assert not any(owner.older_than_the_clock for owner in with_it), seed
        assert outcomes(with_it) == outcomes(without_it), seed
        earlier += sum(owner.woken for owner in with_it) - sum(owner.woken for owner in without_it)
    assert earlier > 0, "nobody was woken by the others' time: nothing was shown"


def test_it_would_not_if_unread_records_did_not_end_it():
    broken = 0
    for seed in TOWNS:
        town = a_town(seed)
        blind, alone = run(*town, following=True, stops_at_unread=False), run(*town, following=False)
        assert not any(owner.older_than_the_clock for owner in alone), seed
        broken += outcomes(blind) != outcomes(alone)
    assert broken > 0


def test_a_silent_customers_work_is_done_by_the_others_time_and_else_not_before_the_end():
    quiet = [a_customer(consents=CONSENTS, occurred_at=after()), a_transaction(occurred_at=after())]
    busy = [a_transaction(occurred_at=after(days=day)) for day in range(60)]
    arrivals = [(0, event) for event in quiet] + [(1, event) for event in busy] + [(2, busy[0])]
    actions = [PRODUCE, PRODUCE, 0, 0, *[PRODUCE, 1, LOOK] * len(busy), PRODUCE, 2, LOOK, LOOK]
    woken = {following: run(arrivals, actions, following=following)[0].woken for following in (True, False)}
    assert woken[True] > 0
    assert woken[False] == 0


def test_an_event_older_than_the_clock_that_was_followed_may_find_its_work_done():
    quiet = [a_customer(consents=CONSENTS, occurred_at=after()), a_transaction(occurred_at=after())]
    busy = [a_transaction(occurred_at=after(days=day)) for day in range(60)]
    arrivals = [*[(0, event) for event in quiet], (2, busy[0]), *[(1, event) for event in busy]]
    arrivals.append((0, a_transaction(occurred_at=after(days=20))))
    actions = [PRODUCE, PRODUCE, 0, 0, PRODUCE, 2, *[PRODUCE, 1, LOOK] * len(busy), PRODUCE, 0]
    followed, alone = (run(arrivals, actions, following=following)[0] for following in (True, False))
    assert (followed.older_than_the_clock, alone.older_than_the_clock) == (True, False)
    assert followed.effects != alone.effects
