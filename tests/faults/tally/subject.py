"""The tally app as a subject: quick to start, with every kind of decision that the engine must keep."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stream_app.embedded import Addresses
from stream_app.engine import stored
from stream_app.topics import INPUTS
from tests.faults.subject import Program
from tests.faults.tally.inputs import Mix, TallyInputs
from tests.faults.tally.oracle import TallyExpected
from tests.faults.truth import Input, Landed
from tests.integration.engine import tally_app
from tests.integration.engine.tally import STREAM, Rule, TallyCodec

APP = Path(tally_app.__file__)
MIX, RULE = Mix(), Rule(every=5)
FROM_OUTSIDE = INPUTS[0]
"""What the product sets on a topic that others write to."""


@dataclass(frozen=True)
class TallySubject:
    """One namespace of the tally app.

    `ordered`: the mix keeps the order of time, so that with a single topic every decision is known in advance.
    """

    namespace: str
    names: tuple[str, ...] = ("events",)
    partitions: int = 2
    mix: Mix = MIX
    rule: Rule = RULE
    ordered: bool = True
    table: str = "tallies"
    pace_share: float = 1.0
    own_stores: bool = True

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(f"{self.namespace}.{name}" for name in self.names)

    @property
    def internal(self) -> tuple[str, ...]:
        return (f"{self.namespace}.timers",)

    @property
    def input_namespace(self) -> str:
        return self.namespace

    @property
    def changelog(self) -> str:
        return f"{self.namespace}-tallies-changelog"

    @property
    def dead_letters(self) -> str:
        return f"{self.namespace}.dead-letters"

    @property
    def outputs(self) -> tuple[str, ...]:
        return (f"{self.namespace}.outputs",)

    @property
    def group(self) -> str:
        return self.namespace

    @property
    def streams(self) -> tuple[str, ...]:
        return (f"{self.namespace}:{STREAM}",)

    @property
    def topics(self) -> Mapping[str, tuple[int, Mapping[str, str]]]:
        own = dict.fromkeys((*self.internal, *self.outputs, self.changelog), (self.partitions, {}))
        from_outside = dict.fromkeys(self.sources, (self.partitions, FROM_OUTSIDE.config()))
        return {**own, **from_outside, self.dead_letters: (1, {})}

    def program(self, worker: str, data: Path, to: Addresses, options: Mapping[str, str]) -> Program:
        environ = {
            "TALLY_KAFKA": to.kafka_bootstrap,
            "TALLY_REDIS": to.redis_url,
            "TALLY_NAMESPACE": self.namespace,
            "TALLY_DATA": str(data),
            "TALLY_PARTITIONS": str(self.partitions),
            "TALLY_TOPICS": ",".join(self.names),
            "TALLY_WORKER": worker,
            **{variable: str(getattr(self.rule, name)) for name, variable in tally_app.RULE.items()},
            "TALLY_BATCH": "100",
            "TALLY_IN_FLIGHT": "1000",
        }
        return Program((sys.executable, str(APP)), {**environ, **options})

    def restart_options(self, worker: str) -> Mapping[str, str]:
        return {"TALLY_INSTANCE": worker}

    def inputs(self, seed: int) -> Iterator[Input]:
        return iter(TallyInputs(seed, self.names, self.mix))

    def owns_key(self, key: str) -> bool:
        return key in self.streams or key in {f"{{{stream}}}:hwm" for stream in self.streams}

    def decode(self, raw: bytes) -> Any:
        body = stored.decode(raw).body
        return None if body is None else TallyCodec().decode(body)

    def expect(self, log: Sequence[Landed]) -> TallyExpected:
        return TallyExpected(log, self.rule, exact=self.ordered and len(self.names) == 1)
