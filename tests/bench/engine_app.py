"""How a benchmark's job on our engine is built from the environment, and how the harness starts it."""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stream_app.bench.process import Measured
from stream_app.embedded import EmbeddedServices
from stream_app.engine.app import EngineApp
from stream_app.engine.faust_settings import EngineSettings
from stream_app.engine.run import run_worker

ROOT = Path(__file__).resolve().parents[2]
TOPICS = ("{}.dead-letters", "{}-states-changelog")


def from_environment() -> EngineApp:
    """Make an app as JOB_* says; it has no tables and topics yet."""
    namespace = os.environ["JOB_NAMESPACE"]
    return EngineApp(
        EngineSettings(
            app_id=namespace,
            bootstrap_servers=os.environ["JOB_KAFKA"],
            redis_url=os.environ["JOB_REDIS"],
            namespace=namespace,
            data_dir=Path(os.environ["JOB_DATA"]),
            dead_letters=f"{namespace}.dead-letters",
            partitions=int(os.environ.get("JOB_PARTITIONS", "1")),
            commit_interval=float(os.environ.get("JOB_COMMIT_SECONDS", "1")),
        )
    )


def run(build: Callable[[], EngineApp]) -> None:
    """Run a job until SIGTERM; its log goes to standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    run_worker(build())


def start(
    command: tuple[str, ...], services: EmbeddedServices, namespace: str, topic: str, data: Path,
    more: Mapping[str, str] | None = None,
) -> Measured:  # fmt: skip
    """Start any engine's job on core 1, told by JOB_* where everything is."""
    environ: dict[str, Any] = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JOB_KAFKA": services.kafka_bootstrap,
        "JOB_REDIS": services.redis_url,
        "JOB_NAMESPACE": namespace,
        "JOB_TOPIC": topic,
        "JOB_DATA": str(data),
        "JOB_MARK": str(data / "first"),
        "JOB_COMMIT_SECONDS": "1.0",
        **(more or {}),
    }
    return Measured(command, environ=environ, log=data / "log", core=1, cwd=ROOT)
