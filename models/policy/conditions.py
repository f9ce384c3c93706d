"""Conditions over the named figures of a profile, written as short sentences: `"aum_minor >= 50_000_00"`.

The words on the left are the fixed vocabulary of `models.figures`; an unknown one is an error at load.
"""

import operator
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from pydantic import model_validator

from models.figures import Figure, Figures, figure_of, is_figure
from models.policy.base import Part

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
SENTENCE = re.compile(r"([a-z0-9_]+(?::[A-Za-z0-9_.-]+)?) (>=|<=|>|<|==|!=) (-?[0-9][0-9_]*(?:\.[0-9]+)?)")


class Condition(Part):
    """One comparison of a figure with a number."""

    figure: str
    op: str
    value: float

    @model_validator(mode="before")
    @classmethod
    def _of_sentence(cls, sentence: Any) -> Any:
        found = SENTENCE.fullmatch(sentence) if isinstance(sentence, str) else None
        if found is None:
            raise ValueError('a condition is written "figure operator number", such as "aum_minor >= 50_000_00"')
        figure, op, number = found.groups()
        if not is_figure(figure):
            raise ValueError(f"unknown figure {figure!r}: models/figures.py lists those that exist")
        return {"figure": figure, "op": op, "value": float(number)}


Test = Callable[[Figures], bool]
Compiled = tuple[tuple[Figure, Callable[[float, float], bool], float], ...]


class Conditions(Part):
    """All of `all`, at least one of `any` (if it names some), and none of `none`.

    A comparison does not hold while its figure is unknown.
    """

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()

    @cached_property
    def hold(self) -> Test:
        """Whether given figures meet the conditions.

        Compiled once, down to the function of each figure: tens are asked for a decision or a look at the tags.
        """
        every, some, never = _compiled(self.all), _compiled(self.any), _compiled(self.none)

        def all_hold(figures: Figures) -> bool:
            for figure, compare, value in every:
                known = figure(figures)
                if known is None or not compare(known, value):
                    return False
            return True

        if not some and not never:
            return all_hold
        return lambda figures: (
            all_hold(figures) and not _any_holds(never, figures) and (not some or _any_holds(some, figures))
        )

    def figures(self) -> tuple[str, ...]:
        """List the figures that the conditions speak of, in the order of the file, each once."""
        return tuple(dict.fromkeys(condition.figure for condition in self.all + self.any))


def _compiled(conditions: tuple[Condition, ...]) -> Compiled:
    return tuple((figure_of(condition.figure), OPERATORS[condition.op], condition.value) for condition in conditions)


def _any_holds(conditions: Compiled, figures: Figures) -> bool:
    for figure, compare, value in conditions:
        known = figure(figures)
        if known is not None and compare(known, value):
            return True
    return False
