"""Sums, counts and latest times do not depend on the order in which events come."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.fold import fold, new_profile
from schemas.events import Customer
from tests.builders import BEGINNING
from tests.laws.strategies import events
from tests.policies import default_policy

QUICK = settings(max_examples=40, deadline=None)

within_the_rings = st.integers(BEGINNING, BEGINNING + 50 * 86_400_000)


def folded(life):
    profile = new_profile("C1", life[0].occurred_ms)
    for event in life:
        profile = fold(profile, event, default_policy())
    return profile


def what_has_no_order(profile):
    return {
        "seen": (profile.first_seen_ms, profile.last_seen_ms),
        "events": profile.events,
        "totals": profile.totals,
        "interactions": (profile.interactions_by_channel, profile.interactions_by_kind),
        "channels": profile.last_by_channel_ms,
        "logins": profile.last_login_ms,
        "activity": profile.last_own_activity_ms,
        "ratings": profile.ratings,
        "mood": profile.mood,
        "complaints": profile.last_complaint_ms,
    }


@QUICK
@given(
    st.lists(events(within_the_rings).filter(lambda event: not isinstance(event, Customer)), min_size=2, max_size=20),
    st.randoms(use_true_random=False),
)
def test_shuffled_events_give_the_same_sums(life, chance):
    in_few_currencies = [event for event in life if getattr(event, "currency", "CNY") in ("CNY", "USD", "EUR", "GBP")]
    if not in_few_currencies:
        return
    shuffled = list(in_few_currencies)
    chance.shuffle(shuffled)
    assert what_has_no_order(folded(in_few_currencies)) == what_has_no_order(folded(shuffled))
