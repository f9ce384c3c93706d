"""Garbage in cycles goes while no event waits, all of it when partitions are released: memory must not grow by it."""

import ctypes
import gc
import os
import subprocess
import sys
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


def test_what_an_outage_left_behind_goes_once_nothing_is_under_way_again_however_old_it_is():
    collector = Collector(0.0)
    collector.look(5.0, under_way=True, done=100)
    old = a_dead_cycle(old=True)
    collector.look(10.0, under_way=True, done=100)
    collector.look(15.0, under_way=True, done=200)
    assert old() is not None, "events wait"
    collector.look(20.0, under_way=False, done=300)
    assert old() is None
    older = a_dead_cycle(old=True)
    collector.look(25.0, under_way=False, done=400)
    assert older() is not None, "once, and then after an hour"


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


LARGE_BETWEEN_SMALL = """
from stream_app.engine.garbage import large_blocks_apart
from tests.unit.engine_seams.test_garbage import resident_bytes

large_blocks_apart()
bytearray(b"x") * (16 << 20)  # freed at once: from here on glibc would take smaller ones from the heap
large, small = [], []
for _ in range(50):
    large.append(bytearray(b"x") * (1 << 20))
    small.append(bytearray(1_000))
before = resident_bytes()
large.clear()
print(before - resident_bytes())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs glibc")
def test_large_blocks_leave_no_holes_between_small_ones_that_stay():
    done = subprocess.run([sys.executable, "-c", LARGE_BETWEEN_SMALL], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 45_000_000


def test_all_garbage_goes_when_partitions_are_released(engine: Engine):
    old = a_dead_cycle(old=True)
    engine.release()
    assert old() is None


def test_a_new_engine_has_nothing_under_way(engine: Engine):
    assert not engine.under_way
