"""A silent partition number that follows the others' clocks changes when due work is done, and nothing else."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from models.step import step
from schemas.internal import Timer
from stream_app.engine.clock import PartitionClock, Siblings, Told
from tests.builders import a_customer, a_transaction, after
from tests.customers import CONSENTS, the_context
from tests.laws.strategies import events

QUICK = settings(max_examples=15, deadline=None)
NUMBERS = 3
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
    woken: int = 0

    def take(self, event: Any) -> None:
        verdict = step(self.profile, event, the_context())
        self.profile = verdict.value
        self.effects += verdict.effects

    def read(self) -> None:
        event = self.unread.popleft()
        self.older_than_the_clock |= event.occurred_ms < self.reached_ms
        self.take(event)
        self.clock.deliver(Delivered("t", event.occurred_ms))

    def look(self, siblings: Siblings | None) -> None:
        """Tell the others, and wake the customer by the clock; without siblings nobody is followed."""
        unread = {"t": bool(self.unread)}
        if siblings is None:
            now_ms = self.clock.own_ms(unread)
        else:
            siblings.hear(self.number, Told(self.clock.own_ms(unread), not self.unread))
            now_ms = self.clock.now_ms(unread, siblings.lowest_ms(besides=self.number) if not self.unread else None)
        if now_ms is not None:
            self.reached_ms = max(self.reached_ms, now_ms)
            before = len(self.effects)
            self.take(Timer(customer_id="C1", until_ms=now_ms))
            self.woken += len(self.effects) - before


def run(arrivals: list[tuple[int, Any]], actions: list[int], *, following: bool) -> list[Owner]:
    """Produce the arrivals in their order; action n < NUMBERS lets number n read, the others let all look."""
    owners, siblings = [Owner(number) for number in range(NUMBERS)], Siblings(NUMBERS) if following else None
    waiting = deque(arrivals)
    for action in actions:
        if action < NUMBERS:
            if owners[action].unread:
                owners[action].read()
        elif action == NUMBERS and waiting:
            number, event = waiting.popleft()
            owners[number].unread.append(event)
        else:
            for owner in owners:
                owner.look(siblings)
    for number, event in waiting:
        owners[number].unread.append(event)
    for owner in owners:
        while owner.unread:
            owner.read()
        owner.take(Timer(customer_id="C1", until_ms=END_MS))
    return owners


@st.composite
def towns(draw: st.DrawFn) -> list[tuple[int, Any]]:
    """Events of three customers, each in order; between customers they come about as they occurred."""
    found = []
    for number in range(NUMBERS):
        life = sorted(draw(st.lists(events(), max_size=5)), key=lambda event: event.occurred_ms)
        delay = draw(st.sampled_from([0, 0, 0, 3 * 86_400_000]))
        found += [(event.occurred_ms + delay, number, place, event) for place, event in enumerate(life)]
    return [(number, event) for _, number, _, event in sorted(found, key=lambda it: it[:3])]


@QUICK
@given(towns(), st.lists(st.integers(0, NUMBERS + 1), max_size=40))
def test_with_it_and_without_it_comes_the_same_for_who_sends_nothing_older_than_the_clock(arrivals, actions):
    with_it, without_it = (run(arrivals, actions, following=following) for following in (True, False))
    for followed, alone in zip(with_it, without_it, strict=True):
        if not followed.older_than_the_clock:
            assert (followed.profile, followed.effects) == (alone.profile, alone.effects)


def test_a_silent_customers_work_is_done_by_the_others_time_and_else_not_before_the_end():
    quiet = [a_customer(consents=CONSENTS, occurred_at=after()), a_transaction(occurred_at=after())]
    busy = [a_transaction(occurred_at=after(days=day)) for day in range(60)]
    arrivals = [(0, event) for event in quiet] + [(1, event) for event in busy] + [(2, busy[0])]
    produce, look = NUMBERS, NUMBERS + 1
    actions = [produce, produce, 0, 0, *[produce, 1, look] * len(busy), produce, 2, look, look]
    woken = {following: run(arrivals, actions, following=following)[0].woken for following in (True, False)}
    assert woken[True] > 0
    assert woken[False] == 0


def test_an_event_older_than_the_clock_that_was_followed_may_find_its_work_done():
    quiet = [a_customer(consents=CONSENTS, occurred_at=after()), a_transaction(occurred_at=after())]
    busy = [a_transaction(occurred_at=after(days=day)) for day in range(60)]
    arrivals = [*[(0, event) for event in quiet], (2, busy[0]), *[(1, event) for event in busy]]
    arrivals.append((0, a_transaction(occurred_at=after(days=20))))
    produce, look = NUMBERS, NUMBERS + 1
    actions = [produce, produce, 0, 0, produce, 2, *[produce, 1, look] * len(busy), produce, 0]
    followed, alone = (run(arrivals, actions, following=following)[0] for following in (True, False))
    assert (followed.older_than_the_clock, alone.older_than_the_clock) == (True, False)
    assert followed.effects != alone.effects
