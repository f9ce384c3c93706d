"""The synthetic bank at work: day after day, customer after customer, in order of arrival."""

from bisect import bisect_left
from collections.abc import Iterator
from random import Random
from typing import Any

from stream_app.simulate.causes import maybe_plant_leaving, pace
from stream_app.simulate.channels import remark, remarks, touches
from stream_app.simulate.decoys import maybe_plant_decoy
from stream_app.simulate.faults import Feeds
from stream_app.simulate.fraud import maybe_plant_fraud
from stream_app.simulate.habits import payments
from stream_app.simulate.ledger import post
from stream_app.simulate.lines import Line
from stream_app.simulate.making import make_people
from stream_app.simulate.names import COUNTRIES, HANDLE_WORDS
from stream_app.simulate.options import Options
from stream_app.simulate.people import (
    Episode,
    Finding,
    Item,
    Payment,
    Person,
    Record,
    Remark,
    Touch,
    plan,
    plan_trips,
)
from stream_app.simulate.seasons import DAY_MS, DIGITAL, HOUR_MS, Day, bank_day, iso, moment, poisson, start_of
from stream_app.simulate.texts import remark_text
from stream_app.simulate.truth import Truth
from stream_app.simulate.uptake import maybe_plant_uptake

_CLOSING_MS = 15 * 60_000  # what the closing of an account itself still writes


class World:
    """One bank over its period. Iterate over `lines()` once; then `truth_records()` tells what was planted.

    The stream follows from the options alone, unless `Respondents` plants departures between two days.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.start_ms = start_of(options.start)
        self.end_ms = self.start_ms + options.days * DAY_MS
        self.people = make_people(options)
        self.by_id = {person.customer_id: person for person in self.people}
        self.truth = Truth()
        self._rng = Random(f"{options.seed}/bank")
        self._feeds = Feeds(options, Random(f"{options.seed}/feeds"))
        self._strangers = [_stranger(self._rng, n) for n in range(1, options.customers // 2 + 10)]
        self._mentions = 0
        self._findings = 0
        for person in self.people:
            plan_trips(person, options, COUNTRIES)
            maybe_plant_leaving(person, options)
            maybe_plant_decoy(person, options)
            maybe_plant_uptake(person, options)
            self.truth.episodes += maybe_plant_fraud(person, options)

    def lines(self) -> Iterator[Line]:
        """Yield all lines in order of arrival; after the last day come those that are still on their way."""
        waiting: list[tuple[int, int, Line]] = []
        number = 0
        for index in range(self.options.days):
            day = bank_day(self.options.start, index)
            for line in self._day_lines(day):
                waiting.append((line.arrival_ms, number, line))
                number += 1
            waiting.sort()
            arrived = bisect_left(waiting, (day.end_ms,))
            yield from self._given_out(waiting[:arrived])
            del waiting[:arrived]
        yield from self._given_out(waiting)

    def _given_out(self, arrived: list[tuple[int, int, Line]]) -> Iterator[Line]:
        for _, _, line in arrived:
            self.truth.tally.count(line)
            yield line

    def truth_records(self, until_ms: int | None = None) -> Iterator[dict[str, object]]:
        """Yield the truth of the lines read so far; `until_ms` is how far a run came that was stopped early."""
        return self.truth.records(self.people, self.end_ms if until_ms is None else min(until_ms, self.end_ms))

    def _day_lines(self, day: Day) -> Iterator[Line]:
        prefix = self.options.namespace
        for person in self.people:
            if day.index == 0:
                yield from self._record(person, Record(day.start_ms + self._rng.randrange(60_000), {}))
            for item in _happenings(person, day, self.options):
                yield from self._happen(person, item)
        for said in self._said_by_strangers(day):
            yield from self._feeds.carry(f"{prefix}.mentions", self._mention(said, None), said.ms)

    def _happen(self, person: Person, item: Item) -> Iterator[Line]:
        """Carry out an item on the agenda."""
        prefix = self.options.namespace
        if isinstance(item, Payment):
            transaction = post(person, item)
            if transaction is not None:
                _note(item.episode, transaction)
                yield from self._feeds.carry(f"{prefix}.transactions", transaction, item.ms)
        elif isinstance(item, Touch):
            interaction = _interaction(person, item)
            _note(item.episode, interaction)
            yield from self._feeds.carry(f"{prefix}.interactions", interaction, item.ms)
        elif isinstance(item, Remark):
            yield from self._feeds.carry(f"{prefix}.mentions", self._mention(item, person), item.ms)
        elif isinstance(item, Record):
            yield from self._record(person, item)
        else:
            yield from self._finding(person, item)

    def _record(self, person: Person, item: Record) -> Iterator[Line]:
        person.record = {**person.record, **item.changes}
        head: dict[str, Any] = {
            "event_id": person.next_id("K"),
            "customer_id": person.customer_id,
            "occurred_at": iso(item.ms),
        }
        yield from self._feeds.carry(f"{self.options.namespace}.customers", {**head, **person.record}, item.ms)

    def _finding(self, person: Person, item: Finding) -> Iterator[Line]:
        episode = item.episode
        if not episode.event_ids:
            return
        self.truth.findings += 1
        finding = {
            "event_id": f"F-{person.customer_id}-{self.truth.findings}",
            "customer_id": person.customer_id,
            "occurred_at": iso(item.ms),
            "about_event_id": episode.event_ids[-1],
            "label": "Confirmed" if episode.fraud else "Dismissed",
            "by": "analyst",
        }
        yield from self._feeds.carry(f"{self.options.namespace}.outcomes", finding, item.ms)

    def _mention(self, said: Remark, person: Person | None) -> dict[str, Any]:
        rng = self._rng
        self._mentions += 1
        aspect, text = remark_text(rng, said.language, said.mood, said.aspect)
        platform, _, author = said.author.partition(":")
        mention: dict[str, Any] = {
            "event_id": f"M-{self._mentions}",
            "occurred_at": iso(said.ms, utc=True),
            "platform": platform,
            "author": author,
            "text": text,
            "reach": int(rng.lognormvariate(4.0, 1.3)),
        }
        if rng.random() < 0.6:
            mention["language"] = said.language
        self.truth.remarks.append(
            {
                "record": "mention",
                "event_id": mention["event_id"],
                "sentiment": said.mood,
                "aspect": aspect,
                "language": said.language,
                "customer_id": person.customer_id if person else None,
                "linked": bool(person and person.linked),
            }
        )
        return mention

    def _said_by_strangers(self, day: Day) -> Iterator[Remark]:
        """Remarks of people whom the bank does not know, and on the day of the incident a burst of anger by all."""
        rng, options = self._rng, self.options
        for _ in range(poisson(rng, 2.0 + options.customers * 0.008)):
            author, language = rng.choice(self._strangers)
            yield remark(rng, moment(rng, day, DIGITAL), author, language, 0.3)
        if day.index != options.incident_index:
            return
        start = self.truth.incident_ms = day.start_ms + 10 * HOUR_MS
        authors = self._strangers + [(p.handle, p.language) for p in self.people if p.handle]
        loudest = [author for author in authors if author[0].startswith("weibo:")]
        for _ in range(60 + options.customers // 10):
            author, language = rng.choice(loudest if rng.random() < 0.6 else authors)
            yield Remark(start + int(rng.triangular(0, 2, 0.3) * HOUR_MS), author, language, "negative", "outage")


def simulate(options: Options) -> Iterator[Line]:
    """Return the stream of one synthetic bank, for those who do not need its truth."""
    return World(options).lines()


def _stranger(rng: Random, number: int) -> tuple[str, str]:
    platform = rng.choices(("weibo", "wechat", "forum", "x", "app_store"), weights=(40, 10, 25, 15, 10))[0]
    return f"{platform}:{rng.choice(HANDLE_WORDS)}.{rng.choice(HANDLE_WORDS)}{number}", rng.choice(("zh", "zh", "en"))


def _happenings(person: Person, day: Day, options: Options) -> list[Item]:
    """All that the customer does on a day in order of time: habits and what was on the agenda."""
    leaving = person.leaving
    closed_ms = leaving.left_ms + _CLOSING_MS if leaving and leaving.closes else None
    if closed_ms is not None and closed_ms < day.start_ms:
        person.agenda.pop(day.index, None)
        return []
    now = pace(person, day)
    items: list[Item] = [*payments(person, day, now, options), *touches(person, day, now, options)]
    items += remarks(person, day, now)
    items += person.agenda.pop(day.index, ())
    last_ms = day.end_ms - 1 if closed_ms is None else min(closed_ms, day.end_ms - 1)
    items.sort(key=_time)
    while items and items[-1].ms > last_ms:
        plan(person, items.pop(), options)  # what a late evening leads to happens tomorrow
    return items


def _time(item: Item) -> int:
    return item.ms


def _note(episode: Episode | None, value: dict[str, Any]) -> None:
    if episode is not None:
        episode.event_ids.append(str(value["event_id"]))


def _interaction(person: Person, touch: Touch) -> dict[str, Any]:
    return {
        "event_id": person.next_id("I"),
        "customer_id": person.customer_id,
        "occurred_at": iso(touch.ms, utc=touch.channel in ("mobile", "web")),
        "channel": touch.channel,
        "kind": touch.kind,
        **touch.fields,
    }
