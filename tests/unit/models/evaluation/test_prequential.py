"""The harness scores before it learns and learns as late as labels come."""

import math
import random
import zipfile

from models.evaluation.pace import PACE
from models.evaluation.prequential import (
    OnCalls,
    bank_marketing,
    evaluate,
    evaluate_early,
    hashed,
    paced,
    read_calls,
)
from models.learning.champion import Champion


class Diary:
    """A model that writes down what it was asked."""

    def __init__(self):
        self.lines = []

    def score(self, x):
        self.lines.append(f"score {x}")
        return 0.5

    def learn(self, x, label):
        self.lines.append(f"learn {x}")

    def learn_early(self, x, label):
        self.lines.append(f"early {x} {label}")


class Memory:
    """A model that knows by heart what it has learned, and nothing else: honest figures are those of chance."""

    def __init__(self):
        self.known = {}

    def score(self, x):
        return {True: 0.9, False: 0.1}.get(self.known.get(x), 0.5)

    def learn(self, x, label):
        self.known[x] = label


def test_each_example_is_scored_before_it_is_learned_and_learned_after_its_delay():
    diary = Diary()
    evaluate(diary, [("a", True), ("b", False), ("c", True)], delay=1, total=3)
    assert diary.lines == ["score a", "score b", "learn a", "score c", "learn b"]


def test_who_learns_early_learns_each_as_not_true_and_again_what_is_when_that_is_known():
    diary = Diary()
    evaluate_early(diary, [("a", True), ("b", False), ("c", True), ("d", False)], answer=1, total=4)
    told = ["score a", "early a False", "score b", "early b False", "early a True"]
    assert diary.lines == [*told, "score c", "early c False", "score d", "early d False", "early c True"]


def test_learning_first_feigns_knowledge_where_there_is_none():
    stream = [(number, random.Random(number).random() < 0.5) for number in range(400)]
    assert evaluate(Memory(), stream, total=400).whole == 0.5
    assert evaluate(Memory(), stream, total=400, peek=True).whole == 1.0


def test_a_stream_of_one_class_has_no_figure():
    assert evaluate(Diary(), [("a", True)], total=1) == (0.0, 0.0, 1)
    assert evaluate(Diary(), [], total=0) == (0.0, 0.0, 0)


def test_calls_are_read_without_what_is_known_only_afterwards(tmp_path):
    folder = tmp_path / "uci_bank_marketing"
    folder.mkdir()
    with zipfile.ZipFile(folder / "bank-marketing-4files.zip", "w") as archive:
        archive.writestr(
            "bank-additional-full.csv", '"age";"job";"duration";"y"\n56;"housemaid";261;"no"\n40;"admin.";9;"yes"\n'
        )
    assert list(read_calls(tmp_path)) == [
        ({"age": 56.0, "job": "housemaid"}, False),
        ({"age": 40.0, "job": "admin."}, True),
    ]
    assert bank_marketing(list(read_calls(tmp_path)), 0).examples == 2


def a_day(weekday: str, *calls: str) -> list[tuple[dict, bool]]:
    return [({"month": "may", "day_of_week": weekday, "job": job}, False) for job in calls]


def test_the_pace_counts_the_calls_of_the_day_so_far_and_of_the_day_before():
    calls = [*a_day("mon", "a", "b", "c"), *a_day("tue", "d", "e"), *a_day("wed", "f")]
    assert [round(math.expm1(x[PACE])) for x, _ in paced(calls)] == [0, 1, 2, 3, 4, 2]


def test_the_pace_of_a_call_follows_from_what_was_before_it_alone():
    calls = [*a_day("mon", "a", "b"), *a_day("tue", "c")]
    later = [*calls, *a_day("tue", *"defgh"), *a_day("wed", "i")]
    assert list(paced(later))[: len(calls)] == list(paced(calls))


def test_another_salt_puts_a_call_into_other_slots():
    ((plain, _),), ((salted, _),) = hashed(a_day("mon", "a")), hashed(a_day("mon", "a"), "1:")
    assert [slot for slot, _ in plain] != [slot for slot, _ in salted]


def test_a_regression_learns_of_calls_by_their_slots():
    calls = [*a_day("mon", "a"), *a_day("mon", "b")] * 100
    stream = [(slots, number % 2 == 0) for number, (slots, _) in enumerate(hashed(calls))]
    assert evaluate(OnCalls(Champion(())), stream, delay=1, total=len(stream)).second_half == 1.0


def test_a_regression_that_learns_early_has_learned_before_any_answer_came():
    calls = [slots for slots, _ in hashed([*a_day("mon", "a"), *a_day("mon", "b")])] * 50
    stream = [(slots, number % 2 == 0) for number, slots in enumerate(calls)]
    never, at_once = OnCalls(Champion(())), OnCalls(Champion(()))
    evaluate_early(never, stream, answer=len(stream), total=len(stream))
    assert evaluate_early(at_once, stream, answer=1, total=len(stream)).second_half == 1.0
    assert never.score(calls[0]) < at_once.score(calls[0])
