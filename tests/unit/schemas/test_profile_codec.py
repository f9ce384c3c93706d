import runpy
from dataclasses import fields

import msgpack
import pytest

from models.features import FEATURES
from models.fold import fold, new_profile
from models.rings import windows
from schemas import profile as limits
from schemas import profile_bound, profile_codec, vocabulary
from schemas.errors import BrokenInvariant, StateError
from schemas.profile import PROFILE_VERSION, Profile
from schemas.profile_codec import MAX_PROFILE_BYTES, decode, encode, next_due_ms
from schemas.profile_parts import NUMBER_OF
from schemas.ring import ring_of
from tests.builders import BEGINNING, a_transaction
from tests.policies import default_policy


def test_the_fullest_profile_comes_back_as_it_went():
    fullest = profile_bound.fullest()
    assert decode(encode(fullest)) == fullest


def test_the_fullest_profile_is_within_16_kb():
    assert len(encode(profile_bound.fullest())) <= MAX_PROFILE_BYTES == 16_384


def test_the_sum_behind_the_bound_is_that_of_the_fields():
    lines = profile_bound.report().splitlines()
    named = {line.split()[1] for line in lines[:-1]}
    assert {part.name for part in fields(Profile)} <= named
    total = sum(int(line.split()[0].replace(",", "")) for line in lines[:-1])
    assert lines[-1].split()[0] == f"{total:,}" == f"{len(encode(profile_bound.fullest())):,}"


def test_a_limit_that_breaks_the_bound_is_noticed(monkeypatch):
    monkeypatch.setattr(limits, "MAX_OFFERS", 100)
    with pytest.raises(BrokenInvariant, match="lower a limit"):
        profile_bound.report()


def test_every_collection_of_the_fullest_profile_is_full():
    fullest = profile_bound.fullest()
    assert (len(fullest.accounts), len(fullest.totals)) == (limits.MAX_ACCOUNTS, limits.MAX_CURRENCIES)
    assert (len(fullest.tags), len(fullest.due), len(fullest.pending)) == (
        limits.MAX_TAGS,
        limits.MAX_DUE,
        limits.MAX_PENDING,
    )
    assert all(getattr(fullest, part.name) not in (None, (), {}, "") for part in fields(Profile))


def test_the_bound_reckons_with_the_rings_budgets_and_the_models_features():
    shapes = {name: (size, share) for name, (_, size, share) in profile_bound._RINGS.items()}
    rings = {"minutes": windows.MINUTES, "hours": windows.HOURS, "days": windows.DAYS, "weeks": windows.WEEKS}
    assert shapes == {name: (ring.size, ring.budget // ring.size) for name, ring in rings.items()}
    assert len(FEATURES) <= limits.MAX_FEATURES
    assert max(map(len, FEATURES)) <= limits.MAX_NAME_BYTES


def test_the_policys_names_are_within_their_lengths():
    policy = default_policy()
    names = [rule.kind for rule in policy.rules.rule]
    names += [tag.name for tag in policy.tags.tag] + [action.name for action in policy.actions.action]
    names += [tier.name for tier in policy.tiers.tier]
    assert max(map(len, names)) <= limits.MAX_NAME_BYTES


def test_every_word_of_the_contract_has_its_place():
    profile = new_profile("C1", BEGINNING)
    for kind in sorted(vocabulary.TRANSACTION_KINDS):
        for channel in sorted(vocabulary.CHANNELS):
            profile = fold(profile, a_transaction(kind=kind, channel=channel), default_policy())
    profile.interactions_by_kind = dict.fromkeys(vocabulary.INTERACTION_KINDS, 1)
    profile.contacts_by_channel = dict.fromkeys([*vocabulary.OFFER_CHANNELS, *sorted(vocabulary.CHANNELS)], 1)
    assert decode(encode(profile)) == profile


def test_sums_beyond_64_bits_are_kept_to_the_last_digit():
    profile = new_profile("C1", BEGINNING)
    profile.totals = {"CNY": limits.Totals(debit_minor=2**70 + 1, credit_minor=-(2**90))}
    assert decode(encode(profile)) == profile


def a_waiting_profile(*due: limits.Due) -> Profile:
    profile = new_profile("C1", BEGINNING)
    profile.pending = (
        limits.PendingExample("x-1", "propensity", 1, 30, b"", 0.5, 1, "x-1", b"\x01\x07"),
        limits.PendingExample("x-2", "churn", 2, 10, b""),
    )
    profile.open_alerts = (limits.OpenAlert("a-1", "complaint", "alerts:service:p2", 1, 20),)
    profile.due = due
    return profile


FOLLOWING = (limits.Due(10, "mature", "x-2"), limits.Due(20, "alert_expires", "a-1"), limits.Due(30, "mature", "x-1"))


@pytest.mark.parametrize(
    "due",
    [
        FOLLOWING,
        (limits.Due(5, "regrade"), *FOLLOWING),
        (*FOLLOWING[:2], limits.Due(25, "weekly_snapshot"), FOLLOWING[2]),
        FOLLOWING[:2],
        (*FOLLOWING[:2], limits.Due(31, "mature", "x-1")),
        (limits.Due(5, "work of a later version", "x"),),
        (limits.Due(5, "salary_due"), limits.Due(7, "mature", "x-9"), limits.Due(9, "complaint_deadline", "c-1")),
        (),
    ],
)
def test_due_work_comes_back_whether_it_follows_from_what_waits_or_not(due):
    profile = a_waiting_profile(*due)
    assert decode(encode(profile)) == profile


def test_due_work_that_follows_from_what_waits_takes_no_room():
    assert len(encode(a_waiting_profile(*FOLLOWING))) < len(encode(a_waiting_profile(FOLLOWING[0])))


def an_offer(action_id: str, decision_id: str) -> limits.OfferMade:
    return limits.OfferMade(action_id, decision_id, "fund_savings_plan", "mobile", 1, 30, "Clicked", 2, 72)


OURS, OTHER_OURS = "ntsllsivi2wolpc4wv4n", "j3ireljh6tynoyuxafox"


@pytest.mark.parametrize(
    "ids",
    [
        (OURS, OTHER_OURS),
        (OURS, "call-17"),  # a person's offer is known by the event that told of it
        (OURS, "#" * 20),
        (OURS, OTHER_OURS[:-1] + "="),
        (OURS + "a", OTHER_OURS[:-1]),
        (OURS, "决" * 20),
        ("", ""),
    ],
)
def test_ids_come_back_whoever_made_them(ids):
    profile = new_profile("C1", BEGINNING)
    profile.offers = (an_offer(*ids), an_offer(*reversed(ids)))
    assert decode(encode(profile)) == profile


def test_our_own_ids_take_three_quarters_of_their_length():
    ours, others = new_profile("C1", BEGINNING), new_profile("C1", BEGINNING)
    ours.offers, others.offers = (an_offer(OURS, OTHER_OURS),), (an_offer(OURS, "#" * 20),)
    assert len(encode(others)) - len(encode(ours)) == 2 * 5 + 1


@pytest.mark.parametrize("about", ["", OURS, OTHER_OURS, "an offer of long ago"])
@pytest.mark.parametrize("context", [b"", b"\x01\x07"])
@pytest.mark.parametrize("offers", [(), (an_offer(OTHER_OURS, OURS), an_offer(OURS, OTHER_OURS))])
def test_an_example_comes_back_with_what_it_is_about(about, context, offers):
    profile = new_profile("C1", BEGINNING)
    example = limits.PendingExample(OURS, "propensity", 1, 30, b"", 0.5, 1, about, context)
    profile.offers, profile.pending = offers, (example, example._replace(example_id="x-2", about=""))
    assert decode(encode(profile)) == profile


@pytest.mark.parametrize("stream", ["arrivals:B001", "arrivals:other", "arrivals:of a branch that was renamed"])
@pytest.mark.parametrize("left", [True, False])
def test_a_visit_comes_back_whatever_stream_its_card_went_to(stream, left):
    profile = new_profile("C1", BEGINNING)
    profile.visits = (limits.Visit("B001", BEGINNING - 5, "x-1", stream, BEGINNING + 7, left),)
    assert decode(encode(profile)) == profile


def test_every_feature_has_its_place_among_the_words():
    assert set(FEATURES) <= set(NUMBER_OF)


def test_the_days_of_a_ring_come_back_wherever_they_are():
    profile = new_profile("C1", BEGINNING)
    profile.rings = limits.Rings(days=ring_of({20_500: b"a", 20_511: b"b", 19_000: b"c"}), weeks=ring_of({2900: b"d"}))
    assert decode(encode(profile)) == profile


def test_a_profile_of_another_version_is_refused():
    other = msgpack.packb((PROFILE_VERSION + 1, "C1"))
    with pytest.raises(StateError, match=f"version {PROFILE_VERSION + 1}"):
        decode(other)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\xc1",
        encode(new_profile("C1", BEGINNING))[:-3],
        encode(new_profile("C1", BEGINNING)) + b"\x00",
        msgpack.packb((PROFILE_VERSION, "C1", 1)),
        msgpack.packb(7),
        msgpack.packb((PROFILE_VERSION, msgpack.ExtType(9, b"?"))),
        msgpack.packb((PROFILE_VERSION, *[3] * (len(fields(Profile))))),
    ],
)
def test_damaged_bytes_are_refused(damaged):
    with pytest.raises(StateError):
        decode(damaged)


def test_the_store_is_told_when_a_profile_is_due():
    profile = new_profile("C1", BEGINNING)
    assert next_due_ms(profile) is None
    profile.due = (limits.Due(BEGINNING + 1, "regrade"),)
    assert next_due_ms(profile) == profile.next_due_ms() == BEGINNING + 1


def test_the_sum_is_printed_when_the_codec_is_run(capsys):
    runpy.run_path(profile_codec.__file__, run_name="__main__")
    assert "bytes at the worst; the bound is 16,384" in capsys.readouterr().out
