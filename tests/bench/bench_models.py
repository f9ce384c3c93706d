"""What describing, scoring, learning and feeling cost, in microseconds: `python -m tests.bench.bench_models`."""

import random
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from models import windows
from models.churn import ChurnLearner
from models.features import FEATURES, features
from models.hashing import slots_of
from models.propensity import PropensityLearner
from models.sentiment import SentimentAnalyser, load_lexicon
from schemas.profile import Account, Identity, Profile, Rings
from tests.builders import BEGINNING, after

OVERLAY = Path(__file__).parents[2] / "deploy" / "policy" / "sentiment.toml"


def a_busy_profile(days: int, a_day: int) -> Profile:
    """A customer with so many card payments and logins a day, by three channels."""
    chance, rings = random.Random(1), Rings()
    for day in range(days, 0, -1):
        for number in range(a_day):
            at_ms = after(days=-day, hours=number)
            channel = windows.channel_cells(chance.choice(("mobile", "branch", "web")))
            kind, minor = chance.choice(("card", "transfer", "cash")), chance.randrange(100, 500_000)
            cells = windows.transaction_cells(kind, "debit", minor, status="booked")
            rings = windows.add(rings, at_ms, at_ms, cells=cells, channel=channel, amount=windows.amount_cells(minor))
            login = windows.activity_cells("login")
            rings = windows.add(rings, at_ms, at_ms, cells=login, channel=channel, amount={})
    return Profile(
        "C1",
        after(days=-400),
        BEGINNING,
        identity=Identity(BEGINNING, consents=("profiling",), products=("card", "loan")),
        rings=rings,
        accounts={"a": Account("CNY", 12_345_678, BEGINNING, BEGINNING)},
    )


def best_of(work: Callable[[], object], times: int, rounds: int = 5) -> float:
    """The fastest round, in µs a call: the others measure who else was at work."""
    results = []
    for _ in range(rounds):
        begin = perf_counter()
        for _ in range(times):
            work()
        results.append((perf_counter() - begin) / times * 1e6)
    return min(results)


def main() -> None:
    """Print one line per cost."""
    quiet, busy = a_busy_profile(10, 1), a_busy_profile(63, 3)
    values, learner, chance = features(busy, BEGINNING), ChurnLearner(), random.Random(2)
    for _ in range(100):
        learner.learn(tuple(chance.gauss(0, 1) for _ in FEATURES), chance.random() < 0.3)
    scorer = learner.scorer(1)
    # A contact with 19 attributes, as UCI Bank Marketing has them; its learner knows the slots, the other does not.
    contact = {f"word{n}": chance.choice("abc") for n in range(10)} | {f"number{n}": chance.random() for n in range(9)}
    slots, in_contact = slots_of(contact), PropensityLearner()
    for _ in range(100):
        in_contact.learn(tuple(chance.gauss(0, 1) for _ in FEATURES), chance.random() < 0.3, "loan", slots)
    told = in_contact.scorer(1)

    def cold() -> object:
        windows._sum_of.cache_clear()
        return features(busy, BEGINNING)

    costs = {
        "features, 10 active days": best_of(lambda: features(quiet, BEGINNING), 2_000),
        "features, 63 days, windows remembered": best_of(lambda: features(busy, BEGINNING), 2_000),
        "features, 63 days, windows forgotten": best_of(cold, 500),
        "score with contributions": best_of(lambda: scorer.score(values), 10_000),
        "score an offer": best_of(lambda: told.score(values, "loan"), 10_000),
        "learn": best_of(lambda: learner.learn(values, label=True), 500),
        "hash 19 attributes": best_of(lambda: slots_of(contact), 5_000),
        "score an offer, 19 attributes": best_of(lambda: told.score(values, "loan", slots), 10_000),
        "learn an offer": best_of(lambda: in_contact.learn(values, label=True, about="loan"), 500),
        "learn an offer, 19 attributes": best_of(lambda: in_contact.learn(values, True, "loan", slots), 500),
    }
    analyser = SentimentAnalyser(load_lexicon(OVERLAY))
    for text in ("客服很耐心，问题马上解决了，非常满意", "The staff were friendly and helpful"):
        costs[f"sentiment of {text!r}"] = best_of(lambda text=text: analyser.sentiment(text), 300)
    for name, cost in costs.items():
        sys.stdout.write(f"{cost:8.1f} µs  {name}\n")


if __name__ == "__main__":
    main()
