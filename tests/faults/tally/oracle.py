"""What the tally app must come to: one plain pass by the pure fold, and sums and counts made without it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from stream_app.engine.effects import Effect
from tests.faults.remains import Alert, Place
from tests.faults.subject import ALERT_LOST, ALERT_TWICE, COUNT, LOST, STATE, TWICE, Finding, State
from tests.faults.truth import Landed
from tests.integration.engine.tally import LATENESS_MS, Event, Rule, Tally, Timer, fire, fold, told


def _event(item: Landed) -> Event:
    put = item.input
    assert put.key is not None
    return Event(put.event_id, put.key.decode(), put.ms, put.amount, ask=put.kind == "ask", topic=put.topic)


class TallyExpected:
    """The outcome of a run. `exact`: one topic in order of time, so that the pass knows every decision in advance.

    Otherwise the decisions that depend on the order across topics (or between timers and late events) are judged by
    what the values remember of them: what went out is what they remember, each once.
    """

    def __init__(self, log: Sequence[Landed], rule: Rule, *, exact: bool) -> None:
        self._exact = exact
        taken = sorted(
            (it for it in log if it.input.kind != "poison"), key=lambda it: (it.topic, it.partition, it.offset)
        )
        self.letters: frozenset[Place] = frozenset(
            (it.topic, it.partition, it.offset) for it in log if it.input.kind == "poison"
        )
        self._tallies, ids = _pass(taken, rule)
        self._good = [it for it in taken if it.input.kind == "good"]
        self._asks = sum(it.input.kind == "ask" for it in taken)
        self._counts = Counter(it.input.key.decode() for it in self._good if it.input.key is not None)
        self._totals: Counter[str] = Counter()
        for it in self._good:
            assert it.input.key is not None
            self._totals[it.input.key.decode()] += it.input.amount
        self._repeats = len(taken) - len(self._good) - self._asks
        self.plain = Counter(it.input.event_id for it in self._good if it.input.amount % 7 == 0)
        self.outputs = frozenset(alert_id.encode() for alert_id in self.plain)
        self.alerts = ids if exact else self.plain
        self.timed = frozenset(filter(_due, self.alerts))

    # -- values -------------------------------------------------------------------------------------------------------

    def of_state(self, state: State) -> list[Finding]:
        findings = []
        for key in self._counts.keys() | state.keys():
            found: Tally = state.get(key, Tally())
            more = found.count - self._counts[key]
            if more:
                findings.append(Finding(TWICE if more > 0 else LOST, f"{key}: count {found.count}", abs(more)))
            elif found.total != self._totals[key]:
                findings.append(Finding(STATE, f"{key}: total {found.total}, not {self._totals[key]}"))
            elif self._comparable(found) != self._comparable(self._tallies.get(key, Tally())):
                findings.append(Finding(STATE, f"{key}: {found}, not {self._tallies.get(key)}"[:600]))
        return findings

    def _comparable(self, tally: Tally) -> Tally:
        """Leave out what hangs on an order that nobody promises."""
        return tally if self._exact else replace(tally, due_ms=None, fired=0, raised=0, raised_sum=0)

    def of_counts(self, state: State, letters: int, produced: int) -> list[Finding]:
        applied = sum(tally.count for tally in state.values())
        repeats = sum(tally.repeats for tally in state.values())
        if applied + repeats + self._asks + letters == produced:
            return []
        parts = f"{applied} applied, {repeats} repeats, {self._asks} asks, {letters} letters"
        return [Finding(COUNT, f"{produced} produced, but {parts}")]

    # -- alerts -------------------------------------------------------------------------------------------------------

    def of_alerts(self, state: State, found: Sequence[Alert]) -> list[Finding]:
        ids = Counter(alert.alert_id for alert in found)
        findings = [Finding(ALERT_LOST, i) for i in self.alerts if i not in ids]
        wanted = self.alerts if self._exact else ids
        findings += [Finding(ALERT_TWICE, f"{i}: {n} times", n - 1) for i, n in ids.items() if n > 1 and not _due(i)]
        findings += [Finding(ALERT_TWICE, f"{i}: nobody expects it") for i in ids if i not in wanted]
        if self._exact:
            findings += [Finding(ALERT_TWICE, f"{i}: {n} times", n - 1) for i, n in ids.items() if n > 1 and _due(i)]
        return findings + list(_disagreements(state, found))


def _due(alert_id: str) -> bool:
    """Whether due work made it: a late event may bring the same due time twice, which only the value can tell."""
    return alert_id.startswith("due-")


def _disagreements(state: State, found: Sequence[Alert]) -> list[Finding]:
    """Where Redis and the values do not remember the same alerts."""
    by_key: dict[str, list[str]] = {}
    for alert in found:
        by_key.setdefault(alert.data["key"], []).append(alert.alert_id)
    findings = []
    for key in by_key.keys() | state.keys():
        tally, ids = state.get(key, Tally()), by_key.get(key, [])
        if len(ids) != tally.raised:
            kind = ALERT_LOST if len(ids) < tally.raised else ALERT_TWICE
            findings.append(Finding(kind, f"{key}: {len(ids)} out, {tally.raised} known", abs(len(ids) - tally.raised)))
        elif told(ids) != tally.raised_sum:
            findings.append(Finding(ALERT_LOST, f"{key}: others are out than are remembered"))
    return findings


def _pass(taken: Sequence[Landed], rule: Rule) -> tuple[Mapping[str, Tally], Counter[str]]:
    """Fold everything once, and let the timers fire that the clock of each partition number has come to."""
    tallies: dict[str, Tally] = {}
    ids: Counter[str] = Counter()
    highest: dict[int, int] = {}
    places: dict[str, int] = {}

    def count(effects: Sequence[Effect]) -> None:
        ids.update(str(orjson.loads(effect.body)["id"]) for effect in effects if effect.kind == "stream")

    for item in taken:
        event = _event(item)
        tally, effects = fold(tallies.get(event.key), event, rule)
        if tally is not None:
            tallies[event.key] = tally
            places[event.key] = item.partition
        highest[item.partition] = max(highest.get(item.partition, 0), event.occurred_ms)
        count(effects)
    for key, tally in list(tallies.items()):
        tallies[key], effects = fire(tally, Timer(key, highest[places[key]] - LATENESS_MS))
        count(effects)
    return tallies, ids
