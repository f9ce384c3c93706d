"""The pure core of a trainer: examples are learned in the order of maturity, whatever the order in which they come.

Examples of one model come from many source partitions, each in an order of its own. Each source promises by a
punctuation (`models.training.punctuation`) that nothing below a time is still to come from it. Below the lowest promise
of all (those that are idle hold nobody back) examples are released in the order of (maturity, id): scored by the model
as it is, measured, then learned. What comes at or below the released mark is late: counted, never learned.

So the state after a release follows from the set of examples alone, and versions are published at points that follow
from it too. Where this reader stands (`models.training.bookmark`) is kept apart from that state, as the snapshot's
`bookmark`.

After a restart everything from the oldest unreleased example on is read again: `take` and `promise` get each record's
own offset, and know by it what the snapshot has seen.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from models.contest.contest import Contest
from models.contest.setup import ALONE, Setup
from models.contest.track_record import told
from models.evaluation.meters import Meter, Quality
from models.features import FEATURES
from models.learning.learner import Learner, Snapshot
from models.learning.scoring import Scorer
from models.training.admission import Message, unfit
from models.training.bookmark import BEFORE_ALL, Bookmark, Mark, Position, mark_of
from models.training.counts import Counts
from models.training.lags import Lags
from models.training.missed import Missed
from models.training.published import Cadence, Published
from models.training.snapshot_shape import check_snapshot
from schemas.internal import ExampleRecord, ModelCommand, Punctuation


class Release:
    """One model's trainer without its I/O."""

    def __init__(self, model: str, learner: Learner, sources: int, cadence: Cadence, setup: Setup = ALONE) -> None:
        """Train `learner` from `sources` source partitions; until each has promised something nothing is released.

        `setup` says who learns beside it as challenger.
        """
        self.model = model
        self.learner = learner
        self.contest = Contest(model, learner, cadence.examples, setup)
        self.meter = Meter()  # who was on duty, as it was just before it learned the example
        self.served = Meter()  # the score that the customer was given, by whichever version was on duty then
        self.counts = Counts()
        self.lags = Lags()
        self.version = 0
        self.began_anew: list[str] = []  # challengers of which the restored snapshot could not tell all
        self._sources = sources
        self._cadence = cadence
        self._released: Mark = BEFORE_ALL
        self._since_version = 0
        self._bookmark = Bookmark(sources)
        self._missed = Missed()
        self._early_since_ms = -1  # the first part of an example had its turn then; those begun before it were not here
        self._catching_up = False  # after a restart, until all that the snapshot had seen is read again
        self._caught_up: list[Published] = []

    @property
    def waiting(self) -> int:
        """How many examples wait for the promises of all sources."""
        return len(self._bookmark)

    @property
    def matured_ms(self) -> int | None:
        """Maturity of the newest example that had its turn, learned or censored; None before the first."""
        return None if self._released == BEFORE_ALL else self._released[0]

    @property
    def promised_ms(self) -> int | None:
        """Below which all examples had their turn: the lowest promise; None until every source has made one."""
        floor_ms = self._bookmark.floor_ms()
        return None if floor_ms < 0 else floor_ms

    def pass_by(self, offset: int) -> None:
        """Count the record at `offset`, which cannot even be read, as rejected."""
        again = self._moved_to(offset)
        self.counts.rejected += not again

    def take(self, example: ExampleRecord, position: Position, offset: int) -> None:
        """Take one example that lies at `offset` of our own topic; nothing is learned before a promise covers it.

        What `unfit` has something against is counted as rejected, here as with promises and commands.
        """
        again = self._moved_to(offset)
        if self._rejects(example, again=again):
            return
        if example in self._bookmark:
            self.counts.repeated += not again
        elif again:
            if mark_of(example) > self._released:
                self._bookmark.keep(example, offset)
        elif not self._bookmark.note(position):
            self.counts.repeated += 1
        elif mark_of(example) > self._released:
            self._bookmark.keep(example, offset)
        else:
            self.counts.late += self._missed.loses(example, self._released[0])

    def promise(self, punctuation: Punctuation, offset: int) -> Iterator[Published]:
        """Hear a promise; release and learn what all promises now cover, and yield the versions to publish.

        Iterate to the end: the learning happens as you go.
        """
        return (version for version in self.promise_stepwise(punctuation, offset) if version is not None)

    def promise_stepwise(self, punctuation: Punctuation, offset: int) -> Iterator[Published | None]:
        """Do as `promise` does, and yield None after each example and on the way to a version.

        Others may have their turn there: a promise may release a day's examples at one go, learning one takes a
        millisecond, and telling all that a model knows up to ten times as much.
        """
        again = self._moved_to(offset)
        if self._rejects(punctuation, again=again) or again:
            return
        yield from self._caught_up
        self._caught_up = []
        self._bookmark.promised(punctuation)
        yield from self._release_below(self._bookmark.floor_ms())

    def obey(self, command: ModelCommand, offset: int, held: Collection[int] | None = None) -> Iterator[Published]:
        """Do what a person asks, in its turn among the promises, and yield the version that shows it.

        A version is pinned only where it is among those that are `held` and can be served (None: nobody knows which).
        Iterate to the end, as with `promise`.
        """
        again = self._moved_to(offset)
        if self._rejects(command, again=again) or again:
            return
        yield from self._caught_up
        self._caught_up = []
        if command.op == "rollback" and command.version and held is not None and command.version not in held:
            self._refuse(command, f"version {command.version} is not kept, or was never sent")
        else:
            self.contest.duty.obey(command, self.version + 1)
        if self.contest.duty.changed:
            yield from filter(None, self._publish())

    def _refuse(self, command: ModelCommand, why: str) -> None:
        duty = self.contest.duty
        if not duty.events.knows(command.command_id):
            about, said = f"version {command.version}", {"by": command.by, "command_id": command.command_id}
            duty.events.add("refused", self._released[0], self.version + 1, duty.on_duty, about, why, **said)
            duty.changed = True

    def scorer(self, version: int) -> Scorer:
        """Freeze a scorer of who is on duty now."""
        return self.contest.scorer(version)

    def unfit(self, message: Message) -> str:
        """Say why a message cannot be taken; "" where it can."""
        return unfit(message, self.model, self._sources)

    def _rejects(self, message: Message, *, again: bool) -> bool:
        wrong = bool(self.unfit(message))
        self.counts.rejected += wrong and not again
        return wrong

    def _moved_to(self, offset: int) -> bool:
        """Note the own offset; True for what the restored snapshot had seen already.

        A snapshot may have been taken in the middle of a release: the rest of it comes before the first new record,
        or that could slip in among what had its turn before it.
        """
        again = self._bookmark.has_seen(offset)
        if self._catching_up and not again:
            self._catching_up = False
            self._caught_up = [step for step in self._release_below(self._bookmark.floor_ms()) if step is not None]
        self._bookmark.move_past(offset)
        return again

    def _release_below(self, floor_ms: int) -> Iterator[Published | None]:
        while (mark := self._bookmark.next_below(floor_ms)) is not None:
            new_day = mark[0] // 86_400_000 > self._released[0] // 86_400_000
            if self._since_version and (
                self._since_version >= self._cadence.examples or (self._cadence.daily and new_day)
            ):
                yield from self._publish()
            example = self._bookmark.pop()
            if example.part != "early":
                self.lags.note(example)
            self._learn(example)
            self._released = mark
            yield None
            if self.contest.duty.changed:
                yield from self._publish()
        if self._since_version >= self._cadence.examples:
            yield from self._publish()

    def _learn(self, example: ExampleRecord) -> None:
        if example.part != "whole" and self._early_since_ms < 0:
            self._early_since_ms = example.due_ms
        if example.part == "early":
            self._learn_early(example)
            return
        made_up = list(self._missed.made_up(example))
        for part in made_up:
            self._learn_early(part)
        if example.label is None:
            self.counts.censored += 1
            self.counts.in_vain += example.part == "verdict"
            return
        label = example.label == 1
        if example.score is not None and example.model_version:
            self.served.update(label, example.score)
            self.contest.came_true(example.score, example.model_version, label, example.about)
        counts = example.part == "whole" or self._was_learned(example, begun=any(part.label == 0 for part in made_up))
        self.meter.update(label, self.contest.meet(example, label, self.version + 1, counts=counts))
        self.counts.learned[example.label] += 1
        self._since_version += 1

    def _was_learned(self, verdict: ExampleRecord, *, begun: bool) -> bool:
        """Whether the parts of a verdict were learned, as far as anybody can tell: else it is no answer to count."""
        return self._missed.settles(verdict) and (begun or verdict.snapshot_ms >= self._early_since_ms)

    def _learn_early(self, part: ExampleRecord) -> None:
        self.contest.learn_early(part, self.version + 1)
        self.counts.early += 1
        self._since_version += 1

    def _publish(self) -> Iterator[Published | None]:
        """Yield the next version, and None after each part of the way to it; nothing is learned in between."""
        self.version += 1
        self._since_version = 0
        yield from self.contest.publish(self.version)
        served = self._served()  # before the snapshot: a challenger that cannot tell it begins anew
        yield None
        learner = self.learner.snapshot()
        yield None
        snapshot = self._snapshot(learner, self.contest.snapshot())
        yield None
        yield Published(self.model, self.version, snapshot, self.quality(), served, self._released[0])

    def _served(self) -> Snapshot | None:
        """Tell what a worker needs to score by this version, as it would be restored from the snapshot."""
        plain, duty = self.contest.plain(self.version), self.contest.duty
        if plain is None:
            return None
        told = {"version": self.version, "features": list(FEATURES), "plain": plain}
        return {**told, "on_duty": duty.on_duty, "pinned": duty.pinned}

    def quality(self) -> Quality:
        """Say how good the model is by what came true."""
        return self.meter.quality()

    def history(self) -> list[dict[str, Any]]:
        """List how good each model was over time, as `models.contest.track_record.told` does."""
        return told(self.contest.record.snapshot())

    def state(self) -> Snapshot:
        """Describe all that follows from the examples alone: the same for every order of arrival."""
        return self._state(self.learner.snapshot(), self.contest.snapshot())

    def _state(self, learner: Snapshot, contest: Snapshot) -> Snapshot:
        return {
            "version": self.version,
            "learner": learner,
            "meter": self.meter.snapshot(),
            "served": self.served.snapshot(),
            "contest": contest,
            "released": list(self._released),
            "since_version": self._since_version,
            "learned": [self.counts.learned[0], self.counts.learned[1]],
            "censored": self.counts.censored,
            "lags": self.lags.snapshot(),
            # Who never learned early has versions that do not speak of it.
            **({"early": early} if any(early := [self.counts.early, self.counts.in_vain]) else {}),
            **({"early_since_ms": self._early_since_ms} if self._early_since_ms >= 0 else {}),
        }

    def snapshot(self) -> Snapshot:
        """Describe the state, and where this reader stands; with a key, what can only be pickled lies sealed beside."""
        return self._snapshot(self.learner.snapshot(), self.contest.snapshot())

    def _snapshot(self, learner: Snapshot, contest: Snapshot) -> Snapshot:
        return {
            "state": self._state(learner, contest),
            "sealed": self.contest.sealed(),
            "bookmark": {
                **self._bookmark.snapshot(),
                "late": self.counts.late,
                "repeated": self.counts.repeated,
                "rejected": self.counts.rejected,
                **({"missed": missed} if (missed := self._missed.snapshot(self._released[0])) else {}),
                **({"lost": lost} if (lost := self._missed.lost()) else {}),
            },
        }

    def restore(self, snapshot: Mapping[str, Any]) -> int:
        """Go on from a snapshot; returns the offset of our own topic to read from.

        Raises `BadSnapshotError` where the snapshot is of other features, or damaged: then it names the field.
        """
        check_snapshot(self.model, snapshot)
        state, bookmark = snapshot["state"], snapshot["bookmark"]
        self.learner.restore(state["learner"])
        self.meter.restore(state["meter"])
        self.served.restore(state["served"])
        self.lags = Lags(state.get("lags", ()))
        self.version = state["version"]
        self.began_anew = self.contest.restore(state["contest"], snapshot["sealed"], self.version)
        self._released = (state["released"][0], state["released"][1])
        self._since_version = state["since_version"]
        learned = dict(enumerate(state["learned"]))
        passed = [bookmark[name] for name in ("late", "repeated", "rejected")]
        # Versions of before it was told may have begun any time.
        self._early_since_ms = state.get("early_since_ms", 0 if "early" in state else -1)
        self.counts = Counts(learned, state["censored"], *passed, *state.get("early", ()))
        self._bookmark.restore(bookmark)
        self._missed = Missed(bookmark.get("missed", ()), bookmark.get("lost", ()), self._released[0])
        self._catching_up, self._caught_up = True, []
        return int(bookmark["read_from"])
