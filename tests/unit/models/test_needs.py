"""What a customer takes next: openings are noted, told with what was known a horizon before, and foreseen by family."""

from dataclasses import replace

import msgpack
import pytest

from models.context import Context
from models.features import FEATURES, features
from models.figures import Figures
from models.learning.learner import BadSnapshotError
from models.learning.scoring import within
from models.needs import family_of, fold_opening, forecast, without_needs
from models.rings.windows import home_day
from models.served.need import MODEL, NeedLearner
from models.training.bookmark import Position
from models.training.learners import new_release, report
from schemas.internal import Erasure, ExampleRecord, Punctuation, Timer
from schemas.profile_codec import decode, encode
from schemas.profile_view import view
from schemas.vocabulary import PRODUCT_FAMILIES
from tests.builders import BEGINNING, after, an_interaction
from tests.customers import a_consenting_customer, feelings, lived_in, unlearned
from tests.judging import a_profile
from tests.policies import a_policy, default_policy

POLICY = default_policy()
CONTEXT = Context(POLICY, unlearned(), 7, feelings)
DAY_MS, LATENESS = 86_400_000, POLICY.lateness_ms
ZEROS = (0.0,) * len(FEATURES)


def lived(*events, profile=None, context=CONTEXT):
    profile, effects = lived_in(context, *events, profile=profile)
    assert decode(encode(profile)) == profile
    return profile, effects


def opened(days, product="fund", **changes):
    return an_interaction(kind="product_opened", product_id=product, occurred_at=after(days=days), **changes)


def timer(at_ms):
    return Timer(customer_id="C1", until_ms=at_ms)


MASTER = a_consenting_customer(occurred_at=after(days=-1), products=("loan-9",))
BEGUN, _ = lived(MASTER, an_interaction(occurred_at=BEGINNING))
SNAPSHOT = next(due.due_ms for due in BEGUN.due if due.name == "weekly_snapshot")
TAKEN, _ = lived(timer(SNAPSHOT), profile=BEGUN)
(LABEL,) = [example.due_ms for example in TAKEN.pending if example.model == "churn"]
START, END = SNAPSHOT - LATENESS, LABEL - LATENESS


def told(*events, until=LABEL, profile=TAKEN):
    """What the trainer is told of the first snapshot, by family."""
    _, effects = lived(*events, timer(until), profile=profile)
    records = [ExampleRecord.model_validate_json(effect.body) for effect in effects if effect.key == MODEL]
    return [record for record in records if record.due_ms == LABEL]


def taken(records):
    (record,) = records
    return {PRODUCT_FAMILIES[place]: taken for place, taken in record.context}


@pytest.mark.parametrize(
    ("product", "family"),
    [("fund", "fund"), ("fund-12", "fund"), ("credit_card:7", "credit_card"), ("funding", None), ("current", None)],
)
def test_a_product_is_of_the_family_that_it_is_named_after(product, family):
    assert family_of(product) == family


def test_the_opening_that_began_it_is_noted_in_any_order():
    day = home_day(BEGINNING)
    for order in [(2, 5), (5, 2)]:
        profile, _ = lived(MASTER, *[opened(days) for days in order])
        assert profile.opened == {"fund": day + 2}
    gone = an_interaction(kind="product_closed", product_id="fund", occurred_at=after(days=20))
    again, _ = lived(gone, opened(30), profile=profile)
    assert again.opened == {"fund": day + 30}
    profile, _ = lived(MASTER, opened(1, "gold-bar"), opened(1, ...))
    assert profile.opened == {}
    fold_opening(profile, "mortgage_1", after(days=3))
    assert profile.opened == {"mortgage": day + 3}


@pytest.mark.parametrize(
    ("listed", "noted"),
    [((), home_day(after(days=9))), (("fund-1",), ~home_day(after(days=2)))],
    ids=["he had none", "he had one"],
)
def test_whether_he_had_one_when_he_opened_it_is_told_by_master_data_of_before_also_where_they_come_late(listed, noted):
    master, opening = refreshed(2, *listed), opened(9, "fund-2")
    for order in [(master, opening), (opening, master)]:
        profile, _ = lived(MASTER, *order)
        assert profile.opened == {"fund": noted}


def refreshed(days, *products):
    """Master data as of a later day."""
    return a_consenting_customer(occurred_at=after(days=days), products=("loan-9", *products), event_id=f"m-{days}")


def test_an_opening_that_master_data_tell_of_first_is_one_all_the_same():
    """They are on topics of their own, and Kafka gives no order across topics."""
    opening, master = opened(9), refreshed(9, "fund")
    for order in [(opening, master), (master, opening)]:
        profile, _ = lived(MASTER, *order)
        assert profile.opened == {"fund": home_day(after(days=9))}
        (record,) = told(*order)
        assert (record.label, taken([record])["fund"]) == (1, 1.0)


def test_what_only_master_data_tell_of_was_not_opened():
    (record,) = told(refreshed(9, "fund"))
    assert record.label == 0
    assert "fund" not in taken([record])


def test_a_second_product_after_master_data_told_of_the_first_is_no_opening():
    (record,) = told(refreshed(9, "fund"), opened(12, "fund-2"))
    assert record.label == 0
    (record,) = told(refreshed(9, "fund"), refreshed(14, "fund", "fund-2"), opened(12, "fund-2"))
    assert record.label == 0


def test_master_data_do_not_forget_what_was_opened():
    profile, _ = lived(MASTER, opened(5), refreshed(4), refreshed(6, "fund"))
    assert profile.opened == {"fund": home_day(after(days=5))}


def test_a_family_told_of_once_more_is_known_since_then():
    closing = an_interaction(kind="product_closed", product_id="fund", occurred_at=after(days=11))
    again = lived(MASTER, refreshed(9, "fund"), closing, refreshed(20, "fund"), opened(20))[0]
    assert again.opened == {"fund": home_day(after(days=20))}


def test_a_family_that_was_opened_within_the_horizon_was_taken_and_no_other():
    families = taken(told(an_interaction(kind="product_opened", product_id="fund", occurred_at=START)))
    assert families.pop("fund") == 1.0
    assert set(families) == {*PRODUCT_FAMILIES} - {"fund", "loan"}, "he has a loan already"
    assert set(families.values()) == {0.0}
    (record,) = told()
    assert (record.label, record.snapshot_ms, record.due_ms, record.about) == (0, START, LABEL, "")
    assert record.features == features(BEGUN, START - 1, POLICY.home_currency)


def test_the_horizon_begins_and_ends_with_its_day_boundaries():
    def fund(at_ms):
        opening = an_interaction(kind="product_opened", product_id="fund", occurred_at=at_ms)
        return taken(told(opening, profile=TAKEN)).get("fund")

    assert fund(START) == fund(END - 1) == 1.0
    assert fund(START - 1) is None, "he had it then"
    assert fund(END) == 0.0, "that is the next month's"


def test_who_has_one_and_opens_a_second_is_not_told_of():
    """Nor is who has one and opens no other: else having it would seem to make one take it."""
    second = an_interaction(kind="product_opened", product_id="loan-10", occurred_at=END - 1)
    assert "loan" not in taken(told(second))
    assert "loan" not in taken(told())


def test_what_can_never_be_known_is_not_told():
    death = an_interaction(kind="product_closed", topic="deceased", occurred_at=after(START, days=3))
    assert told(death) == []
    refuses = a_consenting_customer(consents=(), occurred_at=after(START, days=3))
    assert told(refuses) == []
    erased, _ = lived(Erasure(customer_id="C1", event_id="gone", occurred_ms=after(START, days=3)), profile=TAKEN)
    assert told(profile=erased) == []
    back = replace(TAKEN, erased_ms=after(START, days=3))
    assert told(profile=back) == []


def test_facts_that_were_lost_tell_nothing():
    kept, _ = lived(an_interaction(occurred_at=END), profile=TAKEN)
    lost = kept.copied()
    lost.eve = kept.eve._replace(facts=None)
    assert told(profile=lost) == []


def test_an_offers_example_tells_of_no_need():
    offered = an_interaction(kind="call_started", offered_action="high_yield_savings", occurred_at=after(hours=1))
    _, effects = lived(offered, timer(after(days=29)), profile=BEGUN)
    assert {effect.key for effect in effects if effect.name == "examples"} == {"propensity"}


def test_a_bank_without_the_model_tells_nothing():
    policy = a_policy(models={"names": ["churn", "propensity"], "floor_examples": {"churn": 1, "propensity": 1}})
    _, effects = lived(timer(LABEL), profile=TAKEN, context=replace(CONTEXT, policy=policy))
    assert {effect.key for effect in effects if effect.name == "examples"} == {"churn"}


# -- learning -----------------------------------------------------------------------------------------------------


def an_example(number, **families):
    return ExampleRecord(
        model=MODEL,
        example_id=f"n-{number}",
        customer_id="C1",
        due_ms=1_000 + number,
        snapshot_ms=1,
        features=tuple(float(number % 2) if place == 0 else 0.0 for place in range(len(FEATURES))),
        context=tuple((PRODUCT_FAMILIES.index(family), float(was)) for family, was in families.items()),
        label=int(any(families.values())),
    )


def learned(number=400):
    """Every second customer takes a fund; nobody a loan."""
    release = new_release(MODEL, POLICY, 1)
    for place in range(number):
        release.take(an_example(place, fund=place % 2, loan=0), Position("p", place, 0), place)
    versions = list(release.promise(Punctuation(model=MODEL, source_partition=0, below_ms=9_000), number))
    return release, versions


def test_each_family_of_an_example_is_judged_and_learned_by_itself():
    release, _ = learned()
    assert release.counts.learned == {0: 600, 1: 200}
    assert report(release)["examples"] == 800
    takes, leaves = an_example(1).features, an_example(0).features
    assert release.learner.score(takes, "fund") > 0.6
    assert release.learner.score(leaves, "fund") < 0.3
    assert release.learner.score(takes, "loan") < 0.05


def test_before_anything_was_learned_every_family_has_policys_share():
    learner = NeedLearner(POLICY)
    for family in PRODUCT_FAMILIES:
        assert learner.score(ZEROS, family) == pytest.approx(POLICY.value.start_need)


def test_a_family_that_this_program_does_not_know_is_left_out():
    release, _ = learned(2)
    before = release.learner.snapshot()
    release._learn(an_example(9).model_copy(update={"context": ((120, 1.0),)}))
    assert release.learner.snapshot() == before


def test_a_version_is_taken_up_and_a_damaged_one_is_not():
    release, versions = learned()
    snapshot = msgpack.unpackb(msgpack.packb(versions[-1].snapshot))
    restored = new_release(MODEL, POLICY, 1)
    restored.restore(snapshot)
    assert restored.learner.snapshot() == versions[-1].snapshot["state"]["learner"]
    snapshot["state"]["learner"]["weights"] = None
    with pytest.raises(BadSnapshotError):
        restored.restore(snapshot)
    assert release.version == len(versions)


# -- what is foreseen ---------------------------------------------------------------------------------------------


def test_the_chance_of_a_family_stands_in_the_profile_once_enough_was_learned():
    scorer = learned(1_200)[0].learner.scorer(3)
    context = replace(CONTEXT, scorers={**unlearned(), MODEL: scorer})
    profile, _ = lived(MASTER, an_interaction(kind="login"), context=context)
    chance = scorer.score(features(profile, BEGINNING, "CNY"), "fund").value
    assert profile.needs == {"fund": round(1000 * chance)}, "loan: he has one; of the others nothing was learned"
    assert view(profile, "CNY")["needs_30d_thousandths"] == profile.needs
    figures = Figures(profile, BEGINNING, "CNY", "CN")
    assert figures["need_30:fund"] == profile.needs["fund"] / 1000
    assert figures["need_90:fund"] == pytest.approx(1 - (1 - profile.needs["fund"] / 1000) ** 3)
    assert figures["need_30:loan"] is None
    assert forecast(profile, features(profile, BEGINNING, "CNY"), context) is profile
    refused, _ = lived(a_consenting_customer(consents=(), occurred_at=after(days=1)), profile=profile, context=context)
    assert refused.needs == {}
    assert forecast(profile=replace(refused, needs={"fund": 1}), values=ZEROS, context=context).needs == {}
    assert without_needs(refused) is refused


def test_few_examples_foresee_nothing_and_without_the_model_nothing_changes():
    context = replace(CONTEXT, scorers={**unlearned(), MODEL: learned(40)[0].learner.scorer(1)})
    assert lived(MASTER, an_interaction(kind="login"), context=context)[0].needs == {}
    assert lived(MASTER, an_interaction(kind="login"))[0].needs == {}


def test_of_one_without_master_data_nothing_is_held():
    stranger = a_profile()
    assert forecast(stranger, ZEROS, CONTEXT) is stranger


def test_a_chance_is_carried_to_other_spans_as_if_days_were_alike():
    assert within(0.3, 30, 30) == pytest.approx(0.3)
    assert within(within(0.3, 30, 90), 90, 30) == pytest.approx(0.3)
    assert within(0.0, 30, 90) == 0.0
