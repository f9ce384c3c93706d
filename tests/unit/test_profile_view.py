from schemas.profile import Due, OfferMade, OpenAlert, ReasonPart, Score, Tag
from schemas.profile_view import view
from tests.builders import a_customer, a_transaction, after, an_interaction
from tests.unit.models.test_fold import folded


def test_a_profile_reads_as_the_contract_says():
    profile = folded(
        a_customer(consents=("profiling",)),
        a_transaction(amount="12.50", balance_after="100.00", channel="web"),
        an_interaction(kind="complaint", event_id="c-1", topic="fee", channel="phone"),
    )
    profile.tags = {"payroll": Tag(after(), "2"), "borrower": Tag(after(), "1")}
    profile.scores = {"churn": Score(0.25, 3, 40, after(), (ReasonPart("silence", 0.5),))}
    shown = view(profile, "CNY")
    moment = "2026-03-02T01:00:00.000Z"
    told = {
        "customer_id": "C1",
        "first_seen": moment,
        "last_seen": moment,
        "events": {"transactions": 1, "interactions": 1, "mentions": 0, "outcomes": 0},
        "totals": {
            "CNY": {
                "credit_count": 0,
                "credit_minor": 0,
                "debit_count": 1,
                "debit_minor": 1250,
                "declined_count": 0,
                "reversed_count": 0,
                "by_kind": {"card": {"count": 1, "minor": 1250}},
                "by_channel": {"web": {"count": 1, "minor": 1250}},
            }
        },
        "interactions_by_channel": {"phone": 1},
        "interactions_by_kind": {"complaint": 1},
        "tier": "mass",
        "tags": ["borrower", "payroll"],
        "aum_minor": {"CNY": 10_000},
        "lifecycle": "new",
        "consents": {"marketing": False, "personalisation": False, "profiling": True, "social_linking": False},
        "open_complaints": [{"event_id": "c-1", "opened_at": moment, "channel": "phone", "topic": "fee"}],
        "next_due": None,
        "erased_at": None,
    }
    assert {name: shown[name] for name in told} == told
    (score,) = shown["scores"].values()
    assert (score["value"], score["model"], score["version"], score["examples"]) == (0.25, "churn", 3, 40)
    assert score["reasons"] == [{"code": "silence", "contribution": 0.5}]


def test_what_stands_is_shown_with_its_ids():
    profile = folded(a_transaction())
    profile.open_alerts = (OpenAlert("a-1", "complaint", "alerts:service:p2", 0, after(days=1)),)
    profile.offers = (OfferMade("o-1", "d-1", "fund", "mobile", after(), after(days=9)),)
    profile.due = (Due(after(days=1), "regrade"),)
    shown = view(profile, "CNY")
    assert shown["open_alerts"][0]["action_id"] == "a-1"
    assert shown["offers"][0]["action"] == "fund"
    assert shown["next_due"] == "2026-03-03T01:00:00.000Z"
    assert not any(shown["consents"].values()), "without master data there is no consent"
