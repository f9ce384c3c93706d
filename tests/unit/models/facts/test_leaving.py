"""Whether a customer has left: by his accounts and by master data, in whichever order one hears of them."""

from itertools import permutations

import pytest

from schemas.profile import Profile
from tests.builders import BEGINNING, a_customer, a_transaction, after, an_interaction
from tests.judging import a_profile, lived

STAYS = ("", None)


def folded(*events, profile: Profile | None = None) -> Profile:
    return lived(profile or a_profile(), *events)


def label(profile: Profile) -> tuple[str, int | None]:
    return profile.churn_label, profile.churn_label_ms


def moves(account: str, **when: float):
    return a_transaction(account_id=account, occurred_at=after(**when))


def closes(account: str, topic: str | None = None, **when: float):
    return an_interaction(kind="product_closed", product_id=account, topic=topic or ..., occurred_at=after(**when))


def opens(account: str, **when: float):
    return an_interaction(kind="product_opened", product_id=account, occurred_at=after(**when))


def interest(account: str, **when: float):
    return a_transaction(account_id=account, kind="interest", direction="credit", occurred_at=after(**when))


def logs_in(**when: float):
    return an_interaction(kind="login", occurred_at=after(**when))


def dies(**when: float):
    return an_interaction(kind="product_closed", topic="deceased", occurred_at=after(**when))


def told(closed_on: str | None = None, **when: float):
    return a_customer(closed_on=closed_on, occurred_at=after(**when))


def timeless(master):
    master.__dict__["has_own_time"] = False
    return master


def test_who_closes_his_last_account_has_left():
    profile = folded(moves("A1"), moves("A2"), closes("A1"))
    assert label(profile) == STAYS
    assert label(folded(closes("A2", days=1), profile=profile)) == ("closed", after(days=1))


LIVES = {
    "three accounts, one closing told twice": (
        [closes("A1", days=1), closes("A2", days=3), closes("A3", days=2), closes("A2", days=1)],
        ("closed", after(days=3)),
    ),
    "two accounts that move before they are closed": (
        [moves("A4"), moves("A5"), closes("A4", days=2), closes("A5", days=3)],
        STAYS,
    ),
    "another account that moves before the last closing": (
        [closes("A1"), closes("A2"), moves("A4", days=1), closes("A3", days=2)],
        STAYS,
    ),
    "another account that moves after the last closing": (
        [closes("A1"), closes("A2"), closes("A3", days=1), moves("A4", days=2)],
        STAYS,
    ),
    "what is still posted to a closed account": (
        [closes("A1"), closes("A2"), closes("A3", days=1), moves("A3", days=2)],
        ("closed", after(days=1)),
    ),
    "master data say so some days later": (
        [closes("A1"), closes("A2"), closes("A3", days=1), told("2026-03-03", days=4)],
        ("closed", after(days=1)),
    ),
    "master data of before know nothing of it": (
        [told(hours=1), closes("A1", days=1), closes("A2", days=1), closes("A3", days=1)],
        ("closed", after(days=1)),
    ),
    "master data say that he is a customer again": (
        [closes("A1"), closes("A2"), closes("A3", days=1), told(days=4)],
        STAYS,
    ),
    "master data alone": ([told(), told("2026-03-04", days=2), closes("A1", days=1)], ("closed", after(days=2))),
    "master data that take it back": ([told("2026-03-02"), told(days=2), closes("A1", days=1)], STAYS),
    "who goes on with an account after master data said so": (
        [told("2026-03-03", days=1), closes("A1", days=1), moves("A2", days=2)],
        STAYS,
    ),
    "interest, and a login, are no sign each by itself": (
        [told("2026-03-03", days=1), interest("A1", days=2), interest("A2", hours=1), logs_in(days=1)],
        ("closed", after(days=1)),
    ),
    "an account that is opened again": ([told(), closes("A1"), closes("A2"), closes("A3"), opens("A3", days=1)], STAYS),
    "one that is closed again": (
        [closes("A1"), closes("A2"), opens("A3", days=1), closes("A3", days=2)],
        ("closed", after(days=2)),
    ),
    "death, and what his heirs close": (
        [dies(), closes("A1", days=8), closes("A2", days=8), closes("A3", "deceased", days=9)],
        ("died", after(days=9)),
    ),
}


@pytest.mark.parametrize(("life", "left"), LIVES.values(), ids=LIVES)
def test_who_left_hangs_on_no_order(life, left):
    known = folded(moves("A1", days=-1), moves("A2", days=-1), moves("A3", days=-1))
    for order in permutations(life):
        assert label(folded(*order, profile=known)) == left


def test_accounts_that_are_heard_of_only_after_their_closing_are_closed():
    for order in permutations([moves("A1"), moves("A2", hours=1), closes("A1", days=1), closes("A2", days=2)]):
        profile = folded(*order)
        assert label(profile) == ("closed", after(days=2))
        assert {name: account.closed_ms for name, account in profile.accounts.items()} == {
            "A1": after(days=1),
            "A2": after(days=2),
        }


def test_who_died_did_not_leave_when_his_accounts_are_closed_afterwards():
    died = folded(moves("A1"), dies(), told())
    assert label(died) == ("died", BEGINNING)
    settled = folded(closes("A1", days=9), told("2026-03-11", days=9), profile=died)
    assert label(settled) == ("died", BEGINNING)
    assert settled.accounts["A1"].closed_ms == after(days=9)
    assert folded(an_interaction(kind="product_closed", topic="merged")).churn_label == "merged"


def test_master_data_without_a_time_of_their_own_name_the_day_and_undo_no_closing():
    day_end = after(hours=15) - 1  # the bank's home day ends fifteen hours after nine
    assert label(folded(timeless(told("2026-03-02", days=3000)))) == ("closed", day_end)
    gone = folded(moves("A1"), closes("A1", days=1))
    assert label(folded(timeless(told(days=3000)), profile=gone)) == ("closed", after(days=1))
    assert label(folded(timeless(told("2026-03-02")), timeless(told()))) == STAYS


def test_who_has_left_owes_no_loan():
    loan = a_transaction(kind="loan_payment", counterparty_id="L1")
    owes = folded(moves("A1"), loan)
    assert owes.loans
    assert folded(closes("A1", days=1), profile=owes).loans == {}
