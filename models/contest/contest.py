"""Champion and challengers of one model: all score and learn the same examples in the same order; one is on duty.

Who that is, and what changes it, is said in `models.contest.duty`; all follows from the examples and commands alone.

All that can be served are judged by what they would have said when the example was scored
(`models.challengers.frozen`), never by what they say when its label comes; who cannot be served is only metered, by
what he says then.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from models.challengers.frozen import Freezes, FrozenScorers
from models.challengers.kinds import CHAMPION
from models.contest.duty import Duty
from models.contest.segments import Segments
from models.contest.setup import ALONE, Setup
from models.contest.track_record import TrackRecord
from models.evaluation.meters import Meter
from models.learning.learner import Learner, LearnsEarly, Snapshot, tame, tame_slots
from models.learning.scoring import Scorer
from models.served.calibrated import Served
from schemas.internal import ExampleRecord

T = TypeVar("T")


class Contest:
    """One model's champion with its challengers; `meet` each example."""

    def __init__(self, model: str, champion: Learner, every: int, setup: Setup = ALONE) -> None:
        """Begin with `champion` on duty; a point of the track record is made every so many examples."""
        self.model = model
        self.members: dict[str, Learner] = {CHAMPION: champion}
        self.members |= {name: setup.begin(name) for name in setup.challengers}
        self.meters = {name: Meter() for name in self.members}
        self.duty = Duty(setup, self.members)
        self._setup = setup
        self._segments = Segments(setup.segments)
        self.record = TrackRecord(tuple(self.members), self._segments.groups, every)
        self._frozen = FrozenScorers(setup.freeze_ms)
        self._sealed: dict[str, bytes] | None = None  # since the last example

    @property
    def champion(self) -> Learner:
        """The learner that is on duty."""
        return self.members[self.duty.on_duty]

    def scorer(self, version: int) -> Scorer:
        """Freeze a scorer of who is on duty; a challenger that has none any more gives way."""
        return self._of_champion(lambda champion: champion.scorer(version), version)

    def plain(self, version: int) -> dict[str, Any] | None:
        """Tell the scorer of who is on duty as data, where there is a way to; a challenger that fails gives way."""
        return self._of_champion(lambda champion: _plain(champion, version), version)

    def _of_champion(self, ask: Callable[[Learner], T], version: int) -> T:
        """Ask who is on duty; where that is a challenger and fails, who comes on duty in its place."""
        found: list[T] = []
        with self._one_less(self.duty.on_duty, version):
            found.append(ask(self.champion))
        return found[0] if found else ask(self.champion)

    def came_true(self, score: float, version: int, label: bool, about: str) -> None:
        """Tell what came true of a score that a customer was given by this version, for this action."""
        for member in self.members.values():
            if isinstance(member, Served):
                member.came_true(score, version, label, about)

    def publish(self, version: int) -> Iterator[None]:
        """Note that a version goes out, with who is on duty; whoever cannot be told of begins anew before it does.

        Iterate to the end, with nothing learned meanwhile: others may have their turn in between.
        """
        for name, member in list(self.members.items()):
            if name != CHAMPION:
                with self._one_less(name, version):
                    member.snapshot()
                yield
        self.sealed(version)
        yield
        self.duty.changed = False
        for name, member in self.members.items():
            if isinstance(member, Served) and name == self.duty.on_duty:
                member.published(version, self.duty.at_ms)
            elif isinstance(member, Served):
                member.off_duty(self.duty.at_ms)

    def learn_early(self, example: ExampleRecord, version: int) -> None:
        """Let those who need not wait learn a part of an example; the others learn, and all are judged, at its end."""
        self._freeze(example.due_ms, version)
        self.duty.at_ms = example.due_ms
        for member in self.members.values():
            if isinstance(member, LearnsEarly):
                member.learn_early(example.features, example.label == 1, example.about, example.context)

    def meet(self, example: ExampleRecord, label: bool, version: int, *, counts: bool = True) -> float:
        """Let all score an example, judge them, and let all learn it; returns what the champion says now.

        `version` is the one that will be published next. Who has learned the example early says what was said to the
        customer: of what is known by now the label is a part. Without `counts` he has not learned it after all, since
        parts of it were lost: it is no answer that floors may count.
        """
        self._freeze(example.due_ms, version)
        now = self._now(example, version)
        said, said_by = now[self.duty.on_duty], self.duty.on_duty
        self.duty.at_ms = example.due_ms
        then = self._then(example, now)
        if said_by in then:
            self._judge(example, label, then, version)
        self._sealed = None
        for name, member in list(self.members.items()):
            with self._one_less(name, version):
                if example.part == "verdict" and isinstance(member, LearnsEarly):
                    if counts:
                        member.concluded(example.about)
                else:
                    member.learn(example.features, label, example.about, example.context)
        if then:
            self.duty.decide(self._frozen.at(example.snapshot_ms), version)
        return said

    def _judge(self, example: ExampleRecord, label: bool, scores: Mapping[str, float], version: int) -> None:
        """Count what was said of an example."""
        groups = self._segments.of(example.features)
        for name, score in scores.items():
            self.meters[name].update(label, score)
        self.record.update(label, scores, groups)
        self.record.close(example.due_ms, version, self.duty.on_duty)
        self.duty.hear(label, scores, groups)

    def _freeze(self, due_ms: int, version: int) -> None:
        """Keep all scorers before the first example of a new stretch is learned; alone nobody is compared."""
        if len(self.members) == 1 or not self._frozen.is_due(due_ms):
            return
        scorers = {}
        for name, member in list(self.members.items()):
            if isinstance(member, Freezes):
                with self._one_less(name, version):
                    scorers[name] = member.scorer(0)
        self._frozen.freeze(due_ms, scorers)

    def _now(self, example: ExampleRecord, version: int) -> dict[str, float]:
        """Let who is on duty, and who cannot be judged otherwise, score as they are."""
        scores = {}
        for name, member in list(self.members.items()):
            if name == self.duty.on_duty or not isinstance(member, Freezes):
                with self._one_less(name, version):
                    scores[name] = _said(member, example)
        if self.duty.on_duty not in scores:  # it has begun anew and given way
            scores[self.duty.on_duty] = _said(self.champion, example)
        return scores

    def _then(self, example: ExampleRecord, now: Mapping[str, float]) -> dict[str, float]:
        """Say what an example is judged by: scores of its time, and of who is only metered that of now.

        Nothing where nobody's scorer is as old. A model without challengers has only that of now.
        """
        if len(self.members) == 1:
            return dict(now)
        frozen = self._frozen.at(example.snapshot_ms)
        if not frozen:
            return {}
        features, slots = tame(example.features), tame_slots(example.context)
        scores = {name: scorer.score(features, example.about, slots).value for name, scorer in frozen.items()}
        return scores | {name: score for name, score in now.items() if not isinstance(self.members[name], Freezes)}

    @contextmanager
    def _one_less(self, name: str, version: int) -> Iterator[None]:
        """Let a challenger that fails begin anew: it must never take the champion with it."""
        try:
            yield
        except Exception as error:  # whatever: nobody can name all that River or a pickle may raise
            if name == CHAMPION:
                raise
            self.duty.note("began_anew", version, name, type(error).__name__)
            self._begin_anew(name, version)

    def _begin_anew(self, name: str, version: int) -> None:
        self.members[name], self.meters[name] = self._setup.begin(name), Meter()
        self._frozen.drop(name)
        self._sealed = None
        self.duty.drop(name, version)

    def snapshot(self) -> Snapshot:
        """All that follows from the examples, but for the champion that policy begins with, and for what is hidden."""
        others = [name for name in self.members if name != CHAMPION]
        return {
            "challengers": {name: self.members[name].snapshot() for name in others},
            "meters": {name: meter.snapshot() for name, meter in self.meters.items()},
            "record": self.record.snapshot(),
            **self.duty.snapshot(),
            "frozen": self._frozen.snapshot(),
        }

    def sealed(self, version: int = 0) -> dict[str, bytes]:
        """Pickle and sign what no data can tell; nothing without a key.

        Whoever cannot be pickled, or only above `MAX_HIDDEN` bytes, is left out and begins anew: a version with it
        would be refused as a whole.
        """
        if self._sealed is None:
            self._sealed, found = {}, {}
            for name, member in list(self.members.items()):
                with self._one_less(name, version):
                    closed = self._setup.closed(self._place(name), member)
                    if closed is not None:
                        found[name] = closed
            self._sealed = found
        return self._sealed

    def restore(self, data: Mapping[str, Any], sealed: Mapping[str, bytes], version: int) -> list[str]:
        """Go on from a snapshot whose shape was checked. Raises `BadSnapshotError`.

        Returns the challengers that begin anew: new in policy, or with a sealed part that is missing or not ours.
        """
        self.duty.restore(data, version)
        self.record.restore(data["record"])
        self._frozen.restore(data["frozen"], self.members)
        self._sealed = None
        lost = []
        for name, member in list(self.members.items()):
            told = data["challengers"].get(name)
            if name == CHAMPION or self._setup.brought_back(self._place(name), member, told, sealed.get(name)):
                self.meters[name].restore(data["meters"][name])
            else:
                lost.append(name)
                self._begin_anew(name, version + 1)
        return lost

    def _place(self, name: str) -> str:
        """Say whose state it is that is sealed."""
        return f"{self.model}/{name}"


def _plain(member: Learner, version: int) -> dict[str, Any] | None:
    return member.scorer(version).plain() if isinstance(member, Freezes) else None


def _said(member: Learner, example: ExampleRecord) -> float:
    if example.part == "verdict" and isinstance(member, LearnsEarly) and example.score is not None:
        return example.score
    return member.score(example.features, example.about, example.context)
