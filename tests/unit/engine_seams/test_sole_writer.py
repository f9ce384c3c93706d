"""The owner of a partition is the only writer of its changelog: what it does about records that it has not written."""

from collections.abc import Mapping, Sequence

import pytest

from stream_app.engine import stored
from stream_app.engine.epochs import CLAIM, epoch_of, first_epoch, headers_of, sift
from stream_app.engine.ports import Fenced, Write
from stream_app.engine.sole_writer import STUB, Appended, LeaseRanOutError, LogRecord, SoleWriter, Values, Where

HERE: Where = ("profiles", 0)
ELSEWHERE: Where = ("profiles", 1)
GENERATION = 7


class MemoryLog:
    """A changelog partition in memory, into which a test may write as somebody else."""

    def __init__(self) -> None:
        self.records: dict[Where, list[LogRecord]] = {HERE: [], ELSEWHERE: []}
        self.late: list[tuple[bytes, bytes | None, int]] = []
        self.lease_runs_out = 0
        self.tells_offsets = True
        self.reads = 0

    def write(self, key: bytes, value: bytes | None, epoch: int, where: Where = HERE) -> None:
        log = self.records[where]
        log.append(LogRecord(len(log), key, value, epoch))

    async def append(
        self, values: Mapping[Where, Values], epochs: Mapping[Where, int], fence: Fenced
    ) -> Mapping[Where, Sequence[Appended]]:
        await fence()
        if self.lease_runs_out:
            self.lease_runs_out -= 1
            self.late += [(key, value, epochs[HERE]) for key, value in values[HERE].items()]
            raise LeaseRanOutError
        appended = {}
        for where, by_key in values.items():
            first = len(self.records[where])
            for key, value in by_key.items():
                self.write(key, value, epochs[where], where)
            appended[where] = [Appended(first if self.tells_offsets else -1, len(by_key))]
        return appended

    async def read(self, where: Where, first: int, end: int, fence: Fenced) -> Sequence[LogRecord]:
        await fence()
        self.reads += 1
        return self.records[where][first:end]

    def newest(self) -> dict[bytes, bytes | None]:
        return {record.key: record.value for record in self.records[HERE]}


class MemoryStore:
    """What the local store holds, as of the last checkpoint."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.offset: int | None = None
        self.hidden = frozenset[bytes]()
        self.highest = 0

    def changelog_offset(self, where: Where) -> int | None:
        return self.offset

    def epoch(self, where: Where) -> int:
        return self.highest

    def overruled(self, where: Where) -> frozenset[bytes]:
        return self.hidden

    def repaired(self, where: Where) -> None:
        self.hidden = frozenset()

    def value(self, where: Where, key: bytes) -> bytes | None:
        return self.values.get(key)


class Owner:
    """A writer with its log and store."""

    def __init__(self) -> None:
        self.log, self.store = MemoryLog(), MemoryStore()
        self.generation = GENERATION
        self.writer = SoleWriter(self.log, self.store, lambda: self.generation)
        self.fenced = 0

    async def fence(self) -> None:
        self.fenced += 1

    async def checkpoint(self, **values: bytes) -> int:
        writes = {key.encode(): Write(value, None, None, None) for key, value in values.items()}
        last = (await self.writer.append({HERE: writes}, self.fence))[HERE]
        self.store.values |= {key.encode(): value for key, value in values.items()}
        self.store.offset = last
        return last

    async def audit(self) -> None:
        await self.writer.audit(HERE, len(self.log.records[HERE]), self.fence)


@pytest.fixture
def owner() -> Owner:
    return Owner()


async def test_without_foreign_records_nothing_is_read_and_the_last_offset_is_told(owner: Owner):
    assert await owner.checkpoint(a=b"1", b=b"1") == 1
    assert await owner.checkpoint(a=b"2") == 2
    await owner.audit()
    assert (owner.log.reads, owner.writer.foreign) == (0, {})


async def test_a_foreign_record_between_two_checkpoints_is_counted_and_its_key_written_again(owner: Owner):
    await owner.checkpoint(a=b"1", b=b"1")
    owner.log.write(b"a", b"stale", epoch=3)
    assert await owner.checkpoint(b=b"2") == 4
    assert owner.log.newest() == {b"a": b"1", b"b": b"2"}
    assert owner.writer.foreign == {"profiles": 1}


async def test_an_audit_asks_whether_the_partition_is_ours_before_it_looks_into_its_store(owner: Owner):
    class NotOurs(Exception):
        pass

    async def closed() -> None:
        raise NotOurs

    del owner.store.offset  # a stop has closed the store: whoever looks into it now fails
    with pytest.raises(NotOurs):
        await owner.writer.audit(HERE, 0, closed)


async def test_a_foreign_record_is_found_while_nothing_is_written(owner: Owner, caplog: pytest.LogCaptureFixture):
    await owner.checkpoint(a=b"1")
    owner.log.write(b"a", b"stale", epoch=3)
    await owner.audit()
    assert owner.log.newest() == {b"a": b"1"}
    assert "changelog of profiles-0: 1 records of another writer at offsets 1 to 1" in caplog.text
    await owner.audit()
    assert len(owner.log.records[HERE]) == 3, "seen once, repaired once"


async def test_a_key_that_only_the_other_has_written_is_taken_out_again(owner: Owner):
    await owner.checkpoint(a=b"1")
    owner.log.write(b"ghost", b"stale", epoch=3)
    await owner.audit()
    assert owner.log.newest() == {b"a": b"1", b"ghost": None}


async def test_the_value_of_the_checkpoint_under_way_is_newer_than_the_stores(owner: Owner):
    await owner.checkpoint(a=b"1")
    await owner.writer.append({HERE: {b"a": Write(b"2", None, None, None)}}, owner.fence)  # not in the store yet
    owner.log.write(b"a", b"stale", epoch=3)
    await owner.audit()
    assert owner.log.newest() == {b"a": b"2"}


async def test_a_foreign_record_that_lands_after_the_restore_and_before_the_first_checkpoint_is_found(owner: Owner):
    owner.log.write(b"a", b"1", epoch=3)
    owner.store.values, owner.store.offset, owner.store.highest = {b"a": b"1"}, 0, 3
    owner.log.write(b"a", b"stale", epoch=2)
    await owner.checkpoint(b=b"1")
    assert owner.log.newest() == {b"a": b"1", b"b": b"1"}


async def test_values_on_the_wire_when_the_lease_runs_out_go_out_again_behind_the_fence(owner: Owner):
    owner.log.lease_runs_out = 2
    await owner.checkpoint(a=b"1")
    assert owner.log.newest() == {b"a": b"1"}
    assert (owner.writer.resent, owner.fenced) == (2, 3)
    assert owner.writer.epoch(HERE) > owner.log.late[-1][2] > owner.log.late[0][2], "each producer has its epoch"


async def test_the_first_sending_that_lands_late_is_ours_and_hides_nothing(owner: Owner):
    owner.log.lease_runs_out = 1
    await owner.checkpoint(a=b"1")
    await owner.checkpoint(a=b"2")
    for record in owner.log.late:
        owner.log.write(*record)
    await owner.audit()
    assert owner.log.newest() == {b"a": b"2"}
    assert owner.writer.foreign == {}


async def test_an_append_whose_offset_the_broker_did_not_tell_is_recognised_later(owner: Owner):
    await owner.checkpoint(a=b"1")
    owner.log.tells_offsets = False
    assert await owner.checkpoint(a=b"2") == 0, "an older offset is safe: more is read again"
    owner.log.tells_offsets = True
    assert await owner.checkpoint(b=b"1") == 2
    assert owner.writer.foreign == {}


async def test_what_was_overruled_at_the_restore_is_written_again_at_the_first_look(owner: Owner):
    owner.store.values, owner.store.offset, owner.store.highest = {b"a": b"1"}, 1, 3
    owner.log.records[HERE] = [LogRecord(0, b"a", b"1", 3), LogRecord(1, b"a", b"stale", 2)]
    owner.store.hidden = frozenset([b"a"])
    await owner.audit()
    assert owner.log.newest() == {b"a": b"1"}
    assert owner.store.hidden == frozenset()


async def test_a_new_generation_writes_in_a_higher_epoch(owner: Owner):
    await owner.checkpoint(a=b"1")
    before = owner.writer.epoch(HERE)
    owner.generation += 1
    await owner.checkpoint(a=b"2")
    assert owner.writer.epoch(HERE) > before


async def test_an_owner_with_nothing_to_write_claims_the_partition_once_before_anything_leaves(owner: Owner):
    assert await owner.checkpoint() == 0
    claim = owner.log.records[HERE][0]
    assert (claim.key, claim.epoch) == (CLAIM, owner.writer.epoch(HERE))
    assert stored.decode(claim.value or b"").body is None
    await owner.checkpoint()
    assert len(owner.log.records[HERE]) == 1
    owner.generation += 1
    await owner.checkpoint()
    assert len(owner.log.records[HERE]) == 2, "each generation has an owner"


async def test_values_are_a_claim_and_the_late_claim_of_another_is_only_counted(owner: Owner):
    await owner.checkpoint(a=b"1")
    owner.log.write(CLAIM, STUB, epoch=3)
    await owner.checkpoint()
    await owner.audit()
    assert [record.key for record in owner.log.records[HERE]] == [b"a", CLAIM]
    assert owner.writer.foreign == {"profiles": 1}


class TestEpochs:
    def test_an_owner_stands_above_all_that_it_has_read_also_when_the_group_began_anew(self):
        assert first_epoch(8, 0) > first_epoch(7, 0)
        assert first_epoch(1, first_epoch(900, 0)) > first_epoch(900, 0)

    def test_a_record_tells_its_epoch_and_one_without_is_below_all(self):
        assert epoch_of(headers_of(70_000)) == 70_000
        assert epoch_of([("x", b"y")]) == epoch_of([("e", None)]) == 0

    def test_what_an_overtaken_writer_left_is_passed_over_and_remembered(self):
        sifted = sift([(b"a", b"1", 5), (b"b", b"1", 6), (b"a", b"stale", 5), (b"c", b"stale", 5)], 0)
        assert sifted == ({b"a": b"1", b"b": b"1"}, 6, {b"a", b"c"})

    def test_a_claim_raises_the_epoch_and_is_kept_by_no_store(self):
        assert sift([(CLAIM, b"", 6), (b"a", b"stale", 5), (CLAIM, b"", 5)], 0) == ({}, 6, {b"a"})

    def test_a_value_that_its_owner_wrote_again_is_as_it_should_be(self):
        assert sift([(b"a", b"stale", 5), (b"a", b"1", 6)], 6) == ({b"a": b"1"}, 6, set())
