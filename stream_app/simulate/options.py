"""What can be asked of the synthetic bank."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares (0 to 1) of the good events that the feeds spoil on their way.

    Late events come hours after they occurred, events out of order within minutes, duplicates a second time
    (one in three with other content); a broken message comes in addition to the event it was made from.
    """

    late: float = 0.01
    duplicate: float = 0.01
    out_of_order: float = 0.02
    broken: float = 0.002


NO_FAULTS = Faults(late=0.0, duplicate=0.0, out_of_order=0.0, broken=0.0)


@dataclass(frozen=True, slots=True)
class Options:
    """One synthetic bank: equal options give a byte-identical stream and truth.

    `activity` scales what customers do by choice (card payments, logins), not salaries, rents or loans.
    `churn_per_60_days` and `fraud_per_60_days` are shares of all customers; `decoys` is the share of customers
    who show signs of leaving, and stay. `incident_day` counts from 0; None means two thirds through the period,
    a day outside of the period no incident at all. `uptake_per_60_days` is how many of the customers whom a product
    suits neither well nor badly open it of their own accord; by default nobody does.
    """

    customers: int = 200
    days: int = 60
    seed: int = 7
    start: date = date(2026, 3, 2)
    activity: float = 1.0
    churn_per_60_days: float = 0.06
    fraud_per_60_days: float = 0.03
    decoys: float = 0.12
    branches: int = 5
    incident_day: int | None = None
    uptake_per_60_days: float = 0.0
    faults: Faults = field(default_factory=Faults)
    namespace: str = "bank"

    def __post_init__(self) -> None:
        """Raise ValueError for a bank that cannot be."""
        if self.customers < 1 or self.days < 1 or not 1 <= self.branches <= 99:
            raise ValueError("a bank needs at least one customer, one day and 1 to 99 branches")
        shares = (self.faults.late, self.faults.duplicate, self.faults.out_of_order, self.faults.broken)
        if not all(0.0 <= share <= 1.0 for share in (*shares, self.decoys)):
            raise ValueError("shares of faults and decoys lie between 0 and 1")
        if min(self.activity, self.churn_per_60_days, self.fraud_per_60_days, self.uptake_per_60_days) < 0.0:
            raise ValueError("activity, churn, fraud and uptake are not negative")

    @property
    def incident_index(self) -> int | None:
        """The day of the incident, or None when the period has none."""
        index = self.days * 2 // 3 if self.incident_day is None else self.incident_day
        return index if 0 <= index < self.days else None
