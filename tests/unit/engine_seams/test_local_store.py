"""The local store: values, due index and changelog offset move together, by checkpoint and by restore alike."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rocksdict import Options, Rdict

from stream_app.engine import stored
from stream_app.engine.local_store import VALUE_COUNT, LocalStore, StoreError, StoreLockedError, open_or_reset
from stream_app.engine.ports import Write
from stream_app.engine.stored import Stored


def a_value(due_ms: int | None = None, highest_ms: int | None = None, body: bytes | None = b"x") -> bytes:
    return stored.encode(Stored({"t": 1}, {}, due_ms, highest_ms, (), body))


def a_write(due_ms: int | None = None, was_due_ms: int | None = None, highest_ms: int | None = None) -> Write:
    """A write of a value; what was due before was there before."""
    return Write(a_value(due_ms, highest_ms), due_ms, was_due_ms, highest_ms, had=was_due_ms is not None)


@pytest.fixture
def store(tmp_path: Path):
    opened = LocalStore(tmp_path / "t-0.db")
    yield opened
    opened.close()


def test_a_new_store_knows_nothing(store: LocalStore):
    assert (store.changelog_offset, store.highest_ms, store.get(b"k")) == (None, None, None)


def test_due_keys_come_in_order_of_time_also_before_1970_and_up_to_the_time_asked(store: LocalStore):
    store.write({b"b": a_write(50), b"a": a_write(-7), b"c": a_write(51), b"never": a_write()}, 3)
    assert list(store.due(50)) == [(b"a", -7), (b"b", 50)]


def test_the_look_at_what_is_due_leaves_nothing_in_the_block_cache(tmp_path: Path):
    """It comes every second, and each compaction makes new files whose blocks would be kept beside the old ones'."""
    first = LocalStore(tmp_path / "t-0.db")
    first.write({b"%d" % n: a_write(n) for n in range(1_000)}, 1)
    first.close()  # from here on it lies in a file
    store = LocalStore(tmp_path / "t-0.db")
    before = store.cached_bytes
    assert len(list(store.due(999))) == 1_000
    assert store.cached_bytes == before
    assert store.get(b"7") is not None
    assert store.cached_bytes > before
    store.close()


def test_a_changed_due_time_leaves_no_trace_of_the_old_one(store: LocalStore):
    store.write({b"k": a_write(10)}, 1)
    store.write({b"k": a_write(90, was_due_ms=10)}, 2)
    assert list(store.due(100)) == [(b"k", 90)]
    store.write({b"k": Write(None, None, 90, None, had=True)}, 3)
    assert (list(store.due(100)), store.get(b"k"), store.value_count) == ([], None, 0)


def test_the_highest_event_time_never_falls(store: LocalStore):
    store.write({b"k": a_write(highest_ms=9)}, 1)
    store.write({b"k": a_write(highest_ms=4), b"j": a_write()}, 2)
    assert store.highest_ms == 9


def test_everything_is_there_when_it_is_opened_again(tmp_path: Path):
    first = LocalStore(tmp_path / "t-0.db")
    first.write({b"k": a_write(10, highest_ms=9)}, 41)
    first.close()
    second = LocalStore(tmp_path / "t-0.db")
    assert (second.changelog_offset, second.highest_ms, list(second.due(10))) == (41, 9, [(b"k", 10)])
    second.close()


# What a key of the model may become: gone (None), a stub of guards, a value without due work, a value that is due.
STATES = {"gone": None, "stub": a_value(body=None), "idle": a_value(), "due": a_value(7)}
CHANGES = st.dictionaries(st.sampled_from([b"a", b"b", b"c", b"v"]), st.sampled_from(sorted(STATES)), max_size=4)
HOW = st.sampled_from(["checkpoint", "restore", "open again"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(HOW, CHANGES), max_size=12))
def test_the_count_is_that_of_the_keys_with_a_value_whatever_wrote_them_and_how_often(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, dict[bytes, str]]]
):
    path = tmp_path_factory.mktemp("counted") / "t-0.db"
    store, known = LocalStore(path), dict.fromkeys([b"a", b"b", b"c", b"v"], "gone")
    for offset, (how, changes) in enumerate(steps):
        if how == "open again":
            store.close()
            store = LocalStore(path)
        elif how == "restore":
            store.restore([(key, STATES[state], 0) for key, state in changes.items()], offset)
        else:
            due = {"due": 7}
            writes = {
                k: Write(STATES[new], due.get(new), due.get(known[k]), None, had=known[k] in {"idle", "due"})
                for k, new in changes.items()
            }
            store.write(writes, offset)
        known |= {} if how == "open again" else changes
        assert store.value_count == sum(state in {"idle", "due"} for state in known.values())
    store.close()


def test_a_store_that_was_written_without_a_count_is_counted_when_it_is_opened(tmp_path: Path):
    path = tmp_path / "t-0.db"
    first = LocalStore(path)
    first.write({b"a": a_write(), b"b": a_write(7), b"stub": Write(a_value(body=None), None, None, None)}, 1)
    first.close()
    older = Rdict(str(path), Options(raw_mode=True))
    older.delete(VALUE_COUNT)
    older.close()
    second = LocalStore(path)
    assert second.value_count == 2
    second.close()


def test_restoring_the_changelog_gives_the_same_store_as_the_checkpoints_that_wrote_it(
    tmp_path: Path, store: LocalStore
):
    store.write({b"k": a_write(10, highest_ms=1), b"gone": a_write(20)}, 1)
    store.write({b"k": a_write(30, was_due_ms=10, highest_ms=2), b"gone": Write(None, None, 20, None, had=True)}, 3)
    restored = LocalStore(tmp_path / "restored.db")
    restored.restore([(b"k", a_value(10, 1), 0), (b"gone", a_value(20), 0)], 1)
    restored.restore([(b"k", a_value(30, 2), 0), (b"gone", None, 0)], 3)
    for name in ("changelog_offset", "highest_ms", "value_count"):
        assert getattr(restored, name) == getattr(store, name)
    assert list(restored.due(100)) == list(store.due(100)) == [(b"k", 30)]
    assert (restored.get(b"k"), restored.get(b"gone")) == (store.get(b"k"), None)
    restored.close()


def test_what_an_overtaken_writer_left_is_passed_over_also_after_checkpoints_and_when_opened_again(tmp_path: Path):
    first = LocalStore(tmp_path / "t-0.db")
    first.write({b"k": a_write(10)}, 4, epoch=70)
    first.close()
    second = LocalStore(tmp_path / "t-0.db")
    second.restore([(b"k", a_value(99), 69), (b"j", a_value(), 71)], 6)
    assert (second.get(b"k"), second.changelog_offset, second.epoch) == (a_value(10), 6, 71)
    second.close()
    third = LocalStore(tmp_path / "t-0.db")
    assert third.overruled == {b"k"}
    third.overruled = frozenset()  # written again
    third.write({b"j": a_write()}, 7, epoch=72)
    third.close()
    fourth = LocalStore(tmp_path / "t-0.db")
    assert fourth.overruled == frozenset()
    fourth.close()


def test_an_empty_store_is_restored_without_reading_what_it_has_just_written(tmp_path: Path):
    keys = [b"C%04d" % n for n in range(200)]
    store = LocalStore(tmp_path / "t-0.db")
    reads = 0
    get = store.get

    def counted(key: bytes) -> bytes | None:
        nonlocal reads
        reads += 1
        return get(key)

    store.get = counted  # type: ignore[method-assign]
    store.restore([(key, a_value(due), 0) for due, key in enumerate(keys)], 199)
    store.restore([(key, a_value(due + 7), 0) for due, key in enumerate(keys)], 399)
    store.restore([(key, a_value(body=None) if n % 2 else None, 0) for n, key in enumerate(keys[:150])], 549)
    assert reads == 0
    assert (store.value_count, len(list(store.due(1_000)))) == (50, 50)
    store.restore([(keys[-1], None, 0)], 550)  # a short batch: the end is near
    assert reads == 1
    assert (store.value_count, len(list(store.due(1_000)))) == (49, 49)
    store.close()


def test_a_key_may_look_like_anything(store: LocalStore):
    odd = [b"", b"d", b"m" + b"changelog-offset", b"v", b"\x00\xff"]
    store.write({key: a_write(5) for key in odd}, 8)
    assert all(store.get(key) is not None for key in odd)
    assert sorted(key for key, _ in store.due(5)) == sorted(odd)
    assert store.changelog_offset == 8


@pytest.fixture
def closed_store(tmp_path: Path) -> Path:
    """The directory of a closed store: 1,000 keys that are due, with values that do not compress."""
    path, chance = tmp_path / "t-0.db", Random(1)
    store = LocalStore(path)
    store.write({b"%03d" % n: Write(a_value(n, body=chance.randbytes(300)), n, None, None) for n in range(1_000)}, 1)
    store.close()
    return path


def damage(path: Path, at: float) -> None:
    """Turn over a byte of the only table file, at that share of it: due times first, then facts, values, index."""
    (table,) = path.glob("*.sst")
    raw = bytearray(table.read_bytes())
    raw[int(at * len(raw))] ^= 0xFF
    table.write_bytes(raw)


def test_a_damaged_store_starts_anew_and_says_why(closed_store: Path):
    (closed_store / "CURRENT").write_text("nonsense")
    second, why = open_or_reset(closed_store)
    assert why is not None
    assert (second.changelog_offset, second.value_count) == (None, 0)
    second.close()


def test_a_block_that_is_damaged_is_no_lock(closed_store: Path):
    """RocksDB says "block checksum mismatch": the store is damaged, and not held by anybody."""
    damage(closed_store, 0.996)
    second, why = open_or_reset(closed_store)
    assert "block checksum mismatch" in (why or "")
    assert second.changelog_offset is None
    second.close()


USES = {
    "get": (0.5, lambda store: [store.get(b"%03d" % n) for n in range(1_000)]),
    "due": (0.001, lambda store: list(store.due(1_000))),
}


@pytest.mark.parametrize(("at", "look"), USES.values(), ids=USES)
def test_damage_that_shows_only_in_use_is_told_and_the_next_start_begins_anew(closed_store: Path, at: float, look):
    damage(closed_store, at)
    opened = LocalStore(closed_store)
    with pytest.raises(StoreError, match="Corruption"):
        look(opened)
    opened.close()
    second, why = open_or_reset(closed_store)
    assert why == "it was found damaged while it was in use"
    assert second.changelog_offset is None
    second.close()
    third, why = open_or_reset(closed_store)
    assert why is None
    third.close()


def test_a_store_that_another_holds_is_not_touched(tmp_path: Path, store: LocalStore):
    store.write({b"k": a_write()}, 1)
    with pytest.raises(StoreLockedError):
        open_or_reset(tmp_path / "t-0.db")
    assert store.get(b"k") is not None
