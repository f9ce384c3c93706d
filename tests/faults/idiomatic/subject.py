"""Idiomatic Faust as a subject: the same inputs, the same judge, another worker."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stream_app.embedded import Addresses
from tests.faults.subject import Program
from tests.faults.tally.inputs import Mix
from tests.faults.tally.subject import TallySubject
from tests.integration.engine.tally import TallyCodec

APP = Path(__file__).with_name("app.py")
WHAT_IT_TAKES = Mix(poison=0.0, raising=0.0, asks=0.0)
"""Neither poison nor timers: an agent that raises acks its event, and tables cannot be written from a timer."""


@dataclass(frozen=True)
class IdiomaticSubject(TallySubject):
    """No decision is known in advance, so alerts are held against what the values remember of them.

    Faust lays its local stores out in another way, so the changelog alone tells what is known; what a worker restores
    after a stop is judged by the inputs that it goes on to count.
    """

    mix: Mix = WHAT_IT_TAKES
    ordered: bool = False
    pace_share: float = 1.0
    own_stores: bool = False

    @property
    def internal(self) -> tuple[str, ...]:
        return ()

    def program(self, worker: str, data: Path, to: Addresses, options: Mapping[str, str]) -> Program:
        return replace(super().program(worker, data, to, options), command=(sys.executable, str(APP)))

    def restart_options(self, worker: str) -> Mapping[str, str]:
        return {}

    def decode(self, raw: bytes) -> Any:
        return TallyCodec().decode(raw)
