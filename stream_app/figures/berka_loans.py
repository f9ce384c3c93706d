"""The risk of 354 loans of the Berka bank, scored the day they were granted: `make figures ARGS=loans`.

PKDD'99 Discovery Challenge, Berka data: every transaction of the accounts whose loan was granted in 1997 and 1998, each
on or before the day of its loan; 30 of the loans are not paid (status B or D, which for most is "so far"). The
transactions go through load and the core as any do. What is scored are eight figures that the profile says, or said,
until the day of the loan (the choice of the batch regression that the data's README measured), by the champion
(`models.learning.champion`); it learns from the loans of the other folds. RAPPORT_SHARED_DATA names the folder of the
data.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from pathlib import Path
from typing import NamedTuple

from models.learning.champion import Champion
from models.policy import DAY_MS
from schemas.profile import Profile, Totals
from schemas.times import parse_rfc3339
from stream_app.figures.played_file import PlayedFile
from stream_app.figures.truth import auc

MAPPING = "berka.toml"
TRANSACTIONS, LOANS = ("berka_subset", "trans_comp.csv"), ("berka_subset", "loan_full682.csv")
FIRST_DAY = "970101"  # the file has no transactions of loans granted before
BAD = frozenset("BD")
CURRENCY = "CZK"
FOLDS, PASSES, START = 5, 3, 0.1
RESAMPLES = 1_000
ANCHOR = 0.913  # batch logistic regression over eight aggregates: data README
TEN_THOUSAND = 1_000_000  # minor units: balances as they are, in tens of thousands, since they may be below nothing
NAMES = (
    "transactions",  # log of the count
    "credits",  # log of the sum
    "debits",
    "mean_amount",
    "days_known",  # log of days from the first transaction to the loan
    "lowest_balance",
    "mean_balance",  # after each transaction
    "balance",
)


class Loan(NamedTuple):
    """What was known of an account on the day of its loan, and whether the loan was not paid."""

    account: str
    values: tuple[float, ...]
    bad: bool


class Judged(NamedTuple):
    """The AUC of the scores, its 95 % interval (accounts drawn again), and how many loans there were."""

    auc: float
    interval: tuple[float, float]
    loans: int
    bad: int


@dataclass(slots=True)
class Balances:
    """What the balance of a profile was after each transaction, in minor units."""

    last: int = 0
    lowest: int = 0
    total: int = 0
    count: int = 0

    def met(self, minor: int) -> None:
        """Count one more."""
        self.lowest = min(self.lowest, minor) if self.count else minor
        self.last, self.total, self.count = minor, self.total + minor, self.count + 1


def known_on_the_day(data: Path) -> list[Loan]:
    """Play all transactions and describe each account at the end of the day of its loan.

    Raises `FileNotFoundError` without the data.
    """
    profiles, balances = _played(data)
    with data.joinpath(*LOANS).open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter=";") if row["date"] >= FIRST_DAY]
    loans = []
    for row in sorted(rows, key=lambda row: (row["date"], row["loan_id"])):
        day = row["date"]
        end_ms = parse_rfc3339(f"19{day[:2]}-{day[2:4]}-{day[4:]}T00:00:00Z") + DAY_MS - 1
        account = f"A{row['account_id']}"
        values = described(profiles[account], balances[account], end_ms)
        loans.append(Loan(account, values, row["status"] in BAD))
    return loans


def _played(data: Path) -> tuple[Mapping[str, Profile], Mapping[str, Balances]]:
    played = PlayedFile(data.joinpath(*TRANSACTIONS), MAPPING, CURRENCY)
    balances: defaultdict[str, Balances] = defaultdict(Balances)
    for account in played.rows():
        held = played.profiles[account].accounts.values()
        balances[account].met(sum([one.balance_minor or 0 for one in held]))
    return played.profiles, balances


def described(profile: Profile, balances: Balances, at_ms: int) -> tuple[float, ...]:
    """Say what is known of an account at a time, in the order of `NAMES`."""
    totals = profile.totals.get(CURRENCY, Totals())
    count = totals.credit_count + totals.debit_count
    mean = (totals.credit_minor + totals.debit_minor) / max(1, count)
    return (
        log1p(count),
        _log(totals.credit_minor),
        _log(totals.debit_minor),
        _log(mean),
        log1p(max(0, at_ms - profile.first_seen_ms) / DAY_MS),
        balances.lowest / TEN_THOUSAND,
        balances.total / max(1, balances.count) / TEN_THOUSAND,
        balances.last / TEN_THOUSAND,
    )


def _log(minor: float) -> float:
    return log1p(max(0.0, minor) / 100)


def scores(loans: Sequence[Loan], fold: Sequence[int]) -> list[float]:
    """Score each loan by a champion that learned the loans of the other folds, in the order of their days."""
    said = [0.0] * len(loans)
    for held_out in range(FOLDS):
        champion = Champion(NAMES)
        for _ in range(PASSES):  # three hundred loans are few: the weights have not moved far after one
            for loan, place in zip(loans, fold, strict=True):
                if place != held_out:
                    champion.learn(loan.values, loan.bad, "", START)
        linear = champion.linear("", START)
        for number, loan in enumerate(loans):
            if fold[number] == held_out:
                said[number] = linear.score(loan.values).value
    return said


def _folds(labels: Sequence[bool], seed: int) -> list[int]:
    """Deal each class out to the folds in random order, so that each has its share."""
    chance, fold = random.Random(seed), [0] * len(labels)
    for label in (False, True):
        places = [place for place, other in enumerate(labels) if other == label]
        chance.shuffle(places)
        for turn, place in enumerate(places):
            fold[place] = turn % FOLDS
    return fold


def judged(loans: Sequence[Loan], seed: int = 0) -> Judged:
    """Judge the scores of five folds."""
    labels = [loan.bad for loan in loans]
    said = scores(loans, _folds(labels, seed))
    return Judged(auc(said, labels) or 0.5, _interval(said, labels, random.Random(seed)), len(loans), sum(labels))


def _interval(said: Sequence[float], labels: Sequence[bool], chance: random.Random) -> tuple[float, float]:
    """Draw as many good and bad ones again as there were, many times; the middle 95 % of their AUC."""
    bad = [score for score, label in zip(said, labels, strict=True) if label]
    good = [score for score, label in zip(said, labels, strict=True) if not label]
    truth = [True] * len(bad) + [False] * len(good)
    found = sorted(
        auc(chance.choices(bad, k=len(bad)) + chance.choices(good, k=len(good)), truth) or 0.5 for _ in range(RESAMPLES)
    )
    return found[int(0.025 * RESAMPLES)], found[int(0.975 * RESAMPLES) - 1]
