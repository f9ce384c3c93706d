import orjson
import pytest

from models import links
from models.links import step
from schemas import author as codec
from schemas.author import MAX_CLAIMANTS, Author
from schemas.errors import StateError
from schemas.internal import Claim
from schemas.profile import Identity
from tests.builders import BEGINNING, a_mention
from tests.customers import the_context


def a_claim(customer="C1", op="claim"):
    return Claim(author_key="weibo:someone", customer_id=customer, op=op)


def told(*events) -> Author | None:
    author = None
    for event in events:
        author = step(author, event, the_context()).value
    return author


def withdrawn(customer="C1"):
    return a_claim(customer, "withdraw")


def test_claims_stand_in_their_order_each_once():
    assert told(a_claim("C1"), a_claim("C2"), a_claim("C1")) == Author(("C1", "C2"))


def test_a_withdrawal_hides_no_other_claim():
    assert told(a_claim("C1"), a_claim("C2"), withdrawn("C1")) == Author(("C2",))


def test_the_last_withdrawal_leaves_a_value_without_claimants():
    assert told(a_claim(), withdrawn()) == Author()


def test_an_author_whom_nobody_ever_claimed_has_no_value():
    assert told(withdrawn()) is None
    verdict = step(None, a_mention(), the_context())
    assert verdict.value is None
    assert [effect.name for effect in verdict.effects] == ["mood"]


def test_beyond_four_claimants_no_more_are_heard():
    author = told(*(a_claim(f"C{i}") for i in range(9)))
    assert len(author.claimants) == MAX_CLAIMANTS


def test_a_mention_of_a_claimed_author_goes_to_the_customer():
    mention = a_mention(text="bad queue")
    verdict = step(Author(("C7",)), mention, the_context())
    mood, linked = verdict.effects
    assert (mood.name, mood.key) == ("mood", "weibo")
    assert orjson.loads(mood.body) == {
        "platform": "weibo",
        "event_id": mention.event_id,
        "occurred_ms": BEGINNING,
        "sentiment": -0.8,
    }
    assert (linked.name, linked.key) == ("mentions-linked", "C7")
    body = orjson.loads(linked.body)
    assert (body["customer_id"], body["text"], body["event_id"]) == ("C7", "bad queue", mention.event_id)
    assert verdict.value == Author(("C7",)), "the value carries the mention's guard and outbox"


def test_two_claimants_link_nobody_and_it_is_counted():
    verdict = step(Author(("C1", "C2")), a_mention(), the_context())
    assert [effect.name for effect in verdict.effects] == ["mood"]
    assert verdict.suppressed == (links.TWO_CLAIMANTS,)


def test_an_unknown_platform_counts_into_the_mood_of_all_others():
    verdict = step(None, a_mention(platform="newsite"), the_context())
    assert verdict.effects[0].key == "other"
    assert verdict.unknown_fields == ("platform",)


def an_identity(*handles, consent=True) -> Identity:
    return Identity(BEGINNING, handles=handles, consents=("social_linking",) if consent else ())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, an_identity("x:a", "x:b"), [("claim", "x:a"), ("claim", "x:b")]),
        (an_identity("x:a"), an_identity("x:a"), []),
        (an_identity("x:a"), an_identity("x:a", "x:b"), [("claim", "x:b")]),
        (an_identity("x:a", "x:b"), an_identity("x:b", "x:c"), [("withdraw", "x:a"), ("claim", "x:c")]),
        (an_identity("x:a"), an_identity("x:a", consent=False), [("withdraw", "x:a")]),
        (an_identity("x:a", consent=False), an_identity("x:a"), [("claim", "x:a")]),
        (an_identity("x:a"), None, [("withdraw", "x:a")]),
        (None, an_identity("x:a", consent=False), []),
    ],
)
def test_authors_are_told_what_changed_while_the_customer_consents(before, after, expected):
    effects = links.changes("C1", before, after, BEGINNING)
    bodies = [orjson.loads(effect.body) for effect in effects]
    assert [(body["op"], body["author_key"]) for body in bodies] == expected
    assert all(effect.key == body["author_key"] for effect, body in zip(effects, bodies, strict=True))


def test_an_author_comes_back_as_he_went():
    author = Author(("C1", "C2"))
    assert codec.decode(codec.encode(author)) == author
    assert codec.next_due_ms(author) is None


@pytest.mark.parametrize("damaged", [b"", b"\x93\x01\x02", b"\x92\x09\x90", b"\x07"])
def test_a_damaged_author_is_refused(damaged):
    with pytest.raises(StateError):
        codec.decode(damaged)
