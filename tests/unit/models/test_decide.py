"""Decisions: the funnel, consents, propensity × value, exploration, and what is remembered."""

from dataclasses import replace

import pytest

from models.features import FEATURES
from models.step import step
from schemas.profile import MAX_OFFERS, OfferMade, OpenAlert
from schemas.times import parse_rfc3339
from tests.builders import BEGINNING, a_transaction, after, an_interaction
from tests.customers import the_context
from tests.judging import a_profile, lived
from tests.offering import KnownPropensities, a_consenting, decided
from tests.policies import a_policy, default_policy, read

STEADY = {"exploration": 0.0}


def steady(**files):
    """The default policy without exploration."""
    return a_policy(decisions={**STEADY, **files.pop("decisions", {})}, **files)


def a_login(**changes):
    return an_interaction(**{"kind": "login", "channel": "mobile", **changes})


def reasons_of(record, stage):
    return {
        dropped.action: dropped.reason for found in record.funnel if found.stage == stage for dropped in found.dropped
    }


def test_the_best_by_propensity_and_value_is_offered_in_the_customers_channel():
    _, (made,), record = decided(a_login(), a_consenting(), steady())

    # 100,000.00 idle: 0.08 × 300.00 for the deposit, 0.25 × 80.00 for the app, 0.12 × 180.00 for newcomers.
    assert made.stream == "offers:mobile"
    assert made.type == "crm.offer.made"
    assert made.data["action"] == "high_yield_savings"
    assert (made.data["propensity"], made.data["value"], made.data["arbitration"]) == (
        0.08,
        300_00,
        pytest.approx(2400),
    )
    assert made.data["decision_id"] == record.decision_id
    assert record.action == "high_yield_savings"
    assert record.scores == {"high_yield_savings": 0.08, "first_product": 0.12, "app_welcome": 0.25}
    assert reasons_of(record, "arbitration") == {"first_product": "outranked", "app_welcome": "outranked"}


def test_an_offer_says_why_and_in_which_words():
    _, (made,), record = decided(a_login(), a_consenting(), steady())

    assert made.data["reasons"][0]["en"] == "money lies idle in the account"
    assert made.data["reasons"][1]["code"] == "treatment"
    assert made.data["treatment"] == "high_yield_savings.mobile"
    assert (made.data["issue"], made.data["group"], made.data["priority"]) == ("grow", "savings", 3)
    assert made.fields["expires_at"] == "2026-03-05T01:00:00.000Z"
    assert (record.trigger, record.policy) == ("login", steady().hash)


def test_what_is_offered_is_remembered_until_its_horizon():
    profile, (made,), record = decided(a_login(), a_consenting(), steady())

    (kept,) = profile.offers
    until = after(days=14)
    assert kept == OfferMade(
        made.id, record.decision_id, "high_yield_savings", "mobile", BEGINNING, until, stands_hours=72
    )
    assert kept.expires_ms == parse_rfc3339(made.fields["expires_at"])
    assert profile.contacts_by_channel == {"mobile": 1}
    (pending,) = profile.pending
    assert (pending.model, pending.about, pending.score) == ("propensity", made.id, 0.08)


def test_the_funnel_counts_what_comes_in_and_what_falls_out():
    _, _, record = decided(a_login(), a_consenting(), steady())

    entered = [stage.entered for stage in record.funnel]
    fell = [len(stage.dropped) for stage in record.funnel]
    assert [stage.stage for stage in record.funnel] == [
        "eligibility",
        "applicability",
        "suitability",
        "contact",
        "arbitration",
    ]
    assert entered[0] == len(default_policy().actions.action)
    assert [came - left for came, left in zip(entered, fell, strict=True)][:-1] == entered[1:]
    assert entered[-1] - fell[-1] == 1


def test_every_triggered_decision_is_recorded_even_when_nothing_is_offered():
    _, offers, record = decided(a_login(), a_profile())

    assert offers == ()
    assert record.action is None
    assert set(reasons_of(record, "eligibility").values()) == {"no_marketing_consent"}
    assert (record.action_probability, record.models, record.scores) == (1.0, {}, {})


@pytest.mark.parametrize(
    "event",
    [
        an_interaction(kind="view"),
        an_interaction(kind="login", topic="failed"),
        a_transaction(kind="card"),
        a_transaction(kind="transfer", direction="credit", amount="49999.99"),
        a_transaction(kind="transfer", direction="debit", amount="60000.00"),
        a_transaction(kind="transfer", direction="credit", amount="60000.00", status="declined"),
        a_transaction(kind="transfer", direction="credit", amount="60000.00", currency="USD"),
    ],
)
def test_other_moments_trigger_no_decision(event):
    assert decided(event, a_consenting())[1:] == ((), None)


def test_a_large_inflow_triggers_a_decision_that_goes_out():
    inflow = a_transaction(kind="transfer", direction="credit", amount="50000.00", channel="other")

    _, (made,), record = decided(inflow, a_consenting(), steady())

    assert (record.trigger, made.stream) == ("large_inflow", "offers:mobile")


def test_in_a_channel_of_the_customers_own_nothing_comes_elsewhere():
    _, offers, record = decided(a_login(channel="kiosk"), a_consenting())

    assert offers == ()
    assert set(reasons_of(record, "applicability").values()) == {"no_channel"}


def test_without_personalisation_only_what_is_not_personal_is_offered():
    _, (made,), record = decided(a_login(), a_consenting("marketing", "profiling"), steady())

    assert made.data["action"] == "first_product"
    assert reasons_of(record, "eligibility")["high_yield_savings"] == "no_personalisation_consent"


def test_do_not_contact_stops_every_offer():
    _, offers, record = decided(a_login(), a_consenting(do_not_contact=True))

    assert offers == ()
    assert set(reasons_of(record, "contact").values()) == {"do_not_contact"}


def test_an_open_complaint_comes_first():
    complaining = lived(a_consenting(), an_interaction(kind="complaint"))

    assert set(reasons_of(decided(a_login(), complaining)[2], "suitability").values()) == {"complaint_open"}


def test_nobody_sells_while_a_card_is_in_question():
    alert = OpenAlert("a", "new_country", "alerts:fraud:p1", BEGINNING, after(days=1))
    alarmed = replace(a_consenting(), open_alerts=(alert,))
    loud = a_policy(contact={"quiet_while_fraud_alert": False, "quiet_while_complaint_open": False})

    assert set(reasons_of(decided(a_login(), alarmed)[2], "suitability").values()) == {"fraud_alert"}
    assert decided(a_login(), alarmed, loud)[1] != ()


def test_one_offer_a_home_day_and_the_next_day_another():
    profile, first, _ = decided(a_login(), a_consenting())
    profile, again, record = decided(a_login(occurred_at=after(hours=14, minutes=59)), profile)
    profile, next_day, _ = decided(a_login(occurred_at=after(hours=15)), profile)  # midnight in home time

    assert (len(first), len(again), len(next_day)) == (1, 0, 1)
    assert set(reasons_of(record, "contact").values()) == {"daily_cap"}
    assert first[0].data["action"] != next_day[0].data["action"]  # the first one rests


def test_a_late_event_brings_no_offer_for_a_day_that_is_over():
    profile, _, _ = decided(a_login(occurred_at=after(days=2)), a_consenting())

    assert decided(a_login(), profile)[1] == ()


def offered_before(number, **changes):
    offers = tuple(
        OfferMade(f"o{n}", f"d{n}", f"action_{n}", "web", after(days=-n - 1), after(days=20), **changes)
        for n in range(number)
    )
    return replace(a_consenting(), offers=offers)


def test_the_monthly_cap_and_the_rest_after_a_no():
    cap = default_policy().contact.offers_per_30_days
    refused = offered_before(1, outcome="Rejected", outcome_ms=after(days=-1))
    long_ago = offered_before(1, outcome="Rejected", outcome_ms=after(days=-14))

    assert decided(a_login(), offered_before(cap - 1))[1] != ()
    assert set(reasons_of(decided(a_login(), offered_before(cap))[2], "contact").values()) == {"monthly_cap"}
    assert set(reasons_of(decided(a_login(), refused)[2], "contact").values()) == {"rejected_lately"}
    assert decided(a_login(), long_ago)[1] != ()


def test_the_memory_of_offers_is_bounded():
    profile, (made,), _ = decided(a_login(), old_offers(MAX_OFFERS))

    assert len(profile.offers) == MAX_OFFERS
    assert profile.offers[-1].action_id == made.id


def old_offers(number):
    offers = tuple(
        OfferMade(f"o{n}", f"d{n}", f"action_{n}", "web", after(days=-99 + n), after(days=-50)) for n in range(number)
    )
    return replace(a_consenting(), offers=offers)


def test_a_model_that_has_seen_enough_ranks_and_gives_its_reasons():
    scorer = KnownPropensities({"app_welcome": 0.9})

    profile, (made,), record = decided(a_login(), a_consenting(), steady(), propensity=scorer)

    assert (made.data["action"], made.data["propensity"]) == ("app_welcome", 0.9)
    assert (made.data["model"], made.data["model_version"]) == ("propensity", 12)
    assert made.data["reasons"][2]["code"] == default_policy().reasons.code_of(FEATURES[0])
    assert made.data["reasons"][2]["contribution"] == 1.5
    assert record.models == {"propensity": 12}
    assert [pending.version for pending in profile.pending] == [12]


@pytest.mark.parametrize("floor", [{"examples": 199}, {"of_action": 29}])
def test_below_the_floor_of_examples_the_starting_propensity_stands(floor):
    scorer = KnownPropensities({"app_welcome": 0.9}, **floor)

    profile, (made,), _ = decided(a_login(), a_consenting(), steady(), propensity=scorer)

    assert (made.data["action"], made.data["propensity"]) == ("high_yield_savings", 0.08)
    assert "model" not in made.data
    assert [pending.version for pending in profile.pending] == [0]  # what came of it says nothing of a model


def test_without_consent_to_profiling_no_model_is_asked():
    scorer = KnownPropensities({"app_welcome": 0.9})
    profile = a_consenting("marketing", "personalisation")

    profile, (made,), record = decided(a_login(), profile, steady(), propensity=scorer)

    assert made.data["action"] == "high_yield_savings"
    assert (record.models, profile.pending) == ({}, ())


def test_what_is_not_worth_a_customers_time_is_not_offered():
    _, offers, record = decided(a_login(), a_consenting(), steady(decisions={"min_priority": 2_400.5}))

    assert offers == ()
    assert set(reasons_of(record, "arbitration").values()) == {"not_worth_it"}


def test_a_tie_goes_by_name():
    twins = [
        {**read("actions")["action"][0], "name": name, "eligible": {"none": ["left == 1"]}}
        for name in ("zeta", "alpha")
    ]

    _, (made,), _ = decided(a_login(), a_consenting(), steady(actions={"action": twins}))

    assert made.data["action"] == "alpha"


def test_exploration_takes_any_worthy_action_with_a_known_chance():
    always = a_policy(decisions={"exploration": 1.0})
    seen = {}
    for seed in range(60):
        _, (made,), record = decided(a_login(event_id="e-1"), a_consenting(), always, seed=seed)
        seen.setdefault(made.data["action"], []).append(record.action_probability)

    assert set(seen) == {"high_yield_savings", "first_product", "app_welcome"}
    assert {chance for chances in seen.values() for chance in chances} == {1 / 3}


def test_the_chance_of_the_best_is_what_exploration_leaves_and_its_part_of_it():
    _, (made,), _ = decided(a_login(), a_consenting(), a_policy(decisions={"exploration": 0.0}))
    assert made.data["action_probability"] == 1.0

    chances = set()
    for seed in range(200):
        _, (made,), _ = decided(a_login(event_id="e-1"), a_consenting(), seed=seed)
        chances.add((made.data["action"] == "high_yield_savings", round(made.data["action_probability"], 6)))
    assert chances == {(True, round(0.9 + 0.1 / 3, 6)), (False, round(0.1 / 3, 6))}


def test_the_same_event_decides_the_same_again():
    login = a_login()

    first, second = decided(login, a_consenting(), seed=5), decided(login, a_consenting(), seed=5)

    assert first[1:] == second[1:]


def suppressed(profile, event=None, policy=None):
    """What a step says was held back; None: by a login."""
    return step(profile, event or a_login(), replace(the_context(), policy=policy or default_policy())).suppressed


def test_what_was_held_back_is_counted_once_a_decision_by_its_reason():
    cap = default_policy().contact.offers_per_30_days

    assert suppressed(a_profile()) == ("no_marketing_consent",)
    assert suppressed(a_consenting("marketing", "profiling")) == ("no_personalisation_consent",)
    assert suppressed(a_consenting(do_not_contact=True)) == ("do_not_contact",)
    assert suppressed(offered_before(cap)) == ("monthly_cap",)


def test_a_consent_that_lacks_is_counted_also_where_no_action_would_have_been_for_the_customer():
    rows = read("actions")["action"]
    nothing_fits = a_policy(actions={"action": [{**row, "eligible": {"all": ["age_years > 200"]}} for row in rows]})

    assert suppressed(a_consenting(), policy=nothing_fits) == ()
    assert suppressed(a_profile(), policy=nothing_fits) == ("no_marketing_consent",)


def test_an_offer_that_rests_is_held_back_and_so_is_all_else_of_that_day():
    profile, (first,), _ = decided(a_login(), a_consenting())
    later = a_login(event_id="later", occurred_at=after(hours=1))

    assert suppressed(profile, later) == ("offered_lately", "daily_cap")
    assert first.type == "crm.offer.made"


def test_what_is_not_for_the_customer_or_was_outranked_was_not_held_back():
    _, (made,), record = decided(a_login(), a_consenting(), steady())

    assert {"not_eligible", "outranked"} <= {dropped.reason for stage in record.funnel for dropped in stage.dropped}
    assert suppressed(a_consenting(), policy=steady()) == ()
    assert suppressed(a_consenting(), a_login(topic="failed")) == (), "which decides nothing"
    assert made.type == "crm.offer.made"
