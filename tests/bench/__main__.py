"""`make bench`: where the microseconds of an event go, part by part (`python -m tests.bench [NAME…]`)."""

import runpy
import sys

BENCHES = ("decode", "core_steps", "bench_models", "profile_size")


def main(names: list[str]) -> int:
    """Run the named benches, all by default."""
    if unknown := [name for name in names if name not in BENCHES]:
        sys.stderr.write(f"{unknown[0]} is none of {', '.join(BENCHES)}\n")
        return 2
    for name in names or BENCHES:
        sys.stdout.write(f"-- {name}\n")
        sys.stdout.flush()
        sys.argv = [name]
        try:
            runpy.run_module(f"tests.bench.{name}", run_name="__main__")
        except SystemExit as ended:
            if ended.code:
                return int(ended.code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
