"""Where the microseconds of an event go: `python -m tests.bench.core_steps`; CPU time, so that others do not count.

A simulated bank is played through the core, with a stopwatch around each part of `models.step`. What a stopwatch
itself costs is taken off. `rest` is what the step does between its parts.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from time import process_time_ns
from typing import Any

import models.step
from models.policy import load_policy
from schemas import profile_codec
from stream_app.closed_loop import play
from stream_app.settings import Settings
from stream_app.simulate import Options

BANK = Options(customers=200, days=45, seed=7)
PARTS: Mapping[str, str] = {  # what is called by `models.step` -> what we call it
    "known": "known already",
    "fire": "due work",
    "fold": "fold",
    "regrade": "regrade",
    "features": "features",
    "score_churn": "score",
    "judge": "judge",
    "offer": "decide/offer",
}


@dataclass
class Watch:
    """A stopwatch of CPU time around a function."""

    calls: int = 0
    ns: int = 0

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Time every call of `work`."""

        def timed(*args: Any, **named: Any) -> Any:
            self.calls += 1
            begin = process_time_ns()
            result = work(*args, **named)
            self.ns += process_time_ns() - begin
            return result

        return timed


@contextmanager
def instead(module: Any, name: str, value: Any) -> Iterator[None]:
    """Let a module call something else for a while."""
    was = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, was)


def stopwatch_ns() -> tuple[float, float]:
    """What a stopwatch adds: (to its own time, to that of the function around it), in ns a call."""
    inside, outside, rounds = Watch(), Watch(), 20_000
    empty = inside.around(lambda: None)

    def many() -> None:
        for _ in range(rounds):
            empty()

    outside.around(many)()
    return inside.ns / rounds, outside.ns / rounds


def measure(options: Options = BANK) -> dict[str, tuple[int, float]]:
    """Play the bank; return calls and µs in all, by part."""
    settings = Settings()
    policy = load_policy(settings.policy_dir)
    watches = {name: Watch() for name in ("decode", *PARTS.values(), "step", "encode")}
    encode = watches["encode"].around(profile_codec.encode)
    step = watches["step"].around(models.step.step)

    def step_and_encode(profile: Any, event: Any, context: Any) -> Any:
        verdict = step(profile, event, context)
        if verdict.value is not None:
            encode(verdict.value)
        return verdict

    local = import_module("stream_app.local")
    tables = tuple(
        replace(table, step=step_and_encode) if table.name == "profiles" else table for table in local.TABLES
    )
    with ExitStack() as stack:
        stack.enter_context(instead(local, "TABLES", tables))
        stack.enter_context(instead(local, "decode", watches["decode"].around(local.decode)))
        for name, part in PARTS.items():
            stack.enter_context(instead(models.step, name, watches[part].around(getattr(models.step, name))))
        play(options, settings, policy)
    return _without_watches(watches)


def _without_watches(watches: Mapping[str, Watch]) -> dict[str, tuple[int, float]]:
    inside, outside = stopwatch_ns()
    costs = {part: (watch.calls, (watch.ns - watch.calls * inside) / 1000) for part, watch in watches.items()}
    parts = [costs[part] for part in PARTS.values()]
    steps, whole = costs["step"]
    whole -= sum(calls for calls, _ in parts) * outside / 1000
    costs["step"] = steps, whole
    costs["rest"] = steps, whole - sum(spent for _, spent in parts)
    costs["total"] = steps, sum(costs[part][1] for part in ("decode", "step", "encode"))
    return costs


def main() -> None:
    """Print one line per part: µs by event of the bank (a part that few events need costs them more)."""
    costs = measure()
    events = costs["step"][0]
    sys.stdout.write(f"{'part':<14}{'calls':>8}{'µs a call':>11}{'µs an event':>13}\n")
    for part in ("decode", *PARTS.values(), "rest", "step", "encode", "total"):
        calls, spent = costs[part]
        sys.stdout.write(f"{part:<14}{calls:>8}{spent / max(1, calls):>11.1f}{spent / events:>13.1f}\n")


if __name__ == "__main__":
    main()
