"""Everyday contact: logins, calls, visits and what follows from them."""

from collections.abc import Iterator
from random import Random

from stream_app.simulate.causes import Pace, complain
from stream_app.simulate.options import Options
from stream_app.simulate.people import Person, Remark, Touch, plan
from stream_app.simulate.seasons import DAY_MS, DIGITAL, HOUR_MS, MINUTE_MS, OFFICE, Day, moment, poisson

LOGIN_FAILED = "failed"  # topic of a login that did not succeed
NEW_DEVICE = "new_device"  # topic of a login from a device never seen before

_VIEWS = ("balance", "cards", "funds", "deposit_rates", "loans", "insurance", "travel", "statements", "points", "fees")
_SEARCHES = ("exchange rate", "branch hours", "mortgage", "travel insurance", "limit", "wealth products")
_PURPOSES = ("cash", "deposit", "card", "loan", "investment", "passbook")


def touches(person: Person, day: Day, pace: Pace, options: Options) -> Iterator[Touch]:
    """All interactions that the customer's habits bring on this day; what follows days later goes on the agenda."""
    rng, persona = person.rng, person.persona
    for _ in range(poisson(rng, persona.logins * day.digital * pace.logins * options.activity)):
        yield from _session(person, moment(rng, day, DIGITAL))
    if day.office and rng.random() < persona.visits_per_month / 30 * day.office * pace.branch:
        yield from _visit(person, moment(rng, day, OFFICE), options)
    if rng.random() < persona.calls_per_month / 30 * pace.branch:
        yield from _call(person, moment(rng, day, OFFICE if day.workday else DIGITAL), options)
    if rng.random() < 0.05 * pace.logins:
        yield from _message(person, moment(rng, day, DIGITAL))
    if rng.random() < 0.0012:
        _everyday_complaint(person, moment(rng, day, DIGITAL), options)


def remarks(person: Person, day: Day, pace: Pace) -> Iterator[Remark]:
    """Draw what the customer says in public today, of a mood that fits."""
    rng = person.rng
    if person.handle and rng.random() < 0.03:
        unhappy = person.leaving is not None and pace.logins < 1.0
        yield remark(rng, moment(rng, day, DIGITAL), person.handle, person.language, 0.8 if unhappy else 0.3)


def remark(rng: Random, at_ms: int, author: str, language: str, negative: float) -> Remark:
    """Draw a remark: negative with that probability, else more often positive than neutral."""
    draw = rng.random()
    mood = "negative" if draw < negative else "positive" if draw < negative + (1 - negative) * 0.6 else "neutral"
    return Remark(at_ms, author, language, mood, "")


def _session(person: Person, at_ms: int) -> Iterator[Touch]:
    """Log in, and do something while logged in."""
    rng, persona = person.rng, person.persona
    channel = "mobile" if rng.random() < persona.mobile else "web"
    yield Touch(at_ms, channel, "login", {})
    draw, later = rng.random(), at_ms + rng.randint(20, 180) * 1000
    if draw < 0.40:
        yield Touch(later, channel, "view", {"topic": rng.choice(_VIEWS)})
    elif draw < 0.48:
        yield Touch(later, channel, "search", {"text": rng.choice(_SEARCHES), "language": "en"})
    elif draw < 0.54:
        kind = "points_earned" if rng.random() < 0.7 else "points_redeemed"
        yield Touch(later, channel, kind, {"topic": "loyalty"})
    elif draw < 0.56:
        yield Touch(later, channel, "survey", {"rating": _rating(person), "topic": "app"})
    elif draw < 0.565:
        yield Touch(later, channel, "application", {"product_id": rng.choice(("credit_card", "fund", "savings"))})


def _rating(person: Person) -> int:
    """Draw a rating from 0 to 10: most are content."""
    return min(max(round(person.rng.gauss(8.0, 1.8)), 0), 10)


def _visit(person: Person, at_ms: int, options: Options) -> Iterator[Touch]:
    """Visit a branch: the ticket, sometimes a beacon or staff for the same visit, and the way out."""
    rng = person.rng
    home = rng.random() < 0.9
    branch = person.branch_id if home else f"B{rng.randint(1, options.branches):03d}"
    at_branch: dict[str, object] = {"branch_id": branch}
    minutes = rng.randint(8, 45)
    ticket: dict[str, object] = {**at_branch, "source": "queue_ticket", "ticket": f"A{rng.randint(1, 199):03d}"}
    yield Touch(at_ms, "branch", "visit", ticket)
    if rng.random() < 0.35:
        signal: dict[str, object] = {**at_branch, "source": rng.choice(("beacon", "beacon", "wifi", "staff"))}
        signal["confidence"] = round(rng.uniform(0.6, 0.98), 2)
        yield Touch(at_ms + rng.randint(20, 170) * 1000, "branch", "visit", signal)
    if rng.random() < 0.7:
        purpose: dict[str, object] = {**at_branch, "topic": rng.choice(_PURPOSES)}
        yield Touch(at_ms + rng.randint(3, 7) * MINUTE_MS, "face_to_face", "enquiry", purpose)
    gone: dict[str, object] = {**at_branch, "duration_seconds": minutes * 60}
    yield Touch(at_ms + minutes * MINUTE_MS, "branch", "leave", gone)
    if rng.random() < 0.25:
        survey = Touch(at_ms + 5 * HOUR_MS, "mobile", "survey", {"rating": _rating(person), "topic": "branch"})
        plan(person, survey, options)


def _call(person: Person, at_ms: int, options: Options) -> Iterator[Touch]:
    rng = person.rng
    seconds = rng.randint(60, 1_500)
    yield Touch(at_ms, "phone", "call_started", {})
    yield Touch(at_ms + 30_000, "phone", "enquiry", {"topic": rng.choice(_VIEWS)})
    yield Touch(at_ms + seconds * 1000, "phone", "call_ended", {"duration_seconds": seconds})
    if rng.random() < 0.1:
        day = at_ms + rng.randint(1, 6) * DAY_MS
        plan(person, Touch(day, "phone", "appointment", {"branch_id": person.branch_id}), options)


def _message(person: Person, at_ms: int) -> Iterator[Touch]:
    channel = person.rng.choice(("wechat", "chat", "email", "mobile"))
    yield Touch(at_ms, channel, "message_opened", {"topic": "newsletter"})
    if person.rng.random() < 0.2:
        yield Touch(at_ms + 40_000, channel, "click", {"topic": "newsletter"})


def _everyday_complaint(person: Person, at_ms: int, options: Options) -> None:
    """Plan a complaint that is answered within the week, as most are."""
    complain(person, options, at_ms)
    days = person.rng.uniform(0.5, 6.0)
    plan(person, Touch(at_ms + int(days * DAY_MS), "phone", "complaint_resolved", {}), options)
