"""Laws of a customer's life: once is enough, nothing grows without end, what is stored comes back, time has no say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.step import step
from schemas.internal import Timer
from schemas.profile_codec import MAX_PROFILE_BYTES, decode, encode
from tests.customers import lived, the_context
from tests.laws.strategies import lives

QUICK = settings(max_examples=40, deadline=None)


@QUICK
@given(lives())
def test_an_event_that_comes_twice_counts_once(life):
    profile = None
    for event in life:
        verdict = step(profile, event, the_context())
        again = step(verdict.value, event, the_context()) if verdict.value is not None else None
        if again is not None and verdict.result == "applied":
            assert (again.value, again.effects, again.result) == (verdict.value, (), "duplicate")
        profile = verdict.value


@QUICK
@given(lives(60))
def test_a_profile_comes_back_as_it_went_and_never_passes_its_bound(life):
    profile = None
    for event in life:
        profile = step(profile, event, the_context()).value
    if profile is not None:
        packed = encode(profile)
        assert len(packed) <= MAX_PROFILE_BYTES
        assert decode(packed) == profile


@QUICK
@given(lives())
def test_a_step_changes_nothing_that_it_was_given(life):
    profile = None
    for event in life:
        before = repr(profile)
        verdict = step(profile, event, the_context())
        assert repr(profile) == before
        profile = verdict.value


@QUICK
@given(lives())
def test_a_profile_that_was_stored_goes_on_as_if_it_had_not_been(life):
    kept = stored = None
    for event in life:
        kept, stored = step(kept, event, the_context()), step(stored, event, the_context())
        assert kept == stored
        kept, stored = kept.value, decode(encode(stored.value)) if stored.value is not None else None


@QUICK
@given(lives(12), st.data())
def test_timers_that_move_repeat_or_are_dropped_change_nothing(life, data):
    """As long as no event is older than the clock: the events come in order, a timer never runs ahead of them."""
    life = sorted(life, key=lambda event: event.occurred_ms)
    end = Timer(customer_id="C1", until_ms=life[-1].occurred_ms)
    with_timers = []
    for event in life:
        times = data.draw(st.lists(st.integers(life[0].occurred_ms, event.occurred_ms), max_size=2))
        # What was due at the very time of an event was due before it.
        with_timers += [Timer(customer_id="C1", until_ms=at) for at in times]
        with_timers.append(event)
    alone, ticked = step_all([*life, end]), step_all([*with_timers, end])
    assert alone == ticked


def step_all(events):
    profile, effects = None, []
    for event in events:
        verdict = step(profile, event, the_context())
        profile = verdict.value
        effects += verdict.effects
    return profile, effects


@QUICK
@given(lives(), st.integers(0, 25))
def test_how_a_life_is_split_into_batches_does_not_show(life, cut):
    context = the_context()
    if any(step(None, event, context).value is None for event in life):
        return  # a mention of a stranger leaves no profile to split at
    whole = lived(*life)
    first, effects = lived(*life[:cut]) if life[:cut] else (None, [])
    rest = lived(*life[cut:], profile=first) if life[cut:] else (first, [])
    assert whole == (rest[0], effects + rest[1])
