"""Three ways to learn from labels that come late, on the same examples of a synthetic bank.

`matured`: both labels at the horizon, as the product does by itself. `naive`: a positive when it comes true, a negative
at the horizon, so the first weeks know positives only. `fast`: each as a negative at once, and again as a positive when
it comes true, weighed (`models.learning.pooled`), as policy may want of offers (`models.labels.early`). Each scores an
example at its moment by what it has learned until then, without the calibration that the product adds; all are judged
by the same scores, from the first maturity on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from models.evaluation.meters import Meter, Quality
from models.served.propensity import PropensityLearner
from stream_app.figures.truth import Departures

Example = Mapping[str, Any]
Known = Callable[[Example], int]
Scores = Iterator[tuple[int, float, bool]]


class Mode(NamedTuple):
    """How a mode did: its quality, and the mean score minus the share that came true."""

    quality: Quality
    bias: float


def compared(examples: Iterable[Example], make: Callable[[], PropensityLearner], known_ms: Known) -> dict[str, Mode]:
    """Run every mode over the examples of one model, each with a learner of its own.

    `known_ms` says when a positive shows (epoch ms).
    """
    known = [e for e in examples if e.get("label") is not None]
    if not known:
        return {}
    first_ms = min(e["due_ms"] for e in known)
    return {name: _judged(_run(known, make(), steps, known_ms), first_ms) for name, steps in MODES.items()}


def left_ms(departures: Departures) -> Known:
    """Say when it shows that a customer has left: at the planted date; at the horizon where nothing was planted."""

    def known_ms(example: Example) -> int:
        return _within(example, departures.planted_ms.get(example["customer_id"]))

    return known_ms


def taken_ms(accepted_ms: Mapping[str, int]) -> Known:
    """Say when an offer was accepted."""
    return lambda example: _within(example, accepted_ms.get(example["example_id"]))


def _within(example: Example, at_ms: int | None) -> int:
    due_ms: int = example["due_ms"]
    return due_ms if at_ms is None else min(due_ms, max(example["snapshot_ms"], at_ms))


class _Step(NamedTuple):
    """What is learned of an example: when, after (2) or before (0) what is scored then (1), and how."""

    at_ms: int
    order: int
    label: bool
    early: bool


def _matured(example: Example, _: Known) -> list[_Step]:
    return [_Step(example["due_ms"], 0, example["label"] == 1, early=False)]


def _naive(example: Example, known_ms: Known) -> list[_Step]:
    label = example["label"] == 1
    return [_Step(known_ms(example) if label else example["due_ms"], 0, label, early=False)]


def _fast(example: Example, known_ms: Known) -> list[_Step]:
    begun = _Step(example["snapshot_ms"], 2, label=False, early=True)
    return [begun, _Step(known_ms(example), 3, label=True, early=True)] if example["label"] else [begun]


MODES: Mapping[str, Callable[[Example, Known], list[_Step]]] = {"matured": _matured, "naive": _naive, "fast": _fast}


def _run(
    known: list[Example], learner: PropensityLearner, steps: Callable[[Example, Known], list[_Step]], known_ms: Known
) -> Scores:
    """Score each example at its moment and learn it when the mode says."""
    moments: list[tuple[int, int, str, Example, _Step | None]] = []
    for example in known:
        moments.append((example["snapshot_ms"], 1, example["example_id"], example, None))
        moments += [(s.at_ms, s.order, example["example_id"], example, s) for s in steps(example, known_ms)]
    for at_ms, _, _, example, step in sorted(moments, key=lambda it: it[:3]):
        seen = example["features"], example["about"], tuple(tuple(slot) for slot in example["context"])
        if step is None:
            yield at_ms, learner.score(*seen), example["label"] == 1
        else:
            learn = learner.learn_early if step.early else learner.learn
            learn(seen[0], step.label, *seen[1:])


def _judged(scores: Scores, first_ms: int) -> Mode:
    meter, bias, count = Meter(), 0.0, 0
    for at_ms, score, label in scores:
        if at_ms >= first_ms:
            meter.update(label, score)
            bias += score - label
            count += 1
    return Mode(meter.quality(), bias / count if count else 0.0)
