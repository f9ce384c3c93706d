"""Versions as records: complete or not there at all, bounded, and read without running foreign code."""

import random

import orjson
import pytest

from models.contest_events import Event
from models.meters import Quality
from models.release import Published
from models.snapshots import MANIFEST, PART_BYTES, Shelf, describe, events_of, record_key, to_records


def a_version(number: int, *, size: int = 10, model: str = "churn") -> Published:
    return Published(model, number, {"noise": random.Random(number).randbytes(size)}, Quality(5, 2, 0.7, 0.5, 0.1))


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


@pytest.mark.parametrize("value", [b"", b"{}", b"[1]", b'{"format": 99, "model": "churn"}', b"\xff"])
def test_a_manifest_that_cannot_be_read_is_none(value):
    shelf = shelf_with(a_version(1))
    assert shelf.put(record_key("churn", 2, MANIFEST), value) is None
    assert [m.version for m in shelf.versions("churn")] == [1]


@pytest.mark.parametrize("key", ["", "churn", "churn/x/0", "churn/1/other", "a/b/c/d"])
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
    version, shelf = a_version_that_pins(2, 0, (first, second)), Shelf(3)
    records = events_of(version)
    assert [key for key, _ in records] == ["churn/0000000001/event.1", "churn/0000000002/event.2"]
    for key, value in reversed(records):
        assert not shelf.has_event(key)
        assert shelf.put(key, value) is None
        assert shelf.has_event(key)
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
    shelf = Shelf(3)
    shelf.put("churn/0000000001/event.1", value)
    assert shelf.events("churn") == []
