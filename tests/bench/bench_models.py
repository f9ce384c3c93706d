"""What describing, scoring, learning and feeling cost, in microseconds: `python -m tests.bench.bench_models`."""

import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from models.features import FEATURES, features
from models.learning.hashing import slots_of
from models.learning.learner import LogisticLearner
from models.learning.scoring import LinearScorer
from models.rings import counting, windows
from models.sentiment import SentimentAnalyser, load_lexicon
from models.served.churn import ChurnLearner
from models.served.propensity import PropensityLearner
from schemas.profile import Account, Identity, Profile, Rings
from stream_app.bench.figures import Figures, figure, keep
from tests.builders import BEGINNING, after

OVERLAY = Path(__file__).parents[2] / "deploy" / "policy" / "sentiment.toml"


def a_busy_profile(days: int, a_day: int) -> Profile:
    """A customer with so many card payments and logins a day, by three channels."""
    chance, rings = random.Random(1), Rings()
    for day in range(days, 0, -1):
        for number in range(a_day):
            at_ms = after(days=-day, hours=number)
            channel = counting.channel_cells(chance.choice(("mobile", "branch", "web")))
            kind, minor = chance.choice(("card", "transfer", "cash")), chance.randrange(100, 500_000)
            cells = counting.transaction_cells(kind, "debit", minor, status="booked")
            rings = counting.add(rings, at_ms, at_ms, cells=cells, channel=channel, amount=counting.amount_cells(minor))
            login = counting.activity_cells("login")
            rings = counting.add(rings, at_ms, at_ms, cells=login, channel=channel, amount={})
    return Profile(
        "C1",
        after(days=-400),
        BEGINNING,
        identity=Identity(BEGINNING, consents=("profiling",), products=("card", "loan")),
        rings=rings,
        accounts={"a": Account("CNY", 12_345_678, BEGINNING, BEGINNING)},
    )


ROUNDS = 9
SCORE, SCORE_PLAIN = "score with contributions", "score with contributions, plain regression"
LEARN, LEARN_PLAIN = "learn", "learn, plain regression (River)"
COMMAND = "python -m tests.bench.bench_models --figures"

Work = tuple[Callable[[], object], int]  # what is timed, and how often in a round


def timed(works: dict[str, Work]) -> dict[str, list[float]]:
    """Time all in turns; µs a call, a figure a round."""
    costs: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, (work, times) in works.items():
            begin = perf_counter()
            for _ in range(times):
                work()
            costs[name].append((perf_counter() - begin) / times * 1e6)
    return costs


def figures(costs: dict[str, list[float]]) -> Figures:
    """Put the cost of a score and of an example into the file's form, beside those of the plain regression."""
    told: Figures = {}
    for name, (ours, plain) in {"score": (SCORE, SCORE_PLAIN), "learn": (LEARN, LEARN_PLAIN)}.items():
        rounds, anchor = [round(cost, 1) for cost in costs[ours]], {plain: round(median(costs[plain]), 1)}
        told |= figure(f"{name}_microseconds", rounds, "µs, median of rounds", COMMAND, anchor=anchor)
    return told


def of_features(values: tuple[float, ...], quiet: Profile, busy: Profile) -> dict[str, Work]:
    """Time describing, and the churn model beside a plain regression."""
    learner, plain, chance = ChurnLearner(), LogisticLearner(FEATURES), random.Random(2)
    for _ in range(100):
        example = tuple(chance.gauss(0, 1) for _ in FEATURES), chance.random() < 0.3
        learner.learn(*example)
        plain.learn(*example)
    scorer, plain_scorer = learner.scorer(1), LinearScorer(plain.linear(), 1)

    def cold() -> object:
        windows._sum_of.cache_clear()
        return features(busy, BEGINNING)

    return {
        "features, 10 active days": (lambda: features(quiet, BEGINNING), 2_000),
        "features, 63 days, windows remembered": (lambda: features(busy, BEGINNING), 2_000),
        "features, 63 days, windows forgotten": (cold, 500),
        SCORE: (lambda: scorer.score(values), 10_000),
        SCORE_PLAIN: (lambda: plain_scorer.score(values), 10_000),
        LEARN: (lambda: learner.learn(values, label=True), 500),
        LEARN_PLAIN: (lambda: plain.learn(values, label=True), 500),
    }


def of_contacts(values: tuple[float, ...]) -> dict[str, Work]:
    """Time offers in a contact with 19 attributes, as UCI Bank Marketing has them."""
    chance = random.Random(2)
    contact = {f"word{n}": chance.choice("abc") for n in range(10)} | {f"number{n}": chance.random() for n in range(9)}
    slots, learner = slots_of(contact), PropensityLearner()
    for _ in range(100):
        learner.learn(tuple(chance.gauss(0, 1) for _ in FEATURES), chance.random() < 0.3, "loan", slots)
    scorer = learner.scorer(1)
    without_bins = scorer._actions["loan"]._replace(bins=False)  # what the bins of nine numbers add
    return {
        "score an offer": (lambda: scorer.score(values, "loan"), 10_000),
        "hash 19 attributes": (lambda: slots_of(contact), 5_000),
        "score an offer, 19 attributes": (lambda: scorer.score(values, "loan", slots), 10_000),
        "score an offer, 19 attributes, without bins": (lambda: without_bins.score(values, slots), 10_000),
        "learn an offer": (lambda: learner.learn(values, label=True, about="loan"), 500),
        "learn an offer, 19 attributes": (lambda: learner.learn(values, True, "loan", slots), 500),
    }


def of_texts() -> dict[str, Work]:
    """Time sentiment in two languages."""
    analyser = SentimentAnalyser(load_lexicon(OVERLAY))
    texts = ("客服很耐心，问题马上解决了，非常满意", "The staff were friendly and helpful")
    return {f"sentiment of {text!r}": (partial(analyser.sentiment, text), 300) for text in texts}


def main(arguments: list[str]) -> None:
    """Print one line per cost; with `--figures` keep those that have a name."""
    quiet, busy = a_busy_profile(10, 1), a_busy_profile(63, 3)
    values = features(busy, BEGINNING)
    costs = timed(of_features(values, quiet, busy) | of_contacts(values) | of_texts())
    for name, rounds in costs.items():
        sys.stdout.write(f"{median(rounds):8.1f} µs  {name} ({min(rounds):.1f} to {max(rounds):.1f})\n")
    if "--figures" in arguments:
        keep(figures(costs))


if __name__ == "__main__":
    main(sys.argv[1:])
