"""The shape of `reasons.toml`: what people read where a score is explained."""

from functools import cached_property
from string import Formatter
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.features import FEATURES
from models.policy.base import Name, Part, Text
from models.reason_figures import UNITS, figure_names

BESIDE_FEATURES = ("context", "base")  # parts of a score that are no feature: the contact, and what all have in common


class Change(Text):
    """What one could do about a feature, as "with …": its figure may be moved as far as `least` and `most`."""

    least: Annotated[float, Field(ge=-1_000, le=1_000_000)] = 0.0
    most: Annotated[float, Field(ge=-1_000, le=1_000_000)] = 0.0

    @model_validator(mode="after")
    def _spans_upwards(self) -> Self:
        if self.least > self.most:
            raise ValueError("least must not be above most")
        return self


class FeatureWords(Part):
    """One feature: the reason that it counts to, its name, and the sentence that its value makes.

    `none` is said where the value is 0, `less` where it lies below; `said` otherwise. `change` makes it actionable.
    """

    code: Name
    name: Text
    said: Text | None = None
    none: Text | None = None
    less: Text | None = None
    change: Change | None = None

    def sentence(self, value: float) -> Text:
        """Find the sentence for a value; the name where there is none."""
        said = self.said or self.name
        if value == 0.0:
            return self.none or said
        return (self.less or said) if value < 0.0 else said


class Reasons(Part):
    """`reasons.toml`: reason codes, the features behind them, and how a change of the score is told."""

    code: dict[Name, Text]
    feature: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")], FeatureWords]
    rose: Text
    fell: Text
    learned: Text
    what_if: Text
    nothing_alone: Text

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for feature, words in self.feature.items():
            if feature not in UNITS and feature not in BESIDE_FEATURES:
                raise ValueError(f"no feature is called {feature!r}")
            if words.code not in self.code:
                raise ValueError(f"{feature}: no reason code is called {words.code!r}")
            if words.change is not None and not figure_names(feature):
                raise ValueError(f"{feature}: has no figure that could change")
            texts = (words.name, words.said, words.none, words.less, words.change)
            for text in texts:
                _quotes(feature, text, figure_names(feature) if text is not words.name else frozenset())
        told = {"before", "now", "days", "reasons"}
        _quotes("rose", self.rose, told)
        _quotes("fell", self.fell, told)
        _quotes("what_if", self.what_if, {"change", "score", "threshold"})
        _quotes("nothing_alone", self.nothing_alone, {"threshold"})
        return self

    @cached_property
    def places(self) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
        """Number the reasons: of each feature its reason's number, and of each reason the places of its features."""
        members: dict[str, list[int]] = {}
        for place, feature in enumerate(FEATURES):
            members.setdefault(self.code_of(feature), []).append(place)
        number = {place: reason for reason, places in enumerate(members.values()) for place in places}
        return tuple([number[place] for place in range(len(FEATURES))]), tuple(map(tuple, members.values()))

    def code_of(self, feature: str) -> str:
        """Name the reason that a feature counts to: itself where policy says nothing of it."""
        words = self.feature.get(feature)
        return feature if words is None else words.code


def _quotes(where: str, text: Text | None, known: frozenset[str] | set[str]) -> None:
    """Check that both languages quote figures that there are. Raises `ValueError`."""
    for sentence in () if text is None else (text.zh, text.en):
        quoted = {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}
        if unknown := quoted - known:
            raise ValueError(f"{where}: the text quotes unknown figures {sorted(unknown)}; known: {sorted(known)}")
