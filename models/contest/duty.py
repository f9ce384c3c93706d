"""Who of a contest's members is on duty, and all that changes it: trials, second thoughts, and people's word.

A drift of the loss of who is on duty, or so many examples since the last trial, opens one; only a trial that is won
puts somebody else on duty (`models.contest.trial`). Whoever was on duty before is watched from then on: when there is
evidence that he would do better, he comes back. People can do both by their word, and pin a version.
"""

from collections.abc import Iterable, Mapping
from math import log
from typing import Any

from models.challengers.kinds import CHAMPION
from models.contest.events import Events, What
from models.contest.setup import Setup
from models.contest.trial import Trial
from models.evaluation.drift import Drift, Mark
from models.evaluation.evidence import Evidence, loss
from models.learning.learner import Learner, Snapshot
from models.learning.scoring import Scorer
from schemas.internal import ModelCommand

UNPINNED = 0
NOBODY = ""


class Duty:
    """Who is on duty; `hear` what was said of each example, then `decide`."""

    def __init__(self, setup: Setup, members: Mapping[str, Learner]) -> None:
        """Begin with the champion of policy on duty; `members` is the contest's own mapping, as it is at any time."""
        self.on_duty = CHAMPION
        self.pinned = UNPINNED
        self.at_ms = -1  # maturity of the newest example
        self.events = Events()
        self.changed = False  # since the last version: it must not wait for its cadence
        self.trial: Trial | None = None
        self._setup = setup
        self._members = members
        self._drift = Drift()
        self._trials = 0  # ever: they share one error
        self._since_trial = 0
        self._watch: tuple[str, Evidence] | None = None  # who was on duty before
        self._previous = NOBODY  # whom a rollback puts back

    @property
    def drifts(self) -> int:
        """How often the loss of who was on duty has risen for good."""
        return self._drift.count

    @property
    def drift_marks(self) -> list[Mark]:
        """The last of these drifts one by one, and the trials that they opened."""
        return self._drift.marks

    def open_trial(self) -> dict[str, Any] | None:
        """Say how the open trial stands; None where there is none."""
        return None if self.trial is None else self.trial.standing(self._setup.rules)

    def note(self, what: What, version: int, about: str, why: str, **more: Any) -> None:
        """Write an entry of the ledger, as of the newest example; `version` is the first that shows it."""
        self.events.add(what, self.at_ms, version, self.on_duty, about, why, **more)

    def hear(self, label: bool, scores: Mapping[str, float], groups: Iterable[str]) -> None:
        """Take what came true of an example of these groups, and what was said of it, also by who is on duty."""
        if self.trial is not None:
            self.trial.note(label, scores, groups)
        lost = loss(label, scores[self.on_duty])
        if self._watch is not None and self._watch[0] in scores:
            before, evidence = self._watch
            evidence.add(lost - loss(label, scores[before]))
        self._drift.hear(lost, self.at_ms, self.on_duty)

    def decide(self, known: Mapping[str, Scorer], version: int) -> None:
        """Ask after an example whether somebody comes back, or wins, or is to be tried.

        `known`: the scorers of the time when the example was scored.
        """
        self._since_trial += 1
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
            self._open("drift" if self._drift.waits else "schedule", known, version)

    def may_serve(self, name: str) -> bool:
        """Whether a member can be put on duty: it has a scorer, and a restart would not lose what it knows."""
        return self._setup.may_serve(name, self._members[name])

    def _open(self, why: str, known: Mapping[str, Scorer], version: int) -> None:
        """Open a trial as soon as somebody is ready: servable, and knowing enough when what matures now was scored."""
        floor = max(1, self._setup.floor_examples)
        rivals = [
            name
            for name, scorer in known.items()
            if name != self.on_duty and self.may_serve(name) and scorer.examples >= floor
        ]
        if rivals and self.on_duty in known:
            self._trials, self._since_trial = self._trials + 1, 0
            if self._drift.waits:
                self._drift.answered(self._trials)
            self.trial = Trial(self._trials, why, self.at_ms, self.on_duty, rivals)
            self.note("trial_opened", version, ", ".join(rivals), why)

    def _conclude(self, trial: Trial, version: int) -> None:
        rules = self._setup.rules
        winner = trial.winner(rules)
        if winner is not None:
            why = f"lower log loss in trial {trial.number}"
            self._switch("promoted", winner, version, why, figures=trial.figures(winner, rules))
        elif trial.examples >= rules.trial_examples:
            figures = {name: trial.figures(name, rules) for name in trial.pairs}
            self.trial, self._since_trial = None, 0
            self.note("trial_closed", version, self.on_duty, "nobody was better", figures=figures)

    def _switch(self, what: What, name: str, version: int, why: str, **more: Any) -> None:
        """Put a member on duty; who was before is watched after a promotion."""
        before, self.on_duty = self.on_duty, name
        if before != name:
            self._watch = (before, Evidence(floor=True)) if what == "promoted" else None
            self._previous = before if what == "promoted" else NOBODY
            self._drift.begin_anew()
        self.trial, self._since_trial = None, 0
        self.pinned, self.changed = UNPINNED, True
        self.note(what, version, before, why, **more)

    def drop(self, name: str, version: int) -> None:
        """Forget what was learned of a challenger that begins anew; who is on duty gives way."""
        if self.trial is not None:
            self.trial.drop(name)
        if self._watch is not None and self._watch[0] == name:
            self._watch = None
        if self._previous == name:
            self._previous = NOBODY
        if self.on_duty == name:
            self._switch("returned", CHAMPION, version, f"{name} began anew")

    def obey(self, command: ModelCommand, version: int) -> None:
        """Do what a person asks, or say why not; a command that was heard before is nothing."""
        if self.events.knows(command.command_id):
            return
        more = {"by": command.by, "command_id": command.command_id}
        refusal = self._refusal(command, version)
        self.changed = True
        if refusal:
            self.note("refused", version, command.challenger, refusal, **more)
        elif command.op == "promote":
            self._switch("promoted", command.challenger, version, command.reason, **more)
        elif command.version:
            self.pinned, self.trial = command.version, None
            self.note("pinned", version, f"version {command.version}", command.reason, **more)
        else:
            self._switch("returned", self._before(), version, command.reason, **more)

    def _refusal(self, command: ModelCommand, version: int) -> str:
        """Say why a command cannot be obeyed; "" where it can."""
        name = command.challenger
        if command.op == "rollback":
            if command.version:
                return "" if command.version < version else f"there is no version {command.version} yet"
            return "" if self._before() or self.pinned else "nobody was on duty before"
        if name not in self._members:
            return f"nobody is called {name}: there are {', '.join(self._members)}"
        if not self.may_serve(name):
            return f"{name} cannot be served, or would be lost at a restart (no key)"
        if name == self.on_duty and not self.pinned:
            return f"{name} is on duty already"
        return "" if self._members[name].examples else f"{name} has learned nothing yet"

    def _before(self) -> str:
        """Name whom the last promotion replaced; while a version is pinned, who is on duty behind it."""
        return self.on_duty if self.pinned else self._previous

    def snapshot(self) -> Snapshot:
        """All that stands here: it follows from the examples and the commands alone."""
        marks = [list(mark) for mark in self._drift.marks]
        return {
            "on_duty": self.on_duty,
            "pinned": self.pinned,
            "drift": self._drift.window(),
            "drifts": self._drift.count,
            "trial": None if self.trial is None else self.trial.snapshot(),
            "trials": self._trials,
            "since_trial": self._since_trial,
            "watch": None if self._watch is None else [self._watch[0], list(self._watch[1].wealth)],
            "events": self.events.snapshot(),
            "at_ms": self.at_ms,
            "previous": self._previous,
            "drift_waits": self._drift.waits,
            **({"drift_marks": marks} if marks else {}),  # without a drift the same bytes as before there were marks
        }

    def restore(self, data: Mapping[str, Any], version: int) -> None:
        """Go on from a snapshot whose shape was checked; whom policy no longer names leaves duty, trial and watch."""
        self.events.restore(data["events"])
        self.at_ms, self.on_duty = data["at_ms"], data["on_duty"]
        self._drift.restore(data["drift"], data["drifts"], data.get("drift_marks", ()), waits=data["drift_waits"])
        self._trials, self._since_trial, self.pinned = data["trials"], data["since_trial"], data["pinned"]
        self.trial = None if data["trial"] is None else Trial.of(data["trial"], self._members)
        self._previous = data["previous"] if data["previous"] in self._members else NOBODY
        self._watch = None
        if data["watch"] is not None and data["watch"][0] in self._members:
            self._watch = (data["watch"][0], Evidence(data["watch"][1], floor=True))
        if self.on_duty not in self._members:
            self._switch("returned", CHAMPION, version + 1, "policy no longer names who was on duty")
