"""The tally worker with a standby replica, or with something that breaks when told to, for the watchdog.

Run as `python variant_app.py` with the environment of `tally_app`, VARIANT (one of VARIANTS), and VARIANT_BREAK, the
name of a file: once it exists, the part is broken.
"""

import asyncio
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.tables.recovery import Recovery, ServiceStopped

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from stream_app.engine.consumer import EngineConsumer
from stream_app.engine.store import EngineStore
from tests.integration.engine import tally_app

FOR_EVER = 10_000.0


def broken() -> bool:
    return Path(os.environ["VARIANT_BREAK"]).exists()


def with_standby() -> None:
    """Each partition is followed by one more worker, which says how far it has come."""
    settings_of = tally_app.settings_of
    tally_app.settings_of = lambda environ: replace(settings_of(environ), standby_replicas=1)  # type: ignore[assignment]
    apply = EngineStore.apply_changelog_batch

    def tells(self: EngineStore, *args: Any, **kwargs: Any) -> None:
        apply(self, *args, **kwargs)
        for number, store in self._standby.items():
            logging.getLogger(__name__).info("the standby of %s is at offset %s", number, store.changelog_offset)

    EngineStore.apply_changelog_batch = tells  # type: ignore[method-assign]


def stuck_consumer() -> None:
    """The fetch loop waits for ever."""
    fetch = EngineConsumer._wait_next_records

    async def stuck(self: EngineConsumer, *args: float) -> Any:
        if broken():
            logging.getLogger(__name__).info("the fetch loop is stuck")
            await asyncio.sleep(FOR_EVER)
        return await fetch(self, *args)

    EngineConsumer._wait_next_records = stuck  # type: ignore[method-assign]


def dead_recovery() -> None:
    """Recovery takes a time-out for the end of the service, as it does after a wait that is too long."""

    async def dead(self: Recovery, *args: Any) -> None:
        raise ServiceStopped

    Recovery._build_highwaters = dead  # type: ignore[method-assign]


def lost_membership() -> None:
    """No heartbeat leaves any more."""
    heartbeat = GroupCoordinator._do_heartbeat

    async def silent(self: GroupCoordinator) -> bool:
        return False if broken() else await heartbeat(self)

    GroupCoordinator._do_heartbeat = silent


VARIANTS = {f.__name__: f for f in (with_standby, stuck_consumer, dead_recovery, lost_membership)}


if __name__ == "__main__":
    from stream_app.engine import pins

    VARIANTS[os.environ["VARIANT"]]()
    for path in (
        "faust.transport.consumer:Consumer._wait_next_records",
        "aiokafka.consumer.group_coordinator:GroupCoordinator._do_heartbeat",
    ):
        pins.SOURCES[path] = pins.source_hash(path)  # broken on purpose
    tally_app.main(dict(os.environ))
