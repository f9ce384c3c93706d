"""Keys of the records of `crm.models`: `model/version/part`, so that they sort as versions do."""

MANIFEST = "manifest"
SERVED = "served."
FIRST_SERVED = f"{SERVED}0"
EVENT = "event."
MAX_VERSION = 2**53
MAX_DIGITS = 20


def record_key(model: str, version: int, part: str) -> str:
    """Name a record; versions have leading zeros, so that keys sort as versions do."""
    return f"{model}/{version:010d}/{part}"


def place_of(key: str) -> tuple[str, int, str] | None:
    """Take a key apart into model, version and part; None for one that is none of ours."""
    words = key.split("/")
    if len(words) != 3 or not (is_number(words[1]) and int(words[1]) <= MAX_VERSION):
        return None
    model, version, part = words[0], int(words[1]), words[2]
    numbered = is_number(part.removeprefix(EVENT)) or is_number(part.removeprefix(SERVED))
    if not (part == MANIFEST or numbered) or key != record_key(model, version, part):
        return None
    return model, version, part


def is_number(word: str) -> bool:
    """Whether it is a number in plain digits, of which Python reads no more than some thousands."""
    return word.isascii() and word.isdecimal() and len(word) <= MAX_DIGITS
