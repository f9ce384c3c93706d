"""When each message of an open loop is due, and whether the generator kept to it."""

from dataclasses import dataclass
from typing import NamedTuple

from stream_app.bench.latency import Latency

MOST_SLIP_MS = 1.0
MOST_QUEUED_MS = 50.0
LEAST_RATE_SHARE = 0.995
SECOND_NS = 1_000_000_000


class Schedule(NamedTuple):
    """So many messages a second from a moment on (CLOCK_MONOTONIC, ns); a rate of 0 is as fast as it goes."""

    start_ns: int
    rate: float

    def at_ns(self, number: int) -> int:
        """Return when a message is due; computed from the start, so that errors do not add up.

        >>> Schedule(0, 2_000).at_ns(3)
        1500000
        """
        return self.start_ns + int(number * SECOND_NS / self.rate) if self.rate else self.start_ns


@dataclass(frozen=True)
class Sending:
    """How a generator did: times in ms, `rate` as asked and `achieved` as it was, both a second."""

    messages: int
    rate: float
    achieved: float
    seconds: float
    slip_p99_ms: float
    slip_max_ms: float
    queued_p99_ms: float
    """How long messages waited for the broker's acknowledgement."""
    failed: int
    """Messages that the broker did not acknowledge."""

    @property
    def void(self) -> str | None:
        """Why the run does not count, None when it does."""
        if self.failed:
            return f"the broker did not acknowledge {self.failed} messages"
        if self.rate and self.achieved < LEAST_RATE_SHARE * self.rate:
            return f"the generator reached {self.achieved:.0f} of {self.rate:.0f} a second"
        if self.rate and self.slip_p99_ms > MOST_SLIP_MS:
            return f"the schedule slipped by {self.slip_p99_ms:.2f} ms at p99"
        if self.rate and self.queued_p99_ms > MOST_QUEUED_MS:
            return f"messages waited {self.queued_p99_ms:.0f} ms for the broker at p99: its core is the limit"
        return None


def judge(
    schedule: Schedule, first_ns: int, last_ns: int, slips: Latency, failed: int, queued: Latency | None = None
) -> Sending:
    """Sum up: the first and the last message were sent then, all slipped so, and waited so for the broker."""
    count, seconds = len(slips), max(last_ns - first_ns, 1) / SECOND_NS
    return Sending(
        messages=count,
        rate=schedule.rate,
        achieved=(count - 1) / seconds if count > 1 else schedule.rate,
        seconds=round(seconds, 3),
        slip_p99_ms=slips.ms(99.0),
        slip_max_ms=slips.max_ms,
        queued_p99_ms=queued.ms(99.0) if queued is not None else 0.0,
        failed=failed,
    )
