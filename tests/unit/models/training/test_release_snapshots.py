"""Versions as records: complete or not there at all, bounded, and read without running foreign code."""

import hashlib
import random

import msgpack
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.contest.events import Event
from models.evaluation.meters import Quality
from models.training.published import Published
from models.training.record_keys import MANIFEST, record_key
from models.training.shelf import Shelf
from models.training.snapshots import PART_BYTES, describe, events_of, pinned_in, to_records


def a_version(number: int, *, size: int = 10, model: str = "churn", matured_ms: int = -1) -> Published:
    told = {"noise": random.Random(f"{number} {matured_ms}").randbytes(size)}
    return Published(model, number, told, Quality(5, 2, 0.7, 0.5, 0.1), matured_ms=matured_ms)


def shelf_with(*versions: Published, keep: int = 3) -> Shelf:
    shelf = Shelf(keep)
    for version in versions:
        for key, value in to_records(version):
            shelf.put(key, value)
    return shelf


def test_a_large_version_travels_in_parts_and_the_manifest_comes_last():
    records = list(to_records(a_version(1, size=2 * PART_BYTES + 5)))
    assert [key for key, _ in records] == [
        "churn/0000000001/0",
        "churn/0000000001/1",
        "churn/0000000001/2",
        "churn/0000000001/manifest",
    ]
    assert all(len(value) <= PART_BYTES for _, value in records)


def test_what_is_read_is_what_was_written():
    version = a_version(7, size=PART_BYTES + 1)
    stored = shelf_with(version).latest("churn")
    assert stored.snapshot == version.snapshot
    assert (stored.manifest.version, stored.manifest.examples, stored.manifest.auc) == (7, 5, 0.7)
    assert describe(stored.manifest)["log_loss"] == 0.5
    assert "checksum" not in describe(stored.manifest)


def test_the_same_state_is_the_same_bytes():
    assert list(to_records(a_version(1))) == list(to_records(a_version(1)))


def test_a_version_is_not_there_before_its_manifest():
    shelf, records = Shelf(3), list(to_records(a_version(1)))
    assert shelf.put(*records[0]) is None
    assert shelf.latest("churn") is None
    assert shelf.put(*records[1]).manifest.version == 1


def test_an_older_version_serves_on_when_the_newest_is_damaged():
    shelf = shelf_with(a_version(1))
    (part, body), (manifest, said) = to_records(a_version(2))
    shelf.put(part, body[:-1] + b"?")
    assert shelf.put(manifest, said) is None
    assert shelf.latest("churn").manifest.version == 1


def test_a_version_that_is_left_out_is_told_with_what_is_wrong():
    told = []
    shelf = Shelf(3, left_out=lambda model, version, why: told.append((model, version, str(why))))
    for key, value in to_records(a_version(1)):
        shelf.put(key, value)
    assert told == []
    _, manifest = to_records(a_version(2))
    shelf.put(*manifest)
    assert [(model, version) for model, version, _ in told] == [("churn", 2)]
    assert "size: 0 bytes" in told[0][2]
    assert shelf.stored("churn", 3) is None
    assert len(told) == 1, "of what never came there is nothing to tell"


def test_a_version_that_can_be_served_and_not_be_restored_is_told_to_who_would_restore_it():
    told = []
    shelf = Shelf(3, left_out=lambda model, version, why: told.append((model, version, str(why))))
    for key, value in to_records(a_version(1)._replace(snapshot=["no", "map"], served={})):
        shelf.put(key, value)
    assert told == []
    assert list(shelf.newest_first("churn")) == []
    assert told == [("churn", 1, "(whole): is no map")]


def test_a_trainer_leaves_out_what_can_be_served_and_not_be_restored():
    """It is not unpacked when it comes, since workers need only what it is served by."""
    sound, odd = a_version(1), a_version(2)._replace(snapshot=["no", "map"], served={})
    shelf = shelf_with(sound)
    (*parts, manifest) = to_records(odd)
    assert [shelf.put(*part) for part in parts] == [None, None]
    assert shelf.put(*manifest).manifest.version == 2
    assert [m.version for m in shelf.versions("churn")] == [1]


@pytest.mark.parametrize("value", [b"", b"{}", b"[1]", b'{"format": 99, "model": "churn"}', b"\xff"])
def test_a_manifest_that_cannot_be_read_is_none(value):
    shelf = shelf_with(a_version(1))
    assert shelf.put(record_key("churn", 2, MANIFEST), value) is None
    assert [m.version for m in shelf.versions("churn")] == [1]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "churn",
        "churn/x/0",
        "churn/0000000001/other",
        "a/b/c/d",
        "churn/²/0",
        "churn/000000000²/0",
        "churn/0000000001/²",
        "churn/0000000001/event.",
        "churn/1/0",  # nobody would ever delete it: we name it with leading zeros
        f"churn/{'9' * 5_000}/0",
        f"churn/0000000001/{'9' * 5_000}",
    ],
    ids=lambda key: key[:24],
)
def test_keys_that_are_none_of_ours_are_left_out(key):
    shelf = Shelf(3)
    assert shelf.put(key, b"x") is None
    assert shelf.models() == ()


def test_models_do_not_mix():
    shelf = shelf_with(a_version(3), a_version(1, model="propensity"))
    assert shelf.models() == ("churn", "propensity")
    assert shelf.latest("propensity").manifest.version == 1
    assert shelf.latest("unheard-of") is None


def test_old_versions_are_named_for_deletion_and_forgotten_when_deleted():
    shelf = shelf_with(*[a_version(number) for number in range(1, 6)])
    keys = list(shelf.superseded("churn", newest=5))
    assert keys == [
        "churn/0000000001/0",
        "churn/0000000001/manifest",
        "churn/0000000002/0",
        "churn/0000000002/manifest",
    ]
    for key in keys:
        shelf.put(key, None)
    assert [m.version for m in shelf.versions("churn")] == [3, 4, 5]
    assert shelf.put(record_key("churn", 77, "0"), None) is None


def test_memory_is_bounded_where_nobody_deletes():
    shelf = shelf_with(*[a_version(number) for number in range(1, 40)])
    assert [m.version for m in shelf.versions("churn")] == list(range(34, 40))
    for number in range(40, 80):
        shelf.put(record_key("churn", number, "0"), b"half-sent")
    assert len(shelf._parts) <= 6


def a_version_that_pins(number: int, pinned: int, events: tuple = ()) -> Published:
    told = {"pinned": pinned, "events": {"last": [event._asdict() for event in events]}}
    return a_version(number)._replace(snapshot={"state": {"contest": told}})


def test_a_pinned_version_is_neither_deleted_nor_forgotten():
    shelf = shelf_with(a_version(2), *[a_version_that_pins(number, 2) for number in range(3, 40)])
    assert [m.version for m in shelf.versions("churn")] == [2, *range(34, 40)]
    assert not any(key.startswith("churn/0000000002/") for key in shelf.superseded("churn", newest=39))
    for record in to_records(a_version_that_pins(40, 0)):
        shelf.put(*record)
    assert any(key.startswith("churn/0000000035/") for key in shelf.superseded("churn", newest=40))
    assert [m.version for m in shelf.versions("churn")] == list(range(35, 41))


def test_the_ledger_outlives_the_versions():
    first = Event(1, "trial_opened", 5, 1, "logistic", "ensemble", "drift")
    second = Event(2, "promoted", 9, 2, "ensemble", "logistic", "better", "chen", "c-1")
    version, shelf = a_version_that_pins(2, 0, (first, second)), Shelf(3, ledger=None)
    records = events_of(version)
    assert [key for key, _ in records] == ["churn/0000000001/event.1", "churn/0000000002/event.2"]
    for key, value in reversed(records):
        assert not shelf.has_event(key, value)
        assert shelf.put(key, value) is None
        assert shelf.has_event(key, value)
    told = shelf.events("churn")
    assert [(event["number"], event["what"], event["by"]) for event in told] == [
        (1, "trial_opened", "trainer"),
        (2, "promoted", "chen"),
    ]
    assert shelf.events("propensity") == []
    assert shelf.models() == ()
    for number in range(3, 40):
        for record in to_records(a_version(number)):
            shelf.put(*record)
    assert shelf.events("churn") == told
    assert not any("event" in key for key in shelf.superseded("churn", newest=39))


@pytest.mark.parametrize("value", [None, b"", b"junk", b"[1]", b"{}", orjson.dumps({"number": "one"})])
def test_an_entry_of_the_ledger_that_cannot_be_read_is_left_out(value):
    shelf = Shelf(3, ledger=None)
    shelf.put("churn/0000000001/event.1", value)
    assert shelf.events("churn") == []


def numbered(number: int, why: str = "drift") -> Event:
    return Event(number, "trial_opened", 5, 1, "logistic", "ensemble", why)


def test_the_ledger_is_kept_only_where_it_is_asked_for_and_no_longer_than_asked():
    records = events_of(a_version_that_pins(2, 0, tuple(numbered(number) for number in range(1, 31))))
    none, some, whole = Shelf(3), Shelf(3, ledger=5), Shelf(3, ledger=None)
    for shelf in (none, some, whole):
        for key, value in [*records, records[-2]]:
            shelf.put(key, value)
    assert none.events("churn") == []
    assert [event["number"] for event in some.events("churn")] == [26, 27, 28, 29, 30]
    assert len(whole.events("churn")) == 30
    whole.put(records[0][0], None)
    assert len(whole.events("churn")) == 29


def test_an_entry_with_the_number_of_another_one_is_not_taken_for_it():
    """A model that began anew numbers from 1 again."""
    (key, before), (same_key, after) = (
        events_of(a_version_that_pins(2, 0, (numbered(1, why),)))[0] for why in ("drift", "schedule")
    )
    shelf = Shelf(3, ledger=None)
    shelf.put(key, before)
    assert key == same_key
    assert (shelf.has_event(key, before), shelf.has_event(key, after)) == (True, False)


def test_versions_are_kept_by_how_many_they_are_and_not_by_their_numbers():
    shelf = shelf_with(*[a_version(number) for number in (10, 20, 30, 40)], keep=3)
    assert {key.split("/")[1] for key in shelf.superseded("churn", newest=40)} == {"0000000010"}
    five = shelf_with(*[a_version(number) for number in (10, 20, 30, 40)], keep=5)
    assert list(five.superseded("churn", newest=40)) == []


def test_half_sent_versions_do_not_count_among_those_to_keep_and_go_with_the_old():
    shelf = shelf_with(*[a_version(number) for number in (10, 20, 30)], keep=3)
    for number in (5, 25, 35):
        shelf.put(record_key("churn", number, "0"), b"half-sent")
    assert list(shelf.superseded("churn", newest=30)) == ["churn/0000000005/0"]
    for number in range(50, 90):
        shelf.put(record_key("churn", number, "0"), b"half-sent")
    assert [m.version for m in shelf.versions("churn")] == [10, 20, 30]


def two_lives() -> list[Published]:
    """Versions of a model that numbered from 1 again after version 42, and has come further by its version 5."""
    return [
        *[a_version(number, matured_ms=1_000 + number) for number in (40, 41, 42)],
        *[a_version(number, matured_ms=1_038 + number) for number in (1, 2, 3, 4, 5)],
    ]


def test_which_version_is_newer_is_said_by_how_far_it_has_learned_and_not_by_its_number():
    shelf, newest = Shelf(3), []
    for version in two_lives():
        for record in to_records(version):
            shelf.put(*record)
        newest.append(shelf.latest("churn").manifest.version)
    assert newest == [40, 41, 42, 42, 42, 42, 42, 5]  # by version 4 it has come as far as by 42, and no further


def test_versions_that_have_learned_as_far_are_told_apart_by_their_numbers():
    """A person's command makes a version, and no example had its turn."""
    shelf = shelf_with(a_version(7, matured_ms=5), a_version(8, matured_ms=5))
    assert [m.version for m in shelf.versions("churn")] == [7, 8]


def test_the_versions_of_an_earlier_life_are_deleted_as_the_new_ones_overtake_them():
    shelf, deleted = Shelf(3), []
    for version in two_lives():
        for record in to_records(version):
            shelf.put(*record)
        for key in list(shelf.superseded("churn", newest=version.version)):
            shelf.put(key, None)
            deleted.append(key.split("/")[1])
    assert [m.version for m in shelf.versions("churn")] == [4, 42, 5]
    assert deleted == [f"{number:010d}" for number in (1, 1, 2, 2, 40, 40, 3, 3, 41, 41)]


def test_a_version_that_is_not_there_yet_supersedes_none():
    shelf = shelf_with(*[a_version(number) for number in (1, 2, 3, 4)], keep=3)
    assert list(shelf.superseded("churn", newest=5)) == []


def test_where_nobody_deletes_a_version_that_is_just_coming_is_kept_though_others_have_higher_numbers():
    lives = [a_version(number, matured_ms=number) for number in range(100, 140)]
    lives += [a_version(number, matured_ms=1_000 + number) for number in range(1, 40)]
    shelf = shelf_with(*lives, keep=3)
    assert [m.version for m in shelf.versions("churn")] == list(range(34, 40))
    assert len(shelf._parts) <= 6


def test_versions_of_before_how_far_they_have_learned_was_told_are_older_than_those_that_tell():
    (key, part), (manifest, said) = to_records(a_version(9))
    told = {name: value for name, value in orjson.loads(said).items() if name != "matured_ms"}
    shelf = shelf_with(a_version(1, matured_ms=0))
    shelf.put(key, part)
    assert shelf.put(manifest, orjson.dumps(told)).manifest.version == 9
    assert shelf.latest("churn").manifest.version == 1


def test_a_record_that_is_read_again_changes_nothing():
    shelf = shelf_with(*[a_version(number) for number in (1, 2, 2, 3)], keep=2)
    shelf.put(*next(iter(to_records(a_version(2)))))
    assert {key.split("/")[1] for key in shelf.superseded("churn", newest=3)} == {"0000000001"}


def test_a_version_whose_part_is_overwritten_is_no_longer_complete():
    shelf = shelf_with(*[a_version(number) for number in (1, 2, 3, 4)], keep=3)
    shelf.put(record_key("churn", 3, "0"), b"junk")
    assert list(shelf.superseded("churn", newest=4)) == []


@pytest.mark.parametrize("pinned", [float("inf"), float("nan"), 1.5, True, -1, "2", None, [1], 2**200])
def test_a_pinned_version_that_is_no_number_is_none(pinned):
    told = {"state": {"contest": {"pinned": pinned}}}
    assert pinned_in(told) == (2**200 if pinned == 2**200 else 0)


def whole_version(body: bytes) -> list[tuple[str, bytes]]:
    """A version that is sound in transport, with any bytes inside."""
    (key, _), (manifest_key, said) = to_records(a_version(1))
    told = {**orjson.loads(said), "size": len(body), "checksum": hashlib.sha256(body).hexdigest()}
    return [(key, body), (manifest_key, orjson.dumps(told))]


ODD = st.recursive(
    st.none() | st.floats() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.text(max_size=30) | st.builds(
    "{}/{}/{}".format,
    st.sampled_from(["churn", "", "value"]),
    st.sampled_from(["0000000001", "²", "1", "٣", "-1", "9" * 4_400, "9" * 20]),
    st.sampled_from(["0", "manifest", "event.1", "event.²", "²", "9" * 4_400]),
)


@settings(max_examples=150, deadline=None)
@given(KEYS, st.none() | st.binary(max_size=60))
def test_no_record_stops_who_puts_it_on_the_shelf(key, value):
    """One record alone is no version: nothing can be taken up, and when it is deleted nothing is left of it."""
    shelf = Shelf(1, ledger=None)
    assert shelf.put(key, value) is None
    assert len(shelf.events("churn")) <= 1
    assert shelf.put(key, None) is None
    assert (shelf.models(), shelf.events("churn")) == ((), [])


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=40)
    | ODD.map(msgpack.packb)
    | ODD.map(lambda pinned: msgpack.packb({"state": {"contest": {"pinned": pinned}}}))
)
@example(msgpack.packb({"state": {"contest": {"pinned": float("inf")}}}))
@example(b"\x81\x91\x01\x01")  # a map whose key is a list
@example(b"\x91" * 5_000)
@example(b"\xc7\x0c\xff" + b"\xff" * 12)  # a time that cannot be
def test_no_content_of_a_version_stops_who_puts_it_on_the_shelf(body):
    """It is held as it is where it is a map, whatever that says; of anything else nothing is held."""
    shelf = Shelf(1)
    (key, part), (manifest_key, manifest) = whole_version(body)
    assert shelf.put(key, part) is None
    stored = shelf.put(manifest_key, manifest)
    assert stored is None or isinstance(stored.snapshot, dict)
    held = () if stored is None else (stored.manifest,)
    assert shelf.versions("churn") == held
    assert shelf.models() == ("churn",) * len(held)
