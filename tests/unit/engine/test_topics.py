"""What stands between a topic and its decoder: no record may stop a partition."""

from stream_app.engine.effects import BadInput
from stream_app.engine.topics import MAX_KEY_BYTES, guarded
from tests.unit.engine.engine_builders import a_record


def test_a_decoder_that_raises_gives_a_letter_that_does_not_quote_the_payload():
    def broken(record):
        raise ValueError(record.value)

    assert guarded(broken)(a_record(1, text="secret@1")) == BadInput("processing_error", "decoder: ValueError")


def test_a_key_without_measure_is_a_letter_and_is_never_decoded():
    def decode(record):
        return record.key

    longest = "k" * MAX_KEY_BYTES
    assert guarded(decode)(a_record(1, key=longest)) == longest.encode()
    assert guarded(decode)(a_record(1, key=longest + "k")) == BadInput("too_large", "key: over 1024 bytes")
