"""What a figure was measured on: processor, kernel, versions, and who else was at work."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("faust-streaming", "aiokafka", "confluent-kafka", "redis", "rocksdict", "orjson", "uvloop")
QUIET_LOAD = 0.7


def describe(libraries: Iterable[str] = LIBRARIES) -> dict[str, Any]:
    """Return the machine, its load average now, and the versions of what we run on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "versions": {name: _version(name) for name in libraries},
    }


def busy() -> str | None:
    """Say that others are at work here, if they are: rates and latencies then tell of them, too."""
    load = os.getloadavg()[0]
    if load < QUIET_LOAD:
        return None
    return f"the machine is busy (load {load:.1f}): rates are lower bounds, latencies upper ones"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
