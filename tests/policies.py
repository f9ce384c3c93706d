"""The bank's policy for tests: the default files, with overrides where a test needs other numbers."""

from functools import cache
from pathlib import Path
from typing import Any

from models.context import Context
from models.policy import Policy, load_policy
from models.policy.load import _read

DIRECTORY = Path(__file__).resolve().parent.parent / "deploy" / "policy"


@cache
def default_policy() -> Policy:
    return load_policy(DIRECTORY)


def a_policy(**files: dict[str, Any]) -> Policy:
    """The default policy with these keys of these files replaced: `a_policy(contact={"offers_per_30_days": 1})`."""
    return load_policy(DIRECTORY, files)


def with_rule(kind: str, **changes: Any) -> Policy:
    """The default policy with one rule changed."""
    rules = [{**rule, **changes} if rule["kind"] == kind else rule for rule in read("rules")["rule"]]
    return a_policy(rules={"rule": rules})


def read(name: str) -> dict[str, Any]:
    """A policy file as it stands."""
    return _read(DIRECTORY / f"{name}.toml")


def a_context(policy: Policy | None = None, *, seed: int = 0, **scorers: Any) -> Context:
    return Context(policy or default_policy(), scorers, seed)
