"""Topics: each once, equal partitions where customers meet, broker time on the inputs."""

import pytest

from stream_app.settings import Settings
from stream_app.topics import EXAMPLES, INPUTS, OURS, all_topics, full_names


def test_all_topics_keyed_by_customer_have_the_same_partition_count():
    topics = all_topics(Settings.load(partitions=6), models=2)

    by_customer = ["bank.transactions", "bank.interactions", "bank.customers", "bank.outcomes", "crm.mentions-linked",
                   "crm.timers", "crm.decisions", "crm-profiles-changelog"]  # fmt: skip
    assert {topics[name][0] for name in by_customer} == {6}
    assert topics["crm.links"][0] == topics["bank.mentions"][0]


def test_each_topic_is_kept_as_long_as_the_contract_says():
    topics = all_topics(Settings.load(), models=2)
    days = {
        **dict.fromkeys(("bank.transactions", "bank.interactions", "bank.mentions", "crm.mentions-linked"), 7),
        **dict.fromkeys(("bank.outcomes", "crm.links", "crm.examples", "crm.dead-letters"), 30),
        **dict.fromkeys(("crm.timers", "crm.mood"), 7),
        "crm.decisions": 400,
    }
    compacted = {"bank.customers", "crm.models", "crm.clocks"}
    compacted |= {f"crm-{table}-changelog" for table in ("profiles", "links", "mood")}

    kept = {name: int(config["retention.ms"]) / 86_400_000 for name, (_, config) in topics.items() if name in days}
    assert kept == days
    assert {name: topics[name][1]["cleanup.policy"] for name in topics} == {
        **dict.fromkeys(days, "delete"),
        **dict.fromkeys(compacted, "compact"),
    }


def test_a_topic_is_named_by_its_namespace_and_no_two_by_the_same_word():
    names = full_names(Settings.load(namespace="crm-b", input_namespace="bank-b"))

    assert names["transactions"] == "bank-b.transactions"
    assert names["mentions-linked"] == "crm-b.mentions-linked"
    assert len(names) == len({*INPUTS, *OURS, EXAMPLES})


def test_examples_have_one_partition_per_model():
    assert all_topics(Settings.load(), models=3)["crm.examples"][0] == 3


def test_input_topics_carry_the_brokers_time():
    topics = all_topics(Settings.load(), models=1)

    assert all(topics[f"bank.{s.logical}"][1]["message.timestamp.type"] == "LogAppendTime" for s in INPUTS)
    assert all("message.timestamp.type" not in topics[f"crm.{s.logical}"][1] for s in OURS)


def test_the_broker_unpacks_what_others_send_so_that_no_bomb_reaches_a_worker():
    topics = all_topics(Settings.load(), models=1)

    assert all(topics[f"bank.{s.logical}"][1]["compression.type"] == "uncompressed" for s in INPUTS)
    assert all("compression.type" not in topics[f"crm.{s.logical}"][1] for s in OURS)


def test_namespaces_and_app_id_keep_two_deployments_apart():
    one = all_topics(Settings.load(), models=1)
    two = all_topics(Settings.load(namespace="crm-b", input_namespace="bank-b", app_id="b"), models=1)

    assert not set(one) & set(two)
    assert len(one) == len(two)


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "2"), (3, "2")])
def test_a_changelog_entry_lies_on_two_brokers_where_there_are_as_many(replication, in_sync):
    topics = all_topics(Settings.load(kafka={"replication": replication}), models=1)

    assert topics["crm-profiles-changelog"][1]["min.insync.replicas"] == in_sync


def test_a_worker_that_was_away_for_days_still_hears_who_was_erased():
    _, config = all_topics(Settings.load(), models=1)["crm-profiles-changelog"]

    assert int(config["delete.retention.ms"]) >= 7 * 24 * 3_600_000
