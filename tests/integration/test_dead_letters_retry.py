"""Retrying dead letters on a real Kafka: each is sent once, however often an operator asks."""

import asyncio

import pytest

from schemas.dead_letters import dead_record
from schemas.errors import BadMessage
from stream_app.kafka import create_topics, producer, read_to_end
from stream_app.settings import Settings
from tests.commands import rapport

pytestmark = pytest.mark.integration


class Letters:
    """The dead letters of a namespace without a worker: the test says what is put there."""

    def __init__(self, bootstrap, namespace):
        self.settings = Settings.load(kafka={"bootstrap": bootstrap}, namespace=namespace, app_id=namespace)
        self.topic, self.source = f"{namespace}.dead-letters", f"{namespace}.transactions"
        self._environ = {
            "RAPPORT_KAFKA__BOOTSTRAP": bootstrap, "RAPPORT_NAMESPACE": namespace, "RAPPORT_APP_ID": namespace,
        }  # fmt: skip
        self._count = 0
        asyncio.run(create_topics(self.settings, {self.topic: (1, {}), self.source: (1, {})}))

    def bury(self, *reasons):
        """Put one letter of each of these reasons."""
        asyncio.run(self._bury(reasons))

    async def _bury(self, reasons):
        async with producer(self.settings.kafka) as sender:
            for reason in reasons:
                self._count += 1
                letter = dead_record(
                    BadMessage(reason, "why"), topic=self.source, partition=0, offset=self._count, received_ms=None,
                    key=b"C1", value=f"{reason}-{self._count}".encode(), headers=[],
                )  # fmt: skip
                await sender.send_and_wait(self.topic, letter.value, key=letter.key, headers=letter.headers)

    def retry(self, *options):
        """Run the command; return how many letters it sent."""
        return rapport("dead-letters", "retry", "--json", *options, environ=self._environ).json["sent"]

    @property
    def sent(self):
        """What lies on the topic that the letters came from."""

        async def read():
            return [record.value.decode() async for record, _ in read_to_end(self.settings.kafka, self.source)]

        return asyncio.run(read())


@pytest.fixture
def letters(kafka_bootstrap, namespace):
    return Letters(kafka_bootstrap, namespace)


def test_a_letter_is_sent_once_and_what_fails_again_once_more(letters):
    letters.bury("processing_error", "bad_time")
    assert letters.retry() == 2
    assert letters.retry() == 0
    letters.bury("processing_error")
    assert letters.retry() == 1
    assert letters.sent == ["processing_error-1", "bad_time-2", "processing_error-3"]


def test_letters_of_one_reason_are_sent_and_the_others_wait_for_their_turn(letters):
    letters.bury("future", "processing_error", "future")
    assert letters.retry("--reason", "processing_error") == 1
    assert letters.retry("--reason", "processing_error") == 0
    letters.bury("processing_error")
    assert letters.retry("--reason", "future") == 2
    assert letters.retry() == 1
    assert letters.retry() == letters.retry("--reason", "future") == 0
    assert letters.sent == ["processing_error-2", "future-1", "future-3", "processing_error-4"]


def test_a_dry_run_sends_and_remembers_nothing(letters):
    letters.bury("bad_time")
    assert letters.retry("--dry-run") == letters.retry("--dry-run") == 1
    assert letters.sent == []
    assert letters.retry() == 1


@pytest.mark.parametrize("command", ["retry", "list"])
def test_a_topic_that_kafka_does_not_tell_of_is_not_taken_for_an_empty_one(kafka_bootstrap, namespace, command):
    """A broker that has just come up may tell of no topics for a moment: then nothing is known, least of all sent."""
    environ = {"RAPPORT_KAFKA__BOOTSTRAP": kafka_bootstrap, "RAPPORT_NAMESPACE": namespace}
    answer = rapport("dead-letters", command, environ=environ)
    assert (answer.code, answer.complaint) == (
        1,
        f"Kafka tells of no topic {namespace}.dead-letters (rapport topics create)",
    )
