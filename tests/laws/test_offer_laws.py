"""Laws of offers: one is taken back at most once, on its own stream, and none stands that we may not make."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.standing import standing
from models.step import step
from schemas.actions import Effect
from tests.builders import after, an_interaction, an_outcome
from tests.customers import a_consenting_customer, the_context
from tests.judging import opened
from tests.laws.strategies import lives

MINUTES = st.integers(0, 6 * 24 * 60)
TURNS = st.lists(
    st.tuples(
        MINUTES,
        st.sampled_from(["login", "login", "visit", "answer", "silence", "consent"]),
        st.sampled_from(["Accepted", "Rejected", "Clicked", "Retracted"]),
    ),
    max_size=20,
)


def the_event(turn, made: dict[str, str]):
    minutes, what, label = turn
    at_ms = after(minutes=minutes)
    if what == "answer":
        return an_outcome(action_id=next(reversed(made), "a-99"), label=label, occurred_at=at_ms)
    if what in ("silence", "consent"):
        return a_consenting_customer(do_not_contact=what == "silence", occurred_at=at_ms)
    return an_interaction(kind=what, channel="branch" if what == "visit" else "mobile", occurred_at=at_ms)


def note(effects: tuple[Effect, ...], made: dict[str, str], taken_back: set[str]) -> None:
    """Hold each entry to the law, and remember it."""
    for entry in opened(effects):
        if entry.type == "crm.offer.made":
            made[entry.id] = entry.stream
        elif entry.type == "crm.offer.retracted":
            about = entry.fields["refers_to"]
            assert made[about] == entry.stream
            assert about not in taken_back
            taken_back.add(about)


@settings(max_examples=60, deadline=None)
@given(TURNS)
def test_an_offer_is_taken_back_once_and_none_stands_against_the_customers_word(turns):
    made: dict[str, str] = {}
    taken_back: set[str] = set()
    profile = step(None, a_consenting_customer(occurred_at=after(days=-1)), the_context()).value
    for turn in turns:
        event = the_event(turn, made)
        verdict = step(profile, event, the_context())
        profile = verdict.value
        note(verdict.effects, made, taken_back)
        if profile.identity.do_not_contact:
            assert standing(profile, max(profile.last_seen_ms, event.occurred_ms)) == ()


@settings(max_examples=40, deadline=None)
@given(lives())
def test_whatever_a_customer_lives_through_only_what_was_offered_is_taken_back(life):
    made: dict[str, str] = {}
    taken_back: set[str] = set()
    profile = None
    for event in life:
        verdict = step(profile, event, the_context())
        profile = verdict.value
        note(verdict.effects, made, taken_back)
    assert taken_back <= made.keys()
