"""A simulated bank of a group of figures, with progress on a terminal, and which alerts say "may leave"."""

import sys

from models.policy import load_policy
from stream_app.offline.closed_loop import Played, play
from stream_app.settings import Settings
from stream_app.simulate import Options

CHURN_KINDS = frozenset({"churn_risk", "large_outflow", "unusual_outflow", "balance_drained", "dormant_high_value"})
"""Alerts that say "may leave"; account_closed and product_closed say "has left", complaints go to their own queue."""


def played(options: Options) -> Played:
    """Play a bank under the policy of the settings."""
    settings = Settings.load()

    def tell(lines: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{options.customers} customers, seed {options.seed}: {lines:,} lines ")

    return play(options, settings, load_policy(settings.policy_dir), tell)
