"""The shape of `reasons.toml`: what people read where a score is explained."""

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.features import FEATURES
from models.policy.base import LANGUAGES, Name, Part, Text
from models.policy.filling import check_fits, check_quotes
from models.reason_figures import PLACE, UNITS, Values, case_of, figure_names, figures, moved_by

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

    `none` is said where the value is 0, `less` where it lies below, `never` where it stands for what never happened;
    `said` otherwise. `change` makes it actionable.
    """

    code: Name
    name: Text
    said: Text | None = None
    none: Text | None = None
    less: Text | None = None
    never: Text | None = None
    change: Change | None = None

    def sentence(self, feature: str, values: Values, language: str) -> str:
        """Say what is true of the feature (of all `values`), with its figures; its name where nothing else is."""
        case = case_of(feature, values, language)
        text = {
            "name": self.name,
            "never": self.never or self.name,
            # Two figures that are written alike contradict a sentence that compares them.
            "none": self.none or (self.name if values[PLACE[feature]] else self.said) or self.name,
            "less": self.less or self.said or self.name,
            "said": self.said or self.name,
        }[case]
        return text.said(language).format_map(figures(feature, values, language))


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
            _check_texts(feature, words)
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


def _check_texts(feature: str, words: FeatureWords) -> None:
    """Check all sentences of a feature, each with figures as they will be. Raises `ValueError` naming the key."""
    known, key = figure_names(feature), f"feature.{feature}"
    _quotes(f"{key}.name", words.name, frozenset())
    for name in ("said", "none", "less", "never"):
        _quotes(f"{key}.{name}", getattr(words, name), known)
    if words.change is not None:
        _quotes(f"{key}.change", words.change, known)
        _can_be_moved(feature, words.change)
    if feature not in PLACE:
        return
    for values in _probes(feature):
        for language in LANGUAGES:
            try:
                words.sentence(feature, values, language)
            except (KeyError, ArithmeticError, ValueError) as error:
                value = values[PLACE[feature]]
                raise ValueError(
                    f"{key}: the sentence in {language} for a value of {value:g} cannot be said: there is no figure "
                    f"{error}; 0 needs a sentence of its own (`none`)"
                ) from error


def _probes(feature: str) -> Iterable[tuple[float, ...]]:
    """Give values at, below and above 0, of who came just now and of who has been here for long."""
    for value in (0.0, -1.0, -0.001, 0.001, 0.5, 1.0, 6.0):
        for known in (0.0, 5.0, 6.0):
            for others in (0.0, 3.0):
                values = [others] * len(FEATURES)
                values[PLACE["tenure_days"]] = known
                values[PLACE[feature]] = value
                yield tuple(values)


def _can_be_moved(feature: str, change: Change) -> None:
    """Check that the figure can be moved, and so far. Raises `ValueError`."""
    unit = moved_by(feature)
    if unit is None:
        raise ValueError(f"feature.{feature}.change: it has no figure that could change")
    for name, figure in (("least", change.least), ("most", change.most)):
        if not unit.least <= figure <= unit.most:
            raise ValueError(
                f"feature.{feature}.change.{name}: {unit.name} go from {unit.least:g} to {unit.most:g} "
                f"(it is {figure:g})"
            )


def _quotes(where: str, text: Text | None, known: frozenset[str] | set[str]) -> None:
    """Check that both languages quote figures that there are, and fit with them. Raises `ValueError`."""
    if text is None:
        return
    for language in LANGUAGES:
        sentence = text.said(language)
        check_quotes(f"{where}.{language}", sentence, known)
        check_fits(f"{where}.{language}", (sentence,))
