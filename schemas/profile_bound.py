"""The sum behind the bound of a profile: the fullest one there can be, and what each of its fields takes.

Every collection is full, every text as long as its limit, every number as long as msgpack makes it: 9 bytes for times
and sums of money, 5 for lifetime counts (4 billion). A sum beyond 64 bits (92 quadrillion yuan) would take 9 more.
"""

import msgpack

from schemas import profile as limits
from schemas import profile_codec as codec
from schemas import vocabulary
from schemas.errors import BrokenInvariant
from schemas.profile import (
    Account,
    Due,
    Eve,
    EventCounts,
    Facts,
    Grade,
    Identity,
    MentionMood,
    OfferMade,
    OpenAlert,
    PendingExample,
    Profile,
    Promise,
    Ratings,
    ReasonPart,
    Rings,
    Salary,
    Score,
    Tag,
    Tally,
    Totals,
    Visit,
)
from schemas.profile_complaints import Answer, Complaint
from schemas.profile_eve import eve_bytes
from schemas.profile_holdings import Loan, ProductChange
from schemas.profile_settled import DAILY, SETTLED
from schemas.profile_worth import Purchases, Worth
from schemas.remembered import HASH_BYTES
from schemas.ring import ring_of

_SUM = 2**62
# Times as such and their distances take 9 bytes each.
_TIME, _LATER, _LAST = 2**61, 2**62, 2**63 - 1
_COUNT = 2**32 - 1
_ACTION_ID = "a" * 20
_ODD_ID = "#" * 20  # as others may name a decision: not as short as our own
_REASON = "holds_investments"  # a feature: all of them are told by their numbers
_DAY = 2**16 - 1  # until the year 2149 a day's number fits
# Newest bucket's number, buckets, and the budget of each: what `models.rings.windows` keeps to.
_RINGS = {"minutes": (2**31 - 1, 12, 46), "hours": (2**31 - 1, 24, 44), "days": (_DAY, 31, 64), "weeks": (_DAY, 10, 72)}


def fullest() -> Profile:
    """Build the profile that encodes to the most bytes."""
    name, identifier = "n" * limits.MAX_NAME_BYTES, "i" * limits.MAX_ID_BYTES
    full = Profile(
        customer_id="c" * 64,
        first_seen_ms=_TIME,
        last_seen_ms=_LAST,
        erased_ms=_TIME,
        identity=_identity(identifier),
        grade=Grade(name, _TIME, "r" * limits.MAX_REASON_BYTES),
        lifecycle="dormant",
        tags={key: Tag(_TIME, "r" * limits.MAX_REASON_BYTES) for key in _keys(limits.MAX_TAGS, name)},
        events=EventCounts(_COUNT, _COUNT, _COUNT, _COUNT),
        totals={currency: _totals() for currency in _keys(limits.MAX_CURRENCIES, "XXX")},
        interactions_by_channel=dict.fromkeys(vocabulary.CHANNELS, _COUNT),
        interactions_by_kind=dict.fromkeys(vocabulary.INTERACTION_KINDS, _COUNT),
        last_by_channel_ms=dict.fromkeys(vocabulary.CHANNELS, _TIME),
        accounts={key: Account("QQQ", _SUM, _TIME, _LATER, _TIME) for key in _keys(limits.MAX_ACCOUNTS, identifier)},
        aum_highs=((_DAY, _SUM),) * (limits.AUM_DAYS // limits.AUM_SLOT_DAYS + 1),
        aum_weeks=tuple((_DAY - back, _SUM) for back in range(limits.AUM_DAYS - 1, -1, -limits.AUM_WEEK_DAYS)),
        rings=Rings(**{ring: _ring(*shape) for ring, shape in _RINGS.items()}),
        salary=Salary(_COUNT, _TIME, _SUM, _SUM, _COUNT, _TIME, _TIME),
        loans={
            key: Loan(limits.MAX_MISSED, _DAY, limits.LOAN_RHYTHM)
            for key in _keys(limits.MAX_LOANS, "l" * limits.MAX_LOAN_BYTES)
        },
        counterparties=dict.fromkeys(_keys(limits.MAX_COUNTERPARTIES, "p" * limits.MAX_COUNTERPARTY_BYTES), _TIME),
        countries=dict.fromkeys(_keys(limits.MAX_COUNTRIES, "CHN"), _TIME),
        last_login_ms=_TIME,
        last_own_activity_ms=_TIME,
        complaints=(Complaint("e" * limits.MAX_EVENT_ID_BYTES, _TIME, "face_to_face", "t" * limits.MAX_WORD_BYTES),)
        * limits.MAX_COMPLAINTS,
        last_complaint_ms=_TIME,
        product_changes=(ProductChange(identifier, _TIME, opened=True),) * limits.MAX_PRODUCT_CHANGES,
        answers=(Answer(_TIME, "t" * limits.MAX_WORD_BYTES),) * limits.MAX_ANSWERS,  # as long as one with its complaint
        ratings=Ratings(_COUNT, _COUNT, 100, _TIME),
        mood=MentionMood(_COUNT, _COUNT, _SUM, -1000, _TIME),
        visits=(Visit("b" * 32, _TIME, _ACTION_ID, "arrivals:other", _LATER, left=True),) * limits.MAX_VISITS,
        open_alerts=(OpenAlert(_ACTION_ID, name, "alerts:relationship:p1", _TIME, _TIME, identifier, 3),)
        * limits.MAX_OPEN_ALERTS,
        cool_downs=dict.fromkeys(_keys(limits.MAX_COOL_DOWNS, name), _TIME),
        offers=(OfferMade(_ACTION_ID, _ODD_ID, name, "mobile", _TIME, _LATER, "NoResponse", _TIME, 1000),)
        * limits.MAX_OFFERS,
        contacts_by_channel=dict.fromkeys({*vocabulary.CHANNELS, *vocabulary.OFFER_CHANNELS}, _COUNT),
        last_offer_day=_DAY,
        pending=(_pending(),) * limits.MAX_PENDING,
        scores=dict.fromkeys(_keys(limits.MAX_SCORES, "propensity"), _score()),
        remembered=b"r" * HASH_BYTES * limits.MAX_REMEMBERED_EVENTS,
        due=_due(identifier),
        churn_label="deceased",
        churn_label_ms=_TIME,
        promise=Promise(_TIME, "p" * limits.MAX_PROMISE_BYTES),
        purchases=Purchases(_DAY, _DAY, 2 * _DAY, _SUM, _SUM),
        opened=dict.fromkeys(vocabulary.PRODUCT_FAMILIES, ~_DAY),
        needs=dict.fromkeys(vocabulary.PRODUCT_FAMILIES, 1000),
        worth=Worth(_DAY, _COUNT, 1000, _DAY, _SUM, name),
    )
    return _with_eve(full)


def _due(identifier: str) -> tuple[Due, ...]:
    """Make work none of which follows from what waits; what our own ids tell of is as much as can wait."""
    ours = limits.MAX_PENDING + limits.MAX_OPEN_ALERTS
    others = (Due(_TIME, "complaint_deadline", identifier),) * (limits.MAX_DUE - ours)
    return (Due(_TIME, "alert_expires", identifier),) * ours + others


def _score() -> Score:
    return Score(0.5, _COUNT, _COUNT, _TIME, (ReasonPart(_REASON, 0.5),) * limits.MAX_REASONS)


def _pending() -> PendingExample:
    """Make an example of an offer that is no longer kept."""
    context = bytes(limits.MAX_CONTEXT_BYTES // limits.MAX_PENDING)
    example_id, features = "b" * len(_ACTION_ID), bytes(limits.MAX_FEATURE_BYTES)
    return PendingExample(example_id, "escalation", _TIME, _LATER, features, 0.5, _COUNT, vocabulary.FAST, context)


def _with_eve(p: Profile) -> Profile:
    """Keep facts beside the profile that fill their budget: products of such a length, whatever it is that differs."""
    facts = Facts(
        _TIME,
        p.accounts,
        p.salary,
        p.last_login_ms,
        p.last_own_activity_ms,
        p.complaints,
        p.last_complaint_ms,
        p.answers,
        p.ratings,
        p.mood,
        _TIME,
        2000,
        ("e" * 64, "f" * 64),
        "2000-01-02",
        False,
        p.churn_label,
        p.churn_label_ms,
        p.purchases,
        p.opened,
    )
    p.eve = Eve(_TIME, facts)
    left = limits.MAX_EVE_BYTES - eve_bytes(p)
    p.eve = Eve(_TIME, facts._replace(products=("e" * 64, "f" * (64 + left))))
    return p


def _identity(identifier: str) -> Identity:
    word = "w" * limits.MAX_WORD_BYTES
    return Identity(
        as_of_ms=_TIME,
        name="n" * limits.MAX_TEXT_BYTES,
        birth_year=2000,
        language=word,
        time_zone=word,
        branch_id="b" * 32,
        relationship_manager_id=identifier,
        household_id=identifier,
        kind="business",
        risk_rating=word,
        products=(identifier,) * limits.MAX_PRODUCTS,
        handles=("h" * (limits.MAX_HANDLE_BYTES // limits.MAX_HANDLES),) * limits.MAX_HANDLES,
        opened_on="2000-01-01",
        closed_on="2000-01-01",
        consents=vocabulary.CONSENTS,
        do_not_contact=True,
    )


def _totals() -> Totals:
    tally = Tally(_COUNT, _SUM)
    return Totals(
        _COUNT,
        _SUM,
        _COUNT,
        _SUM,
        _COUNT,
        _COUNT,
        dict.fromkeys(vocabulary.TRANSACTION_KINDS, tally),
        dict.fromkeys(vocabulary.CHANNELS, tally),
    )


def _keys(number: int, like: str) -> list[str]:
    """Make `number` different keys of the length of `like`."""
    return [f"{i:02}"[: len(like)] + like[2:] for i in range(number)]


def _ring(newest: int, size: int, share: int) -> bytes:
    return ring_of({newest - i: bytes(share) for i in range(size)})


def sizes(profile: Profile) -> dict[str, int]:
    """Measure the bytes that each field of a profile takes."""
    frame, *moved, settled, daily, eve = msgpack.unpackb(codec.encode(profile), strict_map_key=False)
    runs = [value for run in (settled, daily) for value in msgpack.unpackb(run, strict_map_key=False)]
    names = ["(version, frames)", *codec.MOVED, *SETTLED, *DAILY, "eve"]
    found = {n: len(msgpack.packb(value)) for n, value in zip(names, [frame, *moved, *runs, eve], strict=True)}
    found["(version, frames)"] += len(codec.encode(profile)) - sum(found.values())
    return found


def report() -> str:
    """Write down the sum; raises BrokenInvariant when it passes the bound."""
    worst = sizes(fullest())
    total = sum(worst.values())
    lines = [f"{size:7,}  {name}" for name, size in sorted(worst.items(), key=lambda item: -item[1])]
    if total > codec.MAX_PROFILE_BYTES:
        raise BrokenInvariant(f"a profile can grow to {total:,} bytes: lower a limit in schemas/profile.py")
    return "\n".join([*lines, f"{total:7,}  bytes at the worst; the bound is {codec.MAX_PROFILE_BYTES:,}"])
