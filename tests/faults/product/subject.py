"""The real worker of the product as a subject, fed by `bank.transactions`; its models are pinned."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from models.policy import Policy, load_policy
from schemas import profile_codec
from stream_app.embedded import Addresses
from stream_app.engine import stored
from stream_app.routes import ROUTES
from stream_app.settings import CHECKOUT, Settings
from stream_app.topics import INPUT_NAMES, all_topics
from stream_app.worker.process import settings_as_environment
from tests.faults.product.inputs import Transactions
from tests.faults.product.oracle import ProductExpected
from tests.faults.subject import Program
from tests.faults.truth import Input, Landed

QUEUES = ("retention", "fraud", "service", "collections", "relationship")


@dataclass(frozen=True)
class ProductSubject:
    """One deployment; the worker's port for metrics is any free one."""

    namespace: str
    partitions: int = 2
    table: str = "profiles"
    outputs: tuple[str, ...] = ()
    make_inputs: Callable[[int], Iterable[Input]] = Transactions
    pace_share: float = 0.15
    """An event costs it a hundred times what it costs the tally, and the plain pass as much again."""
    own_stores: bool = True

    @cached_property
    def settings(self) -> Settings:
        return Settings.load(
            namespace=self.namespace,
            input_namespace=self.input_namespace,
            app_id=self.namespace,
            partitions=self.partitions,
            learning=False,
        )

    @cached_property
    def policy(self) -> Policy:
        return load_policy(self.settings.policy_dir)

    @property
    def input_namespace(self) -> str:
        return f"{self.namespace}-in"

    @property
    def sources(self) -> tuple[str, ...]:
        return (f"{self.input_namespace}.transactions",)

    @property
    def internal(self) -> tuple[str, ...]:
        return tuple(f"{self.namespace}.{route.topic}" for route in ROUTES if route.topic not in INPUT_NAMES)

    @property
    def changelog(self) -> str:
        return f"{self.namespace}-profiles-changelog"

    @property
    def dead_letters(self) -> str:
        return f"{self.namespace}.dead-letters"

    @property
    def group(self) -> str:
        return self.namespace

    @property
    def streams(self) -> tuple[str, ...]:
        return tuple(f"{self.namespace}:alerts:{queue}:p{priority}" for queue in QUEUES for priority in (1, 2, 3))

    @property
    def topics(self) -> Mapping[str, tuple[int, Mapping[str, str]]]:
        found = all_topics(self.settings, len(self.policy.models.names))
        whole = {"cleanup.policy": "delete"}  # the judge reads changelogs from their beginning
        return {name: (count, whole if name == self.changelog else how) for name, (count, how) in found.items()}

    def program(self, worker: str, data: Path, to: Addresses, options: Mapping[str, str]) -> Program:
        environ = {
            **settings_as_environment(self.settings),
            "RAPPORT_KAFKA__BOOTSTRAP": to.kafka_bootstrap,
            "RAPPORT_REDIS__URL": to.redis_url,
            "RAPPORT_DATA_DIR": str(data),
            "RAPPORT_WORKER_ID": worker,
            "RAPPORT_METRICS__PORT": "0",
            "RAPPORT_KAFKA__SESSION_TIMEOUT_SECONDS": "6",
            "PYTHONPATH": str(CHECKOUT),
        }
        return Program((sys.executable, "-m", "stream_app.cli", "worker"), {**environ, **options})

    def restart_options(self, worker: str) -> Mapping[str, str]:
        return {"RAPPORT_KAFKA__INSTANCE_ID": worker}

    def inputs(self, seed: int) -> Iterator[Input]:
        return iter(self.make_inputs(seed))

    def owns_key(self, key: str) -> bool:
        return key.lstrip("{").startswith(f"{self.namespace}:")

    def decode(self, raw: bytes) -> Any:
        body = stored.decode(raw).body
        return None if body is None else profile_codec.decode(body)

    def expect(self, log: Sequence[Landed]) -> ProductExpected:
        return ProductExpected(log, self.policy, self.settings.seed)
