"""What every part of the policy shares: strictness, two languages, lists that cannot change.

Amounts of money are integer minor units and their keys end in `_minor`; TOML lets one write 50,000.00 as
`50_000_00`. Times are whole hours, days or minutes, as the key says.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.policy.filling import BETWEEN

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LANGUAGES = ("zh", "en")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,23}$")]  # a profile keeps names of at most 24 bytes
Minor = Annotated[int, Field(ge=0, le=10**15)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Hours = Annotated[int, Field(ge=0, le=10_000)]
Days = Annotated[int, Field(ge=0, le=4_000)]
Words = Annotated[str, Field(min_length=1, max_length=400)]


class Part(BaseModel):
    """A table of the policy: frozen, strict, and a key that nobody knows is an error."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def did_you_mean(given: str, known: Iterable[str], prefix: str = "") -> str:
    """Ask whether the name nearest to a given one was meant, as the end of a sentence; "" where none is near."""
    near = get_close_matches(given, known, n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


class Text(Part):
    """One text in the bank's two languages."""

    zh: Words
    en: Words

    def said(self, language: str) -> str:
        """Say it in `language` (`zh` or `en`; anything else reads English)."""
        return self.zh if language == "zh" else self.en

    @property
    def both(self) -> str:
        """Both, in one line."""
        return f"{self.zh}{BETWEEN}{self.en}"
