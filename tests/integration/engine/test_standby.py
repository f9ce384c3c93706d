"""A standby follows the changelog and takes the partition over without reading it from the beginning."""

import json
import re

import pytest
from aiokafka.structs import ConsumerRecord

from tests.waiting import until

from . import lab as laboratory
from .lab import Lab, Worker, a_stream_of_events, expected_tallies
from .test_outage import assert_exact

pytestmark = pytest.mark.integration

RESTORED = re.compile(r"table tallies: owns (\[.*?\]), follows (\[.*?\]); (\d+) changelog records read")

FOLLOWS = re.compile(r"the standby of (\d+) is at offset (\d+)")


def restored(worker: Worker) -> list[tuple[str, str, int]]:
    """What the worker owned and followed after each rebalance, and how many changelog records it read for it."""
    text = worker.log.read_text() if worker.log.exists() else ""
    return [(owned, followed, int(read)) for owned, followed, read in RESTORED.findall(text)]


def shares(worker: Worker) -> bool:
    return bool(restored(worker)) and restored(worker)[-1][:2] in {("[0]", "[1]"), ("[1]", "[0]")}


def has_followed(worker: Worker, changelog: list[ConsumerRecord]) -> bool:
    """Whether a standby has come to the end of the changelog of the partitions that it follows."""
    _, followed, _ = restored(worker)[-1]
    told = dict(FOLLOWS.findall(worker.log.read_text()))
    numbers = json.loads(followed)
    ends = {number: max(it.offset for it in changelog if it.partition == number) for number in numbers}
    return {number: int(told.get(str(number), -1)) for number in numbers} == ends


@pytest.mark.slow
async def test_a_standby_that_comes_later_misses_nothing_of_what_was_there_before(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(laboratory, "APP", laboratory.APP.with_name("variant_app.py"))
    small = {"VARIANT": "with_standby", "TALLY_PADDING": "4000"}  # a changelog of many fetches
    await lab.send(a_stream_of_events(6_000, keys=3_000))
    first = lab.worker("w1", **small)
    await lab.caught_up()
    second = lab.worker("w2", **small)
    await until(lambda: shares(first) and shares(second), "each owns one partition and follows the other")
    await lab.send(a_stream_of_events(500, keys=3_000, start=6_000))
    await lab.caught_up()
    await first.kill()
    await lab.send(a_stream_of_events(3_000, keys=3_000, start=6_500))
    await lab.caught_up()
    assert await second.stop() == 0
    await assert_exact(lab)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["with_standby", "none"])
async def test_the_standby_of_a_killed_worker_goes_on_where_it_is(
    lab: Lab, variant: str, monkeypatch: pytest.MonkeyPatch
):
    if variant != "none":
        monkeypatch.setattr(laboratory, "APP", laboratory.APP.with_name("variant_app.py"))
    small = {"TALLY_BATCH": "100", "TALLY_IN_FLIGHT": "300", "VARIANT": variant}
    first, second = lab.worker("w1", **small), lab.worker("w2", **small)
    if variant == "none":
        await until(lambda: bool(restored(first) and restored(second)), "both work")
    else:
        await until(lambda: shares(first) and shares(second), "each owns one partition and follows the other")
    await lab.send(a_stream_of_events(6_000, keys=1_500))
    await lab.caught_up()
    changelog = await lab.records(f"{lab.namespace}-tallies-changelog")
    if variant == "with_standby":
        await until(lambda: has_followed(second, changelog), "the standby has read what there is to take over")
    await first.kill()
    await lab.send(a_stream_of_events(500, keys=1_500, start=6_000))
    await lab.caught_up()
    owned, _, read = restored(second)[-1]
    assert owned == "[0, 1]"
    assert (read < 20) == (variant == "with_standby"), f"{read} of {len(changelog)} records"
    assert await second.stop() == 0
    await assert_exact(lab)
    assert len(expected_tallies(lab.sent)) == 1_500
