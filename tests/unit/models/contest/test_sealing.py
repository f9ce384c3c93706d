"""Nothing is unpickled without our signature: not once, whatever the bytes are."""

import hmac
import pickle
import sys
from hashlib import sha256
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contest import sealing
from models.contest.sealing import SIGNATURE_BYTES, BadSealError, Seal

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
RAN: list[str] = []


def run(what: str) -> str:
    RAN.append(what)
    return what


class Malicious:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return run, ("owned",)


@pytest.fixture(autouse=True)
def nothing_has_run():
    RAN.clear()


def test_the_malicious_thing_would_run_where_pickles_are_just_loaded():
    """The negative control: this is what the signature protects from."""
    pickle.loads(pickle.dumps(Malicious()))  # noqa: S301
    assert RAN == ["owned"]


def test_what_we_sealed_we_can_open():
    seal = Seal(KEY, "bank-1")
    assert seal.open("churn/tree", seal.close("churn/tree", {"a": [1, 2.5]})) == {"a": [1, 2.5]}


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda body: body, id="no signature"),
        pytest.param(lambda body: bytes(SIGNATURE_BYTES) + body, id="a signature of noughts"),
        pytest.param(lambda body: sha256(body).digest() + body, id="a hash without a key"),
        pytest.param(lambda body: hmac.digest(KEY, body, sha256) + body, id="the key, without the place"),
        pytest.param(lambda body: Seal(OTHER_KEY).close("churn/tree", Malicious()), id="another's key"),
        pytest.param(lambda body: Seal(KEY).close("churn/other", Malicious()), id="another place"),
        pytest.param(lambda body: Seal(KEY, "bank-2").close("churn/tree", Malicious()), id="another namespace"),
        pytest.param(lambda body: Seal(KEY).close("churn/tree", 1)[:SIGNATURE_BYTES] + body, id="another's signature"),
    ],
)
def test_a_pickle_that_was_not_sealed_for_this_place_is_never_run(forged):
    sealed = forged(pickle.dumps(Malicious()))
    with pytest.raises(BadSealError):
        Seal(KEY).open("churn/tree", sealed)
    assert RAN == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_are_run_by_chance(junk):
    with pytest.raises(BadSealError):
        Seal(KEY).open("churn/tree", junk)
    assert RAN == []


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_byte_that_is_changed_is_noticed_before_anything_runs(data):
    sealed = bytearray(Seal(KEY).close("churn/tree", Malicious()))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadSealError):
        Seal(KEY).open("churn/tree", bytes(sealed))
    assert RAN == []


def test_what_we_signed_and_cannot_read_is_refused_too():
    class Odd(Seal):
        def close(self, place, thing):
            return self._signature(place, thing) + thing

    for body in (b"", b"junk", b"cno_such_module\nThing\n."):
        with pytest.raises(BadSealError, match="not to be read"):
            Seal(KEY).open("churn/tree", Odd(KEY).close("churn/tree", body))


def test_a_key_that_protects_nothing_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(b"short")


def test_an_older_state_of_the_same_challenger_is_ours_too():
    """What the signature does not promise, as the head of the module says."""
    older = Seal(KEY).close("churn/tree", "as of last week")
    assert Seal(KEY).open("churn/tree", older) == "as of last week"


def test_what_was_sealed_when_the_module_had_another_name_is_opened(monkeypatch):
    """Trees of the version before name it as the place of what makes their Gaussians."""
    earlier = ModuleType(sealing.EARLIER_NAME)
    exec("def _of_variance(variance): return variance", earlier.__dict__)  # noqa: S102 - as that module would have it
    seal = Seal(b"k" * 32)
    with monkeypatch.context() as then:
        then.setitem(sys.modules, sealing.EARLIER_NAME, earlier)
        sealed = seal.close("churn/tree", earlier._of_variance)
    assert sealing.EARLIER_NAME.encode() in sealed
    assert seal.open("churn/tree", sealed) is sealing._of_variance
