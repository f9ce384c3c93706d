import pytest

from schemas.errors import (
    REASON_ORDER,
    BadMessage,
    BrokenInvariant,
    PolicyError,
    RapportError,
    SettingsError,
    StateError,
)


@pytest.mark.parametrize("error", [BadMessage, PolicyError, SettingsError, StateError, BrokenInvariant])
def test_every_error_of_ours_is_on_the_one_tree(error: type):
    assert issubclass(error, RapportError)
    assert not issubclass(error, ValueError)


def test_the_reasons_are_those_that_readers_of_dead_letters_know():
    told = (
        "bad_json, bad_envelope, missing_field, bad_value, bad_id, bad_amount, bad_currency, bad_time, future, "
        "too_large, empty, key_mismatch, processing_error"
    )
    assert sorted(REASON_ORDER) == sorted(told.split(", "))


def test_a_bad_message_says_its_reason_and_its_field():
    assert str(BadMessage("bad_id", "event_id: pattern")) == "bad_id: event_id: pattern"
