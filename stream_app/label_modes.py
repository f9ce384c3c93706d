"""Three ways to learn from labels that come late, on the same examples of a synthetic bank.

`matured`: both labels at the horizon, as the product does. `naive`: a positive when it comes true, a negative at the
horizon, so the first month knows positives only. `fast`: `models.fast_labels`. Each scores an example at its moment by
what it has learned until then; all are judged by the same scores, from the first maturity on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from models.churn import ChurnLearner
from models.fast_labels import FakeNegatives
from models.meters import Meter, Quality
from stream_app.truth_report import Departures

Example = Mapping[str, Any]


class Mode(NamedTuple):
    """How a mode did: its quality, and the mean score minus the share that left."""

    quality: Quality
    bias: float


def compared(examples: Iterable[Example], departures: Departures, start: float) -> dict[str, Mode]:
    """Run every mode over the churn examples; `start` is what an unlearned model says."""
    known = [e for e in examples if e["model"] == "churn" and e.get("label") is not None]
    known.sort(key=lambda e: (e["snapshot_ms"], e["example_id"]))
    if not known:
        return {}
    first_ms = min(e["due_ms"] for e in known)
    return {name: _judged(mode(known, departures, start), first_ms) for name, mode in MODES.items()}


class _Moment(NamedTuple):
    """What happens at a time: what is learned of earlier ones (0), what is scored (1), what is learned of it (2, 3)."""

    at_ms: int
    order: int
    example_id: str
    example: Example
    learn: Callable[[Example], None] | None


def known_ms(example: Example, departures: Departures) -> int:
    """Say when a positive shows: at the planted date; at the horizon where nothing was planted."""
    planted = departures.planted_ms.get(example["customer_id"])
    due_ms: int = example["due_ms"]
    return due_ms if planted is None else min(due_ms, max(example["snapshot_ms"], planted))


Scores = Iterator[tuple[int, float, bool]]


def _run(moments: list[_Moment], score: Callable[[Any], float]) -> Scores:
    for moment in sorted(moments, key=lambda it: it[:3]):
        if moment.learn is None:
            yield moment.at_ms, score(moment.example["features"]), moment.example["label"] == 1
        else:
            moment.learn(moment.example)


def _scored(known: list[Example]) -> list[_Moment]:
    return [_Moment(e["snapshot_ms"], 1, e["example_id"], e, None) for e in known]


def _matured(known: list[Example], _: Departures, start: float) -> Scores:
    return _learned_at(known, [e["due_ms"] for e in known], start)


def _naive(known: list[Example], departures: Departures, start: float) -> Scores:
    return _learned_at(known, [known_ms(e, departures) if e["label"] else e["due_ms"] for e in known], start)


def _learned_at(known: list[Example], at_ms: list[int], start: float) -> Scores:
    """Learn each example at a time of its own."""
    learner = ChurnLearner(start)

    def learn(e: Example) -> None:
        learner.learn(e["features"], e["label"] == 1)

    learned = [_Moment(at, 0, e["example_id"], e, learn) for at, e in zip(at_ms, known, strict=True)]
    return _run([*_scored(known), *learned], learner.score)


def _fast(known: list[Example], departures: Departures, start: float) -> Scores:
    learner = FakeNegatives(ChurnLearner(start))
    met = [
        _Moment(e["snapshot_ms"], 2, e["example_id"], e, lambda e: learner.met(e["features"])) for e in known
    ]  # learned after it is scored
    true = [
        _Moment(known_ms(e, departures), 3, e["example_id"], e, lambda e: learner.came_true(e["features"]))
        for e in known
        if e["label"]
    ]
    return _run([*_scored(known), *met, *true], learner.score)


MODES: Mapping[str, Callable[[list[Example], Departures, float], Scores]] = {
    "matured": _matured,
    "naive": _naive,
    "fast": _fast,
}


def _judged(scores: Scores, first_ms: int) -> Mode:
    meter, bias, count = Meter(), 0.0, 0
    for at_ms, score, label in scores:
        if at_ms >= first_ms:
            meter.update(label, score)
            bias += score - label
            count += 1
    return Mode(meter.quality(), bias / count if count else 0.0)
