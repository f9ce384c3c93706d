"""Metrics: names, base units, labels from fixed sets."""

import re

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from stream_app.telemetry.metrics import SPECS, Metrics


def test_counters_end_in_total_and_durations_in_seconds():
    for name, spec in SPECS.items():
        assert name.startswith("crm_")
        assert name.endswith("_total") == (spec.kind.__name__ == "Counter"), name
        if spec.kind.__name__ == "Histogram":
            assert name.endswith("_seconds")


def test_no_label_can_hold_an_id():
    allowed = {"topic", "result", "queue", "kind", "priority", "channel", "action", "reason", "field", "partition",
               "model", "member", "label", "stream", "group", "table"}  # fmt: skip
    assert {label for spec in SPECS.values() for label in spec.labels} <= allowed


def test_the_latency_buckets_have_a_boundary_at_each_objective():
    assert {0.02, 0.1} <= set(SPECS["crm_alert_latency_seconds"].buckets)


def test_what_is_counted_can_be_scraped_and_read_back():
    metrics = Metrics()
    metrics.count("crm_events_total", "bank.transactions", "applied", by=3)
    metrics.set("crm_profiles", 7)
    metrics.observe_seconds("crm_commit_seconds", 0.01)

    families = {f.name: f for f in text_string_to_metric_families(generate_latest(metrics.registry).decode())}

    assert families["crm_events"].samples[0].labels == {"topic": "bank.transactions", "result": "applied"}
    assert metrics.value("crm_events_total", topic="bank.transactions") == 3
    assert metrics.value("crm_profiles") == 7
    assert metrics.value("crm_commit_seconds") == 1


def test_a_partition_that_moved_away_leaves_the_gauge():
    metrics = Metrics()
    metrics.set("crm_consumer_lag_records", 5, "bank.transactions", "1")

    metrics.forget("crm_consumer_lag_records", ("bank.transactions", "1"))
    metrics.forget("crm_consumer_lag_records", ("bank.transactions", "2"))

    assert metrics.value("crm_consumer_lag_records") == 0


def test_and_is_there_again_when_it_comes_back():
    metrics = Metrics()
    for lag in (5, 8):
        metrics.set("crm_consumer_lag_records", lag, "bank.transactions", "1")
        assert metrics.value("crm_consumer_lag_records") == lag
        metrics.forget("crm_consumer_lag_records", ("bank.transactions", "1"))


def test_two_registries_do_not_share_anything():
    one, two = Metrics(), Metrics()
    one.count("crm_dead_letters_total", "bank.transactions", "bad_json")

    assert two.value("crm_dead_letters_total") == 0


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_metric_has_a_help_text(name):
    assert re.match(r"^[A-Z]?\S.*", SPECS[name].help)
