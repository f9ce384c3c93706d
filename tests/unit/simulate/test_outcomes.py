"""How customers answer offers, against the chance that was planted."""

from statistics import mean

import pytest

from schemas import wire
from stream_app.simulate import Options, Respondents, World, acceptance
from stream_app.simulate.outcomes import theme_of
from stream_app.simulate.people import THEMES
from stream_app.simulate.seasons import DAY_MS

OPTIONS = Options(customers=300, days=60, seed=3)
NOW = World(OPTIONS).start_ms + 5 * DAY_MS


def a_bank():
    world = World(OPTIONS)
    return world, Respondents(world.by_id, OPTIONS)


def an_offer(customer, number, action="savings_bonus", channel="mobile"):
    return {
        "action_id": f"a-{number}",
        "decision_id": f"d-{number}",
        "customer_id": customer,
        "issue": "Grow",
        "group": "Deposits",
        "action": action,
        "channel": channel,
    }


def labels(answers):
    return [answer.outcome["label"] for answer in answers]


def test_customers_accept_as_often_as_planted():
    world, respondents = a_bank()
    staying = [p for p in world.people if p.leaving is None and not p.averse]
    planted, taken = [], []
    for number in range(20):
        for person in staying:
            planted.append(acceptance(person, "savings", "mobile", 0))
            respondents.contacts.clear()
            answers = respondents.respond(an_offer(person.customer_id, f"{number}-{person.customer_id}"), NOW)
            taken.append("Accepted" in labels(answers))

    assert len(taken) > 4_000
    assert mean(taken) == pytest.approx(mean(planted), abs=0.02)
    likely = [t for t, p in zip(taken, planted, strict=True) if p > 0.35]
    assert mean(likely) > 1.5 * mean(taken)


def test_chances_differ_between_customers_and_offers():
    world, _ = a_bank()
    for theme in THEMES:
        chances = [acceptance(person, theme, "mobile", 0) for person in world.people]
        assert 0.03 < mean(chances) < 0.4, theme
        assert max(chances) > 2 * min(chances), theme


def test_each_recent_contact_makes_acceptance_less_likely():
    world, _ = a_bank()
    person = world.people[0]
    chances = [acceptance(person, "savings", "mobile", contacts) for contacts in range(5)]
    assert chances == sorted(chances, reverse=True)
    assert chances[4] < 0.5 * chances[0]


def test_contacts_are_forgotten_after_two_weeks():
    world, respondents = a_bank()
    calm = next(p for p in world.people if not p.averse and p.leaving is None)
    for number in range(3):
        respondents.respond(an_offer(calm.customer_id, number), NOW)
    respondents.respond(an_offer(calm.customer_id, 9), NOW + 15 * DAY_MS)

    fresh, tired, rested = (respondents.answered[n]["chance"] for n in (0, 2, 3))
    assert tired < fresh == rested


def test_outcomes_are_messages_of_the_contract_that_lie_after_the_offer():
    world, respondents = a_bank()
    seen = set()
    for person in world.people:
        answers = respondents.respond(an_offer(person.customer_id, person.customer_id), NOW)
        for ms, outcome in answers:
            seen.add(outcome["label"])
            event = wire.decode("outcomes", person.customer_id.encode(), encoded(outcome), [], ms, ("t", 0, 0))
            assert event.occurred_ms == ms > NOW
            assert ms < NOW + 16 * DAY_MS
            assert (event.action_id, event.decision_id) == (f"a-{person.customer_id}", f"d-{person.customer_id}")

    assert seen == {"Impression", "Clicked", "Accepted", "Rejected", "Converted"}


def encoded(outcome):
    import orjson  # noqa: PLC0415 - only here

    return orjson.dumps(outcome)


def test_equal_offers_in_equal_order_get_equal_answers():
    first, second = [a_bank_answers() for _ in range(2)]
    assert first == second


def a_bank_answers():
    world, respondents = a_bank()
    return [respondents.respond(an_offer(person.customer_id, 1), NOW) for person in world.people]


def test_contact_drives_some_customers_away():
    world, respondents = a_bank()
    averse = [p for p in world.people if p.averse and p.leaving is None]
    for person in averse:
        for number in range(6):
            respondents.respond(an_offer(person.customer_id, number), NOW + number * DAY_MS)

    assert respondents.driven_away
    assert all(world.by_id[customer].leaving.cause == "contact" for customer in respondents.driven_away)
    others = [p for p in world.people if not p.averse]
    assert not any(p.leaving and p.leaving.cause == "contact" for p in others)


def test_strangers_and_those_who_left_do_not_answer():
    world, respondents = a_bank()
    gone = next(p for p in world.people if p.leaving and p.leaving.left_ms < world.end_ms)

    assert respondents.respond(an_offer("C999999", 1), NOW) == []
    assert respondents.respond(an_offer(gone.customer_id, 1), gone.leaving.left_ms + 1) == []


def test_what_is_converted_is_opened():
    world, respondents = a_bank()
    for person in world.people:
        respondents.respond(an_offer(person.customer_id, person.customer_id, "term_insurance"), NOW)
    list(world.lines())

    insured = {p.customer_id for p in world.people if "insurance" in p.record["products"]}
    taken = {a["customer_id"] for a in respondents.answered if a["accepts"]}
    assert insured
    assert insured <= taken


@pytest.mark.parametrize(
    ("action", "group", "theme"),
    [
        ("balanced_fund", "Wealth", "investment"),
        ("travel_insurance", "Cards", "travel"),
        ("salary_account", "", "payroll"),
        ("a17", "Deposits", "savings"),
    ],
)
def test_an_action_speaks_to_the_need_in_its_name(action, group, theme):
    assert theme_of(action, group) == theme


def test_an_action_with_an_odd_name_has_a_fixed_theme():
    assert theme_of("x9") == theme_of("x9")
    assert theme_of("x9") in THEMES
