"""Which learner stands behind a model's name, and training in process, for replay without a broker."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from models.challengers.calibrated import Hidden
from models.challengers.frozen import Freezes, spacing
from models.challengers.kinds import CHAMPION, KINDS, Start
from models.clv.model import MODEL as VALUE
from models.clv.model import ValueLearner
from models.contest.sealing import Seal
from models.contest.setup import Setup
from models.features import FEATURES
from models.labels.escalation import MODEL as ESCALATION
from models.learning.calibration import log_odds
from models.learning.learner import BadSnapshotError, Learner, reading
from models.learning.scoring import Scorer
from models.learning.starts import Starts
from models.policy import Policy
from models.rings.windows import DAY_MS
from models.served.calibrated import Calibrated
from models.served.calibrated_actions import CalibratedActions
from models.served.churn import ChurnLearner
from models.served.need import MODEL as NEED
from models.served.need import NeedLearner
from models.served.propensity import MODEL as PROPENSITY
from models.served.propensity import PropensityLearner
from models.training.bookmark import Position
from models.training.need_release import Uptake
from models.training.published import Cadence, Published
from models.training.punctuation import punctuation
from models.training.release import Release
from models.training.snapshot_shape import check_served, check_snapshot
from models.training.snapshots import Manifest, Stored
from models.training.value_release import Census
from schemas.actions import Effect
from schemas.internal import ExampleRecord


def _calibrated(start_score: float) -> Calibrated:
    return Calibrated(ChurnLearner(start_score), log_odds(start_score))


def _starts(policy: Policy) -> Starts:
    return Starts(
        {action.name: action.start_propensity for action in policy.actions.action},
        {action.name: action.start_evidence for action in policy.actions.action},
    )


def _propensity(starts: Starts) -> PropensityLearner:
    return PropensityLearner(starts.chances, starts.answers)


LEARNERS: Mapping[str, Callable[[Policy], Learner]] = {
    "churn": lambda policy: _calibrated(policy.churn.start_score),
    PROPENSITY: lambda policy: CalibratedActions(_propensity(_starts(policy))),
    VALUE: ValueLearner,
    NEED: NeedLearner,
    ESCALATION: lambda policy: _calibrated(policy.models.escalation.start_score),
}


def new_release(
    model: str, policy: Policy, sources: int, seal: Seal | None = None, *, restarts: bool = True
) -> Release:
    """Begin to train the model called `model` from `sources` source partitions, with the challengers of policy.

    Where it `restarts` and has no `seal`, those that can only be pickled are left out (`left_out` names them): they
    would begin anew each time, and what follows from the examples would follow from the restarts too.
    """
    if model == VALUE:
        return Census(ValueLearner(policy), sources)
    cadence = Cadence(policy.models.publish_examples)
    if model == NEED:
        return Uptake(NeedLearner(policy), sources, cadence)
    return Release(model, LEARNERS[model](policy), sources, cadence, _setup(model, policy, seal, restarts=restarts))


def left_out(model: str, policy: Policy) -> tuple[str, ...]:
    """Name the challengers that take no part where nothing can be sealed."""
    named = policy.models.challengers.get(model, ())
    return tuple(name for name in named if isinstance(KINDS[name].begin(_start(model, policy)), Hidden))


def _start(model: str, policy: Policy) -> Start:
    """Say what challengers of a model begin with."""
    return _starts(policy) if model == PROPENSITY else policy.churn.start_score


def _horizon_days(model: str, policy: Policy) -> int:
    """Say how long labels take at most, from the score to the horizon; a catalogue may be empty."""
    if model == PROPENSITY:
        return max([action.horizon_days for action in policy.actions.action], default=0)
    return policy.churn.horizon_days


def _setup(model: str, policy: Policy, seal: Seal | None, *, restarts: bool) -> Setup:
    rules, named = policy.models, policy.models.challengers.get(model, ())
    without = left_out(model, policy) if restarts and seal is None else ()
    challengers = tuple(name for name in named if name not in without)
    segments = rules.segment if challengers else ()
    floor = rules.floor_examples[model]
    wait_ms = _horizon_days(model, policy) * DAY_MS + policy.bank.lateness_ms
    start = _start(model, policy)
    return Setup(challengers, start, segments, rules.contest, floor, seal, restarts, spacing(wait_ms))


def starting_scorers(policy: Policy) -> dict[str, Scorer]:
    """Give what scores before any version was published: version 0, with 0 examples."""
    return {model: LEARNERS[model](policy).scorer(0) for model in policy.models.names}


def scorer_of(stored: Stored, policy: Policy) -> Scorer:
    """Give the scorer of a stored version: of whoever was on duty in it.

    Raises `BadSnapshotError` where it is of other features, or damaged: then it names the field.
    """
    manifest, snapshot, served = stored
    if manifest.model not in LEARNERS:
        raise BadSnapshotError(f"model: nobody knows {manifest.model!r}")
    if served is not None:
        check_served(manifest.model, served)
        _check_version(served["version"], manifest.version)
        return _thawed(manifest, served, policy)
    check_snapshot(manifest.model, snapshot)
    _check_version(snapshot["state"]["version"], manifest.version)
    contest = snapshot["state"]["contest"]
    on_duty = contest["on_duty"]
    learner = _on_duty(manifest.model, on_duty, policy)
    told = snapshot["state"]["learner"] if on_duty == CHAMPION else contest["challengers"].get(on_duty)
    if not told:
        raise BadSnapshotError(f"state.contest.on_duty: {on_duty!r} cannot be served")
    learner.restore(told)
    return learner.scorer(manifest.version)


def _check_version(said: int, version: int) -> None:
    if said != version:
        raise BadSnapshotError(f"state.version: {said}, and the manifest says {version}")


def _on_duty(model: str, name: str, policy: Policy) -> Learner:
    """Begin a learner of the kind that is on duty, unlearned."""
    if name == CHAMPION:
        return LEARNERS[model](policy)
    if name in KINDS and KINDS[name].servable:
        return cast("Learner", KINDS[name].begin(_start(model, policy)))
    raise BadSnapshotError(f"state.contest.on_duty: {name!r} cannot be served")


def _thawed(manifest: Manifest, served: Mapping[str, Any], policy: Policy) -> Scorer:
    """Read what is served by: the same scorer, to the last bit, as the whole version would give."""
    if tuple(served["features"]) != FEATURES:
        raise BadSnapshotError("features: the version is of others")
    learner = cast("Freezes", _on_duty(manifest.model, served["on_duty"], policy))
    with reading():
        scorer: Any = learner.thawed(served["plain"])
    scorer.version = manifest.version
    return cast("Scorer", scorer)


def servable(stored: Stored, policy: Policy) -> bool:
    """Whether there is a scorer of a stored version."""
    try:
        scorer_of(stored, policy)
    except BadSnapshotError:
        return False
    return True


class LocalTrainer:
    """All models of policy trained in process: the trainer's own core, driven by the replay's clock."""

    def __init__(self, policy: Policy, *, learning: bool = True) -> None:
        """Start unlearned; with `learning` off the scorers stay as they are and examples are only counted."""
        self.releases = {model: new_release(model, policy, sources=1, restarts=False) for model in policy.models.names}
        self._scorers = starting_scorers(policy)
        self._learning = learning
        self._offset = 0

    def take(self, effects: Iterable[Effect]) -> None:
        """Take the examples among the effects of one step, in their order."""
        for effect in effects:
            if effect.kind == "topic" and effect.name == "examples":
                example = ExampleRecord.model_validate_json(effect.body)
                self._offset += 1
                self.releases[example.model].take(example, Position("replay", self._offset, 0), self._offset)

    def advance(self, clock_ms: int, earliest_due_ms: int | None) -> tuple[Published, ...]:
        """Learn all that has matured below the clock and the earliest work not yet done; returns new versions.

        `current()` scores by them from then on: call it between two events, never within one.
        """
        if not self._learning:
            return ()
        published: list[Published] = []
        for model, release in self.releases.items():
            self._offset += 1
            promise = punctuation(model, 0, clock_ms, earliest_due_ms, idle=False)
            for version in release.promise(promise, self._offset):
                self._scorers = {**self._scorers, model: release.scorer(version.version)}
                published.append(version)
        return tuple(published)

    def current(self) -> Mapping[str, Scorer]:
        """Give the scorers of the newest versions."""
        return self._scorers

    def summary(self) -> dict[str, Any]:
        """Say per model what it learned, how good its scores were over time, and who was promoted (`models.json`)."""
        return {
            model: {
                **report(release),
                "history": release.history(),
                "events": release.contest.duty.events.snapshot()["last"],
            }
            for model, release in self.releases.items()
        }


def report(release: Release) -> dict[str, Any]:
    """Say what a model learned and how good it was: prequentially, and as served to customers.

    matured_ms, promised_ms: maturity of the newest example that had its turn, and below which time all had theirs.
    """
    counts, served, duty = release.counts, release.served.quality(), release.contest.duty
    return {
        "version": release.version,
        **release.quality()._asdict(),
        "served": served._asdict(),
        "censored": counts.censored,
        "late": counts.late,
        "repeated": counts.repeated,
        "rejected": counts.rejected,
        "refused": release.learner.refused,
        "early": counts.early,
        "in_vain": counts.in_vain,
        "waiting": release.waiting,
        "drifts": duty.drifts,
        "drift_marks": [mark._asdict() for mark in duty.drift_marks],
        "matured_ms": release.matured_ms,
        "promised_ms": release.promised_ms,
        "champion": duty.on_duty,
        "pinned": duty.pinned or None,
        "trial": duty.open_trial(),
        "challengers": {name: meter.quality()._asdict() for name, meter in release.contest.meters.items()},
    }
