"""Facts as of a day boundary: they come back as they went, and take room only for what differs."""

import pytest

from schemas.profile import Account, Eve, Facts, Identity, MentionMood, Profile, Ratings, Salary
from schemas.profile_codec import decode, encode
from schemas.profile_complaints import Answer, Complaint
from schemas.profile_eve import eve_bytes
from tests.builders import BEGINNING, after

BOUNDARY = BEGINNING
FEE = Complaint("c-fee", after(days=-3), "phone", "fee")
APP = Complaint("c-app", after(days=-1), "mobile")
GONE = Complaint("c-gone", after(days=-2), "web", "fee")
NOW = Profile(
    "C1",
    after(days=-90),
    after(minutes=20),
    identity=Identity(after(days=-5), products=("fund", "P-17")),
    accounts={key: Account("CNY", 100_00, after(days=-2), after(days=-1)) for key in ("A1", "A2")},
    salary=Salary(3, after(days=-20), 900_00, 900_00, 30, after(days=10)),
    last_login_ms=after(minutes=5),
    last_own_activity_ms=after(minutes=20),
    complaints=(FEE, APP),
    last_complaint_ms=APP.opened_ms,
    answers=(Answer(after(minutes=10), "fee", GONE),),
    ratings=Ratings(1, 80, 80, after(days=-9)),
    mood=MentionMood(1, 0, 300, 300, after(days=-9)),
)
SAME = Facts(
    after(hours=-1),
    NOW.accounts,
    NOW.salary,
    NOW.last_login_ms,
    NOW.last_own_activity_ms,
    NOW.complaints,
    NOW.last_complaint_ms,
    NOW.answers,
    NOW.ratings,
    NOW.mood,
    after(days=-5),
    1990,
    ("fund", "P-17"),
    None,
    True,
    "",
    None,
)
OTHER = {
    "accounts": {"A2": Account("USD", None, 0, after(days=-9), after(days=-4)), "A9": Account("XAU", 7, 8, 9)},
    "salary": Salary(),
    "last_login_ms": None,
    "last_own_activity_ms": after(days=-2),
    "complaints": (Complaint("c-old", after(days=-30), "branch", "费"), APP),
    "last_complaint_ms": after(days=-30),
    "answers": (
        Answer(after(days=-9)),
        Answer(after(days=-3), "app", APP),
        Answer(after(days=-2), "费", Complaint("c-older", after(days=-40), "fax", "费")),
    ),
    "ratings": Ratings(),
    "mood": MentionMood(),
    "told_ms": None,
    "birth_year": None,
    "products": ("loan", "P-17", "P-18"),
    "closed_on": "2026-03-01",
    "has_own_time": False,
    "churn_label": "closed",
    "churn_label_ms": after(days=-1),
}


def beside_now(facts: Facts | None, **changes) -> Profile:
    profile = NOW.copied()
    for name, value in changes.items():
        setattr(profile, name, value)
    profile.eve = Eve(BOUNDARY, facts)
    return profile


@pytest.mark.parametrize("facts", [None, SAME, SAME._replace(**OTHER)], ids=["lost", "same", "other"])
def test_facts_come_back_as_they_went(facts):
    assert decode(encode(NOW)) == NOW
    profile = beside_now(facts)
    assert decode(encode(profile)) == profile


@pytest.mark.parametrize("name", OTHER)
def test_each_of_them_comes_back_where_it_alone_differs(name):
    profile = beside_now(SAME._replace(**{name: OTHER[name]}))
    assert decode(encode(profile)) == profile


def test_they_come_back_where_master_data_were_told_only_since():
    profile = beside_now(SAME._replace(told_ms=None, products=()), identity=None)
    assert decode(encode(profile)) == profile


def test_what_is_the_same_takes_no_room():
    assert eve_bytes(NOW) == 1
    assert eve_bytes(beside_now(None)) < eve_bytes(beside_now(SAME)) < 25
