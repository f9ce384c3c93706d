"""The consumer that docs/consuming.md gives away keeps what it promises, on a real Redis."""

import json
import runpy
import secrets
from datetime import datetime
from pathlib import Path

import pytest
import redis

from stream_app.streams import stream_names
from tests.policies import default_policy

pytestmark = pytest.mark.integration

SAMPLE = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "samples" / "consume_alerts.py"))
LATER, PAST = "2999-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z"


class Hall:
    """A queue of its own, and the desks that serve it."""

    def __init__(self, client):
        self.client, self.queue = client, secrets.token_hex(4)
        self.shown, self.withdrawn = [], []

    def desk(self, me):
        return SAMPLE["Desk"](
            self.client,
            self.queue,
            me,
            lambda id_, _: self.shown.append(self.name(id_)),
            lambda id_: self.withdrawn.append(self.name(id_)),
        )

    def id(self, name):
        """An action id that no other test uses."""
        return f"{self.queue}-{name}"

    def name(self, action_id):
        return action_id.removeprefix(f"{self.queue}-")

    def stream(self, priority):
        return f"crm:alerts:{self.queue}:p{priority}"

    def alert(self, name, priority=1, expires_at=LATER):
        action_id = self.id(name)
        data = json.dumps({"action_id": action_id, "priority": priority})
        fields = {"id": action_id, "type": "crm.alert.raised", "data": data, "expires_at": expires_at}
        return self.client.xadd(self.stream(priority), fields)

    def retraction(self, name, priority=1, kind="retracted"):
        refers = {"refers_to": self.id(name), "expires_at": LATER}
        fields = {"id": f"r-{self.id(name)}", "type": f"crm.alert.{kind}", **refers}
        return self.client.xadd(self.stream(priority), fields)

    def dead(self, priority=1):
        """What was given up of that priority, oldest first (docs/rules.md, 23)."""
        return [fields for _, fields in self.client.xrange(f"crm:dead:alerts:{self.queue}:p{priority}")]

    def pending(self, priority=1):
        return self.client.xpending(self.stream(priority), SAMPLE["GROUP"])["pending"]


@pytest.fixture
def hall(redis_url):
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield Hall(client)


def turns(desk, number=4):
    for _ in range(number):
        desk.turn(wait_ms=0)


def test_urgent_alerts_come_first_and_all_are_acknowledged(hall):
    hall.alert("slow", priority=3)
    hall.alert("soon", priority=2)
    hall.alert("now", priority=1)
    turns(hall.desk("d1"))

    assert hall.shown == ["now", "soon", "slow"]
    assert [hall.pending(p) for p in (1, 2, 3)] == [0, 0, 0]


def test_each_alert_goes_to_one_desk(hall):
    one, other = hall.desk("d1"), hall.desk("d2")
    for number in range(15):  # a turn takes ten
        hall.alert(f"a{number}")
    one.turn(wait_ms=0)
    other.turn(wait_ms=0)

    assert hall.shown == [f"a{number}" for number in range(15)]


def test_a_type_that_nobody_knows_is_acknowledged_and_not_shown(hall):
    hall.client.xadd(hall.stream(1), {"id": hall.id("new"), "type": "crm.alert.praised", "data": "{}"})
    turns(hall.desk("d1"))

    assert (hall.shown, hall.pending()) == ([], 0)


def test_what_expired_is_not_shown(hall):
    hall.alert("old", expires_at=PAST)
    turns(hall.desk("d1"))

    assert hall.shown == []
    assert hall.pending() == 0


@pytest.mark.parametrize("kind", ["retracted", "superseded"])
def test_what_was_taken_back_is_withdrawn_and_never_shown_again_by_any_desk(hall, kind):
    one, other = hall.desk("d1"), hall.desk("d2")
    hall.alert("a1")
    one.turn(wait_ms=0)
    hall.retraction("a1", kind=kind)
    other.turn(wait_ms=0)
    hall.alert("a1")
    turns(one)

    assert (hall.shown, hall.withdrawn) == (["a1"], ["a1"])
    assert hall.client.exists(SAMPLE["gone"](hall.id("a1")))


def test_a_desk_that_went_down_gets_first_what_it_had_not_acknowledged(hall):
    hall.desk("d1")
    hall.alert("a1")
    hall.client.xreadgroup(SAMPLE["GROUP"], "d1", {hall.stream(1): ">"})  # taken, then the desk goes down

    hall.desk("d1")
    assert hall.shown == ["a1"]
    assert hall.pending() == 0


def test_another_desk_takes_over_what_was_left_lying_and_gives_up_after_the_limit(hall):
    desk = hall.desk("d2")
    hall.alert("left")
    hall.alert("poison")
    taken = hall.client.xreadgroup(SAMPLE["GROUP"], "d1", {hall.stream(1): ">"})
    left, poison = (entry for entry, _ in taken[0][1])
    hall.client.xclaim(hall.stream(1), SAMPLE["GROUP"], "d1", 0, [left], idle=SAMPLE["PATIENCE_MS"] + 1)
    hall.client.xclaim(
        hall.stream(1), SAMPLE["GROUP"], "d1", 0, [poison], idle=SAMPLE["PATIENCE_MS"] + 1,
        retrycount=SAMPLE["DELIVERIES"],
    )  # fmt: skip
    turns(desk)

    assert hall.shown == ["left"]
    (given_up,) = hall.dead()
    assert (given_up["id"], given_up["type"]) == (hall.id("poison"), "crm.alert.raised")
    assert (given_up["delivered"], given_up["last_consumer"]) == (str(SAMPLE["DELIVERIES"] + 1), "d2")
    assert abs(datetime.fromisoformat(given_up["dead_at"]).timestamp() - hall.client.time()[0]) < 300
    assert hall.pending() == 0


def test_what_is_given_up_goes_where_the_worker_watches():
    watched = stream_names(default_policy(), "crm")
    streams = [f"crm:alerts:fraud:p{priority}" for priority in (1, 2, 3)]
    assert {SAMPLE["dead"](stream) for stream in streams} < set(watched)


def test_an_entry_on_which_a_desk_goes_down_again_and_again_is_given_up_after_the_limit(hall):
    hall.desk("d1")
    hall.client.xadd(
        hall.stream(1), {"id": hall.id("poison"), "type": "crm.alert.raised", "data": "?", "expires_at": LATER}
    )
    hall.alert("good")
    downs = 0
    for _ in range(2 * SAMPLE["DELIVERIES"]):
        try:
            turns(hall.desk("d1"))
        except json.JSONDecodeError:
            downs += 1

    assert downs == SAMPLE["DELIVERIES"]
    assert hall.shown == ["good"]
    assert [fields["id"] for fields in hall.dead()] == [hall.id("poison")]
    assert hall.pending() == 0


def test_a_desk_comes_back_after_what_it_had_taken_is_gone_from_the_stream(hall):
    hall.desk("d1")
    hall.alert("a1")
    hall.client.xreadgroup(SAMPLE["GROUP"], "d1", {hall.stream(1): ">"})  # taken, then the desk goes down
    hall.client.xtrim(hall.stream(1), maxlen=0)  # as after a holiday

    turns(hall.desk("d1"))
    assert (hall.shown, hall.pending()) == ([], 0)
