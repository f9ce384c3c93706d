import json
import re
from pathlib import Path

from schemas.profile import Due, OfferMade, OpenAlert, ReasonPart, Score, Tag
from schemas.profile_view import view
from tests.builders import a_customer, a_transaction, after, an_interaction
from tests.unit.models.test_fold import folded

RULES = Path(__file__).resolve().parents[3] / "docs" / "rules.md"


def test_a_profile_reads_as_the_rules_say():
    profile = folded(
        a_customer(consents=("profiling",)),
        a_transaction(amount="12.50", balance_after="100.00", channel="web"),
        an_interaction(kind="complaint", event_id="c-1", topic="fee", channel="phone"),
    )
    profile.tags = {"payroll": Tag(after(), "2"), "borrower": Tag(after(), "1")}
    profile.scores = {"churn": Score(0.25, 3, 40, after(), (ReasonPart("silence", 0.5),))}
    (told,) = re.findall(r"^```json\n(.*?)```", RULES.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)

    shown = view(profile, "CNY")
    assert {name: shown[name] for name in json.loads(told)} == json.loads(told)


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
