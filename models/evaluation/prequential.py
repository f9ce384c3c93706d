"""Prequential evaluation: score each example when it comes, learn it when its label does, count only the first score.

`evaluate` is the harness for any stream and model. UCI Bank Marketing (Moro, Cortez, Rita, Decision Support Systems
2014) is read in the order of the file; `duration` is left out: it is known only after the call, and a model that sees
it has seen the answer. `OnlineRecipe` is the plain River recipe, `OnCalls` any regression of ours behind the hash of a
contact. `python -m stream_app.figures.bank_marketing` prints the figures beside their anchors.

Prequential figures mix in the drift of the base rate (4.7 % yes in the first half, 17.9 % in the second).
"""

import csv
import io
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from river import compose, linear_model, optim, preprocessing

from models.evaluation.meters import Meter
from models.evaluation.pace import PACE, Pace
from models.learning.champion import Champion
from models.learning.hashing import Slots, slots_of
from models.learning.pooled import PooledRegression

if TYPE_CHECKING:
    from models.learning.scoring import Linear

DELAYS = (0, 100, 1_000)
ANCHORS = {0: (0.792, 0.813), 100: (0.771, 0.787), 1_000: (0.711, 0.731)}  # whole stream, second half: data README
LEAKS = "duration"
ARCHIVE = ("uci_bank_marketing", "bank-marketing-4files.zip")
FILE = "bank-additional-full.csv"

Call = tuple[dict[str, Any], bool]
Regression = Champion | PooledRegression


class Scores(Protocol):
    """What the harness needs of a model."""

    def score(self, x: Any) -> float:
        """Score an example."""
        ...

    def learn(self, x: Any, label: bool) -> None:
        """Learn an example."""
        ...


class Judged(NamedTuple):
    """AUC over the whole stream and over its second half, and how many examples there were."""

    whole: float
    second_half: float
    examples: int


class Halves:
    """Measures a stream of scores as a whole and in its second half."""

    def __init__(self, total: int) -> None:
        """Measure a stream of which `total` examples will come."""
        self._total = total
        self._number = 0
        self._whole, self._second_half = Meter(), Meter()

    def update(self, label: bool, score: float) -> None:
        """Note the next score with what came true."""
        self._number += 1
        self._whole.update(label, score)
        if self._number > self._total // 2:
            self._second_half.update(label, score)

    def judged(self) -> Judged:
        """Sum up; an AUC that there is not, for want of one of the classes, is 0."""
        whole, second_half = self._whole.quality().auc, self._second_half.quality().auc
        return Judged(whole or 0.0, second_half or 0.0, self._number)


def evaluate(
    model: Scores, stream: Iterable[tuple[Any, bool]], *, delay: int = 0, total: int, peek: bool = False
) -> Judged:
    """Score, then learn `delay` examples later; `total` is how many will come.

    `peek` learns an example *before* it is scored: the mistake that this harness is there to prevent, kept so that a
    test can show what it feigns.
    """
    halves = Halves(total)
    waiting: deque[tuple[Any, bool]] = deque()
    for x, label in stream:
        if peek:
            model.learn(x, label)
        halves.update(label, model.score(x))
        if not peek:
            waiting.append((x, label))
            if len(waiting) > delay:
                model.learn(*waiting.popleft())
    return halves.judged()


class LearnsAgain(Scores, Protocol):
    """A model that need not wait for the label."""

    def learn_early(self, x: Any, label: bool) -> None:
        """Learn an example as not true, and again where it turns out to be."""
        ...


def evaluate_early(model: LearnsAgain, stream: Iterable[tuple[Any, bool]], *, answer: int, total: int) -> Judged:
    """Score, then learn at once as not true, and `answer` examples later again what is: no horizon is waited for."""
    halves = Halves(total)
    waiting: deque[tuple[Any, bool]] = deque()
    for x, label in stream:
        halves.update(label, model.score(x))
        model.learn_early(x, False)
        waiting.append((x, label))
        if len(waiting) > answer:
            answered, taken = waiting.popleft()
            if taken:
                model.learn_early(answered, True)
    return halves.judged()


class OnlineRecipe:
    """Numbers scaled, words one-hot, logistic regression by SGD(0.01): everything learns online."""

    def __init__(self) -> None:
        """Start unlearned."""
        numbers = compose.SelectType(float) | preprocessing.StandardScaler()
        words = compose.SelectType(str) | preprocessing.OneHotEncoder()
        self._pipeline = (numbers + words) | linear_model.LogisticRegression(optimizer=optim.SGD(0.01))

    def score(self, x: dict[str, Any]) -> float:
        """Score one call."""
        return float(self._pipeline.predict_proba_one(x)[True])

    def learn(self, x: dict[str, Any], label: bool) -> None:
        """Learn one call."""
        self._pipeline.learn_one(x, label)


class OnCalls:
    """A regression that knows of a call what is hashed of it, and nothing of the customer."""

    def __init__(self, regression: Regression) -> None:
        """Score and learn with `regression`."""
        self._regression = regression
        self._linear: Linear | None = None  # since the last example

    def score(self, x: Slots) -> float:
        """Score one call."""
        if self._linear is None:
            self._linear = self._regression.linear(_ACTION, _START)
        return self._linear.score((), x).value

    def learn(self, x: Slots, label: bool, *, early: bool = False) -> None:
        """Learn one call."""
        self._regression.learn((), label, _ACTION, _START, x, early=early)
        self._linear = None

    def learn_early(self, x: Slots, label: bool) -> None:
        """Learn one call as not true, and again where it turns out to be."""
        self.learn(x, label, early=True)


_ACTION, _START = "deposit", 0.1


def paced(calls: Iterable[Call]) -> Iterator[Call]:
    """Tell each call the pace at which it was made: a new day begins where the weekday or the month changes."""
    pace = Pace()
    for x, label in calls:
        yield {**x, PACE: pace.next((x["month"], x["day_of_week"]))}, label


def hashed(calls: Iterable[Call], salt: str = "") -> list[tuple[Slots, bool]]:
    """Hash each call's attributes; another `salt` puts them into other slots."""
    return [(slots_of({salt + field: value for field, value in x.items()}), label) for x, label in calls]


def read_calls(data: Path) -> Iterator[Call]:
    """Read the calls in the order of the file, without `duration`. Raises `FileNotFoundError` where there are none."""
    with zipfile.ZipFile(data.joinpath(*ARCHIVE)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(FILE))
        with archive.open(name) as raw:
            for row in csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8"), delimiter=";"):
                label = row.pop("y") == "yes"
                row.pop(LEAKS)
                yield {field: _number_or_word(value) for field, value in row.items()}, label


def _number_or_word(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def bank_marketing(calls: Sequence[Call], delay: int, *, peek: bool = False) -> Judged:
    """Judge the online recipe on the calls with labels `delay` calls late."""
    return evaluate(OnlineRecipe(), calls, delay=delay, total=len(calls), peek=peek)
