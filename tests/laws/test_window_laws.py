"""Windows against an independent sum over the events, whatever their order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.fold import fold, new_profile
from models.rings import counting, windows
from models.rings.cells import unpack
from schemas.profile import Tally
from schemas.ring import buckets_of
from tests.builders import BEGINNING
from tests.laws.strategies import interactions, transactions
from tests.policies import default_policy

QUICK = settings(max_examples=40, deadline=None)
DAY_MS = 86_400_000
HOME_MS = 8 * 3_600_000
# Span: bucket width, number of buckets, where the buckets begin.
SHAPES = {
    "1h": (300_000, 12, 0),
    "24h": (3_600_000, 24, 0),
    "7d": (DAY_MS, 7, HOME_MS),
    "30d": (DAY_MS, 30, HOME_MS),
    "63d": (7 * DAY_MS, 9, HOME_MS),
}

times = st.integers(BEGINNING - 100 * DAY_MS, BEGINNING)
lives = st.lists(transactions(times) | interactions(times), min_size=1, max_size=25)


def folded(life):
    profile = new_profile("C1", life[0].occurred_ms)
    for event in life:
        profile = fold(profile, event, default_policy())
    return profile


def inside(event, span, at_ms):
    width, number, offset = SHAPES[span]
    bucket, newest = (event.occurred_ms + offset) // width, (at_ms + offset) // width
    return newest - number < bucket <= newest


def summed(life, span, at_ms, wanted):
    count = minor = 0
    for event in life:
        if getattr(event, "currency", None) == "CNY" and inside(event, span, at_ms) and wanted(event):
            count += event.status == "booked"
            minor += {"booked": event.amount_minor, "reversed": -event.amount_minor, "declined": 0}[event.status]
    return Tally(count, minor)


@QUICK
@given(lives, st.sampled_from(sorted(SHAPES)), st.randoms(use_true_random=False))
def test_a_window_is_the_sum_of_its_events_in_any_order(life, span, chance):
    chance.shuffle(life)
    profile = folded(life)
    at_ms = profile.last_seen_ms
    for direction in ("credit", "debit"):
        expected = summed(life, span, at_ms, lambda event, side=direction: event.direction == side)
        assert windows.flow(profile, direction, span, at_ms) == expected
    for kind in ("card", "transfer", "salary"):
        expected = summed(life, span, at_ms, lambda event, wanted=kind: event.kind == wanted)
        assert windows.of_kind(profile, kind, span, at_ms) == expected


@QUICK
@given(lives, st.randoms(use_true_random=False))
def test_late_and_shuffled_events_leave_the_same_buckets(life, chance):
    sorted_life = sorted(life, key=lambda event: event.occurred_ms)
    chance.shuffle(life)
    assert opened(folded(sorted_life)) == opened(folded(life))


def opened(profile):
    """The buckets that a window can still read, without the order of their cells; old days stand in their weeks."""
    minutes, hours, days, weeks = profile.rings
    weeks = counting._with_old_days(weeks, days, windows.home_day(profile.last_seen_ms))
    shapes = (windows.MINUTES, windows.HOURS, windows.DAYS, windows.WEEKS)
    found = []
    for ring, buckets in zip(shapes, (minutes, hours, days, weeks), strict=True):
        oldest = (profile.last_seen_ms + ring.offset_ms) // ring.width_ms - ring.size + 1
        found.append({n: sorted(unpack(packed).items()) for n, packed in buckets_of(buckets).items() if n >= oldest})
    return found
