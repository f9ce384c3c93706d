"""What each feature adds to a score that is no sum: Shapley values by sampling. Approximate, and always called so.

Features are changed one by one, in a random order, from those of a reference customer to those of this one; what the
score moves by at a feature's turn is its part (Štrumbelj and Kononenko, Knowledge and Information Systems 41, 2014).
Each order is walked forwards and backwards, which halves the noise or better. Every walk goes from the reference's
score to this one, so the parts sum to the difference whatever the sample; on a linear model they are exact.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

Score = Callable[[Sequence[float]], float]


class Sampled(NamedTuple):
    """An approximation: the references' mean score, what each feature adds to it on average, over how many walks."""

    base: float
    parts: tuple[float, ...]
    walks: int


def sampled_shapley(
    score: Score, values: Sequence[float], background: Sequence[Sequence[float]], *, rounds: int, seed: int
) -> Sampled:
    """Sample what each feature adds to `score(values)`, in the score's own unit (log-odds are best).

    The rows of `background` are the references in turn; `rounds` should be a multiple of their number. Two walks a
    round, each as many scores as there are features. The same seed gives the same parts.
    """
    chance, order = Random(seed), list(range(len(values)))
    parts, base = [0.0] * len(values), 0.0
    for number in range(rounds):
        reference = background[number % len(background)]
        chance.shuffle(order)
        for walk in (order, order[::-1]):
            base += _walk(score, reference, values, walk, parts)
    walks = 2 * rounds
    return Sampled(base / walks, tuple([part / walks for part in parts]), walks)


def _walk(
    score: Score, reference: Sequence[float], values: Sequence[float], order: Sequence[int], parts: list[float]
) -> float:
    """Go from the reference to the customer and add each step to its feature; returns the reference's score."""
    at = list(reference)
    first = before = score(at)
    for place in order:
        at[place] = values[place]
        now = score(at)
        parts[place] += now - before
        before = now
    return first
