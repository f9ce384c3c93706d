"""Take the alerts of one queue from Redis, the urgent ones first. Start as many as there are desks; copy and adapt.

    python consume_alerts.py redis://127.0.0.1:6379/0 retention desk-7

Needs redis-py. `show` and `withdraw` are what you replace; docs/consuming.md explains each step.
"""
# ruff: noqa: INP001, T201, TID251 - a script to copy, outside of every package: it prints, and looks at the clock

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import redis

GROUP = "desks"
PATIENCE_MS = 60_000  # what another desk has taken and not acknowledged for so long, this one takes over
DELIVERIES = 5  # after so many attempts an entry goes to the dead ones, crm:dead:alerts:…
KEPT_SECONDS = 7 * 86_400  # as long as the streams keep their entries (RAPPORT_REDIS__RETENTION)

Show = Callable[[str, dict[str, Any]], None]
Withdraw = Callable[[str], None]


class Desk:
    """One consumer of a queue's three streams; an entry is acknowledged only after it was dealt with."""

    def __init__(self, client: Any, queue: str, me: str, show: Show, withdraw: Withdraw) -> None:
        self.client, self.me, self.show, self.withdraw = client, me, show, withdraw
        self.streams = [f"crm:alerts:{queue}:p{priority}" for priority in (1, 2, 3)]
        for stream in self.streams:
            try:
                client.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):  # BUSYGROUP: another desk was here first
                    raise
        for stream in self.streams:  # what this desk had taken before it went down
            while (found := client.xreadgroup(GROUP, me, {stream: "0"}, count=1)) and found[0][1]:
                self._again(stream, *found[0][1][0])

    def turn(self, wait_ms: int = 5_000) -> None:
        """Take over what others dropped; then a batch of the most urgent stream that has one, or wait for any."""
        for stream in self.streams:
            self._take_over(stream)
        for stream in self.streams:  # XREADGROUP over several streams knows no priority: ask one after the other
            if found := self.client.xreadgroup(GROUP, self.me, {stream: ">"}, count=10):
                self._deal_with(found)
                return
        if wait_ms:
            self._deal_with(self.client.xreadgroup(GROUP, self.me, dict.fromkeys(self.streams, ">"), 1, wait_ms))

    def _take_over(self, stream: str) -> None:
        while entries := self.client.xautoclaim(stream, GROUP, self.me, PATIENCE_MS, count=1)[1]:
            self._again(stream, *entries[0])

    def _again(self, stream: str, entry: str, fields: dict[str, str]) -> None:
        """Deal with what was taken before. One at a time: what is read is counted as delivered, if only it waits."""
        (pending,) = self.client.xpending_range(stream, GROUP, entry, entry, 1)
        if fields and pending["times_delivered"] <= DELIVERIES:
            self._one(stream, entry, fields)
            return
        if fields:  # without, it has left the stream meanwhile
            given_up = {"delivered": pending["times_delivered"], "last_consumer": pending["consumer"], "dead_at": now()}
            self.client.xadd(dead(stream), {**fields, **given_up})
        self.client.xack(stream, GROUP, entry)

    def _deal_with(self, found: Any) -> None:
        for stream, entries in found or ():
            for entry, fields in entries:
                self._one(stream, entry, fields)

    def _one(self, stream: str, entry: str, fields: dict[str, str]) -> None:
        if fields["type"].endswith((".retracted", ".superseded")):
            # Another desk may hold the alert, or read it later: all of them look at this key.
            self.client.set(gone(fields["refers_to"]), 1, ex=KEPT_SECONDS)
            self.withdraw(fields["refers_to"])
        elif fields["type"] == "crm.alert.raised" and not self._over(fields):  # new types may come: passed over
            self.show(fields["id"], json.loads(fields["data"]))  # the same id twice is the same alert
        self.client.xack(stream, GROUP, entry)

    def _over(self, fields: dict[str, str]) -> bool:
        return expired(fields) or bool(self.client.exists(gone(fields["id"])))


def gone(action_id: str) -> str:
    """Name the key that says: this alert was taken back. Look again when a person opens the alert."""
    return f"{GROUP}:gone:{action_id}"


def dead(stream: str) -> str:
    """Name the stream for what was given up: `crm:dead:alerts:fraud:p1` for `crm:alerts:fraud:p1`."""
    return stream.replace("crm:", "crm:dead:", 1)


def now() -> str:
    """Tell the time as the entries do."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def expired(fields: dict[str, str]) -> bool:
    """Say whether nobody needs to look any more."""
    return datetime.fromisoformat(fields["expires_at"]) <= datetime.now(UTC)


def main(url: str, queue: str, me: str) -> None:
    """Print alerts until Ctrl-C."""

    def show(action_id: str, alert: dict[str, Any]) -> None:
        print(f"{action_id}  p{alert['priority']} {alert['customer_id']}  {alert['title']}")
        print(f"    {alert['reasons'][0]['zh']} / {alert['reasons'][0]['en']}\n    -> {alert['next_step']}")

    desk = Desk(
        redis.Redis.from_url(url, decode_responses=True), queue, me, show, lambda id_: print(f"{id_}  withdrawn")
    )
    while True:
        desk.turn()


if __name__ == "__main__":
    main(*sys.argv[1:4])
