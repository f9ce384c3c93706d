"""All that Rapport remembers of one customer: bounded, versioned, immutable by convention.

A profile is never changed in place: `models.fold` takes the old one and returns a new one that shares what did not
change. The parts are named tuples (cheap to build, compare and pack); mappings inside a part are never mutated after
the part was built. Times are epoch milliseconds (UTC), money is integer minor units.

Bounds (`python -m schemas.profile_codec` adds them up): what does not fit leaves by the rule beside the limit.
"""

# ruff: noqa: RUF009 - the defaults are named tuples, which nobody can change

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from schemas.copier import copier_of
from schemas.profile_complaints import Answer, Complaint
from schemas.profile_holdings import Loan, ProductChange
from schemas.profile_worth import NO_PURCHASES, Purchases, Worth

PROFILE_VERSION = 1

MAX_ACCOUNTS = 9  # the one idle longest leaves; its balance leaves the AUM
MAX_CURRENCIES = 5  # of totals: the home currency, three others, and "XXX" for all further ones together
MAX_PRODUCTS = 10  # the first ones of the master data
MAX_HANDLES = 8  # likewise, while they fit in MAX_HANDLE_BYTES together
MAX_PRODUCT_CHANGES = 2  # the oldest leaves
MAX_LOANS = 4  # the one with the fewest missed instalments leaves, of these the one heard of longest ago
MAX_MISSED = 99  # instalments of a loan: the count stands still there
LOAN_RHYTHM = 2  # so many instalments paid in a row make one expect the next; more are not counted
MAX_TAGS = 18  # the one that holds longest leaves
MAX_COUNTERPARTIES = 12  # the one seen longest ago leaves
MAX_COUNTRIES = 7  # likewise
MAX_COMPLAINTS = 4  # the oldest leaves; with those that answers have closed
MAX_ANSWERS = 2  # the earliest leaves
MAX_OPEN_ALERTS = 8  # the one that expires first leaves
MAX_COOL_DOWNS = 11  # the one that ends first leaves
MAX_OFFERS = 9  # the oldest leaves
MAX_PENDING = 10  # the oldest leaves: an example is lost
MAX_SCORES = 1  # churn's; what an offer is scored with stands in its decision
MAX_REASONS = 5  # of a score, the strongest
MAX_REMEMBERED_EVENTS = 64  # the oldest leaves (docs/rules.md, 5)
MAX_VISITS = 2  # the oldest leaves
MAX_DUE = 26  # what is due last leaves
AUM_DAYS, AUM_SLOT_DAYS, AUM_WEEK_DAYS = 90, 5, 7  # how far back AUM highs look; by slots at most 19, by weeks 13

# Lengths in bytes of UTF-8. Longer ids stand as "#" and a hash (`short_id`), longer texts are cut (`cut`).
MAX_NAME_BYTES = 24  # of what policy names: tags, alerts, actions, tiers
MAX_REASON_BYTES = 16  # of a tag's or tier's reason
MAX_ID_BYTES = 20  # accounts, products, household, relationship manager, what an alert or due work is about
MAX_LOAN_BYTES = 16  # what a loan is known by
MAX_EVENT_ID_BYTES = 40  # of a complaint
MAX_COUNTERPARTY_BYTES = 16
MAX_TEXT_BYTES = 40  # a customer's name
MAX_PROMISE_BYTES = 96  # what was promised to a customer
MAX_WORD_BYTES = 24  # language, time zone, risk rating, a complaint's topic
MAX_HANDLE_BYTES = 192  # of all handles together
MAX_COUNTRY_BYTES = 3
MAX_FEATURES = 34  # of a pending example
MAX_FEATURE_BYTES = 5 + 2 * MAX_FEATURES  # which of them are not zero, and these as float16
MAX_EVE_BYTES = 284  # facts as of a day boundary: beyond it they are lost, and with them the snapshot or label
MAX_CONTEXT_BYTES = 250  # of all pending examples together: what does not fit is lost, as beyond MAX_PENDING


def short_id(text: str, limit: int = MAX_ID_BYTES) -> str:
    """Shorten an id (ASCII) that is too long to be kept: "#" and 60 bits of its hash.

    >>> short_id("A1"), len(short_id("A" * 64))
    ('A1', 16)
    """
    return text if len(text) <= limit else "#" + blake2b(text.encode(), digest_size=8).hexdigest()[:15]


def cut(text: str, limit: int) -> str:
    """Cut a text to at most `limit` bytes of UTF-8, between characters.

    >>> cut("银行", 5)
    '银'
    """
    return text if len(text) * 4 <= limit else text.encode()[:limit].decode(errors="ignore")


class Identity(NamedTuple):
    """Master data as of `as_of_ms`; None fields were never told."""

    as_of_ms: int
    name: str | None = None
    birth_year: int | None = None
    language: str = "zh"
    time_zone: str = "Asia/Shanghai"
    branch_id: str | None = None
    relationship_manager_id: str | None = None
    household_id: str | None = None
    kind: str = "person"
    risk_rating: str | None = None
    products: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    opened_on: str | None = None
    closed_on: str | None = None
    has_own_time: bool = True  # False: `as_of_ms` is when its record was written
    consents: tuple[str, ...] = ()
    do_not_contact: bool = False


class Account(NamedTuple):
    """One account: its last told balance (None if never told) and when it last moved."""

    currency: str
    balance_minor: int | None
    balance_ms: int
    last_ms: int
    closed_ms: int | None = None


class Tally(NamedTuple):
    """How many and how much, both directions together."""

    count: int = 0  # type: ignore[assignment] # hides tuple.count, which nobody wants of it
    minor: int = 0


class Totals(NamedTuple):
    """Lifetime totals in one currency (docs/rules.md, 14)."""

    credit_count: int = 0
    credit_minor: int = 0
    debit_count: int = 0
    debit_minor: int = 0
    declined_count: int = 0
    reversed_count: int = 0
    by_kind: dict[str, Tally] = {}  # noqa: RUF012 - never mutated: the fold replaces it
    by_channel: dict[str, Tally] = {}  # noqa: RUF012 - never mutated: the fold replaces it


class Tag(NamedTuple):
    """A tag that holds since `since_ms`, and the figures that brought it."""

    since_ms: int
    reason: str


class Grade(NamedTuple):
    """The customer's tier with the day and figure of the last change."""

    tier: str = "mass"
    since_ms: int = 0
    reason: str = ""


class Salary(NamedTuple):
    """Rhythm of salary credits: last one, the usual gap and amount, when the next is expected."""

    count: int = 0  # type: ignore[assignment] # hides tuple.count, which nobody wants of it
    last_ms: int = 0
    last_minor: int = 0
    usual_minor: int = 0
    usual_gap_days: int = 0
    expected_ms: int | None = None
    missed_since_ms: int | None = None


class Promise(NamedTuple):
    """What was last promised to the customer, and when; an empty text: nothing any more."""

    made_ms: int
    text: str


class Visit(NamedTuple):
    """A branch visit: the arrival card's id and stream, so that `leave` can retract it."""

    branch_id: str
    arrived_ms: int
    action_id: str
    stream: str
    expires_ms: int
    left: bool = False


class OpenAlert(NamedTuple):
    """An alert that still stands; `cause` names what it hangs on (a rule's own key, e.g. a complaint's event id)."""

    action_id: str
    kind: str
    stream: str
    raised_ms: int
    expires_ms: int
    cause: str = ""
    priority: int = 3


class OfferMade(NamedTuple):
    """An offer that went out, and the best outcome heard so far.

    Its entry on the stream `offers:<channel>` stands for `stands_hours`; 0: it has none, because a person made the
    offer, or because it was taken back. Answers count up to `due_ms`: the horizon, and `made_ms` once the label is out.
    """

    action_id: str
    decision_id: str
    action: str
    channel: str
    made_ms: int
    due_ms: int
    outcome: str | None = None
    outcome_ms: int | None = None
    stands_hours: int = 0

    @property
    def expires_ms(self) -> int:
        """When its entry expires (epoch ms)."""
        return self.made_ms + self.stands_hours * 3_600_000


class PendingExample(NamedTuple):
    """A scored snapshot that waits for its label (learned only when matured in event time).

    `features` are packed by `models.features`; what was scored is what will be learned.
    """

    example_id: str
    model: str
    scored_ms: int
    due_ms: int
    features: bytes
    score: float | None = None
    version: int | None = None
    about: str = ""  # propensity: the offer's action_id, as `example_id`; or `FAST`, `VOID` of `vocabulary`
    context: bytes = b""  # what the channel knew of the contact: packed slots of `models.learning.hashing`


class ReasonPart(NamedTuple):
    """One exact additive contribution to a score (log-odds)."""

    code: str
    contribution: float


class Score(NamedTuple):
    """The last score of a model, which version gave it, and how many examples that version had seen."""

    value: float
    version: int
    examples: int
    at_ms: int
    reasons: tuple[ReasonPart, ...] = ()


class Due(NamedTuple):
    """Work that time brings about; `name` is one of `models.due`, `about` what it concerns."""

    due_ms: int
    name: str
    about: str = ""


class Ratings(NamedTuple):
    """Survey ratings (0 to 10) in tenths."""

    count: int = 0  # type: ignore[assignment] # hides tuple.count, which nobody wants of it
    sum_tenths: int = 0
    last_tenths: int | None = None
    last_ms: int = 0


class MentionMood(NamedTuple):
    """Sentiment of linked mentions, in thousandths of [-1, 1]."""

    count: int = 0  # type: ignore[assignment] # hides tuple.count, which nobody wants of it
    negative_count: int = 0
    sum_thousandths: int = 0
    last_thousandths: int | None = None
    last_ms: int = 0


class Facts(NamedTuple):
    """What snapshots and labels read beside the day rings, without any event at or after a day boundary."""

    last_seen_ms: int
    accounts: dict[str, Account]
    salary: Salary
    last_login_ms: int | None
    last_own_activity_ms: int | None
    complaints: tuple[Complaint, ...]
    last_complaint_ms: int | None
    answers: tuple[Answer, ...]
    ratings: Ratings
    mood: MentionMood
    told_ms: int | None  # as of when master data were told; None: never
    birth_year: int | None
    products: tuple[str, ...]
    closed_on: str | None
    has_own_time: bool
    churn_label: str
    churn_label_ms: int | None
    purchases: Purchases = NO_PURCHASES
    opened: dict[str, int] = {}  # noqa: RUF012 - never mutated


class Eve(NamedTuple):
    """Facts as of a day boundary, kept from the first event after it until they were read; None: too many bytes."""

    boundary_ms: int
    facts: Facts | None


class EventCounts(NamedTuple):
    """Events applied, by topic."""

    transactions: int = 0
    interactions: int = 0
    mentions: int = 0
    outcomes: int = 0


class Rings(NamedTuple):
    """Bucket rings by event time (`schemas.ring`); only `models.rings.cells` knows what a bucket's cells mean.

    A bucket's number is `event time // width`: 12 of 5 minutes, 24 of an hour, 31 of a home day (UTC+8), 10 of a week.
    """

    minutes: bytes = b""
    hours: bytes = b""
    days: bytes = b""
    weeks: bytes = b""


@dataclass(slots=True)
class Profile:
    """One customer. See the module's docstring: replace, never mutate."""

    customer_id: str
    first_seen_ms: int
    last_seen_ms: int  # the highest event time applied (not the last to arrive)
    erased_ms: int | None = None  # set by an erasure: all personal data below is gone
    identity: Identity | None = None
    grade: Grade = Grade()
    lifecycle: str = "new"  # new, active, cooling, dormant, closed
    tags: dict[str, Tag] = field(default_factory=dict)
    events: EventCounts = EventCounts()
    totals: dict[str, Totals] = field(default_factory=dict)
    interactions_by_channel: dict[str, int] = field(default_factory=dict)
    interactions_by_kind: dict[str, int] = field(default_factory=dict)
    last_by_channel_ms: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    aum_highs: tuple[tuple[int, int], ...] = ()  # (last home day of a slot, AUM), falling: of every movement, for rules
    aum_weeks: tuple[tuple[int, int], ...] = ()  # (home day before a snapshot, AUM at its end), falling: learned from
    rings: Rings = Rings()
    salary: Salary = Salary()
    loans: dict[str, Loan] = field(default_factory=dict)  # by what `models.facts.loans` knows them by
    counterparties: dict[str, int] = field(default_factory=dict)  # id -> last seen (debits)
    countries: dict[str, int] = field(default_factory=dict)  # country -> last seen (card present use)
    last_login_ms: int | None = None
    last_own_activity_ms: int | None = None  # last thing that the customer did (not interest, fees, our own contacts)
    complaints: tuple[Complaint, ...] = ()  # open ones, oldest first
    last_complaint_ms: int | None = None
    product_changes: tuple[ProductChange, ...] = ()  # the latest ones, oldest first (`models.facts.holdings`)
    answers: tuple[Answer, ...] = ()  # the last ones, oldest first (`models.facts.complaints`)
    ratings: Ratings = Ratings()
    mood: MentionMood = MentionMood()
    visits: tuple[Visit, ...] = ()
    open_alerts: tuple[OpenAlert, ...] = ()
    cool_downs: dict[str, int] = field(default_factory=dict)  # alert kind -> until (event time)
    offers: tuple[OfferMade, ...] = ()
    contacts_by_channel: dict[str, int] = field(default_factory=dict)
    last_offer_day: int | None = None  # home day number: the cap of one offer a day
    pending: tuple[PendingExample, ...] = ()
    scores: dict[str, Score] = field(default_factory=dict)
    remembered: bytes = b""  # the last 64 (topic, event_id) as 64-bit hashes, oldest first (`schemas.remembered`)
    due: tuple[Due, ...] = ()  # sorted
    churn_label: str = ""  # what is known of leaving: "", "closed", "died", "merged"
    churn_label_ms: int | None = None
    promise: Promise | None = None
    purchases: Purchases = NO_PURCHASES
    worth: Worth | None = None
    opened: dict[str, int] = field(default_factory=dict)  # family -> home day of its first product (`models.needs`)
    needs: dict[str, int] = field(default_factory=dict)  # product family -> thousandths that one is opened in 30 days
    eve: Eve | None = None  # only `models.facts.eve` knows when and why

    def copied(self) -> "Profile":
        """Copy the profile for one who is about to write the next one (`dataclasses.replace` takes 9 times as long)."""
        return _copy(self)

    def next_due_ms(self) -> int | None:
        """When time next has work to do for this customer (epoch ms), None if never."""
        return self.due[0].due_ms if self.due else None

    def all_complaints(self) -> tuple[Complaint, ...]:
        """List the complaints that stand, and those that the last answers have closed."""
        return (*self.complaints, *[answer.complaint for answer in self.answers if answer.complaint is not None])

    @property
    def loan_missed(self) -> int:
        """Instalments missed in a row, of the loan with the most of them."""
        return max([loan.missed for loan in self.loans.values()], default=0)

    def aum_minor(self, home_currency: str) -> int:
        """Return the assets under management: balances told of open accounts in home currency, debts left out."""
        total = 0
        for account in self.accounts.values():
            balance = account.balance_minor
            if balance is not None and balance > 0 and account.currency == home_currency and account.closed_ms is None:
                total += balance
        return total

    def aum_high_minor(self, today: int) -> int:
        """Return the highest AUM of the 90 home days up to `today` (home currency, minor units), by what was told then.

        0 when no balance was told in that time.
        """
        return next((high for day, high in self.aum_highs if day > today - AUM_DAYS), 0)


_copy = copier_of(Profile)
