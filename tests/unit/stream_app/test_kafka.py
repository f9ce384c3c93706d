"""Where a group stands is told by a broker that knows it: one that does not know yet is asked again."""

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError
from aiokafka.structs import OffsetAndMetadata

from stream_app import kafka

HERE, THERE = TopicPartition("letters", 0), TopicPartition("letters", 1)
KNOWN = {HERE: OffsetAndMetadata(7, "{}"), THERE: OffsetAndMetadata(-1, "")}
LOADING = {}
"""How aiokafka passes on that the coordinator loads the group's offsets, or has moved: the error itself is left out."""


class Broker:
    """An admin client with one answer after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def list_consumer_group_offsets(self, group, partitions):
        assert (group, set(partitions)) == ("g", {HERE, THERE})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_coordinator_that_is_not_there_or_does_not_know_yet_is_asked_again():
    broker = Broker(GroupCoordinatorNotAvailableError(), LOADING, KNOWN)
    assert await kafka.committed(broker, "g", [HERE, THERE]) == KNOWN
    assert broker.answers == []


async def test_a_refusal_for_good_is_raised():
    with pytest.raises(GroupAuthorizationFailedError):
        await kafka.committed(Broker(GroupAuthorizationFailedError()), "g", [HERE, THERE])


async def test_one_that_never_comes_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(kafka, "COORDINATOR_SECONDS", 0.0)
    with pytest.raises(kafka.KafkaUnavailable, match=r"^no coordinator tells where group g stands after 0 s$"):
        await kafka.committed(Broker(LOADING), "g", [HERE, THERE])


async def test_of_no_partition_nobody_is_asked():
    assert await kafka.committed(Broker(), "g", []) == {}
