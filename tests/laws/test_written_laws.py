"""What we write ourselves, without a check, is byte by byte what pydantic would write of the same record."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.actions import Alert, Arrival, BestAction, Evidence, Offer, OpenComplaint, Reason, ScoreCard, Withdrawal
from schemas.decisions import Decision, Dropped, FunnelStage, decision_effect
from schemas.entries import json_of
from schemas.times import MAX_MS

WORDS = st.text(max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**53)
TIMES = st.integers(0, MAX_MS)
REASONS = st.builds(Reason, code=WORDS, zh=WORDS, en=WORDS, contribution=NUMBERS)
SOME_REASONS = st.lists(REASONS, max_size=2).map(tuple)
SOME_WORDS = st.lists(WORDS, max_size=3).map(tuple)
FIGURES = st.dictionaries(WORDS, NUMBERS | st.integers(-(2**63), 2**63), max_size=4)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


WRITTEN: dict[type, st.SearchStrategy[Any]] = {
    Alert: st.builds(
        Alert, action_id=WORDS, kind=WORDS, queue=st.just("fraud"), priority=st.integers(1, 3), customer_id=WORDS,
        title=WORDS, reasons=SOME_REASONS, score=maybe(NUMBERS), model=maybe(WORDS), model_version=maybe(COUNTS),
        evidence=st.builds(Evidence, events=SOME_WORDS, figures=FIGURES), next_step=WORDS, occurred_ms=TIMES,
        expires_ms=TIMES, supersedes=maybe(WORDS),
    ),
    Offer: st.builds(
        Offer, action_id=WORDS, decision_id=WORDS, customer_id=WORDS, issue=WORDS, group=WORDS, action=WORDS,
        treatment=WORDS, channel=st.just("sms"), propensity=NUMBERS, value=NUMBERS, arbitration=NUMBERS,
        priority=st.integers(1, 3), reasons=SOME_REASONS, action_probability=NUMBERS, model=maybe(WORDS),
        model_version=maybe(COUNTS), occurred_ms=TIMES, expires_ms=TIMES,
    ),
    Arrival: st.builds(
        Arrival, action_id=WORDS, branch_id=WORDS, customer_id=WORDS, ticket=maybe(WORDS), arrived_ms=TIMES,
        tier=WORDS, relationship_manager=maybe(WORDS), last_promise=maybe(WORDS), do_not_mention=SOME_WORDS,
        open_complaint=maybe(
            st.builds(OpenComplaint, event_id=WORDS, opened_ms=TIMES, channel=WORDS, topic=maybe(WORDS))
        ),
        tags=SOME_WORDS, holdings=SOME_WORDS,
        churn=maybe(
            st.builds(
                ScoreCard, value=NUMBERS, model=WORDS, version=COUNTS, examples=COUNTS, reasons=SOME_REASONS
            )
        ),
        best_action=maybe(st.builds(BestAction, action=WORDS, title=WORDS, reason=REASONS)), expires_ms=TIMES,
    ),
    Withdrawal: st.builds(
        Withdrawal, action_id=WORDS, refers_to=WORDS, customer_id=WORDS, reason=REASONS, superseded_by=maybe(WORDS),
        occurred_ms=TIMES, expires_ms=TIMES,
    ),
}  # fmt: skip
DECISIONS = st.builds(
    Decision, decision_id=WORDS, customer_id=WORDS, event_id=WORDS, occurred_ms=TIMES, trigger=WORDS, policy=WORDS,
    models=st.dictionaries(WORDS, COUNTS, max_size=2), scores=st.dictionaries(WORDS, NUMBERS, max_size=3),
    funnel=st.lists(
        st.builds(
            FunnelStage, stage=st.just("contact"), entered=st.integers(0, 10_000),
            dropped=st.lists(st.builds(Dropped, action=WORDS, reason=WORDS), max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    action=maybe(WORDS), action_probability=NUMBERS,
)  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN)
@given(data=st.data())
def test_an_action_is_written_as_pydantic_would(kind: type, data: st.DataObject):
    action = data.draw(WRITTEN[kind])

    assert json_of(action) == TypeAdapter(kind).dump_json(action, exclude_none=True)


@given(DECISIONS)
def test_a_decision_is_written_as_pydantic_would(decision: Decision):
    assert decision_effect(decision).body == TypeAdapter(Decision).dump_json(decision)
