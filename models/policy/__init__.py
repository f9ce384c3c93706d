"""The business policy: what the bank decided, as checked tables (`deploy/policy/*.toml`)."""

from models.policy.base import DAY_MS, HOUR_MS, Text
from models.policy.conditions import Condition, Conditions
from models.policy.load import Policy, load_policy
from models.policy.parts import Action, Tier, Trigger
from models.policy.rules import AnyRule, MoodBurst, Rule

__all__ = [
    "DAY_MS",
    "HOUR_MS",
    "Action",
    "AnyRule",
    "Condition",
    "Conditions",
    "MoodBurst",
    "Policy",
    "Rule",
    "Text",
    "Tier",
    "Trigger",
    "load_policy",
]
