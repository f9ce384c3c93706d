"""For all tests: Hypothesis tries the same examples in every run, and a busy machine is no failure."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("rapport", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("rapport"), derandomize=False, max_examples=1_000)
settings.load_profile(os.environ.get("RAPPORT_HYPOTHESIS", "rapport"))
