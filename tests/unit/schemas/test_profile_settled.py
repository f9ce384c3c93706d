"""Runs of fields that seldom move: taken again while nothing of them has, and always what they would be anew."""

from dataclasses import fields

import pytest
from hypothesis import given, settings

from models.step import step
from schemas import profile_codec, profile_settled
from schemas.profile import Due, EventCounts, Grade, PendingExample, Profile
from schemas.profile_bound import fullest
from schemas.profile_codec import decode, encode
from schemas.profile_settled import DAILY, SETTLED, daily_run, settled_run
from tests.builders import BEGINNING
from tests.customers import the_context
from tests.laws.strategies import lives

TWELVE_DAYS_MS = 1 << 30


@pytest.fixture(autouse=True)
def _nothing_written_before():
    _forget_runs()


def _forget_runs() -> None:
    settled_run._kept.clear()
    daily_run._kept.clear()


def a_profile(customer_id: str = "C1", at_ms: int = BEGINNING) -> Profile:
    return Profile(customer_id, at_ms, at_ms)


def changed(profile: Profile, **values) -> Profile:
    other = profile.copied()
    for name, value in values.items():
        setattr(other, name, value)
    return other


@settings(max_examples=40, deadline=None)
@given(lives(60))
def test_what_was_written_before_does_not_show_in_the_bytes(life):
    profile = None
    for event in life:
        profile = step(profile, event, the_context()).value
        if profile is None:
            continue
        after_others = encode(profile)
        _forget_runs()
        assert encode(profile) == after_others


def test_an_event_that_moves_no_settled_field_packs_none_again(monkeypatch):
    profile = a_profile()
    encode(profile)
    for run in (settled_run, daily_run):
        monkeypatch.setattr(run, "_values", None)  # whoever asks it fails
    moved = changed(profile, events=EventCounts(1), last_seen_ms=profile.last_seen_ms + 1)
    assert decode(encode(moved)) == moved


@pytest.mark.parametrize("name", [*SETTLED, *DAILY])
def test_any_settled_field_that_moves_is_written(name):
    full = decode(encode(fullest()))
    encode(full)
    blank = changed(full, **{name: getattr(a_profile(), name)})
    assert getattr(decode(encode(blank)), name) == getattr(a_profile(), name) != getattr(full, name)


def test_due_work_that_follows_is_told_anew_when_what_it_follows_from_has_moved():
    waits = PendingExample("e" * 20, "churn", BEGINNING, BEGINNING + 9, b"")
    profile = changed(a_profile(), pending=(waits,), due=(Due(waits.due_ms, "mature", waits.example_id),))
    encode(profile)
    lost = changed(profile, pending=())
    assert decode(encode(lost)) == lost


def test_times_are_told_anew_when_the_moment_that_they_are_told_to_has_moved():
    profile = changed(a_profile(), grade=Grade("gold", BEGINNING, "9"))
    encode(profile)
    later = changed(profile, last_seen_ms=profile.last_seen_ms + TWELVE_DAYS_MS)
    assert decode(encode(later)) == later


def test_of_so_many_customers_the_last_ones_are_kept(monkeypatch):
    monkeypatch.setattr(profile_settled, "KEPT_RUNS", 2)
    for customer_id in ("C1", "C2", "C3"):
        encode(a_profile(customer_id))
    assert [*settled_run._kept] == ["C2", "C3"]


def test_every_field_stands_in_one_place():
    placed = [*profile_codec.MOVED, *SETTLED, *DAILY, "eve"]
    assert sorted(placed) == sorted(part.name for part in fields(Profile))
