"""How many bytes a customer takes: `python -m tests.bench.profile_size [CUSTOMERS [DAYS]]` (2,000 and 60 take minutes).

A simulated bank is played through the core, and every profile that is left is encoded. Beside the sizes: what each
field takes of the mean, and the CPU time of one encode and one decode.
"""

import gc
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from time import process_time_ns
from typing import Any

from models.policy import load_policy
from schemas.profile import Profile
from schemas.profile_bound import sizes
from schemas.profile_codec import decode, encode
from stream_app.offline.closed_loop import play
from stream_app.settings import Settings
from stream_app.simulate import Options

ROUNDS = 20
MOST_BYTES = 3_000  # of the mean: every byte is changelog and store traffic


def profiles(customers: int, days: int) -> list[Profile]:
    """Play a bank and return who is left."""
    settings = Settings()
    options = Options(customers=customers, days=days, seed=7)
    return [*play(options, settings, load_policy(settings.policy_dir)).runtime.tables["profiles"].values.values()]


def microseconds(work: Callable[[Any], Any], things: Sequence[Any]) -> float:
    """Best CPU time of one call, over all things."""
    gc.freeze()  # the bank that was played is not to be searched for garbage
    best = float("inf")
    for _ in range(ROUNDS):
        begin = process_time_ns()
        for thing in things:
            work(thing)
        best = min(best, (process_time_ns() - begin) / len(things) / 1000)
    return best


def report(found: Sequence[Profile]) -> tuple[list[str], float]:
    """Write down the sizes; returns the lines and the mean."""
    packed = [encode(profile) for profile in found]
    lengths = sorted(map(len, packed))
    mean = sum(lengths) / len(lengths)
    by_field: Counter[str] = Counter()
    for profile in found:
        by_field.update(sizes(profile))
    lines = [f"{total / len(found):9.1f}  {name}" for name, total in by_field.most_common()]
    p50, p95 = (lengths[int(share * (len(lengths) - 1))] for share in (0.5, 0.95))
    lines.append(
        f"{mean:9.1f}  bytes on average of {len(found):,} profiles; p50 {p50:,}, p95 {p95:,}, max {lengths[-1]:,}"
    )
    few, few_packed = found[:100], packed[:100]
    lines.append(f"encode {microseconds(encode, few):.1f} µs, decode {microseconds(decode, few_packed):.1f} µs of CPU")
    return lines, mean


def main(customers: str = "300", days: str = "60") -> int:
    """Print the sizes; 1 when the mean is above its limit."""
    lines, mean = report(profiles(int(customers), int(days)))
    if mean > MOST_BYTES:
        lines.append(f"the mean is above {MOST_BYTES:,} bytes")
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return int(mean > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
