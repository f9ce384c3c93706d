"""A trial: challengers against the champion over the same examples, from its opening on.

It is opened by what came before it, so what comes after is fresh evidence. A challenger wins when, at a look,

- the evidence that it saves log loss passes 1/a (`models.evaluation.evidence`: looking after each example costs
  nothing), where all trials that a model ever has and all challengers in them share the error that policy allows: the
  k-th trial of n challengers has a = error / (n * k * (k + 1));
- its calibration error over the trial is no worse than the champion's, but for a slack;
- no group of customers is harmed: in each the losses are shown not to be higher by more than a slack. That is a test
  like any other, so whoever asks it after every example will hear yes some day: it is asked, as is calibration, only
  at `looks` that are fixed before the trial begins, and they share `error` (one-sided, normal). A group is heard from
  some number of examples on, and whoever will have as many by the end of the trial is waited for; smaller ones are not
  protected.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log, sqrt
from statistics import NormalDist
from typing import Any

from models.contest.track_record import EVERYBODY
from models.evaluation.evidence import Evidence, loss
from models.evaluation.meters import Meter
from models.policy.contest import ContestRules

GROWTH = 1.5  # from one look to the next


@lru_cache(maxsize=16)
def looks(rules: ContestRules) -> tuple[int, ...]:
    """After how many examples of a trial its verdict is asked, the last one at its end.

    >>> looks(ContestRules(trial_least=300, trial_examples=1_000))
    (300, 450, 675, 1000)
    """
    found, at = [], float(rules.trial_least)
    while at < rules.trial_examples:
        found.append(int(at))
        at *= GROWTH
    return (*found, rules.trial_examples)


@dataclass(slots=True)
class Saved:
    """How much loss a challenger saved in one group of customers, against the champion: count, sum, sum of squares."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, saved: float) -> None:
        """Count one example."""
        self.count += 1
        self.total += saved
        self.squares += saved * saved

    @property
    def mean(self) -> float:
        """The mean, 0 of nothing."""
        return self.total / self.count if self.count else 0.0

    def may_harm(self, rules: ContestRules) -> bool:
        """Whether losses may have risen by more than the slack, as far as one look of several can tell."""
        variance = max(0.0, self.squares / self.count - self.mean * self.mean)
        deviations = NormalDist().inv_cdf(1.0 - rules.error / len(looks(rules)))
        return self.mean - deviations * sqrt(variance / self.count) <= -rules.segment_slack


@dataclass(slots=True)
class Pair:
    """One challenger against the champion."""

    evidence: Evidence = field(default_factory=Evidence)
    saved: dict[str, Saved] = field(default_factory=dict)

    def add(self, saved: float, groups: Iterable[str]) -> None:
        """Count one example of these groups."""
        self.evidence.add(saved)
        for group in (EVERYBODY, *groups):
            self.saved.setdefault(group, Saved()).add(saved)

    def harmed(self, rules: ContestRules) -> list[str]:
        """Name the groups that may fare worse, and those that are still to be heard, sorted."""
        least, end = rules.segment_least, rules.trial_examples
        examples = self.saved[EVERYBODY].count if self.saved else 0
        found = []
        for group, saved in sorted(self.saved.items()):
            if saved.count >= least:
                found += [group] if group and saved.may_harm(rules) else []
            elif group and saved.count * end >= least * examples:
                found.append(f"{group} is still to be heard")
        return found


class Trial:
    """One trial; `note` each example, then ask for the `winner`."""

    def __init__(self, number: int, why: str, opened_ms: int, champion: str, rivals: Sequence[str]) -> None:
        """Open the `number`-th trial that the model ever had; only `rivals` can win it."""
        self.number, self.why, self.opened_ms, self.champion = number, why, opened_ms, champion
        self.examples = 0
        self.rivals = tuple(rivals)
        self.pairs = {name: Pair() for name in self.rivals}
        self.meters = {name: Meter() for name in (champion, *self.rivals)}

    def note(self, label: bool, scores: Mapping[str, float], groups: Iterable[str]) -> None:
        """Count one example and what each model said of it."""
        self.examples += 1
        groups = tuple(groups)
        champions = loss(label, scores[self.champion])
        for name in self.meters.keys() & scores.keys():
            self.meters[name].update(label, scores[name])
        for name in self.pairs.keys() & scores.keys():
            self.pairs[name].add(champions - loss(label, scores[name]), groups)

    def drop(self, name: str) -> None:
        """Take a challenger out, for instance one that began anew."""
        self.pairs.pop(name, None)
        self.meters.pop(name, None)

    def needed(self, rules: ContestRules) -> float:
        """Return the log of the evidence that promotes."""
        return log(len(self.rivals) * self.number * (self.number + 1) / rules.error)

    def winner(self, rules: ContestRules) -> str | None:
        """Name the challenger that has won; of several the one with the most evidence."""
        if self.examples not in looks(rules):
            return None
        needed = self.needed(rules)
        ahead = [(pair.evidence.log_value(), name) for name, pair in self.pairs.items()]
        for evidence, name in sorted(ahead, reverse=True):
            if evidence >= needed and not self.pairs[name].harmed(rules) and not self._is_off(name, rules):
                return name
        return None

    def _is_off(self, name: str, rules: ContestRules) -> bool:
        """Whether a challenger's calibration is worse than the champion's."""
        ours, its = (self.meters[who].quality().calibration_error or 0.0 for who in (self.champion, name))
        return its > ours + rules.calibration_slack

    def objections(self, name: str, rules: ContestRules) -> list[str]:
        """Say what stands against a challenger that is ahead."""
        return (["calibration"] if self._is_off(name, rules) else []) + self.pairs[name].harmed(rules)

    def figures(self, name: str, rules: ContestRules) -> dict[str, Any]:
        """Tell how a challenger stands: nats saved per example, evidence (logs), and what stands against it."""
        pair = self.pairs[name]
        everybody = pair.saved.get(EVERYBODY, Saved())
        return {
            "examples": self.examples,
            "saved": everybody.mean,
            "log_evidence": pair.evidence.log_value(),
            "log_needed": self.needed(rules),
            "against": self.objections(name, rules),
        }

    def standing(self, rules: ContestRules) -> dict[str, Any]:
        """Tell which trial it is, and how near each challenger is to what promotes (logs of evidence)."""
        return {
            "number": self.number,
            "why": self.why,
            "opened_ms": self.opened_ms,
            "examples": self.examples,
            "log_needed": self.needed(rules),
            "log_evidence": {name: pair.evidence.log_value() for name, pair in self.pairs.items()},
        }

    def snapshot(self) -> dict[str, Any]:
        """All that was counted."""
        return {
            "number": self.number,
            "why": self.why,
            "opened_ms": self.opened_ms,
            "champion": self.champion,
            "rivals": list(self.rivals),
            "examples": self.examples,
            "meters": {name: meter.snapshot() for name, meter in self.meters.items()},
            "pairs": {
                name: {
                    "wealth": list(pair.evidence.wealth),
                    "saved": [[group, s.count, s.total, s.squares] for group, s in sorted(pair.saved.items())],
                }
                for name, pair in self.pairs.items()
            },
        }

    @classmethod
    def of(cls, data: Mapping[str, Any], known: Collection[str]) -> "Trial | None":
        """Go on from a snapshot whose shape was checked; None where its champion is no longer known."""
        if data["champion"] not in known or data["champion"] not in data["meters"]:
            return None
        trial = cls(data["number"], data["why"], data["opened_ms"], data["champion"], data["rivals"])
        trial.examples = data["examples"]
        for name in trial.rivals:
            told = data["pairs"].get(name)
            if name not in known or told is None or name not in data["meters"]:
                trial.drop(name)
                continue
            saved = {group: Saved(*counts) for group, *counts in told["saved"]}
            trial.pairs[name] = Pair(Evidence(told["wealth"]), saved)
        for name, meter in trial.meters.items():
            meter.restore(data["meters"][name])
        return trial
