"""Garbage in cycles goes while no event waits, all of it when partitions are released: memory must not grow by it."""

import gc
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_app.engine.engine import Engine
from stream_app.engine.garbage import ALL_SECONDS, BUSY_RECORDS, TRIM_SECONDS, Collector
from tests.unit.engine_seams.test_engine import app, engine

__all__ = ["app", "engine"]


class Node:
    """Half of a cycle."""

    other: "Node"


@pytest.fixture(autouse=True)
def collected_by_us_alone() -> Iterator[None]:
    """As in a worker at rest, whose collections by count are hours apart."""
    gc.disable()
    yield
    gc.enable()


def a_dead_cycle(*, old: bool = False) -> weakref.ref[Node]:
    """Make two objects that hold each other and that nobody else holds; `old` ones lived through collections."""
    one, two = Node(), Node()
    one.other, two.other = two, one
    if old:
        gc.collect()
    return weakref.ref(one)


def test_a_look_takes_what_is_young_and_an_hour_takes_all():
    collector = Collector(0.0)
    old, young = a_dead_cycle(old=True), a_dead_cycle()
    collector.look(5.0, under_way=False, done=0)
    assert young() is None
    assert old() is not None
    collector.look(ALL_SECONDS, under_way=False, done=0)
    assert old() is None


def test_events_that_get_on_wait_for_no_collection_and_those_that_an_outage_holds_up_do():
    collector = Collector(0.0)
    young = a_dead_cycle()
    collector.look(5.0, under_way=True, done=100)
    collector.look(10.0, under_way=True, done=200)
    assert young() is not None
    collector.look(15.0, under_way=True, done=200)
    assert young() is None


def test_who_is_busy_is_not_held_up_though_nothing_is_under_way_at_this_moment():
    collector = Collector(0.0)
    young = a_dead_cycle()
    collector.look(5.0, under_way=False, done=BUSY_RECORDS)
    assert young() is not None
    collector.look(10.0, under_way=False, done=2 * BUSY_RECORDS)
    assert young() is None


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_what_is_freed_between_things_that_stay_goes_back_to_the_system_within_a_minute():
    collector = Collector(0.0)
    held = [bytes(5_000) for _ in range(10_000)]
    held = held[::20]
    before = resident_bytes()
    collector.look(TRIM_SECONDS, under_way=False, done=0)
    assert before - resident_bytes() > 30_000_000
    assert len(held) == 500


def test_all_garbage_goes_when_partitions_are_released(engine: Engine):
    old = a_dead_cycle(old=True)
    engine.release()
    assert old() is None


def test_a_new_engine_has_nothing_under_way(engine: Engine):
    assert not engine.under_way
