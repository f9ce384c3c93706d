"""A tiny pure fold for the simulation: one customer, one author, the mood of one platform.

`Fold` stands where the product has `models.step`; it has what makes the order of operations matter: alerts that later
events retract, work that time brings about, claims that decide where mentions go, a policy that may change at restart.
"""

from typing import Any, NamedTuple

import msgpack

from schemas.errors import BadMessage
from stream_app.engine.effects import STREAM, TOPIC, BadInput, Effect
from stream_app.engine.records import Record
from tests.codecs import MsgpackCodec

REMEMBERED_IDS = 32
"""More than a customer has events between a message and its repeat; an older repeat is applied, as documented."""
HORIZON_MS = 25
"""How long after an event its due work comes."""
LATENESS_MS = 20

State = dict[str, Any]


class Deed(NamedTuple):
    """What a customer does (topics X and Y); `claims` are authors that it claims or gives up.

    An amount of None stands for content that cannot be taken, in a message whose id is sound: a repeat is told by its
    id before its content is looked at, so the agent decides.
    """

    id: str
    occurred_ms: int
    amount: int | None
    claims: tuple[tuple[str, str], ...] = ()


class Known(NamedTuple):
    """Master data of a customer (topic C): `occurred_ms` is the wall clock, far ahead of what customers do."""

    id: str
    occurred_ms: int


class Said(NamedTuple):
    """A mention, by its author (topic M) or sent on to the customer who claims the author (topic ML)."""

    id: str
    occurred_ms: int
    angry: bool


class Timer(NamedTuple):
    """Advance a customer to a time (topic T)."""

    until_ms: int


class Claim(NamedTuple):
    """A claim or its withdrawal (topic L)."""

    op: str
    customer: str


class Mood(NamedTuple):
    """That there was a mention (topic MOOD)."""

    id: str


EVENTS = {"X": Deed, "Y": Deed, "C": Known, "M": Said, "ML": Said, "T": Timer, "L": Claim, "MOOD": Mood}


def decode(record: Record) -> Any:
    """Decode an event, or say that the bytes are broken."""
    if record.value is None or record.value.startswith(b"broken"):
        return BadInput("bad_json", "broken")
    return EVENTS[record.topic](*msgpack.unpackb(record.value))


def encode(event: tuple[Any, ...]) -> bytes:
    return msgpack.packb(tuple(event))


def next_due_ms(state: State) -> int | None:
    return min(state["due"])[0] if state.get("due") else None


CODEC = MsgpackCodec(next_due_ms)


def customer() -> State:
    lists: State = {name: [] for name in ("sent", "due", "ids", "log", "said", "known")}
    return {"sum": 0, "open": None, "idle": None, **lists}


def author() -> State:
    return {"claims": [], "relayed": []}


def changed(state: State) -> State:
    """A copy to change: states are never changed in place."""
    return {name: list(value) if type(value) is list else value for name, value in state.items()}


class Fold:
    """The policy of one incarnation of a worker: a threshold and the stream that its alerts go to."""

    def __init__(self, threshold: int, stream: str, lateness_ms: int = LATENESS_MS) -> None:
        self.threshold = threshold
        self.stream = stream
        self.lateness_ms = lateness_ms

    def deed(self, old: State | None, key: str, event: Deed) -> tuple[State, list[Effect]]:
        state = changed(old or customer())
        if event.id in state["ids"]:
            return state, []
        if event.amount is None:
            raise BadMessage("bad_value", "amount")
        effects = self.fire(state, key, self.due_up_to(event), event.id)
        if event.amount == 5 and self.threshold == 7:
            raise ValueError("poison under this policy")
        state["ids"] = [*state["ids"], event.id][-REMEMBERED_IDS:]
        state["sum"] += event.amount
        state["log"].append([event.occurred_ms, event.id, self.threshold])
        if state["idle"]:
            effects.append(self.send(state, key, state["idle"][1], "retract", event.id + "i", state["idle"][0]))
            state["idle"] = None
        if state["sum"] >= self.threshold and state["open"] is None:
            state["open"] = [event.id + "+", self.stream]
            effects.append(self.send(state, key, self.stream, "raise", event.id + "+"))
        elif state["sum"] < self.threshold and state["open"]:
            effects.append(self.send(state, key, state["open"][1], "retract", event.id + "-", state["open"][0]))
            state["open"] = None
        if event.amount >= 2:
            state["due"].append([event.occurred_ms + HORIZON_MS, event.id])
        effects += [Effect(TOPIC, "L", name, encode(Claim(op, key))) for op, name in event.claims]
        return state, effects

    def timer(self, old: State | None, key: str, event: Timer, position: str) -> tuple[State | None, list[Effect]]:
        if old is None:
            return None, []
        state = changed(old)
        effects = self.fire(state, key, event.until_ms, position)
        if effects and self.threshold == 7:
            raise ValueError("due work that is poison under this policy")
        return state, effects

    def known(self, old: State | None, key: str, event: Known) -> tuple[State, list[Effect]]:
        state = changed(old or customer())
        state["known"] = sorted({*state["known"], event.id})
        return state, []

    def linked(self, old: State | None, key: str, event: Said) -> tuple[State, list[Effect]]:
        state = changed(old or customer())
        state["said"].append(event.id)
        return state, [self.send(state, key, self.stream, "angry", event.id + "@")] if event.angry else []

    def claim(self, old: State | None, key: str, event: Claim) -> tuple[State, list[Effect]]:
        state = changed(old or author())
        others = [claimant for claimant in state["claims"] if claimant != event.customer]
        state["claims"] = [*others, event.customer] if event.op == "+" else others
        return state, []

    def said(self, old: State | None, key: str, event: Said) -> tuple[State | None, list[Effect]]:
        mood = Effect(TOPIC, "MOOD", f"w{int(event.id[1:]) % 2}", encode(Mood(event.id)))
        if old is None:
            return None, [mood]
        state = changed(old)
        if len(state["claims"]) != 1:
            return state, [mood]
        claimant = state["claims"][0]
        state["relayed"].append([event.id, claimant])
        return state, [mood, Effect(TOPIC, "ML", claimant, encode(event))]

    def mood(self, old: State | None, key: str, event: Mood) -> tuple[State, list[Effect]]:
        return {"counted": [*(old["counted"] if old else ()), event.id]}, []

    def due_up_to(self, event: Deed) -> int:
        return event.occurred_ms

    def timed_id(self, key: str, cause: str, due_ms: int, trigger: str, n: int) -> str:
        """An id from the work itself, whatever record fires it."""
        return f"{key}:{cause}:{due_ms}"

    def fire(self, state: State, key: str, until_ms: int, trigger: str) -> list[Effect]:
        """Do all work with due <= until, in due order, on the state that it finds."""
        effects: list[Effect] = []
        while state["due"] and min(state["due"])[0] <= until_ms:
            due_ms, cause = work = min(state["due"])
            state["due"].remove(work)
            name = self.timed_id(key, cause, due_ms, trigger, len(effects))
            quiet = not any(due_ms - HORIZON_MS < t <= due_ms for t, other, _ in state["log"] if other != cause)
            if state["idle"] is None and quiet:
                state["idle"] = [name + "!", self.stream]
                effects.append(self.send(state, key, self.stream, "idle", name + "!"))
            if state["open"] and state["open"][0].startswith(cause):
                effects.append(self.send(state, key, state["open"][1], "retract", name + "x", state["open"][0]))
                state["open"] = None
        return effects

    @staticmethod
    def send(state: State, key: str, stream: str, kind: str, name: str, refers_to: str | None = None) -> Effect:
        """A stream entry, which the state remembers."""
        entry = [stream, key, kind, name, refers_to]
        state["sent"].append(entry)
        return Effect(STREAM, stream, "", msgpack.packb(entry))
