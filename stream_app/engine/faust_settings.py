"""The settings under which the engine's guarantees hold (docs/engine.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials
from yarl import URL

from stream_app.engine.assignor import EngineAssignor


@dataclass(frozen=True)
class EngineSettings:
    """What differs between deployments; times in seconds."""

    app_id: str
    """Consumer group, and first part of the changelogs' names."""
    bootstrap_servers: str
    """Kafka brokers as host:port, separated by commas."""
    redis_url: str
    namespace: str
    """First part of our topics and Redis keys."""
    data_dir: Path
    """Where the local stores live; one worker each."""
    dead_letters: str
    """Topic for records that cannot be taken."""
    partitions: int
    """Partition count of every event topic and changelog."""
    session_timeout: float = 10.0
    rebalance_timeout: float = 20.0
    max_poll_interval: float = 300.0
    request_timeout: float = 90.0
    commit_interval: float = 1.0
    redis_retention: float = 7 * 86_400.0
    redis_replicas: int = 0
    batch_records: int = 2_000
    in_flight_records: int = 128_000
    """Under way at most. A worker that is behind writes half as many at one go, if it reads them within a second: the
    more there are, the more often has a key changed that is written once."""
    cached_values: int = 20_000
    """Decoded values kept in memory per table, over all partition numbers of the worker (a profile: some 20 kB)."""
    worker_id: str = "w1"
    """Names the worker within the group; needs no address, since tables are not served over HTTP."""
    instance_id: str | None = None
    """Static membership; only where restarts beat the session timeout."""
    write_buffer: int = 16 << 20
    """Bytes of a local store's write buffer; two of each table and partition number at most."""
    standby_replicas: int = 0
    """Other workers that follow each partition's changelog, to take it over without restoring it from zero."""
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """How to reach the brokers, as aiokafka's clients take it (`security_protocol`, `ssl_context`, `sasl_*`)."""


def faust_settings(settings: EngineSettings) -> dict[str, Any]:
    """Return the keyword arguments of `faust.App` for these settings."""
    brokers = [URL(f"kafka://{server.strip()}") for server in settings.bootstrap_servers.split(",")]
    return {
        "id": settings.app_id,
        "broker": brokers,
        "broker_credentials": _credentials(settings.security),
        "store": "rocksdb://",
        "datadir": settings.data_dir,
        "autodiscover": False,
        "web_enabled": False,
        "web_bind": "127.0.0.1",
        # Faust's assignor knows workers by it: a static member that comes back under another name is the same one.
        "canonical_url": f"http://{settings.instance_id or settings.worker_id}",
        "topic_partitions": settings.partitions,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "PartitionAssignor": EngineAssignor,
        "processing_guarantee": "at_least_once",
        "stream_wait_empty": True,
        "stream_recovery_delay": 0.0,
        "stream_buffer_maxsize": 4096,
        "consumer_auto_offset_reset": "earliest",
        "consumer_group_instance_id": settings.instance_id,
        "consumer_max_fetch_size": 4_000_000,
        "broker_commit_interval": settings.commit_interval,
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": 1.0,
        "broker_rebalance_timeout": settings.rebalance_timeout,
        "broker_max_poll_interval": settings.max_poll_interval,
        "broker_request_timeout": settings.request_timeout,
        "broker_max_poll_records": 8_000,
        "producer_acks": -1,
        "producer_linger": 0.0,
        "producer_max_batch_size": 400_000,
        "producer_max_request_size": 1_048_576,
        "producer_request_timeout": 120.0,
        "table_standby_replicas": settings.standby_replicas,
        "table_key_index_size": 100,
        "worker_redirect_stdouts": False,
    }


def _credentials(security: Mapping[str, Any]) -> SSLCredentials | SASLCredentials | None:
    """Say in Faust's terms what `security` says in aiokafka's; None is plain text."""
    context = security.get("ssl_context")
    if security.get("security_protocol", "PLAINTEXT").startswith("SASL"):
        return SASLCredentials(
            username=security["sasl_plain_username"],
            password=security["sasl_plain_password"],
            mechanism=security["sasl_mechanism"],
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)
