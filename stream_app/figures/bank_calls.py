"""The champion on the calls of UCI Bank Marketing: figures at three delays of the label, and what each part does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from models.evaluation.prequential import (
    ANCHORS,
    DELAYS,
    Call,
    Judged,
    OnCalls,
    Regression,
    bank_marketing,
    evaluate,
    evaluate_early,
    hashed,
    paced,
    read_calls,
)
from models.learning.champion import QUICK, STEADY, Champion
from models.learning.pooled import PooledRegression
from stream_app.figures.figure_file import Figures, figure

COMMAND = "python -m stream_app.figures.bank_marketing --json"
NONE: Mapping[int, Sequence[Judged]] = MappingProxyType({})
SALTS = ("", "1:", "2:", "3:", "4:")  # each puts what is known of a call into other slots
ANSWERS = (100, 300)  # calls after which a yes is known, where nobody waits for the horizon
HORIZON = 1_000  # calls after which a no is known
NAMES = {0: "no_delay", 100: "delay_100", 1_000: "delay_1000"}


def judged_by_delay(data: Path, salts: Sequence[str] = SALTS) -> dict[int, list[Judged]]:
    """Judge the champion at each delay, once per hashing. Raises `FileNotFoundError` without the data."""
    calls = list(paced(read_calls(data)))
    return {delay: [_judged(lambda: Champion(()), calls, delay, salt) for salt in salts] for delay in DELAYS}


def judged_early(data: Path, salts: Sequence[str] = SALTS) -> dict[int, list[Judged]]:
    """Judge the champion learning each yes when it comes, by how late it comes. Raises as `judged_by_delay` does."""
    calls = list(paced(read_calls(data)))
    return {
        answer: [
            evaluate_early(OnCalls(Champion(())), hashed(calls, salt), answer=answer, total=len(calls))
            for salt in salts
        ]
        for answer in ANSWERS
    }


def _judged(make: Callable[[], Regression], calls: Sequence[Call], delay: int, salt: str = "") -> Judged:
    return evaluate(OnCalls(make()), hashed(calls, salt), delay=delay, total=len(calls))


def ablation(data: Path) -> Iterator[tuple[str, list[Judged]]]:
    """Judge the River recipe, and the champion without each of its parts, at each delay."""
    plain = list(read_calls(data))
    busy = list(paced(plain))
    yield "River recipe", [bank_marketing(plain, delay) for delay in DELAYS]
    yield "River recipe, knowing the pace", [bank_marketing(busy, delay) for delay in DELAYS]
    parts: dict[str, tuple[Callable[[], Regression], Sequence[Call]]] = {
        "steady alone": (lambda: PooledRegression((), STEADY), busy),
        "quick alone": (lambda: PooledRegression((), QUICK, bins=True), busy),
        "quick alone, without bins": (lambda: PooledRegression((), QUICK), busy),
        "champion without the pace": (lambda: Champion(()), plain),
        "champion": (lambda: Champion(()), busy),
    }
    for name, (make, calls) in parts.items():
        yield name, [_judged(make, calls, delay) for delay in DELAYS]


def figures(judged: Mapping[int, Sequence[Judged]], early: Mapping[int, Sequence[Judged]] = NONE) -> Figures:
    """Return the figures of the second half in the form of `docs/figures.json`: the median over the hashings.

    The anchor of learning early is what waiting for the horizon gives.
    """
    told: Figures = {}
    for delay, found in judged.items():
        told |= _figure(NAMES[delay], found, ANCHORS[delay][1])
    for answer, found in early.items():
        told |= _figure(f"early_{answer}", found, told[f"bank_marketing_auc_{NAMES[HORIZON]}"]["value"])
    return told


def _figure(name: str, found: Sequence[Judged], anchor: float) -> Figures:
    ranked = sorted(round(one.second_half, 4) for one in found)
    edges = (ranked[0], ranked[-1])
    title = f"bank_marketing_auc_{name}"
    return figure(title, ranked[len(ranked) // 2], "AUC", edges, found[0].examples, COMMAND, anchor)
