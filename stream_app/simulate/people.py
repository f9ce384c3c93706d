"""A customer of the synthetic bank: who it is, what it holds, and what is on its agenda.

Each customer has a random generator of its own, so what happens to one never changes another.
"""

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from stream_app.simulate.options import Options
from stream_app.simulate.personas import Persona
from stream_app.simulate.seasons import poisson, start_of

THEMES = ("savings", "investment", "credit", "insurance", "travel", "digital", "payroll", "retention")


@dataclass(slots=True)
class Account:
    """An account with its running balance; `product` is what it is (current, savings, fund, usd)."""

    account_id: str
    product: str
    currency: str
    balance_minor: int


@dataclass(slots=True)
class Episode:
    """Events that belong together in the truth, such as those of one fraud; filled as they are written."""

    kind: str
    customer_id: str
    start_ms: int
    fraud: bool
    event_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A planted departure: the cause shows from `first_sign_ms`, the customer is gone at `left_ms`."""

    cause: str
    first_sign_ms: int
    left_ms: int
    closes: bool  # ends with closed products; else the accounts are drained in silence
    strength: float  # 0 to 1: how clearly the behaviour shows it


class Payment(NamedTuple):
    """Money that will move. With `share`, the amount is that share of the balance at that time."""

    ms: int
    account: Account
    direction: str
    amount_minor: int
    kind: str
    fields: dict[str, object]
    status: str = "booked"
    share: float = 0.0
    episode: Episode | None = None


class Touch(NamedTuple):
    """An interaction that will happen."""

    ms: int
    channel: str
    kind: str
    fields: dict[str, object]
    episode: Episode | None = None


class Remark(NamedTuple):
    """Something that will be said in public: a `mood` (positive, negative, neutral) about an aspect."""

    ms: int
    author: str
    language: str
    mood: str
    aspect: str
    episode: Episode | None = None


class Record(NamedTuple):
    """The customer's master record will be written with these changes to its fields."""

    ms: int
    changes: dict[str, object]


class Finding(NamedTuple):
    """An analyst will confirm or dismiss the last event of an episode."""

    ms: int
    episode: Episode


Item = Payment | Touch | Remark | Record | Finding


@dataclass(frozen=True, slots=True)
class Spell:
    """Days on which a customer does less (`activity` below 1) or is abroad."""

    first: int
    last: int
    activity: float = 1.0
    country: str = ""


@dataclass(slots=True)
class Person:
    """One customer, with hidden traits (`affinity` per theme, `averse`, `patience`) that no event carries."""

    customer_id: str
    persona: Persona
    rng: Random
    record: dict[str, object]
    language: str
    branch_id: str
    handle: str  # platform:author, or ""
    linked: bool  # the bank may know that the handle is theirs
    accounts: list[Account]
    income_minor: int
    employer: str
    pay_day: int
    bill_day: int
    rent_minor: int
    loan_minor: int
    card_mean_minor: int
    card_sigma: float
    affinity: dict[str, float]
    averse: bool
    patience: float
    device: str
    spells: list[Spell] = field(default_factory=list)
    decoys: list[str] = field(default_factory=list)
    leaving: Leaving | None = None
    agenda: dict[int, list[Item]] = field(default_factory=dict)
    salary_delay: dict[int, int] = field(default_factory=dict)
    sequence: int = 0

    def next_id(self, letter: str) -> str:
        """Return the next event id of this customer: unique in the bank, and plain ASCII."""
        self.sequence += 1
        return f"{letter}-{self.customer_id}-{self.sequence}"

    def account(self, product: str) -> Account | None:
        """Return the account of that product, if the customer has one."""
        return next((account for account in self.accounts if account.product == product), None)

    @property
    def current(self) -> Account:
        """The account that salary and cards use."""
        return self.accounts[0]

    @property
    def zh(self) -> bool:
        """Whether the customer speaks Chinese with the bank."""
        return self.language == "zh"


def plan(person: Person, item: Item, options: Options) -> None:
    """Put an item on the customer's agenda, on the day of its time."""
    index = (item.ms - start_of(options.start)) // 86_400_000
    person.agenda.setdefault(index, []).append(item)


def plan_trips(person: Person, options: Options, countries: tuple[str, ...]) -> None:
    """Journeys abroad of 3 to 9 days, as many as the persona makes."""
    for _ in range(poisson(person.rng, person.persona.trips_per_60_days * options.days / 60)):
        first = person.rng.randrange(options.days)
        person.spells.append(Spell(first, first + person.rng.randint(3, 9), country=person.rng.choice(countries)))
