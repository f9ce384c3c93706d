"""The bench reads off Kafka when a group has committed, whatever worker it is, and asks the worker nothing."""

import time

from confluent_kafka import Consumer, TopicPartition

from stream_app.bench.broker import Broker


def commits_of(bootstrap: str, group: str, topic: str, offsets: list[int]) -> tuple[int, int]:
    """Commit these offsets one after the other; returns before and after (epoch ms)."""
    began_ms = time.time_ns() // 1_000_000
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    for offset in offsets:
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()
    return began_ms, time.time_ns() // 1_000_000


def test_the_moments_of_a_groups_commits_are_told_and_no_other_groups(kafka_bootstrap: str, namespace: str):
    broker, topic = Broker(kafka_bootstrap), f"{namespace}.events"
    broker.create([topic])
    commits_of(kafka_bootstrap, f"{namespace}-other", topic, [1])
    began_ms, ended_ms = commits_of(kafka_bootstrap, namespace, topic, [1])

    (moment,) = broker.commits_ms(namespace, began_ms)

    assert began_ms <= moment <= ended_ms
    assert broker.commits_ms(namespace, ended_ms + 1) == []


def test_a_group_that_never_committed_has_no_moments(kafka_bootstrap: str, namespace: str):
    assert Broker(kafka_bootstrap).commits_ms(namespace, 0) == []
