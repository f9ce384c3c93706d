"""What the models see of a customer: 34 bounded numbers, small enough to keep until their label is known.

Amounts are logs, rates are compared with the customer's own history, recencies are logs of days, shares lie in [0, 1].
Every value is exact in 32 bits, so that what is stored is what was scored and what will be learned.
"""

from collections.abc import Sequence
from math import log1p
from struct import Struct
from struct import pack as pack_floats
from struct import unpack as unpack_floats

from models.figures import aum_minor, weekly_high_minor
from models.rings.sums import Sums, spans
from models.rings.windows import home_day
from schemas.profile import Profile

DAY_MS = 86_400_000
LONG_AGO_DAYS = 400.0  # a recency of what never happened, and the most that one can be

FEATURES: tuple[str, ...] = (
    "aum",  # log of yuan
    "aum_to_high",  # AUM by its weekly high of 90 days, in [0, 1]
    "credit_30d",  # log of yuan
    "debit_30d",
    "net_flow_7d",  # (credits - debits) by (credits + debits), in [-1, 1]
    "net_flow_30d",
    "debit_trend_month",  # log of the daily rate in 30 days against that in 63
    "count_trend_month",
    "transfer_share",  # of the money moved in 30 days
    "cash_share",
    "investments_63d",  # log of the count
    "fees_30d",  # log of the count
    "declined_30d",
    "days_since_activity",  # log of days
    "days_since_login",
    "logins_7d",  # log of the count
    "logins_30d",
    "login_trend_month",
    "service_30d",
    "visits_30d",
    "branch_share",  # of transactions and interactions in 30 days
    "digital_share",
    "salary_late_days",  # log of days after the expected day, 0 if it is not late
    "has_salary",
    "open_complaints",
    "complaint_age_days",  # log of days that the oldest open complaint waits
    "complaint_recent",  # 1 on the day of the last complaint, a half a month later
    "last_rating",  # in [-1, 1], 0 if none
    "mood",  # sentiment of the last linked mention, the same
    "tenure_days",  # log of days since first seen
    "products",  # log of the count
    "holds_investments",  # 1 for funds, securities, wealth products
    "age",  # decades above 45, 0 if the year of birth is not told
    "offers_14d",  # the count: who is asked again and again says no
)

_WHICH_BYTES = 5
_CODEC = Struct(f"<{len(FEATURES)}e")  # logs, shares and flags: three digits say all, and a profile keeps ten of these
_DIGITAL = ("mobile", "web", "wechat")
_INVESTMENTS = frozenset({"fund", "securities", "wealth"})
_OFFERS_MS = 14 * DAY_MS
_YEAR_MS = 31_556_952_000  # 365.2425 days
_USUAL_AGE = 45
_OLDEST = 120


def pack(values: Sequence[float]) -> bytes:
    """Write which features are not zero (half are), then these as little-endian float16; exact for `features`."""
    told = [value for value in values if value]
    which = sum([1 << place for place, value in enumerate(values) if value])
    return which.to_bytes(_WHICH_BYTES, "little") + pack_floats(f"<{len(told)}e", *told)


def unpack(packed: bytes) -> tuple[float, ...]:
    """Read the features in these bytes. Raises `struct.error` where the length is another."""
    which = int.from_bytes(packed[:_WHICH_BYTES], "little")
    told = iter(unpack_floats(f"<{which.bit_count()}e", packed[_WHICH_BYTES:]))
    return tuple([next(told) if which >> place & 1 else 0.0 for place in range(len(FEATURES))])


def features(profile: Profile, at_ms: int, home_currency: str = "CNY") -> tuple[float, ...]:
    """Describe the customer as of `at_ms`, in the order of `FEATURES`: windows end with the day of `at_ms`."""
    week, month, nine_weeks = spans(profile, at_ms)
    aum = aum_minor(profile, home_currency)
    high = weekly_high_minor(profile, home_day(at_ms), aum)
    money = _money_features(aum, high, week, month, nine_weeks)
    return _CODEC.unpack(
        _CODEC.pack(*money, *_habit_features(profile, at_ms, week, month, nine_weeks), *_bond_features(profile, at_ms))
    )


def _money_features(aum: int, high: int, week: Sums, month: Sums, nine_weeks: Sums) -> tuple[float, ...]:
    credit, debit = month.credit_minor, month.debit_minor
    moved = abs(credit) + abs(debit)
    return (
        _log_yuan(aum),
        aum / high if high else 1.0,
        _log_yuan(credit),
        _log_yuan(debit),
        _balance(week.credit_minor, week.debit_minor),
        _balance(credit, debit),
        _trend(_yuan(debit) / 30, _yuan(nine_weeks.debit_minor) / 63),
        _trend((month.credit_count + month.debit_count) / 30, (nine_weeks.credit_count + nine_weeks.debit_count) / 63),
        _share(abs(month.of_kind("transfer")[1]), moved),
        _share(abs(month.of_kind("cash")[1]), moved),
        log1p(nine_weeks.of_kind("investment")[0]),
        log1p(month.of_kind("fee")[0]),
        log1p(month.declined),
    )


def _habit_features(profile: Profile, at_ms: int, week: Sums, month: Sums, nine_weeks: Sums) -> tuple[float, ...]:
    logins_30, contacts = month.activity("login"), month.contacts
    return (
        _log_days(profile.last_own_activity_ms, at_ms),
        _log_days(profile.last_login_ms, at_ms),
        log1p(week.activity("login")),
        log1p(logins_30),
        _trend(logins_30 / 30, nine_weeks.activity("login") / 63),
        log1p(month.activity("service")),
        log1p(month.activity("visit")),
        _share(month.channel("branch"), contacts),
        _share(sum(map(month.channel, _DIGITAL)), contacts),
    )


def _bond_features(profile: Profile, at_ms: int) -> tuple[float, ...]:
    salary, complaints = profile.salary, profile.complaints
    expected, complained = salary.expected_ms, profile.last_complaint_ms
    rating, mood = profile.ratings.last_tenths, profile.mood.last_thousandths
    identity, since_ms = profile.identity, at_ms - _OFFERS_MS
    held = identity.products if identity is not None else ()
    return (
        0.0 if expected is None or expected >= at_ms else _log_days(expected, at_ms),
        1.0 if salary.count >= 2 else 0.0,
        log1p(len(complaints)),
        _log_days(complaints[0].opened_ms, at_ms) if complaints else 0.0,
        30.0 / (30.0 + _days(complained, at_ms)) if complained is not None else 0.0,
        (rating - 50) / 50 if rating is not None else 0.0,
        mood / 1000 if mood is not None else 0.0,
        _log_days(profile.first_seen_ms, at_ms),
        log1p(len(held)),
        0.0 if _INVESTMENTS.isdisjoint(held) else 1.0,
        _age(identity.birth_year, at_ms) if identity is not None else 0.0,
        float(sum([since_ms < offer.made_ms < at_ms for offer in profile.offers])),
    )


def _age(born: int | None, at_ms: int) -> float:
    return 0.0 if born is None else (min(_OLDEST, max(0, 1970 + at_ms // _YEAR_MS - born)) - _USUAL_AGE) / 10


def _yuan(minor: int) -> float:
    return minor / 100 if minor > 0 else 0.0  # reversals may take a window's sum below zero


def _log_yuan(minor: int) -> float:
    return log1p(_yuan(minor))


def _trend(recent: float, usual: float) -> float:
    """How the recent daily rate compares with the usual one (log ratio); 0 when both are nothing."""
    return log1p(recent) - log1p(usual)


def _balance(credit: int, debit: int) -> float:
    moved = abs(credit) + abs(debit)
    return (credit - debit) / moved if moved else 0.0


def _share(part: float, whole: float) -> float:
    return min(1.0, part / whole) if whole > 0 else 0.0


def _days(then_ms: int, at_ms: int) -> float:
    return min(LONG_AGO_DAYS, max(0.0, (at_ms - then_ms) / DAY_MS))


def _log_days(then_ms: int | None, at_ms: int) -> float:
    return log1p(LONG_AGO_DAYS if then_ms is None else _days(then_ms, at_ms))
