"""Law: no order of events, late ones included, exceeds the contact caps."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rings.windows import DAY_MS, home_day
from tests.builders import BEGINNING, an_interaction
from tests.offering import a_consenting, decided
from tests.policies import default_policy

MOMENTS = st.lists(
    st.tuples(
        st.integers(0, 40 * 24 * 60),  # minutes after the beginning, in any order
        st.sampled_from([("login", "mobile"), ("login", "web"), ("visit", "branch"), ("call_started", "phone")]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(MOMENTS)
def test_no_order_of_events_exceeds_the_cap(moments):
    profile, made = a_consenting(), []
    for number, (minutes, (kind, channel)) in enumerate(moments):
        event = an_interaction(
            event_id=f"e-{number}", kind=kind, channel=channel, occurred_at=BEGINNING + minutes * 60_000
        )
        profile, offers, _ = decided(event, profile)
        made += [event.occurred_ms] * len(offers)

    policy = default_policy().contact
    assert max(Counter(home_day(at_ms) for at_ms in made).values(), default=0) <= policy.offers_per_day
    for start_ms in made:
        within = [at_ms for at_ms in made if start_ms <= at_ms < start_ms + 30 * DAY_MS]
        assert len(within) <= policy.offers_per_30_days
