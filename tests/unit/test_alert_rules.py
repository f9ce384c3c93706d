"""The Prometheus rules speak of metrics that exist, and every alert leads to a page that says what to do.

`promtool check rules` and `promtool test rules` judge their grammar and when they fire.
"""

import re
from pathlib import Path

from stream_app.telemetry.metrics import SPECS

CHECKOUT = Path(__file__).resolve().parents[2]
RULES = (CHECKOUT / "deploy" / "prometheus" / "rapport.rules.yml").read_text(encoding="utf-8")
PLAYED = (CHECKOUT / "deploy" / "prometheus" / "rapport.rules.test.yml").read_text(encoding="utf-8")
RUNBOOK = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
ALERTS = re.findall(r"- alert: (\w+)", RULES)


def test_every_metric_and_every_label_is_one_of_ours():
    recorded = set(re.findall(r"- record: (\S+)", RULES))
    for text in (RULES, PLAYED):
        for name, inside in re.findall(r"(?<![:\w])(crm_[a-z_]+)(?:\{([^}]*)\})?", text):
            metric = re.sub(r"_(bucket|count|sum)$", "", name)
            assert metric in SPECS, name
            assert set(re.findall(r"(\w+)=", inside)) <= {*SPECS[metric].labels, "le"}, name
    assert set(re.findall(r"slo:\w+:\w+", RULES)) == recorded


def test_a_bucket_that_is_asked_for_is_there():
    edges = set(re.findall(r'crm_alert_latency_seconds_bucket\{le="([0-9.]+)"', RULES))
    assert {float(edge) for edge in edges} <= set(SPECS["crm_alert_latency_seconds"].buckets)


def test_every_alert_leads_to_its_page_and_every_page_belongs_to_an_alert():
    pages = set(re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE))
    led_to = re.findall(r"runbook: docs/operations\.md#(\w+)", RULES)
    assert len(led_to) == len(ALERTS) > 0
    assert set(led_to) == {page.lower() for page in pages}


def test_every_alert_says_how_urgent_it_is():
    assert len(re.findall(r"severity: (?:page|ticket)\b", RULES)) == len(ALERTS)


def test_what_is_played_are_alerts_that_exist():
    assert set(re.findall(r"alertname: (\w+)", PLAYED)) <= set(ALERTS)
