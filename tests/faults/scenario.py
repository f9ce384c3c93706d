"""A scenario: what is done to which subject, and how often."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.run import Run
from tests.faults.subject import Subject
from tests.faults.tally.subject import TallySubject

Body = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """One line of the programme."""

    name: str
    body: Body
    subject: Callable[[str], Subject] = TallySubject
    seeds: int = 3
    kills: int = 0
    """Kills per run, where the scenario takes a number."""
    minutes: float = 0.0
    """Length of a run, where the scenario takes one."""
    must_fail: bool = False
    """A negative control: one of so many seeds must be found not exact, or the harness proves nothing."""
