"""What no learner can learn is passed by when it comes, and the trainer goes on with the next."""

import msgpack
import pytest

from models.features import FEATURES
from models.policy import load_policy
from models.training.bookmark import Position
from models.training.learners import new_release, report
from models.training.release import Release
from schemas.internal import ExampleRecord, ModelCommand, Punctuation
from tests.unit.models.training.test_release import DAY, a_promise, a_release, an_example
from tests.unit.models.training.test_release_training import ACTION, FOLDER

POLICY = load_policy(FOLDER, {"models": {"publish_examples": 20, "challengers": {"churn": ["ensemble"]}}})
WIDE = (0.5,) * len(FEATURES)
ROW = (2.0, 100.0, 120.0, 130.0, 5_000.0)  # a customer of the model "value"


def odd(model: str, **parts) -> ExampleRecord:
    """An example as another program might write it, past the schema's checks where they are stricter."""
    fit = {"churn": WIDE, "propensity": WIDE, "need": WIDE, "value": ROW}[model]
    about = ACTION.name if model == "propensity" else ""
    return an_example(1, model=model, features=fit, label=1, about=about).model_copy(update=parts)


def after(release: Release, *examples: ExampleRecord) -> Release:
    """The release, when it has met these and been promised all."""
    for offset, example in enumerate(examples):
        release.take(example, Position("p0", offset, 0), offset)
    list(release.promise(Punctuation(model=release.model, source_partition=0, below_ms=9 * DAY), len(examples)))
    return release


POISON = [
    *[odd(model, features=(0.5,) * width) for model in ("churn", "propensity", "need") for width in (0, 3, 35, 37)],
    *[odd(model, features=(bad, *WIDE[1:])) for model in ("churn", "need") for bad in (float("nan"), float("inf"))],
    odd("churn", context=((3, float("nan")),)),
    odd("propensity", about=""),
    *[odd("value", features=ROW[:width]) for width in (0, 4)],
    odd("value", features=(2.0, 120.0, 100.0, 130.0, 5_000.0)),
    odd("value", features=(2.0, 100.0, 140.0, 130.0, 5_000.0)),
    odd("value", features=(0.0, 100.0, 120.0, 130.0, 0.0)),
    odd("value", features=(-1.0, 100.0, 120.0, 130.0, 0.0)),
]


@pytest.mark.parametrize("poison", POISON, ids=lambda example: f"{example.model}-{len(example.features)}")
def test_an_example_that_cannot_be_learned_is_rejected_and_the_next_is_learned(poison):
    sound = odd(poison.model, example_id="e-2", context=((1, 1.0),) if poison.model == "need" else ())
    release = after(new_release(poison.model, POLICY, 1), poison, sound)
    assert report(release)["rejected"] == 1
    assert release.learner.examples == 1
    assert release.unfit(poison)
    assert release.unfit(sound) == ""


def test_what_takes_a_customer_out_of_the_sample_needs_no_row():
    release = after(
        new_release("value", POLICY, 1), odd("value"), odd("value", example_id="e-2", features=(), label=None)
    )
    assert (release.counts.rejected, release.counts.censored) == (0, 1)


def test_nothing_of_another_model_is_taken():
    release = a_release(sources=1)
    release.take(an_example(1, model="value"), Position("p0", 0, 0), 0)
    assert release.waiting == 0
    release.take(an_example(2), Position("p0", 1, 0), 1)
    assert list(release.promise(a_promise(0, 9 * DAY, model="propensity"), 2)) == []
    assert sum(release.counts.learned.values()) == 0
    assert list(release.obey(a_command(1, "promote", model="propensity", challenger="ensemble"), 3)) == []
    assert (release.contest.duty.events.last, release.counts.rejected) == ([], 3)


def test_a_promise_of_a_source_that_there_is_not_stands_for_none_of_those_that_there_are():
    release = a_release(sources=2)
    release.take(an_example(1), Position("p0", 0, 0), 0)
    for offset, source in enumerate((0, 7)):
        list(release.promise(a_promise(source, 9 * DAY), 1 + offset))
    assert (sum(release.counts.learned.values()), release.counts.rejected) == (0, 1)


def test_what_was_rejected_is_counted_once_across_a_restart():
    first = after(a_release(sources=1, every=1), odd("churn", features=()), odd("churn"))
    again = a_release(sources=1, every=1)
    again.restore(msgpack.unpackb(msgpack.packb(first.snapshot())))
    again.take(odd("churn", features=()), Position("p0", 0, 0), 0)
    assert (first.counts.rejected, again.counts.rejected) == (1, 1)


def a_command(number: int, op: str, **parts) -> ModelCommand:
    values = {"model": "churn", "command_id": f"c-{number}", "op": op, "by": "chen", "reason": "odd", "asked_ms": 5}
    return ModelCommand(**values | parts)


def test_a_version_that_is_not_there_to_serve_is_not_pinned_and_the_ledger_says_so():
    release = new_release("churn", POLICY, 1)
    for number in range(45):
        release.take(an_example(number), Position("p0", number, 0), number)
    assert [version.version for version in release.promise(a_promise(0, 9 * DAY), 45)] == [1, 2]
    (shown,) = release.obey(a_command(1, "rollback", version=2), 46, held=(1,))
    assert (shown.version, release.contest.duty.pinned) == (3, 0)
    assert list(release.obey(a_command(1, "rollback", version=2), 47, held=(1,))) == [], "heard before"
    assert len(list(release.obey(a_command(2, "rollback", version=1), 48, held=(1,)))) == 1
    assert release.contest.duty.pinned == 1
    told = [(event.what, event.about, event.why, event.by) for event in release.contest.duty.events.last]
    assert told == [
        ("refused", "version 2", "version 2 is not kept, or was never sent", "chen"),
        ("pinned", "version 1", "odd", "chen"),
    ]
    new_release("churn", POLICY, 1).restore(msgpack.unpackb(msgpack.packb(shown.snapshot)))


def test_a_record_that_cannot_be_read_is_counted_once_however_often_it_is_read():
    release = after(new_release("churn", POLICY, 1), odd("churn"))
    release.pass_by(2)
    again = new_release("churn", POLICY, 1)
    again.restore(release.snapshot())
    for offset in (2, 3):
        again.pass_by(offset)
    assert (release.counts.rejected, again.counts.rejected) == (1, 2)
