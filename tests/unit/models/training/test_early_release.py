"""Examples in parts: each part learned once in the order of its own time, judged at the end, right on the average."""

import random
from itertools import permutations
from math import exp

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contest.setup import ALONE, Setup
from models.features import FEATURES
from models.learning.learner import BadSnapshotError, LearnsEarly
from models.learning.pooled import PooledRegression
from models.learning.starts import MAX_ACTIONS, OTHER
from models.served.calibrated_actions import CalibratedActions
from models.served.propensity import PropensityLearner
from models.training.learners import report
from models.training.missed import FORGET_MS, MAX_MISSED, Missed
from models.training.published import Cadence
from models.training.release import Release
from models.training.snapshot_shape import check_snapshot
from schemas.internal import ExampleRecord
from tests.contests import Member
from tests.unit.models.training.test_release import DAY, SOURCES, model_bytes
from tests.unit.models.training.test_release import Feed as ChurnFeed

ACTION = "loan"
START = 0.2
END = 99 * DAY
LATER = 100_000  # the number of an offer made a day later than the others


class Feed(ChurnFeed):
    """The same, of propensity."""

    def promise(self, source, below_ms, **more):
        return super().promise(source, below_ms, **{"model": "propensity", **more})


def a_release(*, every=10, setup=ALONE) -> Release:
    return Release("propensity", CalibratedActions(PropensityLearner()), SOURCES, Cadence(every, False), setup)


def a_part(number: int, part: str, label: int | None, due_ms: int, **changes) -> ExampleRecord:
    chance = random.Random(number)
    values = {
        "model": "propensity",
        "example_id": f"e-{number}",
        "customer_id": "C1",
        "due_ms": due_ms,
        "snapshot_ms": DAY + 1_000 * number,
        "features": tuple(chance.gauss(0, 1) for _ in FEATURES),
        "label": label,
        "about": ACTION,
        "score": 0.25,
        "model_version": 1,
        "part": part,
    }
    record = ExampleRecord(**values | changes)
    return record.model_copy(update={"example_id": record.early_id(label)}) if part == "early" else record


def begun(number: int) -> ExampleRecord:
    return a_part(number, "early", 0, DAY + 1_000 * number)


def accepted(number: int) -> ExampleRecord:
    return a_part(number, "early", 1, 2 * DAY + 1_500 * number)


def verdict(number: int, label: int | None) -> ExampleRecord:
    return a_part(number, "verdict", label, 5 * DAY + 1_000 * number)


def an_offer(number: int) -> list[ExampleRecord]:
    """All parts of one offer; every third is accepted."""
    taken = number % 3 == 0
    return [begun(number), *([accepted(number)] if taken else []), verdict(number, int(taken))]


def parts(number: int) -> list[ExampleRecord]:
    return [part for n in range(number) for part in an_offer(n)]


def taught(records, *, end=True, release=None) -> Release:
    feed, release = Feed(), release or a_release()
    for record in records:
        feed.add(record)
    (feed.promise_all(END) if end else feed).into(release)
    return release


def learner_bytes(release: Release) -> bytes:
    return msgpack.packb(release.learner.learner.snapshot())


def by_hand(*taught_early: tuple[int, bool], concluded=0) -> bytes:
    """What a learner knows that was taught so, one part after the other."""
    learner = PropensityLearner()
    for number, label in taught_early:
        learner.learn_early(begun(number).features, label, ACTION)
    for _ in range(concluded):
        learner.concluded(ACTION)
    return msgpack.packb(learner.snapshot())


@settings(max_examples=15, deadline=None)
@given(st.permutations(parts(9)), st.lists(st.integers(0, SOURCES - 1), min_size=21, max_size=21))
def test_any_order_of_arrival_gives_the_same_model_bytes(order, sources):
    in_order, shuffled = taught(parts(9)), Feed()
    for record, source in zip(order, sources, strict=True):
        shuffled.add(record, f"p{source}")
    other = a_release()
    shuffled.promise_all(END).into(other)
    assert model_bytes(other) == model_bytes(in_order)
    assert report(other) == report(in_order)


def test_learning_the_parts_as_they_arrive_would_depend_on_the_order():
    """The negative control of the law above."""
    known = {by_hand(*order) for order in permutations([(0, False), (1, False), (0, True)])}
    assert len(known) > 1


def test_parts_are_learned_in_the_order_in_which_things_happened():
    release = taught(parts(4))
    assert learner_bytes(release) == by_hand(*[(n, False) for n in range(4)], (0, True), (3, True), concluded=4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_crash_after_any_version_gives_the_same_bytes_as_none(seed):
    chance, feed, highest = random.Random(seed), Feed(), 0
    for number, record in enumerate(chance.sample(parts(20), len(parts(20)))):
        feed.add(record, f"p{number % SOURCES}")
        if chance.random() < 0.3:
            highest = max(highest, DAY + chance.randrange(5 * DAY))
            feed.promise(chance.randrange(SOURCES), highest, idle=chance.random() < 0.3)
        if chance.random() < 0.2:
            feed.records.append(chance.choice(feed.records))
    feed.promise_all(END).promise(0, END)
    whole = a_release(every=7)
    versions = feed.into(whole)
    assert versions
    for version in versions:
        told = msgpack.unpackb(msgpack.packb(version.snapshot))
        check_snapshot("propensity", told)
        again = a_release(every=7)
        rest = feed.into(again, start=again.restore(told))
        assert model_bytes(again) == model_bytes(whole)
        assert again.snapshot()["bookmark"] == whole.snapshot()["bookmark"]
        assert [v.version for v in rest] == [v.version for v in versions if v.version > version.version]


def test_a_part_sent_twice_is_learned_once():
    feed, release = Feed(), a_release()
    for record in parts(4):
        feed.add(record)
    for place in range(len(feed.records)):
        feed.repeat(place)
    feed.promise_all(END).repeat(0).promise_all(END).into(release)
    assert model_bytes(release) == model_bytes(taught(parts(4)))
    assert release.counts.repeated == 11


def test_the_verdict_is_judged_and_counted_and_not_learned_again():
    early = [part for n in range(6) for part in an_offer(n)[:-1]]
    before, after = taught(early), taught(parts(6))
    weights = [before.learner.learner.linear(ACTION), after.learner.learner.linear(ACTION)]
    assert weights[0].weights == weights[1].weights
    assert weights[0].base == weights[1].base
    assert [linear.examples for linear in weights] == [0, 6], "floors of examples are floors of answers"
    assert (report(before)["examples"], report(after)["examples"], report(after)["positives"]) == (0, 6, 2)
    assert after.served.quality().examples == 6
    assert after.counts.early == 8


def test_who_has_learned_an_example_early_is_judged_by_what_he_said_before():
    """The score that was given; what he says now knows the answer."""
    release = taught(parts(30))
    assert release.meter.quality() == release.served.quality()


@pytest.mark.parametrize("late", [[], [0], [1], [0, 1]])
def test_a_part_that_came_after_its_turn_is_made_up_for_by_the_verdict(late):
    missing = {0: begun(0), 1: accepted(0)}
    feed, release = Feed(), a_release()
    for label, record in missing.items():
        if label not in late:
            feed.add(record)
    feed.add(begun(LATER)).promise_all(3 * DAY)
    for label in late:
        feed.add(missing[label])
    feed.add(verdict(0, 1)).add(verdict(LATER, 0)).promise_all(END).into(release)
    in_turn = [(0, bool(label)) for label in missing if label not in late]
    made_up = [(0, bool(label)) for label in late]
    assert learner_bytes(release) == by_hand(*in_turn, (LATER, False), *made_up, concluded=2)
    assert (release.counts.late, release.counts.early) == (0, 3)
    assert "missed" not in release.snapshot()["bookmark"], "what is made up for is forgotten"


def test_what_is_late_is_remembered_through_a_crash():
    feed = Feed().add(begun(LATER)).promise_all(3 * DAY).add(begun(0)).add(accepted(0)).add(begun(2), "p1")
    feed.add(begun(LATER + 1)).promise_all(4 * DAY).add(verdict(0, 1), "p2").add(verdict(2, None), "p2")
    feed.promise_all(END).promise(0, END)
    whole = a_release(every=1)
    versions = feed.into(whole)
    missed = [begun(0), accepted(0), begun(2)]
    assert versions[1].snapshot["bookmark"]["missed"] == [(part.example_id, part.due_ms) for part in missed]
    for version in versions:
        again = a_release(every=1)
        feed.into(again, start=again.restore(msgpack.unpackb(msgpack.packb(version.snapshot))))
        assert again.snapshot() == whole.snapshot()


def crowd(number=MAX_MISSED) -> list[tuple[str, int]]:
    """As many parts as can be remembered, as a snapshot tells them."""
    return [(f"x-{n:05}:0", DAY) for n in range(number)]


def test_what_was_missed_is_bounded_and_gone_with_its_verdict():
    missed = Missed(crowd(MAX_MISSED - 2))
    assert [missed.loses(begun(n), DAY) for n in (0, 1, 2, 1)] == [False, False, True, False]
    assert len(missed.snapshot(DAY)) == MAX_MISSED
    assert list(missed.made_up(verdict(2, 0))) == []
    assert [part.example_id for part in missed.made_up(verdict(0, 0))] == ["e-0:0"]
    assert missed.loses(verdict(1, 0), DAY)
    assert list(missed.made_up(verdict(1, 0))) == [], "a verdict that is late itself is learned by nobody"
    assert missed.snapshot(DAY) == crowd(MAX_MISSED - 2)


def test_what_was_missed_is_gone_when_any_horizon_is_over():
    """Some verdicts never come: their room in the profile was needed, or policy has dropped the model."""
    missed, over = Missed(crowd()), DAY + FORGET_MS + 1
    assert missed.snapshot(over - 1) == crowd()
    assert missed.snapshot(over) == []
    assert not missed.loses(begun(LATER), over), "and makes room"
    assert missed.snapshot(over) == [("e-100000:0", begun(LATER).due_ms)]
    slow = Missed([("e-0:0", DAY)])
    assert list(slow.made_up(verdict(0, 0).model_copy(update={"due_ms": over}))) == []


def test_a_version_that_told_of_missed_parts_by_their_ids_alone_goes_on():
    feed = Feed().add(begun(LATER)).promise_all(3 * DAY).add(begun(0)).add(verdict(0, 0)).promise_all(END)
    feed.promise(0, END).promise(1, END)
    whole = a_release(every=1)
    versions = feed.into(whole)
    earlier = msgpack.unpackb(msgpack.packb(versions[0].snapshot))
    earlier["bookmark"] |= {"missed": ["e-0:0"], "seen_offset": 5, "read_from": 5}
    del earlier["state"]["early_since_ms"]
    check_snapshot("propensity", earlier)
    again = a_release(every=1)
    feed.into(again, start=again.restore(earlier))
    assert learner_bytes(again) == learner_bytes(whole) == by_hand((LATER, False), (0, False), concluded=1)


def test_the_verdict_of_who_is_erased_takes_his_ids_out_in_its_turn_or_late():
    """It says nothing of him, not even features (`models.labels.early.let_go`)."""
    for below_ms in (4 * DAY, END):
        feed = Feed().add(begun(LATER)).promise_all(3 * DAY).add(begun(0)).promise_all(below_ms)
        release = a_release()
        feed.into(release)
        assert "e-0" in repr(release.snapshot())
        gone = verdict(0, None).model_copy(update={"features": (), "about": "", "score": None, "model_version": None})
        feed.add(gone, "p1").promise_all(END + 1).promise_all(END + 2)
        feed.into(release, start=len(feed.records) - 1 - 2 * SOURCES)
        assert "missed" not in release.snapshot()["bookmark"]
        assert release.counts.rejected == 0


def test_parts_that_are_lost_are_no_answers_for_the_floors():
    """As many verdicts of the action as lost a part do not count; which ones nobody knows, so at once."""
    release = a_release()
    release._missed = Missed(crowd())
    feed = Feed().add(begun(LATER)).promise_all(3 * DAY)
    for record in [begun(0), begun(1), a_part(2, "early", 0, DAY, about="card"), begun(LATER + 1)]:
        feed.add(record)
    for record in [verdict(0, 0), verdict(1, 1), verdict(LATER, 0), verdict(LATER + 1, 1)]:
        feed.add(record)
    feed.promise_all(END).into(release)
    assert learner_bytes(release) == by_hand((LATER, False), (LATER + 1, False), concluded=2)
    assert release.counts.late == 3
    assert release.snapshot()["bookmark"]["lost"] == [("card", 1)]
    assert (sum(release.counts.learned.values()), release.meter.quality().examples) == (4, 4), "they are judged"


def test_how_many_parts_are_lost_is_remembered_through_a_crash_and_bounded():
    missed = Missed(crowd(), [(f"a-{n}", 1) for n in range(MAX_ACTIONS)])
    assert missed.loses(begun(0), DAY)
    assert dict(missed.lost())[OTHER] == 1
    again = Missed(missed.snapshot(DAY), msgpack.unpackb(msgpack.packb(missed.lost())))
    assert (again.snapshot(DAY), again.lost()) == (missed.snapshot(DAY), missed.lost())
    assert [again.settles(verdict(n, 0)) for n in range(2)] == [False, True]
    assert len(again.lost()) == MAX_ACTIONS


def test_an_example_that_began_before_the_trainer_did_is_no_answer_for_the_floors():
    """Its first part is no longer to be had: the topic has let it go, or the model began anew."""
    parts = [accepted(0), begun(LATER), verdict(0, 1), verdict(LATER, 0)]
    release = taught(parts)
    assert learner_bytes(release) == by_hand((0, True), (LATER, False), concluded=1)
    again = a_release()
    again.restore(msgpack.unpackb(msgpack.packb(release.snapshot())))
    assert model_bytes(again) == model_bytes(release)
    assert "early_since_ms" not in taught([a_part(1, "whole", 1, DAY)]).state()


def test_what_was_learned_of_an_example_that_is_then_censored_stays_and_is_counted():
    """A step cannot be taken back: those after it went out from where it led."""
    release = taught([begun(0), begun(1), verdict(0, None), verdict(1, 0)])
    assert learner_bytes(release) == by_hand((0, False), (1, False), concluded=1)
    assert (release.counts.censored, release.counts.in_vain) == (1, 1)
    assert release.snapshot()["state"]["early"] == [2, 1]


def test_what_was_in_vain_is_remembered_through_a_crash_also_before_a_part_was_learned():
    feed = Feed().add(verdict(0, None)).add(a_part(1, "whole", 1, 6 * DAY)).add(a_part(2, "early", 0, 7 * DAY))
    whole = a_release(every=1)
    first, *_ = feed.promise_all(END).promise(0, END).into(whole)
    again = a_release(every=1)
    feed.into(again, start=again.restore(msgpack.unpackb(msgpack.packb(first.snapshot))))
    assert first.snapshot["state"]["early"] == [0, 1]
    assert model_bytes(again) == model_bytes(whole)


def test_plain_examples_leave_snapshots_as_they_were():
    whole = [a_part(number, "whole", number % 2, DAY + number) for number in range(9)]
    release = taught(whole)
    told = release.snapshot()
    assert "early" not in told["state"]
    assert "missed" not in told["bookmark"]
    assert release.learner.learner.linear(ACTION).examples == 9
    taught([*whole, a_part(9, "whole", None, DAY)], release=(one := a_release()))
    assert (one.counts.censored, one.counts.in_vain) == (1, 0)


@pytest.mark.parametrize("part", ["early", "verdict"])
def test_parts_are_for_models_that_can_learn_them(part):
    record = a_part(1, part, 0, DAY, model="churn")
    assert "it is a part" in Release("churn", PropensityLearner(), SOURCES, Cadence(9)).unfit(record)


def test_a_part_that_tells_nothing_is_rejected():
    release = taught([begun(1).model_copy(update={"label": None}), begun(2)])
    assert (release.counts.rejected, release.counts.early) == (1, 1)


def test_a_snapshot_with_counts_that_cannot_be_is_refused():
    told = taught([begun(1)]).snapshot()
    told["state"]["early"] = [1, -1]
    with pytest.raises(BadSnapshotError, match=r"state\.early"):
        check_snapshot("propensity", told)


def test_challengers_learn_the_verdict_and_judge_with_the_others_at_the_end():
    release = a_release(setup=Setup(("naive_bayes",), freeze_ms=DAY))
    challenger = release.contest.members["naive_bayes"] = Member(lambda _: 0.5)
    assert not isinstance(challenger, LearnsEarly)
    taught(parts(9), release=release)
    assert challenger.examples == 9


def test_a_verdict_without_a_score_is_judged_by_what_is_said_now():
    release = taught([begun(0), a_part(0, "verdict", 0, 5 * DAY, score=None)])
    assert report(release)["examples"] == 1


def bank(number, seed=1):
    """Offers of which one feature tells the chance (a fifth on the average), and whether each is accepted."""
    chance = random.Random(seed)
    for _ in range(number):
        feature = chance.gauss(0, 1)
        yield (feature,), chance.random() < 1 / (1 + exp(1.5 - feature))


def mean_error(model, seed=2):
    """By how much the mean score is off the share that is accepted."""
    linear, answers = model.linear(ACTION, START), list(bank(3_000, seed))
    return sum(linear.score(features).value - label for features, label in answers) / len(answers)


def learned(*, early, behind=0) -> PooledRegression:
    """Learned from 4,000 offers, their acceptance `behind` offers later."""
    model, answers = PooledRegression(("rich",), 1.0), list(bank(4_000))
    for number in range(len(answers) + behind):
        if number < len(answers):
            model.learn(answers[number][0], False, ACTION, START, early=early)
        if number >= behind and answers[number - behind][1]:
            model.learn(answers[number - behind][0], True, ACTION, START, early=early)
    return model


@pytest.mark.parametrize("behind", [0, 100])
def test_fake_negatives_are_corrected_for(behind):
    assert abs(mean_error(learned(early=True, behind=behind))) < 0.015
    assert mean_error(learned(early=False, behind=behind)) < -0.03, "the control: without weights they count"


def test_what_is_learned_early_tells_customers_apart_as_what_matured_does():
    plain = PooledRegression(("rich",), 1.0)
    for features, label in bank(4_000):
        plain.learn(features, label, ACTION, START)
    one, other = learned(early=True).linear(ACTION, START), plain.linear(ACTION, START)
    assert one.weights[0] == pytest.approx(other.weights[0], abs=0.1)
    assert one.base == pytest.approx(other.base, abs=0.1)
    assert one.centres == other.centres, "an example is met once, however often it is learned"


def test_contributions_sum_to_the_score_exactly():
    release = taught(parts(40))
    scorer = release.scorer(3)
    for number in range(40):
        scored = scorer.score(begun(number).features, ACTION)
        assert sum(scored.contributions, scored.base) == scored.log_odds


def test_a_contact_is_met_once_however_often_it_is_learned():
    slots = ((70, 3.0), (2, 1.0))
    once, twice = PooledRegression(()), PooledRegression(())
    once.learn((), False, ACTION, START, slots, early=True)
    for label in (False, True):
        twice.learn((), label, ACTION, START, slots, early=True)
    told = [[row[:4] for row in model.snapshots()[0]["actions"][ACTION]["slots"]] for model in (once, twice)]
    assert told[0] == told[1]


def test_what_was_never_begun_can_be_concluded():
    """The trainer was promised more than came: nothing is known of the action, so nothing is counted."""
    learner = PropensityLearner()
    learner.concluded(ACTION)
    assert learner.actions == ()


def test_the_snapshot_of_one_that_learns_early_is_restored():
    release, again = taught(parts(5)), a_release()
    again.restore(msgpack.unpackb(msgpack.packb(release.snapshot())))
    assert again.snapshot() == release.snapshot()
