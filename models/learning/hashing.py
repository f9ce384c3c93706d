"""What a channel knows of a contact, as a fixed number of features: the signed hashing trick.

Weinberger, Dasgupta, Langford, Smola, Attenberg, "Feature Hashing for Large Scale Multitask Learning", ICML 2009. A
word is hashed with its key (`job=student`) to a slot that counts ±1; a number by its key alone, to a slot that holds
its value. The two have slots apart, since only numbers want scaling: a slot of words that is scaled by how seldom it
comes makes the rarest word the loudest (measured on UCI Bank Marketing, no delay, gradient descent: AUC 0.786 with all
64 slots shared and scaled, 0.794 so; 32, 64, 128 or 4,096 slots of each differ by less than 0.001, and by salt of the
hash as much; what the champion makes of them stands in `docs/models.md`).

What is stored is what was scored: numbers are rounded to 32 bits before anybody sees them.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

WORD_SLOTS = 64  # numbers 0 to 63
NUMBER_SLOTS = 192  # numbers 64 to 255: two numbers in one slot spoil each other, so that there are more than words
SLOTS = WORD_SLOTS + NUMBER_SLOTS
BINS = 1_024  # keys of bins, which follow the slots; the numbers of all slots share them
KEYS = SLOTS + BINS
NO_FEATURES = frozenset({"promise"})  # what says nothing of the contact itself (`models.facts.promise`)
VALUE_LIMIT = 1e6  # a number beyond it is cut, as every feature is

Slots = tuple[tuple[int, float], ...]  # slot and value, by slot; one that is not there is not known, rather than 0

_FLOAT = Struct("<f")
_NUMBER = Struct("<Bf")
_BITS = Struct("<I")
_MIXING, _WORD = 2_654_435_761, 2**32 - 1  # Knuth, "The Art of Computer Programming", 6.4: multiplicative hashing
_MINUS = 0x80


def slots_of(attributes: Mapping[str, str | float] | None) -> Slots:
    """Hash the attributes of a contact; their order does not show.

    >>> slots_of({"job": "student"}) == slots_of({"job": "student", "age": 0.0})[:1]
    True
    """
    if not attributes:
        return ()
    words: dict[int, float] = {}
    numbers: dict[int, float] = {}
    for key in sorted(attributes.keys() - NO_FEATURES):
        value = attributes[key]
        if isinstance(value, str):
            slot, sign = _place(f"{key}={value}", WORD_SLOTS)
            words[slot] = words.get(slot, 0.0) + sign
        else:
            slot, sign = _place(key, NUMBER_SLOTS)
            slot += WORD_SLOTS
            numbers[slot] = numbers.get(slot, 0.0) + sign * min(VALUE_LIMIT, max(-VALUE_LIMIT, value))
    return (
        *sorted((slot, count) for slot, count in words.items() if count),
        *sorted((slot, _FLOAT.unpack(_FLOAT.pack(value))[0]) for slot, value in numbers.items()),
    )


@lru_cache(maxsize=4096)
def _place(text: str, slots: int) -> tuple[int, float]:
    """Choose a slot and a sign by a hash that is the same in every process."""
    digest = int.from_bytes(blake2b(text.encode(), digest_size=8, person=b"rapport.slots").digest())
    return (digest >> 1) % slots, -1.0 if digest & 1 else 1.0


def bin_of(slot: int, value: float) -> int:
    """Give the key of the bin that a slot's number falls into; it is not stored, since it follows from the number.

    A bin is what numbers share whose first 8 binary digits are the same: its width is a half to one percent of the
    number, whatever that means, and none has to be learned. What seldom changes (a rate of the month) has a bin for
    each of its values.

    >>> bin_of(70, 5191.0) == bin_of(70, 5195.8) != bin_of(70, 5228.1)
    True
    """
    bits: int = _BITS.unpack(_FLOAT.pack(value))[0]
    return SLOTS + ((((slot << 16) + (bits >> 16)) * _MIXING & _WORD) >> 22)


def pack_slots(slots: Slots) -> bytes:
    """Write a contact's slots: a byte a word (twice where two fell together), five bytes a number; b"" for none."""
    if not slots:
        return b""
    words = b"".join([_signed(slot, value) * abs(int(value)) for slot, value in slots if slot < WORD_SLOTS])
    numbers = b"".join([_NUMBER.pack(slot, value) for slot, value in slots if slot >= WORD_SLOTS])
    return bytes([len(words)]) + words + numbers


def _signed(slot: int, value: float) -> bytes:
    return bytes([slot | _MINUS if value < 0 else slot])


def unpack_slots(packed: bytes) -> Slots:
    """Read what `pack_slots` wrote. Raises `struct.error` for numbers that are cut off."""
    if not packed:
        return ()
    end = 1 + packed[0]
    words: dict[int, float] = {}
    for byte in packed[1:end]:
        slot = byte & ~_MINUS
        words[slot] = words.get(slot, 0.0) + (-1.0 if byte & _MINUS else 1.0)
    return (*words.items(), *_NUMBER.iter_unpack(packed[end:]))
