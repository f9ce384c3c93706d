"""What the engine is told of its topics and tables at start: explicit, and checked before the first record."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from stream_app.engine.batch import Decode
from stream_app.engine.effects import PROCESSING_ERROR, TOO_LARGE, BadInput
from stream_app.engine.mailbox import Mailbox
from stream_app.engine.records import Record
from stream_app.engine.rules import EngineUseError, TopicRule

MAX_KEY_BYTES = 1_024
"""A longer record key is a dead letter: it would stand in the value's outbox once per effect, and fill it alone.

The longest of ours, `platform:author`, has at most 769 bytes.
"""


@dataclass
class EventTopic:
    """One source topic: who decodes it, which table its records fold into, and its UUID once Kafka has told it."""

    name: str
    decode: Decode
    rule: TopicRule
    mailbox: Mailbox[Any] = field(default_factory=Mailbox)
    agent: str | None = None
    topic_id: str | None = None


class Registry:
    """All event topics by name; registration ends when the worker starts."""

    def __init__(self) -> None:
        self._topics: dict[str, EventTopic] = {}

    def add(self, name: str, decode: Decode, rule: TopicRule) -> EventTopic:
        """Register a topic; raises `EngineUseError` when it is registered already."""
        if name in self._topics:
            raise EngineUseError(f"event topic {name} is registered twice")
        topic = self._topics[name] = EventTopic(name, guarded(decode), rule)
        return topic

    def get(self, name: str) -> EventTopic | None:
        """Return the event topic of that name, None for an ordinary Faust topic."""
        return self._topics.get(name)

    def of_table(self, table: str) -> list[EventTopic]:
        """Return the topics that fold into `table`."""
        return [topic for topic in self._topics.values() if topic.rule.table == table]

    @property
    def topics(self) -> Collection[EventTopic]:
        """All event topics."""
        return self._topics.values()

    def claim(self, name: str, agent: str, concurrency: int) -> None:
        """Note the one agent of a topic; raises `EngineUseError` for a second one, or for concurrency above 1."""
        topic = self._topics[name]
        if concurrency != 1:
            raise EngineUseError(f"agent {agent}: an event topic has concurrency 1, since its order is the guarantee")
        if topic.agent is not None:
            raise EngineUseError(f"event topic {name} already has the agent {topic.agent}")
        topic.agent = agent

    def check_agents(self) -> None:
        """Raise `EngineUseError` for a topic that nobody would read."""
        for topic in self._topics.values():
            if topic.agent is None:
                raise EngineUseError(f"event topic {topic.name} has no agent")


def guarded(decode: Callable[[Record], Any]) -> Decode:
    """Make of a decoder one that answers a bug of its own, and a key without measure, with a dead letter.

    A raise would stop the partition.
    """

    def safe(record: Record) -> Any:
        if len(record.key) > MAX_KEY_BYTES:
            return BadInput(TOO_LARGE, f"key: over {MAX_KEY_BYTES} bytes")
        try:
            return decode(record)
        except Exception as exc:  # noqa: BLE001 - a decoder may have any bug; none may stop the partition
            return BadInput(PROCESSING_ERROR, f"decoder: {type(exc).__name__}")

    return safe
