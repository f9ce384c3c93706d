"""`rapport doctor`: look whether everything is here that a worker needs."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import redis
import typer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from models.policy import load_policy
from schemas.errors import PolicyError
from stream_app import kafka
from stream_app.commands.common import (
    FAILED,
    JsonOption,
    KafkaOption,
    RedisOption,
    print_json,
    print_table,
    run,
    settings,
)
from stream_app.settings import Settings
from stream_app.topics import EXAMPLES, INPUTS, all_topics

State = Literal["ok", "warning", "failed"]
OLDEST_REDIS = (7, 0)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    what: str
    state: State
    detail: str


def doctor(bootstrap: KafkaOption = None, url: RedisOption = None, as_json: JsonOption = False) -> None:
    """Check settings, policy, Kafka, topics, Redis and the data directory. Example: rapport doctor.

    Exit code 1 when something would stop a worker; warnings alone leave it at 0.
    """
    chosen = settings(bootstrap=bootstrap, url=url)
    findings = [*check_data_dir(chosen), *check_policy(chosen), *check_redis(chosen), *run(_collect(chosen))]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table("Doctor", ("what", "state", "detail"), [(f.what, f.state, f.detail) for f in findings])
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(FAILED)


def check_data_dir(chosen: Settings) -> Iterator[Finding]:
    """Look whether the local store can be written."""
    try:
        chosen.data_dir.mkdir(parents=True, exist_ok=True)
        writable = os.access(chosen.data_dir, os.W_OK)
    except OSError as error:
        yield Finding("data directory", "failed", f"RAPPORT_DATA_DIR: {chosen.data_dir}: {error.strerror}")
        return
    detail = str(chosen.data_dir) if writable else f"RAPPORT_DATA_DIR: {chosen.data_dir} cannot be written"
    yield Finding("data directory", "ok" if writable else "failed", detail)


def check_policy(chosen: Settings) -> Iterator[Finding]:
    """Load the policy."""
    try:
        policy = load_policy(chosen.policy_dir)
    except PolicyError as error:
        yield Finding("policy", "failed", str(error))
        return
    yield Finding(
        "policy", "ok", f"{policy.hash}, {len(policy.rules.rule)} rules, {len(policy.actions.action)} actions"
    )


def check_redis(chosen: Settings) -> Iterator[Finding]:
    """Ask Redis for its version and durability."""
    shown = chosen.shown()["redis"]["url"]
    try:
        with redis.Redis.from_url(chosen.redis.url, decode_responses=True, socket_timeout=5) as client:
            info = dict(client.info("server")) | dict(client.info("persistence"))
    except redis.RedisError as error:
        yield Finding("redis", "failed", f"RAPPORT_REDIS__URL: {shown} does not answer ({type(error).__name__})")
        return
    told = str(info.get("redis_version", "0.0"))
    new_enough = tuple(int(part) for part in told.split(".")[:2]) >= OLDEST_REDIS
    yield Finding(
        "redis", "ok" if new_enough else "failed", f"{shown} answers, version {told} (7.0 or newer is needed)"
    )
    if not info.get("aof_enabled"):
        yield Finding("redis durability", "warning", "appendonly is off: entries are lost with the server")


async def _collect(chosen: Settings) -> list[Finding]:
    return [finding async for finding in check_kafka(chosen)]


async def check_kafka(chosen: Settings) -> AsyncIterator[Finding]:
    """Look at the broker and every topic: there, with the right partitions, inputs with the broker's time."""
    wanted = _wanted(chosen)
    try:
        counts = await kafka.partition_counts(chosen, wanted)
    except kafka.KafkaUnavailable as error:
        yield Finding("kafka", "failed", str(error))
        return
    yield Finding("kafka", "ok", f"{chosen.kafka.bootstrap} answers")
    for name, (partitions, _) in wanted.items():
        if name not in counts:
            yield Finding(f"topic {name}", "failed", "missing: rapport topics create")
        elif counts[name] != partitions:
            yield Finding(
                f"topic {name}", "failed", f"{counts[name]} partitions, not {partitions} (RAPPORT_PARTITIONS)"
            )
    inputs = [spec.name(chosen) for spec in INPUTS if spec.name(chosen) in counts]
    for name, value in (await _timestamp_types(chosen, inputs)).items():
        if value != "LogAppendTime":
            yield Finding(f"topic {name}", "warning", f"message.timestamp.type is {value}, not LogAppendTime")
    if not set(wanted) - set(counts):
        yield Finding("topics", "ok", f"{len(counts)} topics are there")


def _wanted(chosen: Settings) -> dict[str, tuple[int, dict[str, str]]]:
    """Name the topics that must be there; while the policy cannot be read, all but the examples, made by its models."""
    try:
        models = load_policy(chosen.policy_dir).models.names
    except PolicyError:
        topics = all_topics(chosen, models=1)
        del topics[EXAMPLES.name(chosen)]
        return topics
    return all_topics(chosen, len(models))


async def _timestamp_types(chosen: Settings, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    key = "message.timestamp.type"
    async with kafka.admin(chosen.kafka) as client:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, {key: ""}) for name in names]
        replies = await client.describe_configs(resources)
    found: dict[str, str] = {}
    for reply in replies:
        for resource in reply.resources:
            _, _, _, name, entries = resource[:5]
            found[name] = next((entry[1] for entry in entries if entry[0] == key), "unknown")
    return found
