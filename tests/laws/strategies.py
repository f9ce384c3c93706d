"""Lives of customers: any events in any order, with every word that we know and amounts up to its limit."""

from typing import Any

from hypothesis import strategies as st

from schemas import vocabulary
from schemas.events import linked
from tests.builders import a_customer, a_mention, a_transaction, after, an_interaction, an_outcome
from tests.customers import CONSENTS

ids = st.text("AB", min_size=1, max_size=3) | st.just("Z" * 64)
amounts = st.decimals(0, "9999999999999.99", places=2).map(str) | st.sampled_from(["1.00", "50000.00", "0"])
attribute_names = st.integers(0, 60).map("k{}".format)
words = st.none() | st.sampled_from(["fee", "failed", "deceased", "merged", "费" * 60])


def _given(**fields: Any) -> Any:
    """Fields that are None are left out."""
    return st.fixed_dictionaries(fields).map(lambda drawn: {k: ... if v is None else v for k, v in drawn.items()})


def transactions(times: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    return _given(
        occurred_at=times,
        amount=amounts,
        currency=st.sampled_from(["CNY"] * 5 + ["USD", "EUR", "GBP", "CHF", "SEK"]),
        direction=st.sampled_from(["credit", "debit"]),
        kind=st.sampled_from(sorted(vocabulary.TRANSACTION_KINDS)),
        channel=st.sampled_from(sorted(vocabulary.CHANNELS)),
        status=st.sampled_from(["booked"] * 4 + ["declined", "reversed"]),
        account_id=ids,
        balance_after=st.none() | amounts,
        counterparty_id=st.none() | ids,
        counterparty_bank=st.sampled_from([None, "OTHER"]),
        country=st.sampled_from([None, "CN", "FR", "LONGLAND"]),
    ).map(lambda fields: a_transaction(**({**fields, "amount": "100"} if fields["currency"] != "CNY" else fields)))


def interactions(times: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    return _given(
        occurred_at=times,
        channel=st.sampled_from(sorted(vocabulary.CHANNELS)),
        kind=st.sampled_from(sorted(vocabulary.INTERACTION_KINDS) + ["complaint", "visit", "login"] * 3),
        topic=words,
        product_id=st.none() | ids,
        branch_id=st.sampled_from([None, "B001", "B" * 32]),
        rating=st.none() | st.integers(0, 10),
        attributes=st.none()
        | st.dictionaries(attribute_names, st.text(max_size=8) | st.floats(-1e9, 1e9), max_size=32),
        offered_action=st.sampled_from([None, None, None, "high_yield_savings", "care_call", "a moon trip"]),
    ).map(lambda fields: an_interaction(**fields))


def master_data(times: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    return _given(
        occurred_at=times,
        name=st.none() | st.just("名" * 200),
        birth_year=st.sampled_from([None, 1960, 1990]),
        consents=st.sampled_from([(), CONSENTS, CONSENTS]),
        handles=st.lists(st.text("xyz", min_size=1, max_size=100).map("weibo:".__add__), max_size=12).map(tuple),
        products=st.lists(ids, max_size=20).map(tuple),
        closed_on=st.sampled_from([None, None, "2026-03-02"]),
        risk_rating=words,
    ).map(lambda fields: a_customer(**fields))


def events(times: st.SearchStrategy[int] | None = None) -> st.SearchStrategy[Any]:
    at = st.integers(after(), after(days=80)) if times is None else times
    mentions = st.tuples(at, st.sampled_from(["good", "bad", ""])).map(
        lambda drawn: linked(a_mention(occurred_at=drawn[0], text=f"{drawn[1]}."), "C1")
    )
    outcomes = st.tuples(at, st.sampled_from(["Accepted", "Rejected", "NoResponse"])).map(
        lambda drawn: an_outcome(occurred_at=drawn[0], label=drawn[1])
    )
    return st.one_of(
        transactions(at), transactions(at), interactions(at), interactions(at), master_data(at), mentions, outcomes
    )


def lives(max_size: int = 30) -> st.SearchStrategy[list[Any]]:
    return st.lists(events(), min_size=min(10, max_size), max_size=max_size)
