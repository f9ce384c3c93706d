"""Who is on duty for a model: how people ask for another, and what there is to tell of it."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Any

from models.evaluation.meters import Meter
from models.policy import Policy
from models.training.snapshots import Stored
from schemas.internal import ModelCommand
from schemas.wire import encode
from stream_app.kafka import producer
from stream_app.settings import Settings
from stream_app.training.snapshots import read_shelf
from stream_app.training.trainer import example_partition, examples_topic

POLL_SECONDS = 0.5


def command(model: str, op: str, *, challenger: str = "", version: int = 0, by: str, reason: str) -> ModelCommand:
    """Make a command that is asked for now. Raises pydantic's `ValidationError` where a part cannot be."""
    return ModelCommand.model_validate(
        {
            "model": model,
            "command_id": secrets.token_hex(8),
            "op": op,
            "challenger": challenger,
            "version": version,
            "by": by,
            "reason": reason,
            "asked_ms": int(time.time() * 1_000),
        }
    )


async def ask(settings: Settings, policy: Policy, asked: ModelCommand, wait_seconds: float) -> dict[str, Any] | None:
    """Write a command for the trainer; returns what it did about it, None where it has not for so long.

    An answer counts once the version that shows it is complete: who starts a worker on hearing it finds it obeyed.
    """
    async with producer(settings.kafka) as sender:
        await sender.send_and_wait(
            examples_topic(settings),
            encode(asked),
            key=asked.model.encode(),
            partition=example_partition(asked.model, policy),
        )
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline:
        shelf = await read_shelf(settings, policy)
        heard = [event for event in shelf.events(asked.model) if event.get("command_id") == asked.command_id]
        if heard and _shown(shelf.latest(asked.model), heard[-1]):
            return heard[-1]
        await asyncio.sleep(POLL_SECONDS)
    return None


def _shown(latest: Stored | None, event: Mapping[str, Any]) -> bool:
    """Whether the newest complete version tells of an entry of the ledger, which is sent before its version is."""
    return latest is not None and latest.manifest.age >= (event["at_ms"], event["version"])


def duty(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """Tell of a version who is on duty, how all members did so far, and how an open trial stands.

    Members: examples, positives, auc, log_loss, calibration_error over all their examples, each judged by what the
    member would have said when it was scored (a forest: just before it was learned).
    """
    contest, trial = snapshot["state"]["contest"], snapshot["state"]["contest"]["trial"]
    return {
        "champion": contest["on_duty"],
        "pinned": contest["pinned"] or None,
        "drifts": contest["drifts"],
        "members": {name: _quality(meter) for name, meter in contest["meters"].items()},
        "trial": None if trial is None else {key: trial[key] for key in ("number", "why", "examples", "rivals")},
    }


def _quality(told: Mapping[str, Any]) -> dict[str, Any]:
    meter = Meter()
    meter.restore(told)
    return meter.quality()._asdict()
