"""Champion and challengers of one model: all score and learn the same examples in the same order; one is on duty.

A drift of the champion's loss, or so many examples since the last trial, opens one; only a trial that is won changes
who is on duty (`models.contest.trial`). Whoever was on duty before is watched from then on: when there is evidence that
he would do better, he comes back. People can do both by their word. All this follows from the examples and the commands
alone.

All that can be served are judged by what they would have said when the example was scored
(`models.challengers.frozen`), never by what they say when its label comes; who cannot be served is only metered, by
what he says then.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import log
from typing import Any, TypeVar

from models.challengers.frozen import Freezes, FrozenScorers
from models.challengers.kinds import CHAMPION
from models.contest.events import Events
from models.contest.segments import Segments
from models.contest.setup import ALONE, Setup
from models.contest.track_record import TrackRecord
from models.contest.trial import Trial
from models.evaluation.drift import Drift
from models.evaluation.evidence import Evidence, loss
from models.evaluation.meters import Meter
from models.learning.learner import Learner, LearnsEarly, Snapshot, tame, tame_slots
from models.learning.scoring import Scorer
from models.served.calibrated import Served
from schemas.internal import ExampleRecord, ModelCommand

UNPINNED = 0
NOBODY = ""

T = TypeVar("T")


class Contest:
    """One model's champion with its challengers; `score`, then `learn`, each example."""

    def __init__(self, model: str, champion: Learner, every: int, setup: Setup = ALONE) -> None:
        """Begin with `champion` on duty; a point of the track record is made every so many examples."""
        self.model = model
        self.members: dict[str, Learner] = {CHAMPION: champion}
        self.members |= {name: setup.begin(name) for name in setup.challengers}
        self.meters = {name: Meter() for name in self.members}
        self.on_duty = CHAMPION
        self.pinned = UNPINNED
        self.events = Events()
        self.changed = False  # since the last version: it must not wait for its cadence
        self._setup = setup
        self._segments = Segments(setup.segments)
        self.record = TrackRecord(tuple(self.members), self._segments.groups, every)
        self._drift = Drift()
        self.trial: Trial | None = None
        self._trials = 0  # ever: they share one error
        self._since_trial = 0
        self._watch: tuple[str, Evidence] | None = None  # who was on duty before
        self._previous = NOBODY  # whom a rollback puts back
        self._frozen = FrozenScorers(setup.freeze_ms)
        self._sealed: dict[str, bytes] | None = None  # since the last example
        self._at_ms = -1

    @property
    def drifts(self) -> int:
        """How often the loss of who was on duty has risen for good."""
        return self._drift.count

    @property
    def champion(self) -> Learner:
        """The learner that is on duty."""
        return self.members[self.on_duty]

    def open_trial(self) -> dict[str, Any] | None:
        """Say how the open trial stands; None where there is none."""
        return None if self.trial is None else self.trial.standing(self._setup.rules)

    def scorer(self, version: int) -> Scorer:
        """Freeze a scorer of who is on duty; a challenger that has none any more gives way."""
        return self._of_champion(lambda champion: champion.scorer(version), version)

    def plain(self, version: int) -> dict[str, Any] | None:
        """Tell the scorer of who is on duty as data, where there is a way to; a challenger that fails gives way."""
        return self._of_champion(lambda champion: _plain(champion, version), version)

    def _of_champion(self, ask: Callable[[Learner], T], version: int) -> T:
        """Ask who is on duty; where that is a challenger and fails, who comes on duty in its place."""
        found: list[T] = []
        with self._one_less(self.on_duty, version):
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
        self.changed = False
        for name, member in self.members.items():
            if isinstance(member, Served) and name == self.on_duty:
                member.published(version, self._at_ms)
            elif isinstance(member, Served):
                member.off_duty(self._at_ms)

    def learn_early(self, example: ExampleRecord, version: int) -> None:
        """Let those who need not wait learn a part of an example; the others learn, and all are judged, at its end."""
        self._freeze(example.due_ms, version)
        self._at_ms = example.due_ms
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
        said, said_by = now[self.on_duty], self.on_duty
        self._at_ms = example.due_ms
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
            self._since_trial += 1
            self._decide(example.snapshot_ms, version)
        return said

    def _judge(self, example: ExampleRecord, label: bool, scores: Mapping[str, float], version: int) -> None:
        """Count what was said of an example."""
        groups = self._segments.of(example.features)
        for name, score in scores.items():
            self.meters[name].update(label, score)
        self.record.update(label, scores, groups)
        self.record.close(example.due_ms, version, self.on_duty)
        if self.trial is not None:
            self.trial.note(label, scores, groups)
        lost = loss(label, scores[self.on_duty])
        if self._watch is not None and self._watch[0] in scores:
            before, evidence = self._watch
            evidence.add(lost - loss(label, scores[before]))
        self._drift.hear(lost)

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
            if name == self.on_duty or not isinstance(member, Freezes):
                with self._one_less(name, version):
                    scores[name] = _said(member, example)
        if self.on_duty not in scores:  # it has begun anew and given way
            scores[self.on_duty] = _said(self.champion, example)
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
            self.events.add("began_anew", self._at_ms, version, self.on_duty, name, type(error).__name__)
            self._begin_anew(name, version)

    def _begin_anew(self, name: str, version: int) -> None:
        self.members[name], self.meters[name] = self._setup.begin(name), Meter()
        self._frozen.drop(name)
        self._sealed = None
        if self.trial is not None:
            self.trial.drop(name)
        if self._watch is not None and self._watch[0] == name:
            self._watch = None
        if self._previous == name:
            self._previous = NOBODY
        if self.on_duty == name:
            self._switch("returned", CHAMPION, version, f"{name} began anew")

    def _decide(self, scored_ms: int, version: int) -> None:
        if self.pinned:
            return
        rules = self._setup.rules
        if self._watch is not None and self._watch[1].log_value() >= log(rules.return_examples):
            before, evidence = self._watch
            figures = {"log_evidence": evidence.log_value(), "log_needed": log(rules.return_examples)}
            self._switch("returned", before, version, f"{self.on_duty} got worse than {before}", figures=figures)
        elif self.trial is not None:
            self._conclude(self.trial, version)
        elif self._drift.waits or (rules.trial_every and self._since_trial >= rules.trial_every):
            self._open("drift" if self._drift.waits else "schedule", scored_ms, version)

    def may_serve(self, name: str) -> bool:
        """Whether a member can be put on duty: it has a scorer, and a restart would not lose what it knows."""
        return self._setup.may_serve(name, self.members[name])

    def _open(self, why: str, scored_ms: int, version: int) -> None:
        """Open a trial as soon as somebody is ready: servable, and knowing enough when what matures now was scored."""
        floor, known = max(1, self._setup.floor_examples), self._frozen.at(scored_ms)
        rivals = [
            name
            for name, scorer in known.items()
            if name != self.on_duty and self.may_serve(name) and scorer.examples >= floor
        ]
        if rivals and self.on_duty in known:
            self._trials, self._since_trial, self._drift.waits = self._trials + 1, 0, False
            self.trial = Trial(self._trials, why, self._at_ms, self.on_duty, rivals)
            self.events.add("trial_opened", self._at_ms, version, self.on_duty, ", ".join(rivals), why)

    def _conclude(self, trial: Trial, version: int) -> None:
        rules = self._setup.rules
        winner = trial.winner(rules)
        if winner is not None:
            why = f"lower log loss in trial {trial.number}"
            self._switch("promoted", winner, version, why, figures=trial.figures(winner, rules))
        elif trial.examples >= rules.trial_examples:
            figures = {name: trial.figures(name, rules) for name in trial.pairs}
            self.trial, self._since_trial = None, 0
            self.events.add(
                "trial_closed", self._at_ms, version, self.on_duty, self.on_duty, "nobody was better", figures=figures
            )

    def _switch(self, what: Any, name: str, version: int, why: str, **more: Any) -> None:
        """Put a member on duty; who was before is watched after a promotion."""
        before, self.on_duty = self.on_duty, name
        if before != name:
            self._watch = (before, Evidence(floor=True)) if what == "promoted" else None
            self._previous = before if what == "promoted" else NOBODY
            self._drift.begin_anew()
        self.trial, self._since_trial = None, 0
        self.pinned, self.changed = UNPINNED, True
        self.events.add(what, self._at_ms, version, name, before, why, **more)

    def obey(self, command: ModelCommand, version: int) -> None:
        """Do what a person asks, or say why not; a command that was heard before is nothing."""
        if self.events.knows(command.command_id):
            return
        more = {"by": command.by, "command_id": command.command_id}
        refusal = self._refusal(command, version)
        self.changed = True
        if refusal:
            self.events.add("refused", self._at_ms, version, self.on_duty, command.challenger, refusal, **more)
        elif command.op == "promote":
            self._switch("promoted", command.challenger, version, command.reason, **more)
        elif command.version:
            self.pinned, self.trial = command.version, None
            about = f"version {command.version}"
            self.events.add("pinned", self._at_ms, version, self.on_duty, about, command.reason, **more)
        else:
            self._switch("returned", self._before(), version, command.reason, **more)

    def _refusal(self, command: ModelCommand, version: int) -> str:
        """Say why a command cannot be obeyed; "" where it can."""
        name = command.challenger
        if command.op == "rollback":
            if command.version:
                return "" if command.version < version else f"there is no version {command.version} yet"
            return "" if self._before() or self.pinned else "nobody was on duty before"
        if name not in self.members:
            return f"nobody is called {name}: there are {', '.join(self.members)}"
        if not self.may_serve(name):
            return f"{name} cannot be served, or would be lost at a restart (no key)"
        if name == self.on_duty and not self.pinned:
            return f"{name} is on duty already"
        return "" if self.members[name].examples else f"{name} has learned nothing yet"

    def _before(self) -> str:
        """Name whom the last promotion replaced; while a version is pinned, who is on duty behind it."""
        return self.on_duty if self.pinned else self._previous

    def snapshot(self) -> Snapshot:
        """All that follows from the examples, but for the champion that policy begins with, and for what is hidden."""
        others = [name for name in self.members if name != CHAMPION]
        return {
            "challengers": {name: self.members[name].snapshot() for name in others},
            "meters": {name: meter.snapshot() for name, meter in self.meters.items()},
            "record": self.record.snapshot(),
            "on_duty": self.on_duty,
            "pinned": self.pinned,
            "drift": self._drift.window(),
            "drifts": self._drift.count,
            "trial": None if self.trial is None else self.trial.snapshot(),
            "trials": self._trials,
            "since_trial": self._since_trial,
            "watch": None if self._watch is None else [self._watch[0], list(self._watch[1].wealth)],
            "events": self.events.snapshot(),
            "at_ms": self._at_ms,
            "previous": self._previous,
            "drift_waits": self._drift.waits,
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
        self.events.restore(data["events"])
        self._at_ms, self.on_duty = data["at_ms"], data["on_duty"]
        self.record.restore(data["record"])
        self._drift.restore(data["drift"], data["drifts"], waits=data["drift_waits"])
        self._trials, self._since_trial, self.pinned = data["trials"], data["since_trial"], data["pinned"]
        self.trial = None if data["trial"] is None else Trial.of(data["trial"], self.members)
        self._frozen.restore(data["frozen"], self.members)
        self._sealed = None
        self._previous = data["previous"] if data["previous"] in self.members else NOBODY
        self._watch = None
        if data["watch"] is not None and data["watch"][0] in self.members:
            self._watch = (data["watch"][0], Evidence(data["watch"][1], floor=True))
        lost = []
        for name, member in list(self.members.items()):
            told = data["challengers"].get(name)
            if name == CHAMPION or self._setup.brought_back(self._place(name), member, told, sealed.get(name)):
                self.meters[name].restore(data["meters"][name])
            else:
                lost.append(name)
                self._begin_anew(name, version + 1)
        if self.on_duty not in self.members:
            self._switch("returned", CHAMPION, version + 1, "policy no longer names who was on duty")
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
