"""Banks of any size: draws, customers who are true copies, events that follow on, and what the figures say of a run."""

import datetime as dt
from collections import Counter

import numpy as np
import orjson
import pytest

from schemas.profile_codec import encode
from schemas.times import parse_rfc3339
from stream_app.engine import stored
from tests.bench.many_summary import Block, Memory, figures_of, lines, resident_bytes, shares
from tests.bench.on_paper import Costs, most
from tests.bench.population import Bank, events_of, key_of, rest_of, template, uniform, zipf
from tests.judging import a_profile

NOON_MS = parse_rfc3339("2025-03-07T04:00:00Z")
LINES = {
    "transactions": [
        b'{"event_id":"T-1","customer_id":"C000001","occurred_at":"2025-03-01T00:00:00Z","amount":"18.35"}'
    ],
    "interactions": [],
}
MB = 1 << 20


def bank():
    of = template(
        a_profile(customer_id="C000001"), {topic: [rest_of(line) for line in told] for topic, told in LINES.items()}
    )
    return Bank((of,), (), NOON_MS, pace=3.0)


def block(kind, rate, events=1_000):
    return Block(kind, events, events / rate, 40.0, 10.0, 1.0, 50, 0)


def memory(small, many):
    return {"small": (Memory(10_000, small), Memory(10_000, small)), "many": (Memory(1_010_000, many),) * 2}


def test_the_kth_most_frequent_customer_of_zipf_comes_a_kth_as_often_as_the_first():
    drawn = Counter(zipf(1_000, 200_000, 1.0, np.random.default_rng(1)).tolist())
    counts = [count for _, count in drawn.most_common()]
    first = 200_000 / sum(1 / k for k in range(1, 1_001))

    for rank in (1, 2, 4, 8):
        assert counts[rank - 1] == pytest.approx(first / rank, rel=0.03)
    assert set(drawn) <= set(range(1_000))


def test_which_customers_are_hot_is_chance():
    hottest = {int(np.bincount(zipf(1_000, 5_000, 1.0, np.random.default_rng(seed))).argmax()) for seed in range(5)}

    assert len(hottest) == 5


def test_all_customers_of_a_uniform_draw_are_as_likely():
    counts = np.bincount(uniform(10, 100_000, np.random.default_rng(1)), minlength=10)

    assert counts == pytest.approx([10_000] * 10, rel=0.05)


def test_what_is_stored_of_a_customer_is_his_own_encoded_profile():
    key, value = [*bank().values(8)][7]
    one = stored.decode(value)
    mine = a_profile(customer_id="C000001").copied()
    mine.customer_id = key.decode()

    assert key == key_of(7)
    assert one.body == encode(mine)
    assert (one.next_due_ms, one.highest_ms) == (mine.next_due_ms(), mine.last_seen_ms)


def test_events_follow_on_at_the_pace_of_the_bank_with_ids_of_their_own():
    drawn = [*events_of(bank(), [4, 5, 6], gap_ms=1_000.0)]
    told = [orjson.loads(one.message.value) for one in drawn]

    assert [one.message.key for one in drawn] == [key_of(4), key_of(5), key_of(6)]
    assert [one["customer_id"] for one in told] == ["C00000004", "C00000005", "C00000006"]
    assert [parse_rfc3339(one["occurred_at"]) - NOON_MS for one in told] == [0, 1_000, 2_000]
    assert len({one["event_id"] for one in told}) == 3
    assert {one["amount"] for one in told} == {"18.35"}


def test_one_in_a_hundred_comes_late_and_one_in_two_hundred_twice():
    drawn = [*events_of(bank(), [0] * 400, gap_ms=0.0)]
    late = [one for one in drawn if parse_rfc3339(orjson.loads(one.message.value)["occurred_at"]) < NOON_MS]

    assert [number for number, one in enumerate(drawn) if one.again] == [199, 399]
    assert drawn[199].message == drawn[149].message
    assert len(late) == 2  # the other two places are those of the repeats


def test_a_customer_who_does_nothing_of_one_topic_comes_on_the_other():
    assert {one.message.topic for one in events_of(bank(), range(100), 0.0)} == {"transactions"}


def test_a_bank_ten_times_as_large_has_ten_times_as_many_events_in_a_day():
    day_ms = dt.timedelta(days=1).total_seconds() * 1_000

    assert bank().gap_ms(10_000) == pytest.approx(day_ms / 30_000)
    assert bank().gap_ms(100_000) == pytest.approx(day_ms / 300_000)


def test_a_share_is_of_the_small_bank_in_the_same_round():
    found = [block("small", 100), block("zipf", 90), block("uniform", 50)]
    found += [block("small", 200), block("zipf", 170), block("uniform", 120)]

    assert shares(found, "zipf") == pytest.approx([0.9, 0.85])
    assert shares(found, "uniform") == pytest.approx([0.5, 0.6])


def test_the_bytes_of_a_profile_are_the_slope_between_the_banks():
    assert resident_bytes(memory(200.0, 300.0)) == pytest.approx([100 * MB / 1_000_000] * 2)


def test_the_figures_are_those_of_the_issue():
    found = [block("small", 100), block("zipf", 90), block("uniform", 50)]
    made = figures_of(found, memory(200.0, 300.0))

    assert made["million_customers_throughput_share"] | {"unit": ""} == {
        "value": 0.9, "unit": "", "range": [0.9, 0.9], "n": 1_000, "anchor": 0.8,
        "command": 'make bench ARGS="customers --full"',
    }  # fmt: skip
    assert made["million_customers_uniform_throughput_share"]["value"] == 0.5
    assert made["million_customers_bytes_per_profile_resident"]["value"] == 104.9
    assert made["kafka_cpu_seconds_per_100k_whole_job"]["value"] == 1_000
    assert made["redis_cpu_seconds_per_100k_whole_job"]["value"] == 100
    assert any("90.0%" in line for line in lines(found, memory(200.0, 300.0), {"small": 30.0, "many": 3_000.0}))


def test_on_paper_workers_count_until_something_that_they_share_is_used_up():
    costs = Costs(worker=4.0, kafka=1.0, redis=0.5)

    assert most(costs, 1, cores=2).rate == pytest.approx(25_000)
    assert most(costs, 2, cores=2) == (200_000 / 5.5, "the cores")
    assert most(costs, 3, cores=8).rate == pytest.approx(75_000)
    assert most(costs, 20, cores=200) == (200_000, "Redis")
