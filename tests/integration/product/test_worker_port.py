"""What operations see of a worker: its metrics, health, profiles by token, and its log."""

import json
import secrets
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.partitioner import partition_for
from stream_app.embedded.service import ServiceUnavailable, free_ports
from stream_app.simulate import Options, World
from stream_app.telemetry.metrics import SPECS
from stream_app.topics import INPUTS
from stream_app.worker.process import is_ready, settings_as_environment, worker_service
from tests.builders import wire_form
from tests.commands import rapport

from .conftest import settings_of
from .deployment import Deployment, event, raw, until

pytestmark = pytest.mark.integration

CONTRACT = {
    "crm_events_total", "crm_event_latency_seconds", "crm_alert_latency_seconds", "crm_alerts_total",
    "crm_offers_total", "crm_suppressed_total", "crm_dead_letters_total", "crm_late_events_total",
    "crm_duplicates_total", "crm_unknown_values_total", "crm_profiles", "crm_consumer_lag_records",
    "crm_last_event_timestamp_seconds", "crm_commit_seconds", "crm_recovery_seconds", "crm_examples_total",
    "crm_examples_pending", "crm_outcomes_total", "crm_model_predictions_total", "crm_model_auc",
    "crm_model_log_loss", "crm_model_calibration_error", "crm_model_version", "crm_drift_total",
    "crm_queue_lag_entries", "crm_queue_pending_entries", "crm_queue_oldest_seconds", "crm_build_info",
}  # fmt: skip
"""The names that are promised: dashboards and alerts of others hang on them."""


@pytest.fixture(scope="module")
def known():
    """The customer about whom the busy worker knows something."""
    return f"C-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def busy(bank, known):
    """A worker that has seen each kind of input, good and bad, old and new."""
    bank.send(
        *[event(topic, wire_form(topic, customer_id=known)) for topic in ("transactions", "interactions")],
        event("transactions", wire_form("transactions", customer_id=known, kind="teleport")),
        event("transactions", wire_form("transactions", customer_id=known, occurred_at="1993-01-01T00:00:00Z")),
        event("transactions", wire_form("transactions", customer_id=known, amount="-1")),
        event("outcomes", wire_form("outcomes", customer_id=known)),
        event("mentions", wire_form("mentions", author=known)),
    )
    bank.drain()
    until(lambda: bank.accounted() == bank.produced, "the worker tells of all that it has committed")
    return bank


def families(bank):
    return {family.name: family for family in text_string_to_metric_families(bank.get("/metrics")[1])}


def test_every_metric_of_the_contract_is_there(busy):
    exposed = {name + ("_total" if family.type == "counter" else "") for name, family in families(busy).items()}
    exposed = {"crm_build_info" if name == "crm_build" else name for name in exposed}
    assert exposed >= CONTRACT


def test_labels_are_those_declared_and_hold_no_id(busy, known):
    text = busy.get("/metrics")[1]
    assert known not in text
    assert "tr-" not in text
    for found, family in families(busy).items():
        name = found.removesuffix("_created")
        if name in {"crm_build", "crm_build_info"}:
            continue
        spec = SPECS.get(name) or SPECS[f"{name}_total"]
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(spec.labels), name


def test_the_labels_of_topics_are_their_names_and_results_and_reasons_come_from_fixed_sets(busy):
    scrape = busy.metrics()
    inputs = {spec.name(busy.settings) for spec in INPUTS}
    assert set(scrape.by("crm_events_total", "topic")) >= inputs
    assert set(scrape.by("crm_events_total", "result")) <= {"applied", "duplicate", "dead_letter"}
    assert set(scrape.by("crm_unknown_values_total", "field")) <= {"kind", "channel", "platform", "source"}
    assert scrape.sum("crm_unknown_values_total", field="kind") >= 1


@pytest.mark.parametrize(
    "name",
    [
        "crm_event_latency_seconds_count",
        "crm_profiles",
        "crm_recovery_seconds",
        "crm_commit_seconds_count",
        "crm_last_event_timestamp_seconds",
        "crm_outcomes_total",
        "crm_unknown_values_total",
    ],
)
def test_what_has_happened_shows(busy, name):
    assert busy.metrics().sum(name) > 0


MAY_BE_ZERO = {
    "crm_consumer_lag_records", "crm_examples_pending", "crm_drift_total",
    "crm_queue_lag_entries", "crm_queue_pending_entries",
}  # fmt: skip
"""Where 0 is good news: here it is enough that the worker says so."""


@pytest.fixture
def newborn(kafka_bootstrap, redis_url, tmp_path):
    """A worker that learns, to which nothing has happened."""
    with Deployment(settings_of(kafka_bootstrap, redis_url, tmp_path, learning=True)) as started:
        yield started


def untouched(deployment):
    """The metrics that are what they were before anything happened."""
    told = defaultdict(list)
    for (name, _), value in deployment.metrics().samples.items():
        told[name.removesuffix("_count")].append(value)
    return {name for name in CONTRACT if not (told[name] if name in MAY_BE_ZERO else any(told[name]))}


@pytest.mark.slow
def test_two_simulated_months_leave_no_metric_of_the_contract_untouched(newborn):
    assert untouched(newborn) > {"crm_profiles", "crm_alerts_total", "crm_model_predictions_total", "crm_model_auc"}

    world = World(Options(customers=60, days=60, seed=3, namespace=newborn.settings.input_namespace))
    newborn.send(*[raw(line) for line in world.lines()])
    unheard_of = wire_form("interactions", offered_action="perpetual_motion", source="staff")
    newborn.send(event("interactions", unheard_of), event("mentions", wire_form("mentions", platform="telegraph")))
    newborn.drain()
    until(lambda: newborn.accounted() == newborn.produced, "the worker tells of all that it has committed")
    newborn.redis.xgroup_create(newborn.streams()[0], "desk", id="0")
    beside = ("crm_model_auc", "crm_queue_lag_entries", "crm_queue_pending_entries")
    until(lambda: not untouched(newborn) & set(beside), "trainer and queue watch, which run beside, have told theirs")

    assert untouched(newborn) == set()
    assert newborn.count("crm_profiles") == len(newborn.profiles())


def test_the_latency_of_every_record_is_measured_once(busy):
    done = busy.accounted()
    assert busy.count("crm_event_latency_seconds_count", topic=busy.topic("transactions")) <= done
    inputs = [spec.name(busy.settings) for spec in INPUTS]
    until(
        lambda: sum(busy.count("crm_event_latency_seconds_count", topic=topic) for topic in inputs) == busy.accounted(),
        "each record that is accounted for has its latency",
    )


def test_an_event_older_than_the_clock_is_counted_as_late_and_applied(bank, customer):
    bank.send(event("transactions", wire_form("transactions", customer_id=customer)))
    number = str(partition_for(customer.encode(), bank.settings.partitions))
    clock = {"partition": number}
    until(lambda: ("crm_clock_seconds", frozenset(clock.items())) in bank.metrics().samples, "the clock is told")
    before = bank.count("crm_late_events_total", topic=bank.topic("transactions"))
    old = wire_form("transactions", customer_id=customer, occurred_at="1993-01-01T00:00:00Z")
    bank.send(event("transactions", old))
    until(
        lambda: bank.count("crm_late_events_total", topic=bank.topic("transactions")) == before + 1,
        "it is counted as late",
    )
    bank.drain()
    assert bank.rapport("profile", customer, "--json").json["events"]["transactions"] == 2


def test_readers_of_a_queue_show_with_what_they_have_not_read(bank, customer):
    outflow = {"kind": "transfer", "counterparty_bank": "BANK2", "amount": "60000.00"}
    bank.send(event("transactions", wire_form("transactions", customer_id=customer, **outflow)))
    bank.next_entry("alerts:retention:p1", customer, "crm.alert.raised")
    stream = f"{bank.settings.namespace}:alerts:retention:p1"
    bank.redis.xgroup_create(stream, "desk", id="0")
    bank.redis.xreadgroup("desk", "anna", {stream: ">"}, count=1)
    labels = {"stream": stream, "group": "desk"}
    until(lambda: bank.count("crm_queue_pending_entries", **labels) == 1, "the group shows")
    assert bank.count("crm_queue_lag_entries", **labels) == bank.redis.xlen(stream) - 1
    assert bank.metrics().sum("crm_queue_oldest_seconds", stream=stream) > 0
    bank.redis.xgroup_destroy(stream, "desk")
    gone = ("crm_queue_pending_entries", frozenset(labels.items()))
    until(lambda: gone not in bank.metrics().samples, "a group that has gone leaves no figure")


def test_the_lag_is_zero_when_all_is_done(busy):
    busy.drain()
    until(lambda: busy.metrics().sum("crm_consumer_lag_records") == 0, "nothing waits any more")


def test_health_and_readiness_and_version_answer(bank):
    assert bank.get("/healthz")[0] in {200, 204}
    until(lambda: bank.get("/readyz")[0] == 200, "it is ready, also where another test has broken a service")
    status, body = bank.get("/readyz")
    facts = json.loads(body)
    assert (status, facts["ready"], facts["kafka"], facts["redis"], facts["restored"]) == (200, True, True, True, True)
    assert facts["partitions"] == list(range(bank.settings.partitions))
    assert json.loads(bank.get("/version")[1])["version"]


def test_a_profile_is_shown_to_roles_that_may_see_it(busy, known):
    """The worker's answer is that of the changelog."""
    token = busy.rapport("token", "--role", "ops", "--json").json["token"]
    greeter = busy.rapport("token", "--role", "greeter", "--scope", "branch:B001", "--json").json["token"]
    path = f"/profiles/{known}"
    assert busy.get(path)[0] == 401
    assert busy.get(path, token=token + "x")[0] == 401
    assert busy.get(path, token=greeter)[0] == 403
    assert busy.get("/profiles/nobody", token=token)[0] == 404
    status, body = busy.get(path, token=token)
    assert status == 200
    asked = busy.rapport("profile", known, "--worker", f"127.0.0.1:{busy.port}", "--token", token, "--json").json
    assert json.loads(body) == asked == busy.rapport("profile", known, "--json").json


def test_the_log_is_json_lines(busy):
    lines = busy.log.read_text().rpartition("\n")[0].splitlines()  # the last line may be under way
    assert lines
    for line in lines:
        assert {"event", "level", "timestamp"} <= set(json.loads(line)), line


def test_a_worker_whose_topics_are_missing_names_them_and_ends(kafka_bootstrap, redis_url, tmp_path):
    settings = settings_of(kafka_bootstrap, redis_url, tmp_path, learning=False)
    (port,) = free_ports(1)
    worker = worker_service(settings, tmp_path / "worker.log", port)

    try:
        with pytest.raises(ServiceUnavailable) as failed:
            worker.start()
    finally:
        worker.stop()

    line = f"exit=70 topics are missing or hidden by an ACL, run `rapport topics create`: {settings.input_namespace}."
    assert line in str(failed.value)


def test_a_worker_waits_for_topics_that_kafka_does_not_tell_of_yet(kafka_bootstrap, redis_url, tmp_path):
    settings = settings_of(kafka_bootstrap, redis_url, tmp_path, learning=False)
    log, (port,) = tmp_path / "worker.log", free_ports(1)
    worker = worker_service(settings, log, port)

    with ThreadPoolExecutor(1) as beside:
        started = beside.submit(worker.start)
        try:
            until(lambda: log.exists() and "Kafka tells of no" in log.read_text(), "the worker misses its topics")
            assert rapport("topics", "create", environ=dict(settings_as_environment(settings))).code == 0
            started.result()
            assert is_ready(port)
        finally:
            worker.stop()
