"""Who banks here: habits of a kind of customer, as one table.

Money is in CNY fen (minor units); rates are per day unless the name says otherwise; shares lie between 0 and 1.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    """Habits that customers of one kind have in common; each customer varies around them."""

    name: str
    share: float
    born: tuple[int, int]
    income: str  # salary | pension | allowance | turnover (many credits, no rhythm)
    income_minor: int  # median per month
    income_spread: float  # sigma of its logarithm
    months_current: float  # opening balances, in months of income
    months_savings: float
    months_fund: float
    card: float
    cash_per_month: float
    transfers_per_month: float
    trades_per_month: float
    logins: float
    mobile: float  # share of digital use that is the app, the rest is the web
    visits_per_month: float
    calls_per_month: float
    trips_per_60_days: float
    loan: float
    rent: float
    english: float
    handle: float  # share who write on social media


# Columns: name, share, born, income, median, spread, months on the current account, in savings, in funds,
# then per customer: card, cash, transfers, trades, logins, app, visits, calls, trips, loan, rent, english, handle.
# fmt: off
PERSONAS = (
    Persona("salaried", 0.24, (1975, 1999), "salary", 1_150_000, 0.35, 1.2, 3.0, 0.6,
            1.15, 0.8, 3.0, 0.3, 0.75, 0.85, 0.3, 0.25, 0.15, 0.35, 0.45, 0.10, 0.30),
    Persona("pensioner", 0.13, (1945, 1964), "pension", 520_000, 0.30, 2.5, 14.0, 1.0,
            0.45, 3.0, 1.0, 0.2, 0.15, 0.60, 1.6, 0.80, 0.05, 0.02, 0.05, 0.02, 0.05),
    Persona("student", 0.09, (2002, 2008), "allowance", 220_000, 0.25, 1.0, 1.0, 0.0,
            1.30, 0.4, 4.0, 0.0, 1.00, 0.97, 0.1, 0.10, 0.10, 0.02, 0.20, 0.20, 0.55),
    Persona("self_employed", 0.09, (1970, 1996), "turnover", 1_400_000, 0.50, 1.8, 2.5, 0.4,
            1.10, 2.5, 6.0, 0.2, 0.80, 0.80, 0.6, 0.35, 0.15, 0.30, 0.30, 0.06, 0.25),
    Persona("affluent_investor", 0.07, (1962, 1988), "salary", 4_500_000, 0.45, 2.0, 8.0, 22.0,
            1.00, 0.6, 3.0, 3.5, 0.95, 0.70, 0.6, 0.50, 0.40, 0.15, 0.05, 0.15, 0.20),
    Persona("business_owner", 0.06, (1965, 1990), "turnover", 6_000_000, 0.55, 1.5, 3.0, 2.0,
            0.90, 2.0, 9.0, 0.5, 0.95, 0.55, 1.4, 0.80, 0.30, 0.45, 0.10, 0.10, 0.15),
    Persona("family", 0.13, (1978, 1995), "salary", 1_700_000, 0.30, 1.2, 4.0, 1.0,
            1.55, 0.8, 4.0, 0.4, 0.70, 0.88, 0.4, 0.35, 0.15, 0.60, 0.25, 0.06, 0.30),
    Persona("traveller", 0.05, (1980, 2000), "salary", 1_900_000, 0.40, 1.3, 3.5, 1.5,
            1.35, 0.8, 3.0, 0.5, 0.85, 0.90, 0.2, 0.30, 1.30, 0.15, 0.40, 0.25, 0.45),
    Persona("digital_only", 0.07, (1988, 2004), "salary", 1_250_000, 0.35, 1.0, 2.0, 1.5,
            1.50, 0.1, 5.0, 1.2, 1.40, 0.97, 0.0, 0.05, 0.15, 0.20, 0.50, 0.15, 0.50),
    Persona("branch_lover", 0.04, (1950, 1975), "salary", 800_000, 0.30, 2.0, 8.0, 1.0,
            0.40, 4.0, 1.0, 0.2, 0.10, 0.50, 3.2, 1.00, 0.03, 0.10, 0.10, 0.02, 0.04),
    Persona("private_wealth", 0.015, (1955, 1982), "salary", 9_000_000, 0.40, 2.0, 12.0, 45.0,
            0.90, 0.4, 3.0, 4.5, 0.70, 0.65, 1.0, 1.20, 0.60, 0.10, 0.02, 0.20, 0.10),
    Persona("dormant", 0.015, (1960, 1998), "none", 700_000, 0.40, 1.5, 8.0, 0.5,
            0.01, 0.05, 0.05, 0.0, 0.01, 0.80, 0.02, 0.02, 0.0, 0.0, 0.0, 0.05, 0.05),
)
# fmt: on
