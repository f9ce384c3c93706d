"""Topics that Kafka does not tell of at once are asked for again: a broker that has just come up may tell of none."""

import pytest

from stream_app.engine import topic_ids
from stream_app.engine.topic_ids import all_told

WANTED = {"bank.transactions": 4, "bank.customers": 4}


class Broker:
    """One answer after the other, the last one for ever."""

    def __init__(self, *answers: dict[str, int]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def ask(self) -> dict[str, int]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_ids, "AGAIN_SECONDS", 0.0)


async def test_topics_that_are_all_told_are_asked_for_once():
    broker = Broker(WANTED)
    assert await all_told(broker.ask, WANTED) == WANTED
    assert broker.asked == 1


async def test_a_broker_that_has_just_come_up_is_asked_again(caplog: pytest.LogCaptureFixture):
    broker = Broker({}, {"bank.customers": 4}, WANTED)
    assert await all_told(broker.ask, WANTED) == WANTED
    assert [record.message for record in caplog.records] == [
        "Kafka tells of no bank.customers, bank.transactions; asking again for up to 10 s"
    ]


async def test_what_is_never_told_is_missing_in_the_answer():
    broker = Broker({}, {"bank.customers": 4})
    assert await all_told(broker.ask, WANTED, seconds=0.05) == {"bank.customers": 4}
    assert broker.asked > 2


async def test_one_answer_is_waited_for_whatever_it_takes():
    assert await all_told(Broker({}).ask, WANTED, seconds=0.0) == {}
