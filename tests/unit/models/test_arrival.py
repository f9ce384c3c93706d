"""Arrival cards: one per visit, taken back when the customer leaves, silent about what hurts."""

from dataclasses import replace

import pytest

from models.arrival import arrive, do_not_mention, leave
from models.cause import Cause
from models.fold import fold
from models.policy import Policy
from schemas.profile import Grade, OpenAlert, ReasonPart, Salary, Score, Tag
from schemas.profile_holdings import Loan
from tests import customers
from tests.builders import BEGINNING, after, an_interaction
from tests.judging import a_profile, lived, opened
from tests.offering import a_consenting, decided
from tests.policies import a_context, a_policy, default_policy


def a_visit(**changes):
    return an_interaction(
        **{"kind": "visit", "channel": "branch", "branch_id": "B001", "source": "queue_ticket", **changes}
    )


def a_leave(**changes):
    return an_interaction(**{"kind": "leave", "channel": "branch", "branch_id": "B001", **changes})


def at_the_branch(event, profile, policy: Policy | None = None):
    policy = policy or default_policy()
    folded = fold(profile, event, policy)
    act = arrive if event.kind == "visit" else leave
    profile, effects = act(folded, event, Cause.of_event(event), a_context(policy))
    return profile, opened(effects)


def test_a_card_says_who_comes_in_and_what_the_greeter_should_know():
    profile = replace(
        a_consenting(relationship_manager_id="R7", products=("fund-1", "mortgage-2", "x" * 30)),
        grade=Grade("private", BEGINNING),
        tags={"payroll": Tag(BEGINNING, "")},
        scores={"churn": Score(0.25, 3, 500, BEGINNING, (ReasonPart("mood", -0.5),))},
    )

    _, (card,) = at_the_branch(a_visit(ticket="A017"), profile)

    assert (card.stream, card.type) == ("arrivals:B001", "crm.customer.arrived")
    data = card.data
    assert (data["customer_id"], data["branch_id"], data["ticket"]) == ("C1", "B001", "A017")
    assert (data["tier"], data["relationship_manager"], data["tags"]) == ("private", "R7", ["payroll"])
    assert data["holdings"] == ["fund-1", "mortgage-2"]  # a name too long to be kept is left out
    assert (data["churn"]["value"], data["churn"]["version"], data["churn"]["examples"]) == (0.25, 3, 500)
    assert data["churn"]["reasons"][0]["en"] == "mood of public posts"
    assert data["do_not_mention"] == ["churn_score"]
    assert card.fields["expires_at"] == "2026-03-02T04:00:00.000Z"


def test_the_best_action_is_the_one_that_is_then_offered_in_the_branch():
    visit = a_visit()
    _, (card,) = at_the_branch(visit, a_consenting())
    _, (made,), _ = decided(visit, a_consenting())

    assert made.stream == "offers:branch"
    assert card.data["best_action"]["action"] == made.data["action"]
    assert card.data["best_action"]["reason"] == made.data["reasons"][0]
    assert "/" in card.data["best_action"]["title"]


def test_of_a_stranger_the_card_says_little_and_offers_nothing():
    _, (card,) = at_the_branch(a_visit(), a_profile())

    assert card.data["tier"] == "mass"
    assert card.data["do_not_mention"] == ["sales"]
    assert {"churn", "best_action", "open_complaint", "relationship_manager"}.isdisjoint(card.data)


def test_where_visits_trigger_no_decision_there_is_no_best_action():
    _, (card,) = at_the_branch(a_visit(), a_consenting(), a_policy(decisions={"trigger": []}))

    assert "best_action" not in card.data


def test_a_score_of_a_model_that_has_seen_too_little_is_not_shown():
    profile = replace(a_consenting(), scores={"churn": Score(0.9, 3, 299, BEGINNING)})

    assert "churn" not in at_the_branch(a_visit(), profile)[1][0].data


def test_an_open_complaint_is_on_the_card_and_nobody_sells():
    complaint = an_interaction(kind="complaint", topic="fees", occurred_at=after(days=-3))

    _, (card,) = at_the_branch(a_visit(), lived(a_consenting(), complaint))

    assert card.data["open_complaint"]["event_id"] == complaint.event_id
    assert card.data["open_complaint"]["topic"] == "fees"
    assert "best_action" not in card.data
    assert card.data["do_not_mention"] == ["sales"]


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, ()),
        ({"identity": None}, ("sales",)),
        ({"identity": a_consenting(do_not_contact=True).identity}, ("sales",)),
        ({"identity": a_consenting("profiling").identity}, ("sales",)),
        ({"loans": {"L1": Loan(1, 0, 0)}}, ("loan_arrears",)),
        ({"loans": {"L1": Loan(0, 0, 2)}}, ()),
        ({"salary": Salary(missed_since_ms=BEGINNING)}, ("salary",)),
        ({"open_alerts": (OpenAlert("a", "new_country", "alerts:fraud:p1", 0, 1),)}, ("fraud_alert",)),
        ({"open_alerts": (OpenAlert("a", "complaint", "alerts:service:p1", 0, 1),)}, ()),
    ],
)
def test_what_hurts_is_not_to_be_mentioned(fields, flags):
    assert do_not_mention(replace(a_consenting(), **fields)) == flags


@pytest.mark.parametrize(
    ("branch", "stream"), [("B002", "arrivals:B002"), ("Z999", "arrivals:other"), (..., "arrivals:other")]
)
def test_branches_that_policy_does_not_name_share_a_stream(branch, stream):
    _, (card,) = at_the_branch(a_visit(branch_id=branch), a_profile())

    assert card.stream == stream
    assert card.data["branch_id"] == ("other" if branch is ... else branch)


def test_a_ticket_and_a_beacon_of_one_visit_make_one_card():
    profile, first = at_the_branch(a_visit(source="beacon"), a_profile())
    profile, second = at_the_branch(a_visit(occurred_at=after(minutes=30)), profile)
    before = at_the_branch(a_visit(occurred_at=after(minutes=-30)), profile)[1]

    assert (len(first), second, before) == (1, (), ())
    assert len(profile.visits) == 1


def test_a_later_signal_another_branch_or_a_return_is_another_visit():
    profile, (card,) = at_the_branch(a_visit(), a_profile())
    gone, _ = at_the_branch(a_leave(occurred_at=after(minutes=10)), profile)

    for event, known in (
        (a_visit(occurred_at=after(minutes=31)), profile),
        (a_visit(branch_id="B002", occurred_at=after(minutes=5)), profile),
        (a_visit(occurred_at=after(minutes=20)), gone),
    ):
        _, (other,) = at_the_branch(event, known)
        assert other.id != card.id


@pytest.mark.parametrize("branch", ["B001", ...])
def test_who_leaves_takes_his_card_with_him_once(branch):
    profile, (card,) = at_the_branch(a_visit(), a_profile())

    profile, (entry,) = at_the_branch(a_leave(branch_id=branch, occurred_at=after(minutes=20)), profile)
    assert (entry.type, entry.stream, entry.fields["refers_to"]) == ("crm.arrival.retracted", card.stream, card.id)
    assert entry.data["reason"]["code"] == "left"

    assert at_the_branch(a_leave(occurred_at=after(minutes=21)), profile)[1] == ()


@pytest.mark.parametrize(
    "changes",
    [{"branch_id": "B002"}, {"occurred_at": after(minutes=-1)}, {"occurred_at": after(hours=3)}],
)
def test_leaving_elsewhere_or_before_or_after_the_card_expired_takes_nothing_back(changes):
    profile, _ = at_the_branch(a_visit(), a_profile())

    assert at_the_branch(a_leave(**{"occurred_at": after(minutes=5), **changes}), profile)[1] == ()


def test_of_two_visits_the_last_one_ends_and_the_other_stays():
    profile, _ = at_the_branch(a_visit(), a_profile())
    profile, (second,) = at_the_branch(a_visit(occurred_at=after(minutes=40)), profile)

    profile, (entry,) = at_the_branch(a_leave(occurred_at=after(minutes=50)), profile)

    assert entry.data["refers_to"] == second.id
    assert [visit.left for visit in profile.visits] == [False, True]


EXPIRES = after(hours=default_policy().branches.card_expires_hours)
GIVEN_UP = EXPIRES + default_policy().lateness_ms


def arrivals(*events):
    """Type and id or reference of each entry for the lobby, through the whole core."""
    _, effects = customers.lived(*events)
    found = [entry for entry in opened(tuple(effects)) if entry.stream.startswith("arrivals")]
    return [entry.type for entry in found]


CAME, LEFT = "crm.customer.arrived", "crm.arrival.retracted"


@pytest.mark.parametrize(("at_ms", "entries"), [(EXPIRES - 1, [CAME, LEFT]), (EXPIRES, [CAME]), (GIVEN_UP, [CAME])])
def test_who_leaves_after_his_card_expired_needs_no_retraction(at_ms, entries):
    assert arrivals(a_visit(), a_leave(occurred_at=at_ms)) == entries


@pytest.mark.parametrize(("seen_ms", "entries"), [(GIVEN_UP - 1, [CAME, LEFT]), (GIVEN_UP, [CAME])])
def test_a_leave_that_is_told_a_lateness_after_the_card_expired_needs_none_either(seen_ms, entries):
    seen = an_interaction(kind="view", occurred_at=seen_ms)
    assert arrivals(a_visit(), seen, a_leave(occurred_at=after(minutes=20))) == entries


def test_a_visit_that_is_told_a_day_late_has_one_card_and_loses_it_as_any_other():
    seen = an_interaction(kind="view", occurred_at=after(days=1))
    ticket, beacon = a_visit(), a_visit(source="beacon", occurred_at=after(minutes=5))
    assert arrivals(seen, ticket, beacon, a_leave(occurred_at=after(minutes=20))) == [CAME, LEFT]
