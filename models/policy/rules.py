"""The shapes of `rules.toml`: what every rule says, and the thresholds of each check.

`check` picks the shape; the function of the same name in `models.rules` reads it. `LISTENS` names the events that can
make the rule speak ("topic:kind", or "due:name" for work that time brings about), so that an ordinary event meets only
a handful of rules; `FIGURES` names what its texts may quote.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from models.policy.base import LANGUAGES, Count, Hours, Minor, Name, Part, Share, Text
from models.policy.filling import check_fits, check_quotes

Queue = Literal["retention", "fraud", "service", "collections", "relationship"]
Priority = Annotated[int, Field(ge=1, le=3)]
ANY_DEBIT = tuple(f"transaction:{kind}" for kind in ("card", "cash", "transfer", "bill", "investment", "other"))


class ReasonText(Text):
    """One reason of an alert; `{name}` is filled with the figure of that name."""

    code: Name


class Rule(Part):
    """What every rule says, whatever it checks."""

    LISTENS: ClassVar[tuple[str, ...]] = ()
    FIGURES: ClassVar[frozenset[str]] = frozenset()

    kind: Name
    enabled: bool = True
    queue: Queue
    priority: Priority
    cool_down_hours: Hours = 0
    expires_hours: Annotated[int, Field(ge=1, le=10_000)]
    unless: tuple[Name, ...] = ()
    supersedes: tuple[Name, ...] = ()
    title: Text
    reasons: Annotated[tuple[ReasonText, ...], Field(min_length=1, max_length=6)]
    next_step: Text

    @model_validator(mode="after")
    def _quotes_known_figures(self) -> Self:
        texts = {"title": self.title, "next_step": self.next_step}
        reasons = {f"reasons[{place}]": reason for place, reason in enumerate(self.reasons)}
        for name, text in {**texts, **reasons}.items():
            for language in LANGUAGES:
                check_quotes(f"{name}.{language}", text.said(language), self.FIGURES)
        for name, text in texts.items():  # told in both languages at once
            check_fits(name, (text.zh, text.en))
        for name, text in reasons.items():
            check_fits(f"{name}.zh", (text.zh,))
            check_fits(f"{name}.en", (text.en,))
        return self


class LargeOutflow(Rule):
    """A transfer to another bank of at least `amount_minor` (hundredths of its own currency's unit)."""

    LISTENS = ("transaction:transfer",)
    FIGURES = frozenset({"amount", "currency", "bank"})
    check: Literal["large_outflow"]
    amount_minor: Minor


class UnusualOutflow(Rule):
    """A transfer to another bank of more than `weeks` of this customer's ordinary weeks of spending."""

    LISTENS = ("transaction:transfer",)
    FIGURES = frozenset({"amount", "currency", "bank", "weekly", "weeks"})
    check: Literal["unusual_outflow"]
    amount_minor: Minor
    weeks: Annotated[float, Field(gt=0, le=100)]
    debits: Count


class BalanceDrained(Rule):
    """Assets fell by `share` or more below their high of the last `days` days."""

    LISTENS = ANY_DEBIT
    FIGURES = frozenset({"high", "aum", "fall_share", "days"})
    check: Literal["balance_drained"]
    days: Annotated[int, Field(ge=1, le=90)]
    share: Share
    high_minor: Annotated[int, Field(ge=1, le=10**15)]


class SalaryMissed(Rule):
    """The salary that came `salaries` times or more did not come within `grace_days` of its day."""

    LISTENS = ("due:salary_due",)
    FIGURES = frozenset({"expected", "usual", "salaries"})
    check: Literal["salary_missed"]
    grace_days: Annotated[int, Field(ge=1, le=60)]
    salaries: Annotated[int, Field(ge=2, le=100)]


class AccountClosed(Rule):
    """An account was closed, or the whole relationship; not by death or merger."""

    LISTENS = ("interaction:product_closed", "customer:")
    FIGURES = frozenset({"product", "aum"})
    check: Literal["account_closed"]


class ProductClosed(Rule):
    """A product other than an account was closed."""

    LISTENS = ("interaction:product_closed",)
    FIGURES = frozenset({"product", "aum"})
    check: Literal["product_closed"]


class DormantHighValue(Rule):
    """A customer with assets of `aum_minor` or more has done nothing for `days`."""

    LISTENS = ("due:regrade",)
    FIGURES = frozenset({"aum", "days"})
    check: Literal["dormant_high_value"]
    aum_minor: Minor
    days: Annotated[int, Field(ge=7, le=400)]


class UnusualAmount(Rule):
    """A debit that lies `deviations` above this customer's own mean (of the amounts' logarithms to base 10).

    Who always spends the same is reckoned with a deviation of `deviation_at_least`.
    """

    LISTENS = tuple(f"transaction:{kind}" for kind in ("card", "cash", "transfer", "bill", "other"))
    FIGURES = frozenset({"amount", "currency", "usual", "deviations"})
    check: Literal["unusual_amount"]
    amount_minor: Minor
    debits: Annotated[int, Field(ge=2, le=10_000)]
    deviations: Annotated[float, Field(gt=0, le=20)]
    deviation_at_least: Annotated[float, Field(gt=0, le=2)]


class NewCountry(Rule):
    """The card is used in a new country within `hours` of a use elsewhere: nobody travels so fast."""

    LISTENS = ("transaction:card",)
    FIGURES = frozenset({"amount", "currency", "country", "last_country", "hours"})
    check: Literal["new_country"]
    hours: Annotated[int, Field(ge=1, le=72)]


class CardTesting(Rule):
    """A burst of `payments` small card payments within `minutes`: someone tries out a stolen card.

    Small is up to `small_in` of its currency (minor units), in others up to `small_minor` (hundredths of the unit).
    """

    LISTENS = ("transaction:card",)
    FIGURES = frozenset({"payments", "minutes", "amount", "currency"})
    check: Literal["card_testing"]
    minutes: Annotated[int, Field(ge=5, le=60)]
    payments: Annotated[int, Field(ge=2, le=100)]  # a profile counts up to 127 in five minutes
    small_minor: Minor
    small_in: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Minor] = Field(default_factory=dict)


class RepeatedDeclines(Rule):
    """`declines` payments were declined within an hour."""

    LISTENS = (*ANY_DEBIT, "transaction:loan_payment", "transaction:fee")
    FIGURES = frozenset({"declines"})
    check: Literal["repeated_declines"]
    declines: Annotated[int, Field(ge=2, le=1000)]


class RepeatedFailedLogins(Rule):
    """`logins` failed logins within an hour."""

    LISTENS = ("interaction:login",)
    FIGURES = frozenset({"logins"})
    check: Literal["repeated_failed_logins"]
    logins: Annotated[int, Field(ge=2, le=1000)]


class LoanMissed(Rule):
    """`missed` loan payments in a row were declined or did not come (`or_more`: that many or more)."""

    LISTENS = ("transaction:loan_payment", "due:loan_due")
    FIGURES = frozenset({"missed"})
    check: Literal["loan_missed"]
    missed: Annotated[int, Field(ge=1, le=60)]
    or_more: bool = False


class ComplaintMade(Rule):
    """A complaint."""

    LISTENS = ("interaction:complaint",)
    FIGURES = frozenset({"topic", "channel", "aum"})
    check: Literal["complaint"]


class SecondComplaint(Rule):
    """A further complaint within `days` of the last one."""

    LISTENS = ("interaction:complaint",)
    FIGURES = frozenset({"topic", "channel", "aum", "days"})
    check: Literal["second_complaint"]
    days: Annotated[int, Field(ge=1, le=365)]


class ComplaintDeadline(Rule):
    """A complaint that must be answered within `deadline_days` is still open `hours_before` that."""

    LISTENS = ("due:complaint_deadline",)
    FIGURES = frozenset({"topic", "opened", "hours", "deadline_days"})
    check: Literal["complaint_deadline"]
    deadline_days: Annotated[int, Field(ge=1, le=180)]
    hours_before: Annotated[int, Field(ge=1, le=720)]

    @model_validator(mode="after")
    def _warns_after_the_complaint(self) -> Self:
        if self.hours_before >= self.deadline_days * 24:
            raise ValueError("hours_before must be shorter than deadline_days")
        return self


class LowRating(Rule):
    """A rating of `rating` or lower (0 to 10)."""

    LISTENS = ("rating:",)
    FIGURES = frozenset({"rating", "channel"})
    check: Literal["low_rating"]
    rating: Annotated[float, Field(ge=0, le=10)]


class AngryMention(Rule):
    """A linked customer wrote something with a sentiment of `sentiment` or lower (-1 to 1)."""

    LISTENS = ("mention:",)
    FIGURES = frozenset({"sentiment", "platform", "reach"})
    check: Literal["angry_mention"]
    sentiment: Annotated[float, Field(ge=-1, le=0)]


class LargeInflow(Rule):
    """Money of at least `amount_minor` came in, and at least `share` of what was there."""

    LISTENS = tuple(f"transaction:{kind}" for kind in ("transfer", "investment", "cash", "other"))
    FIGURES = frozenset({"amount", "currency", "aum"})
    check: Literal["large_inflow"]
    amount_minor: Minor
    share: Share


class ChurnRisk(Rule):
    """The churn score is at `score` or above (taken back below `clear_score`); `models.toml` says whom we believe."""

    LISTENS = ("score:churn",)
    FIGURES = frozenset({"score", "examples", "aum"})
    check: Literal["churn_risk"]
    score: Share
    clear_score: Share

    @model_validator(mode="after")
    def _clears_below_what_raises(self) -> Self:
        if self.clear_score > self.score:
            raise ValueError("clear_score must not be above score")
        return self


class MoodBurst(Rule):
    """Within `minutes`, `negative` or more negative mentions of the bank, at least `share` of all."""

    FIGURES = frozenset({"negative", "mentions", "negative_share", "minutes", "platform"})
    check: Literal["mood_burst"]
    minutes: Annotated[int, Field(ge=5, le=1440)]
    sentiment: Annotated[float, Field(ge=-1, le=0)]
    negative: Annotated[int, Field(ge=2, le=1_000_000)]
    share: Share


AnyRule = Annotated[
    LargeOutflow
    | UnusualOutflow
    | BalanceDrained
    | SalaryMissed
    | AccountClosed
    | ProductClosed
    | DormantHighValue
    | UnusualAmount
    | NewCountry
    | CardTesting
    | RepeatedDeclines
    | RepeatedFailedLogins
    | LoanMissed
    | ComplaintMade
    | SecondComplaint
    | ComplaintDeadline
    | LowRating
    | AngryMention
    | LargeInflow
    | ChurnRisk
    | MoodBurst,
    Field(discriminator="check"),
]


class Rules(Part):
    """`rules.toml`: rules in the order in which they are asked."""

    rule: tuple[AnyRule, ...]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        kinds = [rule.kind for rule in self.rule]
        if repeated := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            raise ValueError(f"these kinds stand twice: {repeated}")
        small = [(rule.small_minor, rule.small_in) for rule in self.rule if isinstance(rule, CardTesting)]
        if any(other != small[0] for other in small):
            raise ValueError("rules that check card_testing must agree on what is small: payments are counted once")
        for rule in self.rule:
            if unknown := {*rule.unless, *rule.supersedes} - set(kinds):
                raise ValueError(f"rule {rule.kind!r} names kinds that do not exist: {sorted(unknown)}")
        return self
