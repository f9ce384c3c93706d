"""The commands that ask a running deployment, and what they say about one that is not there or not right."""

import json
from base64 import b64encode

import pytest

from models.policy import load_policy
from stream_app.topics import all_topics
from tests.builders import wire_form

from .deployment import Raw, event

pytestmark = pytest.mark.integration


def test_topics_are_created_once_and_listed_with_their_partitions(bank):
    models = load_policy(bank.settings.policy_dir).models.names
    wanted = {name: count for name, (count, _) in all_topics(bank.settings, len(models)).items()}
    again = bank.rapport("topics", "create", "--json").json
    assert (again["created"], sorted(again["present"])) == ([], sorted(wanted))
    assert bank.rapport("topics", "list", "--json").json == wanted


def test_topics_with_another_partition_count_are_an_error(bank):
    answer = bank.rapport("topics", "create", "--partitions", 5)
    assert answer.code == 1
    assert "3 partitions, not 5" in answer.complaint


def test_the_doctor_finds_a_healthy_deployment_well(bank):
    answer = bank.rapport("doctor", "--json")
    assert answer.code == 0, answer.out
    assert not [finding for finding in json.loads(answer.out) if finding["state"] == "failed"]


def test_the_doctor_names_what_is_missing(bank):
    environ = {**bank.environ, "RAPPORT_NAMESPACE": "nothing-here"}
    answer = type(bank).rapport(_With(bank, environ), "doctor", "--json")
    assert answer.code == 1
    failed = [finding for finding in json.loads(answer.out) if finding["state"] == "failed"]
    assert {
        "what": "topic nothing-here.timers",
        "state": "failed",
        "detail": "missing: rapport topics create",
    } in failed


class _With:
    """A deployment seen with another environment."""

    def __init__(self, deployment, environ):
        self.environ = {**deployment.environ, **environ}


def test_a_customer_that_nobody_knows_is_exit_1_and_one_line(bank):
    answer = bank.rapport("profile", "nobody", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert answer.complaint == "no customer 'nobody'"


def test_an_id_may_begin_with_a_dash_behind_two_dashes(bank):
    assert "-c5" in bank.rapport("profile", "--", "-c5").complaint


def test_a_profile_of_an_application_that_never_ran_says_so(bank):
    answer = type(bank).rapport(_With(bank, {"RAPPORT_APP_ID": "never-ran"}), "profile", "C1")
    assert answer.code == 1
    assert "never-ran-profiles-changelog" in answer.complaint


def place_of(sent):
    """Where `rapport send` says that the record lies."""
    return sent["topic"], sent["partition"], sent["offset"]


def test_events_are_sent_under_their_key_from_the_argument_or_standard_input(bank, customer):
    transaction = wire_form("transactions", customer_id=customer)
    first = bank.rapport("send", "transactions", json.dumps(transaction), "--json").json
    mention = wire_form("mentions", author=customer)
    second = bank.rapport("send", f"{bank.settings.input_namespace}.mentions", "-", "--json", stdin=json.dumps(mention))
    bank.produced += 2
    assert second.json["topic"] == f"{bank.settings.input_namespace}.mentions"
    bank.drain()
    keys = {
        (r.topic, r.partition, r.offset): r.key for sent in (first, second.json) for r in bank.records(sent["topic"])
    }
    assert keys[place_of(first)] == customer.encode()
    assert keys[place_of(second.json)] == f"weibo:{customer}".encode()
    assert bank.rapport("profile", customer, "--json").json["events"]["transactions"] == 1
    assert "does not consent to profiling" in bank.rapport("profile", customer, "--why").out


def test_a_topic_that_is_missing_on_the_broker_is_one_line_and_at_once(bank):
    answer = type(bank).rapport(_With(bank, {"RAPPORT_INPUT_NAMESPACE": "nothing-here"}), "send", "transactions", "{}")
    assert (answer.code, answer.complaint) == (1, "there is no topic nothing-here.transactions: rapport topics create")


def test_whoever_sends_what_cannot_be_read_is_told(bank, customer):
    spoilt = {**wire_form("transactions", customer_id=customer), "direction": "sideways"}
    answer = bank.rapport("send", "transactions", json.dumps(spoilt))
    bank.produced += 1
    assert answer.code == 0
    assert answer.complaint.startswith("it will be a dead letter: bad_value: direction")
    bank.drain()


def test_a_decision_is_listed_by_customer_and_explained_by_id(bank, customer):
    bank.send(event("interactions", wire_form("interactions", customer_id=customer, kind="login", channel="mobile")))
    bank.drain()
    (decided,) = bank.rapport("decision", "--customer", customer, "--json").json
    assert decided["trigger"] == "login"
    assert "no action: no_marketing_consent" in bank.rapport("decision", "--customer", customer).out

    for narrowed in ((), ("--customer", customer)):
        explained = bank.rapport("decision", decided["decision_id"], *narrowed)
        assert "客户未同意营销 / the customer has not agreed to marketing" in explained.out
    unknown = bank.rapport("decision", "no-such-decision")
    assert (unknown.code, unknown.complaint) == (1, "no decision 'no-such-decision'")


def test_what_the_topics_hold_is_saved_as_a_file_that_replays(bank, customer, tmp_path):
    outflow = {"kind": "transfer", "counterparty_bank": "BANK2", "amount": "60000.00"}
    pretty = json.dumps(wire_form("transactions", customer_id=customer, **outflow), indent=1).encode()
    key = customer.encode()
    bank.send(
        Raw("transactions", key, b"no json", [("x-own", b"kept")]),
        Raw("transactions", key, pretty),
        Raw("transactions", None, pretty),
    )
    live = bank.next_entry("alerts:retention:p1", customer, "crm.alert.raised")
    bank.send(event("customers", None, customer))  # afterwards: between topics Kafka gives no order
    bank.drain()
    saved = bank.rapport("save", tmp_path / "day.jsonl", "--hours", 1, "--json").json

    assert sum(saved["by_topic"].values()) == saved["records"] == len((tmp_path / "day.jsonl").read_text().splitlines())
    lines = [json.loads(line) for line in (tmp_path / "day.jsonl").read_text().splitlines()]
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines)
    ours = [line for line in lines if line["key"] == customer]
    assert (ours[0]["raw"], ours[0]["headers"]) == (b64encode(b"no json").decode(), {"x-own": "kept"})
    assert ours[1]["value"] == json.loads(pretty)
    assert ours[2]["value"] is None

    bank.rapport("replay", tmp_path / "day.jsonl", "--out", tmp_path / "out")
    alerts = [json.loads(line) for line in (tmp_path / "out" / "alerts.jsonl").read_text().splitlines()]
    raised = [a for a in alerts if a["data"]["customer_id"] == customer and a["type"] == "crm.alert.raised"]
    assert [alert["id"] for alert in raised] == [live["id"]]
    letters = [json.loads(line) for line in (tmp_path / "out" / "dead_letters.jsonl").read_text().splitlines()]
    assert {"bad_json", "key_mismatch"} <= {letter["reason"] for letter in letters}

    masters = bank.rapport("save", tmp_path / "none.jsonl", "--hours", 0, "--json").json
    assert set(masters["by_topic"]) == {f"{bank.settings.input_namespace}.customers"}


def test_a_customer_who_is_erased_is_forgotten(bank, customer):
    bank.send(event("transactions", wire_form("transactions", customer_id=customer)))
    bank.drain()
    assert bank.rapport("profile", customer, "--json").json["events"]["transactions"] == 1

    sent = bank.rapport("erase", customer, "--yes", "--json").json
    bank.produced += 1
    bank.drain()
    assert sent["topic"] == f"{bank.settings.input_namespace}.customers"
    forgotten = bank.rapport("profile", customer, "--json").json
    assert forgotten["erased_at"] is not None
    assert (forgotten["events"]["transactions"], forgotten["totals"], forgotten["balances"]) == (0, {}, {})


def test_a_queue_that_is_not_there_is_said(bank):
    answer = bank.rapport("queue", "tail", "no-such-queue")
    assert (answer.code, answer.out) == (0, "")
    assert answer.complaint.startswith("no stream has 'no-such-queue' in its name; there ")


def test_queues_are_listed_shown_and_measured(bank, customer):
    outflow = {"kind": "transfer", "counterparty_bank": "BANK2", "amount": "60000.00"}
    bank.send(event("transactions", wire_form("transactions", customer_id=customer, **outflow)))
    stream = f"{bank.settings.namespace}:alerts:retention:p1"
    raised = bank.next_entry("alerts:retention:p1", customer, "crm.alert.raised")

    length = bank.redis.xlen(stream)
    assert bank.rapport("queue", "list", "--json").json[stream] == length
    shown = [json.loads(line) for line in bank.rapport("queue", "tail", "retention:p1", "--json").out.splitlines()]
    assert raised["id"] in {entry["id"] for entry in shown}
    assert customer in bank.rapport("queue", "tail", "retention").out

    bank.redis.xgroup_create(stream, f"g-{customer}", id="0")
    (measured,) = [s for s in bank.rapport("queue", "stats", "--json").json if s["stream"] == stream]
    assert measured["entries"] == length
    assert measured["oldest_seconds"] >= 0
    (group,) = [group for group in measured["groups"] if group["name"] == f"g-{customer}"]
    assert (group["lag"], group["pending"]) == (length, 0)
    assert stream in bank.rapport("queue", "stats").out
    bank.redis.xgroup_destroy(stream, f"g-{customer}")


def test_dead_letters_are_listed_by_reason_and_can_be_sent_again(bank, customer):
    (place,) = bank.send(Raw("transactions", customer.encode(), b"no json", [("x-own", b"kept")]))
    bank.drain()
    listed = bank.rapport("dead-letters", "list", "--reason", "bad_json", "--json").json
    ours = [x for x in listed if (x["topic"], int(x["partition"]), int(x["offset"])) == place]
    assert [letter["reason"] for letter in ours] == ["bad_json"]
    others = bank.rapport("dead-letters", "list", "--reason", "empty", "--json").json
    assert {letter["reason"] for letter in others} <= {"empty"}

    would = bank.rapport("dead-letters", "retry", "--reason", "bad_json", "--dry-run", "--json").json
    assert (would["sent"], would["repeated"], would["cut"]) == (len(listed), 0, 0)
    did = bank.rapport("dead-letters", "retry", "--reason", "bad_json", "--json").json
    bank.produced += did["sent"]
    assert did == would
    again = [record for record in bank.records(place[0]) if record.key == customer.encode()]
    assert [(record.value, record.headers) for record in again] == [(b"no json", (("x-own", b"kept"),))] * 2
    bank.drain()


def test_a_worker_that_is_not_there_is_named(bank):
    answer = bank.rapport("profile", "C1", "--worker", "127.0.0.1:1", "--token", "x")
    assert answer.code == 1
    assert "127.0.0.1:1 does not answer" in answer.complaint


def test_a_wrong_token_is_refused_in_one_line(bank):
    answer = bank.rapport("profile", "C1", "--worker", f"127.0.0.1:{bank.port}", "--token", "x")
    assert answer.code == 1
    assert f"127.0.0.1:{bank.port} says" in answer.complaint


def test_the_model_report_reads_the_versions_and_what_the_worker_has_heard(bank, tmp_path):
    worker = f"127.0.0.1:{bank.port}"
    told = bank.rapport("model", "report", "--out", tmp_path, "--worker", worker, "--json").json

    assert told["source"] == f"versions on {bank.settings.namespace}.models"
    assert set(told["outcomes"]) <= {"joined", "late", "dangling"}
    assert json.loads((tmp_path / "model-report.json").read_text()) == told
    page = (tmp_path / "model-report.html").read_text()
    assert "<title>模型报告 / Model report</title>" in page
