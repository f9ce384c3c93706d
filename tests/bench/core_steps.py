"""Where the microseconds of an event go: `python -m tests.bench.core_steps`; CPU time, so that others do not count.

A simulated bank is played once; then its steps are taken again, some rounds, with a stopwatch around each part of
`models.step`. The best round counts (the others measure who else was at work), and what a stopwatch itself costs is
taken off. `rest` is what the step does between its parts.
"""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from time import process_time_ns
from typing import Any

import models.step
from models.policy import load_policy
from schemas import profile_codec, wire
from schemas.errors import BadMessage
from stream_app.offline.closed_loop import play
from stream_app.settings import Settings
from stream_app.simulate import Options

BANK = Options(customers=200, days=45, seed=7)
ROUNDS = 5
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


Step = tuple[Any, Any, Any]  # profile, event, context
Decoding = tuple[tuple[Any, ...], dict[str, Any]]


def lived(options: Options) -> tuple[list[Step], list[Decoding]]:
    """Play the bank once; return what `step` and `decode` were asked (all of it frozen: they can be asked again)."""
    steps: list[Step] = []
    decodings: list[Decoding] = []
    local = import_module("stream_app.offline.local")
    decode = local.decode

    def step_kept(profile: Any, event: Any, context: Any) -> Any:
        steps.append((profile, event, context))
        return models.step.step(profile, event, context)

    def decode_kept(*args: Any, **named: Any) -> Any:
        decodings.append((args, named))
        return decode(*args, **named)

    tables = tuple(replace(table, step=step_kept) if table.name == "profiles" else table for table in local.TABLES)
    settings = Settings()
    with instead(local, "TABLES", tables), instead(local, "decode", decode_kept):
        play(options, settings, load_policy(settings.policy_dir))
    return steps, decodings


def measure(options: Options = BANK, rounds: int = ROUNDS) -> dict[str, tuple[int, float]]:
    """Live the bank's events again, some rounds; return calls and µs in all, by part, of each part's best round."""
    steps, decodings = lived(options)
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)  # as the worker
    return _best([_round(steps, decodings) for _ in range(rounds)])


def _best(rounds: list[dict[str, tuple[int, float]]]) -> dict[str, tuple[int, float]]:
    return {part: min([costs[part] for costs in rounds]) for part in rounds[0]}


def _round(steps: list[Step], decodings: list[Decoding]) -> dict[str, tuple[int, float]]:
    watches = {name: Watch() for name in ("decode", *PARTS.values(), "step", "encode")}
    decode = watches["decode"].around(wire.decode)
    encode = watches["encode"].around(profile_codec.encode)
    step = watches["step"].around(models.step.step)
    for args, named in decodings:
        with suppress(BadMessage):
            decode(*args, **named)
    with ExitStack() as stack:
        for name, part in PARTS.items():
            stack.enter_context(instead(models.step, name, watches[part].around(getattr(models.step, name))))
        for asked in steps:
            if asked[0] is not None:
                profile_codec.encode(asked[0])  # as the worker wrote it last: what it left as it was is packed already
            value = step(*asked).value
            if value is not None:
                encode(value)
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
