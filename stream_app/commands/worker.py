"""`rapport worker`."""

from typing import Annotated

import typer

from stream_app.commands.common import KafkaOption, RedisOption, settings
from stream_app.worker.run import run


def worker(
    worker_id: Annotated[str | None, typer.Option(help="Names this worker and its data directory.")] = None,
    bootstrap: KafkaOption = None,
    url: RedisOption = None,
) -> None:
    """Run one worker until SIGTERM or Ctrl-C. Example: RAPPORT_METRICS__PORT=9465 rapport worker --worker-id w2.

    Its port serves /metrics, /healthz, /readyz, /version and, with a token, /profiles/ID. It ends with 70 where our
    code, state or policy fails, with 75 or 76 where it is to be started again at once (docs/operations.md).
    """
    run(settings(bootstrap=bootstrap, url=url, worker_id=worker_id))
