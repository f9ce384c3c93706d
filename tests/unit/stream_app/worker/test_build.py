"""What a worker is built with: every setting of the deployment reaches Kafka's and Redis's clients."""

import asyncio
import ssl

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from stream_app.kafka import client_options
from stream_app.settings import Settings
from stream_app.telemetry.metrics import Metrics
from stream_app.worker.build import build_worker

SECURITY = [
    {"protocol": "PLAINTEXT"},
    {"protocol": "SSL"},
    {"protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "username": "rapport", "password": "swordfish"},
    {"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-512", "username": "rapport", "password": "swordfish"},
    {"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-256", "username": "rapport", "password": "swordfish"},
]


@pytest.fixture
def built(tmp_path):
    """Build a worker, not started, by these sections of the settings."""

    def build(**sections):
        return build_worker(Settings.load(data_dir=tmp_path, **sections), Metrics()).app

    return build


def comparable(options):
    """Each TLS context is an object of its own: what counts is that there is one, and how it verifies."""
    context = options.get("ssl_context")
    assert context is None or isinstance(context, ssl.SSLContext)
    plain = {name: value for name, value in options.items() if name not in {"ssl_context", "bootstrap_servers"}}
    return plain, context and (context.verify_mode, context.check_hostname)


@pytest.mark.parametrize("security", SECURITY, ids=lambda given: f"{given['protocol']} {given.get('mechanism', '')}")
async def test_the_worker_reaches_kafka_as_every_other_client_does(built, security):
    conf = built(kafka={"security": security}).conf

    ours = client_options(Settings.load(kafka={"security": security}).kafka)
    assert comparable(credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context)) == comparable(ours)


async def test_a_password_is_not_in_what_the_engines_settings_print(built):
    app = built(kafka={"security": SECURITY[3]})

    assert app.settings.security["sasl_plain_password"] == "swordfish"
    assert "swordfish" not in repr(app.settings)


async def test_companions_have_ended_before_anything_closes_that_they_look_into(built):
    app, heard = built(), []
    begun = asyncio.Event()

    async def companion():
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            heard.append("companion")

    async def before_shutdown(_app, **_more):
        heard.append("shutdown")

    async def health_port():
        heard.append("health port")

    app.before_start.clear()
    app.companions[:], app.before_stop[:] = [companion], [health_port]
    app.on_before_shutdown.connect(before_shutdown)
    app.run_companions()
    await begun.wait()
    await app.on_stop()
    assert heard == ["companion", "shutdown", "health port"]


async def test_what_the_deployment_sets_reaches_kafka_and_redis(built, monkeypatch):
    monkeypatch.setenv("RAPPORT_KAFKA__COMMIT_INTERVAL_SECONDS", "0.25")
    monkeypatch.setenv("RAPPORT_KAFKA__SESSION_TIMEOUT_SECONDS", "45")
    monkeypatch.setenv("RAPPORT_KAFKA__INSTANCE_ID", "worker-7")
    monkeypatch.setenv("RAPPORT_REDIS__REPLICAS", "2")
    monkeypatch.setenv("RAPPORT_STANDBY_REPLICAS", "1")
    monkeypatch.setenv("RAPPORT_WRITE_BUFFER_MB", "2")
    app = built()

    assert app.conf.broker_commit_interval == 0.25
    assert app.conf.broker_session_timeout == 45
    assert app.conf.consumer_group_instance_id == "worker-7"
    assert app.conf.table_standby_replicas == 1
    assert app.settings.write_buffer == 2 << 20
    assert app.settings.redis_replicas == 2


async def test_a_static_member_is_known_by_its_instance_id_whatever_the_worker_is_called(built, monkeypatch):
    """Faust's assignor compares addresses: under another one its plan would be refused, and the group stand still."""
    monkeypatch.setenv("RAPPORT_KAFKA__INSTANCE_ID", "worker-7")
    addresses = []
    for name in ("before", "after"):
        monkeypatch.setenv("RAPPORT_WORKER_ID", name)
        addresses.append(str(built().conf.canonical_url))
    assert addresses == ["http://worker-7", "http://worker-7"]


async def test_how_long_the_tables_took_to_be_restored_is_shown(tmp_path):
    metrics = Metrics()
    app = build_worker(Settings.load(data_dir=tmp_path), metrics).app

    app.on_rebalance_start()
    assert metrics.value("crm_recovery_seconds") == 0
    app.on_rebalance_end()

    assert metrics.value("crm_recovery_seconds") > 0
