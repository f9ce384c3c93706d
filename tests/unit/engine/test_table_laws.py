"""What a checkpoint tells the store of a key's past is what the store holds, whatever was sealed, dropped, planned."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.engine import stored
from stream_app.engine.batch import Batch
from stream_app.engine.checkpoint import plan
from tests.unit.engine.engine_builders import a_partition, a_record, decode

KEYS = ("ann", "bob")
DEEDS = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(["put", "put due", "delete", "nothing", "checkpoint first"])),
    min_size=1,
    max_size=4,
)
STEPS = st.tuples(st.sampled_from(["batch", "batch", "dropped batch", "checkpoint", "delivered", "new owner"]), DEEDS)


class World:
    """One partition number, its store, and the checkpoint task beside it."""

    def __init__(self) -> None:
        self.store: dict[bytes, bytes] = {}
        self.offset = 0
        self.begin()

    def begin(self) -> None:
        """A new owner finds what the store holds."""
        self.state = a_partition(self.store)
        self.sealed, self.written = [], []

    def batch(self, deeds, *, dropped: bool) -> None:
        records = [a_record(self.offset + n, key) for n, (key, _) in enumerate(deeds, 1)]
        batch = Batch(self.state, records, 1, decode)
        for _, deed in deeds:
            self.do(batch.advance().record, deed)
        if dropped:
            batch.abandon()
        else:
            self.offset += len(deeds)
            self.sealed.append(batch.advance())

    def do(self, record, deed) -> None:
        if deed == "checkpoint first":
            self.checkpoint()  # while the batch goes on
        if deed == "delete":
            self.state.delete("people", record.key)
        elif deed != "nothing":
            self.state.put("people", record.key, {"seen": [], "due": record.offset if deed == "put due" else None})

    def checkpoint(self) -> None:
        for key, write in plan(self.sealed).writes.get(("people", 0), {}).items():
            assert (write.had, write.was_due_ms) == told(self.store.pop(key, None))
            if write.value is not None:
                self.store[key] = write.value
        self.written, self.sealed = self.written + self.sealed, []

    def delivered(self) -> None:
        for each in self.written:
            self.state.acknowledge(each)
        self.written = []


def told(raw: bytes | None) -> tuple[bool, int | None]:
    """Whether there is a value, and when it is due."""
    value = None if raw is None else stored.decode(raw)
    return (False, None) if value is None else (value.body is not None, value.next_due_ms)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_the_store_is_told_what_it_has(steps):
    world = World()
    for what, deeds in steps:
        match what:
            case "batch" | "dropped batch":
                world.batch(deeds, dropped=what != "batch")
            case "checkpoint":
                world.checkpoint()
            case "delivered":
                world.delivered()
            case _:
                world.begin()
