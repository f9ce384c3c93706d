"""What the harness puts to the test, and what it needs to know of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stream_app.embedded import Addresses
from tests.faults.remains import Alert, Place
from tests.faults.truth import Input, Landed

State = Mapping[str, Any]


class Finding(NamedTuple):
    """One way in which a run was not exact; `count` events or alerts are concerned."""

    kind: str
    what: str
    count: int = 1


LOST, TWICE, ALERT_LOST, ALERT_TWICE = "event lost", "event applied twice", "alert lost", "alert duplicated"
STATE, STORE, LETTER, OUTPUT, COUNT, STUCK, EXIT, CLAIM = (
    "state",
    "store",
    "letter",
    "output",
    "count",
    "stuck",
    "exit",
    "claim",
)


class Expected(Protocol):
    """What one plain pass over the ground truth leads to."""

    letters: frozenset[Place]
    alerts: Counter[str]
    """Alert ids that must be there, each so often: once."""

    timed: frozenset[str]
    """Those of them that timers bring, some seconds after all is committed."""

    outputs: frozenset[bytes]
    """Values that must be on the topics of outputs, at least once each, and no others."""

    def of_state(self, state: State) -> list[Finding]:
        """Compare values with the pass, and with sums and counts that were made without the fold."""

    def of_alerts(self, state: State, found: Sequence[Alert]) -> list[Finding]:
        """Compare what is on Redis with the pass, or with what the values remember."""

    def of_counts(self, state: State, letters: int, produced: int) -> list[Finding]:
        """Show that all that was produced was applied, dead-lettered or known already."""


@dataclass(frozen=True)
class Program:
    """A worker's command line and the environment that it adds."""

    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)


class Subject(Protocol):
    """A deployment under names of its own."""

    namespace: str
    table: str
    partitions: int
    topics: Mapping[str, tuple[int, Mapping[str, str]]]
    """All topics with partition counts and settings."""
    sources: tuple[str, ...]
    """Full names of the topics that we produce to."""
    internal: tuple[str, ...]
    """Full names of the topics that the worker feeds itself, where lag counts too."""
    input_namespace: str
    changelog: str
    dead_letters: str
    outputs: tuple[str, ...]
    """Full names of the topics of Kafka outputs that the oracle knows."""
    group: str
    streams: tuple[str, ...]
    pace_share: float
    """Share of a scenario's pace that it can be given: it and the plain pass must keep up with it."""
    own_stores: bool
    """Whether its local stores are laid out as our engine's: only these can be read and judged."""

    def program(self, worker: str, data: Path, to: Addresses, options: Mapping[str, str]) -> Program:
        """How to start a worker; `options` are environment variables."""

    def restart_options(self, worker: str) -> Mapping[str, str]:
        """Options that make a worker a static member."""

    def inputs(self, seed: int) -> Iterator[Input]:
        """An endless run of inputs, the same for the same seed."""

    def owns_key(self, key: str) -> bool:
        """Whether a worker may have such a key on Redis."""

    def decode(self, raw: bytes) -> Any:
        """The value within a stored one; None for a stub."""

    def expect(self, log: Sequence[Landed]) -> Expected:
        """Run the plain pass."""
