"""Builders for tests of the engine's core: a table of counters, records, and a driver of batches."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from schemas.actions import Effect
from stream_app.engine.batch import Batch, Given
from stream_app.engine.checkpoint import plan
from stream_app.engine.effects import BadInput
from stream_app.engine.partition import PartitionState
from stream_app.engine.ports import Write
from stream_app.engine.records import Origin, Record
from stream_app.engine.rules import OutboxLimits, TableSource, TopicRule
from stream_app.engine.sealed import SealedBatch
from tests.codecs import MsgpackCodec

PAY = "11111111-1111-1111-1111-111111111111"
TALK = "22222222-2222-2222-2222-222222222222"
OURS = "33333333-3333-3333-3333-333333333333"
TOPIC_IDS = {"pay": PAY, "talk": TALK, "ours": OURS, "theirs": "44444444-4444-4444-4444-444444444444"}
RULES = {
    "pay": TopicRule("people", moves_clock=True),
    "talk": TopicRule("people"),
    "ours": TopicRule("people", repeats="by_key"),
    "theirs": TopicRule("people", repeats="by_partition"),
}


PEOPLE = MsgpackCodec(lambda value: value["due"])
"""Of a table of lists of what was folded: the value is `{"seen": [...], "due": ms | None}`."""


class Paid:
    """An event with a time: its text is `<name>@<ms>`."""

    def __init__(self, text: str) -> None:
        self.name, _, ms = text.partition("@")
        self.occurred_ms = int(ms or 0)


class Wake:
    """A timer: its text is `until <ms>`."""

    def __init__(self, text: str) -> None:
        self.name = text
        self.until_ms = int(text.removeprefix("until "))


def decode(record: Record) -> Paid | Wake | BadInput:
    text = (record.value or b"").decode()
    if text.startswith("until "):
        return Wake(text)
    return BadInput("bad_json", "not ours") if text.startswith("broken") else Paid(text)


def a_record(offset: int, key: str = "ann", text: str = "", topic: str = "pay", origin: Origin | None = None) -> Record:
    headers = [] if origin is None else origin.headers()
    value = (text or f"e{offset}@{offset}").encode()
    return Record(topic, TOPIC_IDS[topic], 0, offset, key.encode(), value, headers, timestamp_ms=1_000 + offset)


def records(*offsets: int, topic: str = "pay", key: str = "ann") -> list[Record]:
    return [a_record(offset, key, topic=topic) for offset in offsets]


def an_entry(name: str = "alert", stream: str = "alerts") -> Effect:
    return Effect("stream", stream, "", name.encode())


def an_output(name: str, topic: str = "links", key: str = "bob") -> Effect:
    return Effect("topic", topic, key, name.encode())


Agent = Callable[[PartitionState, Given], None]


def remember(state: PartitionState, given: Given) -> None:
    """Add the event to its customer's list and raise one alert about it."""
    key = given.record.key
    old = state.get("people", key) or {"seen": [], "due": None}
    state.put("people", key, {**old, "seen": [*old["seen"], given.event.name]})
    state.stage([an_entry(given.event.name)])


def a_partition(
    store: dict[bytes, bytes] | None = None,
    committed: dict[str, int] | None = None,
    *,
    limits: OutboxLimits = OutboxLimits(),  # noqa: B008 - a frozen value
    cache_size: int = 100,
    stubs: bool = True,
) -> PartitionState:
    people = TableSource(PEOPLE, ({} if store is None else store).get, cache_size, stubs)
    return PartitionState(0, {"people": people}, RULES, committed or {}, limits)


def run(state: PartitionState, batch: Sequence[Record], agent: Agent = remember) -> list[SealedBatch]:
    """Run a batch to its end, acknowledging where it must wait."""
    under_way, sealed = Batch(state, batch, 1, decode), []
    while not under_way.done:
        turn = under_way.advance()
        if isinstance(turn, SealedBatch):
            sealed.append(turn)
            if state.waiting:
                for each in sealed:
                    state.acknowledge(each)
            continue
        try:
            agent(state, turn)
        except Exception as error:  # noqa: BLE001 - as the engine's own
            under_way.fail(error)
    return sealed


def run_one(state: PartitionState, batch: Sequence[Record], agent: Agent = remember) -> SealedBatch:
    (sealed,) = run(state, batch, agent)
    return sealed


def save(store: dict[bytes, bytes], sealed: Iterable[SealedBatch]) -> None:
    """Write sealed values to a local store, as a checkpoint would."""
    for batch in sealed:
        for key, write in written(batch).items():
            if write.value is None:
                store.pop(key, None)
            else:
                store[key] = write.value


def written(sealed: SealedBatch) -> Mapping[bytes, Write]:
    """What a checkpoint of this batch alone writes, by key."""
    return plan([sealed]).writes.get(("people", 0), {})


def out(sealed: SealedBatch) -> list[tuple[int, int, str, str]]:
    """What leaves: (offset, ordinal, name of the stream or reason, body)."""
    return [(s.record.offset, s.ordinal, s.effect.name, s.effect.body.decode()) for s in sealed.effects]
