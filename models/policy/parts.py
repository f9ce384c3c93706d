"""The shapes of the smaller policy files: the bank, its branches, grading, models, decisions and contact."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from models.policy.base import DAY_MS, Count, Days, Minor, Name, Part, Share, Text, did_you_mean
from models.policy.conditions import Conditions, Held, compiled
from models.policy.contest import Challengers, ContestRules, Segment
from schemas.actions import SENTENCE_LENGTH
from schemas.money import MINOR_DIGITS
from schemas.profile import MAX_OFFERS
from schemas.vocabulary import INTERACTION_KINDS, TRANSACTION_KINDS

Channel = Literal["branch", "phone", "mobile", "web", "wechat", "email", "sms"]
Labels = Literal["matured", "fast"]
PaymentKind = Literal["card", "cash", "transfer", "fee", "loan_payment", "investment", "bill", "other"]
Issue = Literal["acquire", "grow", "retain", "service", "risk", "collect"]
KINDS = {"transaction": TRANSACTION_KINDS, "interaction": INTERACTION_KINDS, "customer": frozenset({""})}


def _comes(event: str) -> str:
    """Refuse an event that never comes: whoever waits for it would keep quiet for ever, and nothing would say why."""
    topic, _, kind = event.partition(":")
    if kind not in KINDS[topic]:
        raise ValueError(f"no {topic} is of the kind {kind!r}; known: {', '.join(sorted(KINDS[topic]))}")
    return event


def _is_a_currency(code: str) -> str:
    if code not in MINOR_DIGITS:
        raise ValueError(f"no currency of ISO 4217 has this code{did_you_mean(code, MINOR_DIGITS)}")
    return code


class Bank(Part):
    """`bank.toml`: what is true of the whole bank."""

    home_currency: Annotated[str, AfterValidator(_is_a_currency)]
    home_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    lateness_minutes: Annotated[int, Field(ge=1, le=1_440)]  # a day: `models.facts.eve` keeps the facts of one boundary
    loan_gap_days: Annotated[int, Field(ge=7, le=31)]
    loan_grace_days: Annotated[int, Field(ge=0, le=60)]
    products: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], ...], Field(max_length=500)
    ] = ()
    """What conditions may name; where none is listed, nothing is checked."""

    @property
    def lateness_ms(self) -> int:
        """How late an event may come and still be heard by labels and snapshots (milliseconds)."""
        return self.lateness_minutes * 60_000


class Branches(Part):
    """`branches.toml`: branches with an arrival stream of their own, and how signals join into one visit."""

    branches: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")], ...]
    same_visit_minutes: Annotated[int, Field(ge=1, le=720)]
    card_expires_hours: Annotated[int, Field(ge=1, le=48)]

    @cached_property
    def named(self) -> frozenset[str]:
        """The branches with a stream of their own, for quick look-ups."""
        return frozenset(self.branches)


class Tier(Part):
    """A tier, its lower edge, and the lower one that a customer must pass to fall out of it (hysteresis)."""

    name: Name
    from_minor: Minor
    keep_minor: Minor
    zh: str
    en: str

    @model_validator(mode="after")
    def _kept_below_the_edge(self) -> Self:
        if self.keep_minor > self.from_minor:
            raise ValueError("keep_minor must not be above from_minor")
        return self


class Tiers(Part):
    """`tiers.toml`: from the lowest tier to the highest."""

    tier: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _rise(self) -> Self:
        edges = [(tier.keep_minor, tier.from_minor) for tier in self.tier]
        if edges[0] != (0, 0) or any(a[0] >= b[0] or a[1] >= b[1] for a, b in pairwise(edges)):
            raise ValueError("tiers start at 0 and rise, from_minor and keep_minor alike")
        return self

    @cached_property
    def stays(self) -> Mapping[str, tuple[int, float]]:
        """Between which assets a customer stays in a tier: from what keeps it to the edge of the next (minor units)."""
        edges = [*[float(tier.from_minor) for tier in self.tier[1:]], inf]
        return {tier.name: (tier.keep_minor, edge) for tier, edge in zip(self.tier, edges, strict=True)}


class Lifecycle(Part):
    """Where a customer stands: new for so many days, then active until he has done nothing for so many."""

    new_days: Days
    cooling_days: Days
    dormant_days: Days


class TagRule(Conditions):
    """A tag, what it is called, and when it holds."""

    name: Name
    zh: str
    en: str

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if not self.all and not self.any:
            raise ValueError("a tag needs a condition in `all` or `any`")
        return self


class Tags(Part):
    """`tags.toml`: the table of tags."""

    again_on: tuple[Annotated[str, Field(pattern=r"^(transaction|interaction|customer):"), AfterValidator(_comes)], ...]
    again_after_days: Annotated[int, Field(ge=1, le=30)]
    settle_days: Annotated[int, Field(ge=1, le=400)]
    lifecycle: Lifecycle
    tag: Annotated[tuple[TagRule, ...], Field(max_length=40)]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        _once([tag.name for tag in self.tag], "tags")
        return self

    @cached_property
    def held(self) -> Held:
        """What says of each tag whether it holds."""
        return compiled(self.tag)


class Churn(Part):
    """`churn.toml`: what leaving means, and when it is known."""

    horizon_days: Annotated[int, Field(ge=7, le=60)]
    snapshot_days: Annotated[int, Field(ge=1, le=30)]
    start_score: Annotated[float, Field(gt=0, lt=1)]
    aum_fall_share: Share
    aum_high_minor: Minor
    silence_days: Annotated[int, Field(ge=7, le=60)]


class Escalation(Part):
    """What it means that a complaint escalates, where `names` holds "escalation"."""

    horizon_days: Annotated[int, Field(ge=1, le=60)] = 15
    start_score: Annotated[float, Field(gt=0, lt=1)] = 0.3


class Models(Part):
    """`models.toml`: the models in the order of their partitions, and how they are published."""

    names: tuple[Name, ...]
    floor_examples: dict[Name, Count]
    publish_examples: Annotated[int, Field(ge=1, le=1_000_000)]
    publish_seconds: Annotated[int, Field(ge=1, le=86_400)]
    keep_versions: Annotated[int, Field(ge=2, le=100)]
    labels: dict[Name, Labels] = Field(default_factory=dict)
    challengers: dict[Name, Challengers] = Field(default_factory=dict)
    contest: ContestRules = ContestRules()
    escalation: Escalation = Escalation()
    segment: Annotated[tuple[Segment, ...], Field(max_length=6)] = ()

    @model_validator(mode="after")
    def _every_model_has_a_floor(self) -> Self:
        _once(list(self.names), "models")
        _once([segment.name for segment in self.segment], "segments")
        if set(self.challengers) - {"churn", "propensity"}:
            raise ValueError("challengers: only churn and propensity can have some")
        for challengers in self.challengers.values():
            _once(list(challengers), "challengers")
        if missing := sorted({"churn", "propensity"} - set(self.names)):
            raise ValueError(f"names must hold {missing}: rules and decisions ask them")
        if set(self.floor_examples) != set(self.names):
            raise ValueError("floor_examples must name every model of `names`, and no other")
        return self

    @model_validator(mode="after")
    def _early_only_what_cannot_be_taken_back(self) -> Self:
        if unknown := sorted(set(self.labels) - set(self.names)):
            raise ValueError(f"labels.{unknown[0]}: `names` holds no such model")
        if refused := sorted({name for name in self.labels if self.is_fast(name)} - {"propensity"}):
            raise ValueError(
                f'labels.{refused[0]}: "fast" is for propensity only: an offer once accepted stays so, what the other '
                "models learn is known at the horizon"
            )
        return self

    def is_fast(self, model: str) -> bool:
        """Whether a model learns what comes true when it does, not at the horizon (`models.labels.early`)."""
        return self.labels.get(model) == "fast"


class Band(Part):
    """A band of customer value and its lower edge (minor units within the horizon)."""

    name: Name
    from_minor: Minor
    zh: str
    en: str


class Value(Part):
    """`value.toml`: what a purchase is, what it brings, and how customers are banded by what they will bring."""

    purchases: Annotated[tuple[PaymentKind, ...], Field(min_length=1)]
    margin_share: Annotated[float, Field(gt=0, le=1)]
    horizon_days: Annotated[int, Field(ge=30, le=1_830)]
    fit_days: Annotated[int, Field(ge=1, le=90)]
    sample: Annotated[int, Field(ge=500, le=20_000)]
    start_need: Annotated[float, Field(gt=0, lt=1)]
    band: Annotated[tuple[Band, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _rise(self) -> Self:
        _once(list(self.purchases), "kinds")
        _once([band.name for band in self.band], "bands")
        edges = [band.from_minor for band in self.band]
        if edges[0] != 0 or any(low >= high for low, high in pairwise(edges)):
            raise ValueError("bands start at 0 and rise")
        return self

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of `purchases`, for quick look-ups."""
        return frozenset(self.purchases)

    def band_of(self, minor: int) -> str:
        """Name the band of a value in minor units."""
        return next(band.name for band in reversed(self.band) if band.from_minor <= minor or not band.from_minor)


class Trigger(Part):
    """An event that makes us decide, and the channels in which an offer may answer it (the first that fits)."""

    name: Name
    on: Annotated[str, Field(pattern=r"^(transaction|interaction):"), AfterValidator(_comes)]
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    own_channel: bool = False
    amount_minor: Minor = 0
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0


class Decisions(Part):
    """`decisions.toml`: what triggers a decision, and how freely it explores."""

    exploration: Share
    action_floor: Count
    min_priority: Annotated[float, Field(ge=0)]
    offer_expires_hours: Annotated[int, Field(ge=1, le=1000)]
    trigger: Annotated[tuple[Trigger, ...], Field(max_length=40)]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        _once([trigger.name for trigger in self.trigger], "triggers")
        _once([trigger.on for trigger in self.trigger], "triggers' events")
        return self


class Contact(Part):
    """`contact.toml`: how often we may speak to a customer, and when we keep quiet."""

    offers_per_day: Literal[1]
    offers_per_30_days: Annotated[int, Field(ge=1, le=MAX_OFFERS)]  # a profile remembers no more
    rest_after_rejection_days: Days
    quiet_while_complaint_open: bool
    quiet_while_fraud_alert: bool


class Action(Part):
    """One action of the catalogue; `value_minor` is what its acceptance is worth to both sides."""

    name: Name
    issue: Issue
    group: Name
    value_minor: Annotated[int, Field(ge=1, le=10**12)]
    start_propensity: Annotated[float, Field(gt=0, lt=1)]
    start_evidence: Annotated[float, Field(gt=0, le=100_000)] = 50.0
    horizon_days: Annotated[int, Field(ge=1, le=60)]
    rest_days: Days
    personalised: bool
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    eligible: Conditions
    title: Text
    reason: Text
    treatments: Annotated[dict[Channel | Literal["default"], Text], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_words_for_every_channel(self) -> Self:
        if "default" not in self.treatments and (missing := set(self.channels) - set(self.treatments)):
            raise ValueError(f"no treatment for the channels {sorted(missing)} and no default")
        return self

    @model_validator(mode="after")
    def _title_fits(self) -> Self:
        length = len(self.title.both)  # told in both languages at once, as it stands
        if length > SENTENCE_LENGTH:
            raise ValueError(f"title: both languages together take {length} characters of {SENTENCE_LENGTH}")
        return self

    def treatment(self, channel: str) -> Text:
        """Find the words for a channel (the default ones where it has none of its own)."""
        own = self.treatments.get(channel)  # type: ignore[call-overload]
        return own if own is not None else self.treatments["default"]

    @property
    def horizon_ms(self) -> int:
        """How long we wait for an answer (milliseconds)."""
        return self.horizon_days * DAY_MS


class Actions(Part):
    """`actions.toml`: the catalogue."""

    action: Annotated[tuple[Action, ...], Field(max_length=200)]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        _once([action.name for action in self.action], "actions")
        return self

    @cached_property
    def held(self) -> Held:
        """What says of each action whether the customer may have it."""
        return compiled([action.eligible for action in self.action])


def _once(names: list[str], what: str) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"these {what} stand twice: {repeated}")
