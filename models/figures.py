"""The fixed vocabulary of named figures of a profile: what conditions of tags, actions and triggers may speak of.

A figure is a number, or None while it is unknown (no condition holds of it then). Some take an argument after a colon:
`count_30d:card`, `holds:mortgage`, `consent:marketing`. Spans end with the event's own day or hour. Each figure is a
function of `Figures`, cheap enough to be asked again; what is not, `Figures` keeps.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import cache

from models.learning.scoring import within
from models.products import names_in
from models.rings import windows
from models.rings.sums import spans
from schemas.profile import AUM_DAYS, Profile
from schemas.vocabulary import CHANNELS, CONSENTS, INTERACTION_KINDS, PRODUCT_FAMILIES, TRANSACTION_KINDS

DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1)
_LAST_DAY = date.max.toordinal()  # the bank's day is one ahead of the last hours that RFC 3339 can write

Figure = Callable[["Figures"], float | None]
FigureFamily = Callable[[str], Figure]  # by its argument


class Figures:
    """What figures are computed from: one profile at one time. What many of them read is read once, at the start."""

    __slots__ = (
        "at_ms",
        "aum",
        "aum_high",
        "day",
        "held",
        "home_country",
        "month",
        "nine_weeks",
        "products",
        "profile",
    )

    def __init__(self, profile: Profile, at_ms: int, home_currency: str, home_country: str) -> None:
        self.profile = profile
        self.at_ms = at_ms
        self.day = windows.home_day(at_ms)
        self.home_country = home_country
        self.products = profile.identity.products if profile.identity is not None else ()
        self.held = {name for product in self.products for name in names_in(product)}
        _, self.month, self.nine_weeks = spans(profile, at_ms)
        self.aum = profile.aum_minor(home_currency)
        # Told within 90 days, or lying there in silence since before.
        self.aum_high = max(profile.aum_high_minor(self.day), self.aum)

    def __getitem__(self, name: str) -> float | None:
        return figure_of(name)(self)

    def days_since(self, then_ms: int | None) -> float | None:
        """Whole home days between a moment and now; None if the moment never came."""
        if then_ms is None or then_ms <= 0:
            return None
        return self.day - windows.home_day(then_ms)


@cache
def figure_of(name: str) -> Figure:
    """Find what computes a figure, once for each name that a policy speaks of.

    >>> figure_of("count_30d:card") is figure_of("count_30d:card")
    True
    """
    word, _, argument = name.partition(":")
    return FAMILIES[word](argument) if argument else FIGURES[word]


def is_figure(name: str) -> bool:
    """Whether the vocabulary has this name.

    >>> is_figure("aum_minor"), is_figure("count_30d:card"), is_figure("count_30d:luck"), is_figure("luck")
    (True, True, False, False)
    """
    word, colon, argument = name.partition(":")
    if not colon:
        return word in FIGURES
    return word in FAMILIES and bool(argument) and argument in ARGUMENTS.get(word, (argument,))


def aum_minor(profile: Profile, home_currency: str) -> int:
    """Assets under management now: told balances of open accounts in home currency (minor units), debts left out."""
    return profile.aum_minor(home_currency)


def weekly_high_minor(profile: Profile, today: int, aum: int) -> int:
    """Highest AUM of the 90 home days up to `today` (minor units): at the weekly snapshots, or `aum`, that of now."""
    return max(aum, next((high for day, high in profile.aum_weeks if day > today - AUM_DAYS), 0))


def _aum_fall_share(f: Figures) -> float | None:
    return 1 - f.aum / f.aum_high if f.aum_high > 0 else None


def _age_years(f: Figures) -> float | None:
    identity = f.profile.identity
    if identity is None or identity.birth_year is None:
        return None
    today = min(_EPOCH_DAY.toordinal() + f.day, _LAST_DAY)
    return date.fromordinal(today).year - identity.birth_year


def _days_as_customer(f: Figures) -> float | None:
    """Count from the day on which the relationship was opened, or, if nobody told it, from the first event."""
    identity = f.profile.identity
    if identity is None or identity.opened_on is None:
        return f.days_since(f.profile.first_seen_ms)
    return f.day - (date.fromisoformat(identity.opened_on) - _EPOCH_DAY).days


def _rating(f: Figures) -> float | None:
    last = f.profile.ratings.last_tenths
    return None if last is None else last / 10


def _mention(f: Figures) -> float | None:
    last = f.profile.mood.last_thousandths
    return None if last is None else last / 1000


def _days_since_offer(f: Figures) -> float | None:
    return f.days_since(max((offer.made_ms for offer in f.profile.offers), default=None))


def _foreign_countries(f: Figures) -> float:
    since = f.at_ms - 90 * DAY_MS
    return sum([country != f.home_country and last > since for country, last in f.profile.countries.items()])


def _consents(f: Figures) -> tuple[str, ...]:
    return f.profile.identity.consents if f.profile.identity is not None else ()


def _need(f: Figures, family: str, days: int) -> float | None:
    """Say how likely a product of the family is opened; what is kept is the chance of 30 days."""
    thousandths = f.profile.needs.get(family)
    if thousandths is None or days == 30:
        return None if thousandths is None else thousandths / 1000
    return within(thousandths / 1000, 30, days)


def _channel_share(channel: str) -> Figure:
    def share(f: Figures) -> float | None:
        contacts = f.month.contacts
        return f.month.channel(channel) / contacts if contacts else None

    return share


FIGURES: Mapping[str, Figure] = {
    "age_years": _age_years,
    "days_as_customer": _days_as_customer,
    "is_business": lambda f: f.profile.identity is not None and f.profile.identity.kind == "business",
    "has_manager": lambda f: f.profile.identity is not None and f.profile.identity.relationship_manager_id is not None,
    "has_household": lambda f: f.profile.identity is not None and f.profile.identity.household_id is not None,
    "do_not_contact": lambda f: f.profile.identity is not None and f.profile.identity.do_not_contact,
    "products": lambda f: len(f.products),
    "accounts": lambda f: sum([account.closed_ms is None for account in f.profile.accounts.values()]),
    "aum_minor": lambda f: f.aum,
    "aum_high_minor": lambda f: f.aum_high,
    "aum_fall_share": _aum_fall_share,
    "days_since_activity": lambda f: f.days_since(f.profile.last_own_activity_ms),
    "days_since_login": lambda f: f.days_since(f.profile.last_login_ms),
    "contacts_30d": lambda f: f.month.contacts,
    "logins_30d": lambda f: f.month.activity("login"),
    "failed_logins_24h": lambda f: windows.activity(f.profile, "failed_login", "24h", f.at_ms),
    "visits_63d": lambda f: f.nine_weeks.activity("visit"),
    "service_30d": lambda f: f.month.activity("service"),
    "credits_30d_minor": lambda f: f.month.credit_minor,
    "debits_30d_minor": lambda f: f.month.debit_minor,
    "debits_30d": lambda f: f.month.debit_count,
    "declined_30d": lambda f: f.month.declined,
    "salaries": lambda f: f.profile.salary.count,
    "salary_minor": lambda f: f.profile.salary.usual_minor,
    "days_since_salary": lambda f: f.days_since(f.profile.salary.last_ms),
    "salary_missed": lambda f: f.profile.salary.missed_since_ms is not None,
    "loan_missed": lambda f: f.profile.loan_missed if f.profile.loans else 0,
    "foreign_countries_90d": _foreign_countries,
    "payees": lambda f: len(f.profile.counterparties),
    "complaints_open": lambda f: len(f.profile.complaints),
    "days_since_complaint": lambda f: f.days_since(f.profile.last_complaint_ms),
    "rating": _rating,
    "mention_sentiment": _mention,
    "negative_mentions": lambda f: f.profile.mood.negative_count,
    "days_since_offer": _days_since_offer,
    "churn_score": lambda f: f.profile.scores["churn"].value if "churn" in f.profile.scores else None,
    "churn_examples": lambda f: f.profile.scores["churn"].examples if "churn" in f.profile.scores else None,
    "p_alive": lambda f: f.profile.worth.alive_thousandths / 1000 if f.profile.worth is not None else None,
    "purchases_year": lambda f: f.profile.worth.purchases_tenths / 10 if f.profile.worth is not None else None,
    "clv_year_minor": lambda f: f.profile.worth.year_minor if f.profile.worth is not None else None,
    "left": lambda f: f.profile.churn_label != "" or f.profile.lifecycle == "closed",
}

FAMILIES: Mapping[str, FigureFamily] = {
    "holds": lambda product: lambda f: product in f.held,
    "consent": lambda consent: lambda f: consent in _consents(f),
    "has_tag": lambda tag: lambda f: tag in f.profile.tags,
    "tier": lambda tier: lambda f: f.profile.grade.tier == tier,
    "need_30": lambda family: lambda f: _need(f, family, 30),
    "need_90": lambda family: lambda f: _need(f, family, 90),
    "value_band": lambda band: lambda f: None if f.profile.worth is None else f.profile.worth.band == band,
    "alert": lambda kind: lambda f: any(alert.kind == kind for alert in f.profile.open_alerts),
    "count_30d": lambda kind: lambda f: f.month.of_kind(kind)[0],
    "minor_30d": lambda kind: lambda f: f.month.of_kind(kind)[1],
    "count_63d": lambda kind: lambda f: f.nine_weeks.of_kind(kind)[0],
    "minor_63d": lambda kind: lambda f: f.nine_weeks.of_kind(kind)[1],
    "channel_share_30d": _channel_share,
    "channel_30d": lambda channel: lambda f: f.month.channel(channel),
    "ever": lambda kind: lambda f: f.profile.interactions_by_kind.get(kind, 0),
}

# What may stand after the colon, where it is of a fixed set.
ARGUMENTS: Mapping[str, Collection[str]] = {
    "consent": CONSENTS,
    "count_30d": TRANSACTION_KINDS,
    "minor_30d": TRANSACTION_KINDS,
    "count_63d": TRANSACTION_KINDS,
    "minor_63d": TRANSACTION_KINDS,
    "channel_share_30d": CHANNELS,
    "need_30": PRODUCT_FAMILIES,
    "need_90": PRODUCT_FAMILIES,
    "channel_30d": CHANNELS,
    "ever": INTERACTION_KINDS,
}
