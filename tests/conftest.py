"""For all tests: Hypothesis tries the same examples in every run, and a busy machine is no failure, but is told of."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests import restarts

# Threads of OpenMP wait for each other by spinning: beside other tests one batch model took three minutes so.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("rapport", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("rapport"), derandomize=False, max_examples=1_000)
settings.load_profile(os.environ.get("RAPPORT_HYPOTHESIS", "rapport"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which workers were started again."""
    if told := restarts.told(terminalreporter.stats):
        terminalreporter.section("workers that ended themselves and were started again")
        for line in told:
            terminalreporter.line(line)
