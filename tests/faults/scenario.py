"""A scenario: what is done to which subject, and how often."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.run import Outcome, Run
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
    of_the_engine: bool = True
    """Whether our engine is what runs: what others lose or keep is no figure of ours."""
    must_show: frozenset[str] = frozenset()
    """A negative control: one of so many seeds must be found to do one of these, or the harness proves nothing.

    Kinds of findings. A run that hangs, or that ends for another reason, shows nothing.
    """

    @property
    def must_fail(self) -> bool:
        """Whether it is a negative control."""
        return bool(self.must_show)

    def shown_by(self, outcome: Outcome) -> bool:
        """Whether a run of a negative control did what the missing protection is to keep from happening."""
        return outcome.count(*self.must_show) > 0
