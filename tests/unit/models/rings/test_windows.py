import msgpack
import pytest

from models.fold import fold, new_profile
from models.rings import counting, windows
from models.rings.cells import ACTIVITIES, CHANNELS, DECLINED, KINDS, SMALL_CARDS, thin
from schemas import vocabulary
from schemas.profile import Profile, Rings, Tally
from schemas.ring import buckets_of, ring_of
from tests.builders import BEGINNING, a_transaction, after, an_interaction
from tests.policies import default_policy


def folded(*events) -> Profile:
    profile = new_profile("C1", BEGINNING)
    for event in events:
        profile = fold(profile, event, default_policy())
    return profile


def paid(amount="10.00", **changes):
    return a_transaction(amount=amount, **changes)


def test_an_hour_a_day_a_week_a_month_and_nine_weeks_end_with_the_bucket_of_the_moment():
    profile = folded(
        paid("1.00", occurred_at=after(days=-58)),
        paid("2.00", occurred_at=after(days=-29)),
        paid("4.00", occurred_at=after(days=-6)),
        paid("8.00", occurred_at=after(hours=-22)),
        paid("16.00", occurred_at=after(minutes=-50)),
        paid("32.00"),
    )
    sums = {span: windows.flow(profile, "debit", span, BEGINNING) for span in ("1h", "24h", "7d", "30d", "63d")}
    assert sums == {
        "1h": Tally(2, 48_00),
        "24h": Tally(3, 56_00),
        "7d": Tally(4, 60_00),
        "30d": Tally(5, 62_00),
        "63d": Tally(6, 63_00),
    }


def test_what_happened_after_the_moment_is_not_in_its_window():
    profile = folded(paid(occurred_at=BEGINNING), paid(occurred_at=after(minutes=30)))
    assert windows.flow(profile, "debit", "1h", BEGINNING) == Tally(1, 10_00)


def test_a_late_event_goes_into_the_bucket_of_its_own_time():
    profile = folded(paid(occurred_at=after(days=3)), paid("5.00", occurred_at=BEGINNING))
    assert windows.flow(profile, "debit", "24h", BEGINNING) == Tally(0, 0), "that ring has moved on"
    assert windows.flow(profile, "debit", "7d", BEGINNING) == Tally(1, 5_00)
    assert windows.flow(profile, "debit", "7d", after(days=3)) == Tally(2, 15_00)


def test_what_is_older_than_every_ring_is_left_out_of_the_windows_and_not_of_the_totals():
    profile = folded(paid(), paid(occurred_at=after(days=-91)))
    assert windows.flow(profile, "debit", "63d", BEGINNING).count == 1
    assert profile.totals["CNY"].debit_count == 2


def test_buckets_that_a_ring_has_left_behind_go():
    profile = folded(paid(), paid(occurred_at=after(days=200)))
    assert [len(buckets_of(ring)) for ring in profile.rings] == [1, 1, 1, 0], "the week is told by its day"


def test_a_day_that_the_day_ring_lets_go_of_is_told_by_its_week():
    profile = folded(paid("1.00"), paid("2.00", occurred_at=after(days=1)), paid("4.00", occurred_at=after(days=32)))
    assert [len(buckets_of(ring)) for ring in profile.rings] == [1, 1, 1, 1]
    assert windows.flow(profile, "debit", "30d", after(days=32)) == Tally(1, 4_00)
    assert windows.flow(profile, "debit", "63d", after(days=32)) == Tally(3, 7_00)
    assert windows.by_channel(profile, "mobile", "63d", after(days=32)) == 3


@pytest.mark.parametrize("span", ["7d", "30d", "63d"])
def test_a_window_that_ends_with_yesterday_is_whole_and_knows_nothing_of_today(span):
    first = windows.home_day(BEGINNING) - 70
    for today in range(first + 70, first + 77):  # on whichever day a week begins
        life = [paid("1.00", occurred_at=windows.home_day_start_ms(day)) for day in range(first, today)]
        yesterday_ms = life[-1].occurred_ms
        known = windows.flow(folded(*life), "debit", span, yesterday_ms)
        life.append(paid("1000.00", occurred_at=windows.home_day_start_ms(today)))
        assert windows.flow(folded(*life), "debit", span, yesterday_ms) == known


def test_nine_weeks_are_counted_once_each_whatever_moved_the_clock_on():
    profile = folded(
        paid("1.00"),
        paid("2.00", occurred_at=after(days=40), currency="USD"),  # moves the clock and no ring
        paid("4.00", occurred_at=after(hours=1)),  # late: its day is still there, and out of the day ring's reach
        paid("8.00", occurred_at=after(days=40)),
    )
    assert windows.flow(profile, "debit", "63d", after(days=40)) == Tally(3, 13_00)


def test_directions_kinds_and_channels_are_counted_apart():
    profile = folded(
        paid("1.00", kind="card", channel="web"),
        paid("2.00", kind="transfer", channel="mobile"),
        paid("4.00", kind="transfer", direction="credit", channel="mobile"),
        an_interaction(kind="view", channel="mobile"),
    )
    assert windows.flow(profile, "credit", "1h", BEGINNING) == Tally(1, 4_00)
    assert windows.of_kind(profile, "transfer", "24h", BEGINNING) == Tally(2, 6_00)
    assert windows.by_channel(profile, "mobile", "7d", BEGINNING) == 3
    assert windows.by_channel(profile, "web", "63d", BEGINNING) == 1


def test_declined_ones_are_counted_apart_and_reversed_ones_take_their_amount_out():
    profile = folded(
        paid("9.00", status="declined"), paid("5.00", status="reversed"), paid("3.00", occurred_at=after(minutes=1))
    )
    assert windows.declined(profile, "1h", BEGINNING) == 1
    assert windows.flow(profile, "debit", "1h", after(minutes=1)) == Tally(1, -2_00)


def test_other_currencies_stay_out_of_the_windows():
    profile = folded(paid(currency="USD"))
    assert windows.flow(profile, "debit", "63d", BEGINNING) == Tally(0, 0)


def test_small_card_payments_are_counted_in_whole_buckets_of_five_minutes():
    profile = folded(*(paid("1.00", occurred_at=after(minutes=m)) for m in (0, 4, 9, 14)))
    assert windows.small_cards(profile, 10, after(minutes=14)) == 2
    assert windows.small_cards(profile, 6, after(minutes=14)) == 2
    assert windows.small_cards(profile, 600, after(minutes=14)) == 4, "an hour at most"
    assert windows.small_cards(profile, 600, after(minutes=9)) == 3


@pytest.mark.parametrize(
    "changes", [{"amount": "20.01"}, {"kind": "transfer"}, {"direction": "credit"}, {"status": "declined"}]
)
def test_other_payments_are_no_small_card_payments(changes):
    assert windows.small_cards(folded(paid(**{"amount": "1.00", **changes})), 60, BEGINNING) == 0


def test_a_small_card_payment_in_another_currency_is_in_no_other_window():
    profile = folded(paid("1.00", currency="USD"))
    assert windows.small_cards(profile, 60, BEGINNING) == 1
    assert [len(buckets_of(ring)) for ring in profile.rings] == [1, 0, 0, 0]


def test_declined_ones_are_counted_in_any_currency():
    profile = folded(paid(status="declined", currency="USD"), paid(status="declined"))
    assert [windows.declined(profile, span, BEGINNING) for span in ("1h", "24h", "63d")] == [2, 2, 2]


def test_activities_tell_good_logins_failed_ones_visits_and_the_rest():
    profile = folded(
        an_interaction(kind="login"),
        an_interaction(kind="login", topic="failed"),
        an_interaction(kind="login", topic="failed"),
        an_interaction(kind="visit"),
        an_interaction(kind="enquiry"),
    )
    found = [windows.activity(profile, what, "1h", BEGINNING) for what in ("login", "failed_login", "visit", "service")]
    assert found == [1, 2, 1, 1]


def test_usual_amounts_are_those_of_the_days_before():
    profile = folded(
        paid("1.00", occurred_at=after(days=-2)),
        paid("100.00", occurred_at=after(days=-1)),
        paid("0", occurred_at=after(days=-1)),
        paid("99999.00", occurred_at=BEGINNING),
        paid("99999.00", direction="credit", occurred_at=after(days=-1)),
    )
    usual = windows.usual_amount(profile, BEGINNING)
    assert usual == windows.Usual(2, 3.0, 1.0)  # log10 of 100 and 10,000 fen
    assert windows.usual_amount(profile, after(days=-2)) == windows.Usual()


def test_a_day_is_the_banks_day():
    midnight = windows.home_day_start_ms(windows.home_day(BEGINNING))
    assert windows.home_day(midnight - 1) == windows.home_day(midnight) - 1
    assert (BEGINNING - midnight) == 9 * 3_600_000


def test_the_numbers_of_cells_are_those_that_lie_in_stored_profiles():
    kinds = ["card", "cash", "transfer", "salary", "fee", "interest", "loan_payment", "investment", "bill", "other"]
    channels = ["branch", "phone", "web", "mobile", "kiosk", "email", "fax", "wechat", "chat", "forum"]
    channels += ["face_to_face", "iot", "other"]
    assert [counting.transaction_cells(kind, "credit", 7, status="booked") for kind in kinds] == [
        {cell: 1, cell + 32: 7} for cell in range(0, 20, 2)
    ]
    assert [counting.channel_cells(channel) for channel in channels] == [{cell: 1} for cell in range(64, 77)]
    assert (set(kinds), set(channels)) == (vocabulary.TRANSACTION_KINDS, vocabulary.CHANNELS)


ALL_KINDS = tuple(KINDS)


def crowd(rings: Rings, at_ms: int, highest_ms: int, *, minor: int) -> Rings:
    """One bucket of a customer who does everything on every channel."""
    cells = {DECLINED: 200, **dict.fromkeys(ACTIVITIES.values(), 200)}
    burst = {SMALL_CARDS: 127}
    for kind in ALL_KINDS:
        for direction in ("credit", "debit"):
            cells |= counting.transaction_cells(kind, direction, minor, status="booked")
    channels = dict.fromkeys(CHANNELS.values(), 300)
    amount = counting.amount_cells(minor)
    return counting.add(rings, at_ms, highest_ms, cells=cells, channel=channels, amount=amount, burst=burst)


@pytest.mark.parametrize(
    ("name", "ring"),
    [("days", windows.DAYS), ("weeks", windows.WEEKS), ("hours", windows.HOURS), ("minutes", windows.MINUTES)],
)
def test_a_ring_over_its_budget_forgets_kinds_and_channels_of_the_oldest_buckets_and_keeps_the_flows(name, ring):
    rings, last = Rings(), BEGINNING
    young = 1 + windows.DAYS.size // 7 if ring is windows.WEEKS else 0  # weeks that are told by their days
    for back in reversed(range(young, ring.size)):
        rings = crowd(rings, last - back * ring.width_ms, last, minor=10**15)
    buckets = buckets_of(getattr(rings, name))
    assert len(buckets) == ring.size - young
    assert sum(map(len, buckets.values())) <= ring.budget
    oldest = msgpack.unpackb(buckets[min(buckets)], strict_map_key=False)
    assert (oldest[20], oldest[21]) == (len(ALL_KINDS), len(ALL_KINDS)), "both directions, kinds forgotten"
    assert oldest[20 + 32] == len(ALL_KINDS) * 10**15
    assert not any(cell >= 64 for cell in oldest)


def test_a_thinned_bucket_goes_on_counting():
    thinned = thin(msgpack.packb({0: 1, 32: 100, 1: 2, 33: 50, 64: 3, 24: 5}))
    rings = counting.add(
        Rings(days=ring_of({windows.home_day(BEGINNING): thinned})),
        BEGINNING,
        BEGINNING,
        cells=counting.transaction_cells("card", "debit", 7, status="booked"),
        channel={},
        amount={},
    )
    profile = Profile("C1", BEGINNING, BEGINNING, rings=rings)
    assert windows.flow(profile, "debit", "7d", BEGINNING) == Tally(3, 57)
    assert windows.activity(profile, "login", "7d", BEGINNING) == 5


def test_counts_and_sums_stand_still_at_their_limits():
    rings = Rings()
    for _ in range(2):
        rings = counting.add(
            rings,
            BEGINNING,
            BEGINNING,
            cells={0: 65_000, 32: 2**64 - 5, DECLINED: 200},
            channel={66: 65_000},
            amount={},
            burst={SMALL_CARDS: 100},
        )
    profile = Profile("C1", BEGINNING, BEGINNING, rings=rings)
    assert windows.flow(profile, "credit", "30d", BEGINNING) == Tally(65_535, 2**64 - 1)
    assert windows.declined(profile, "30d", BEGINNING) == 255
    assert windows.by_channel(profile, "web", "30d", BEGINNING) == 65_535
    assert windows.small_cards(profile, 5, BEGINNING) == 127
