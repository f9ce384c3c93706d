"""How often and for how much a customer buys, and what he is worth by it: two parts of a profile."""

from typing import NamedTuple


class Purchases(NamedTuple):
    """The days on which the customer bought (as policy means it, home currency) and what he paid, by event time.

    Days are the bank's day numbers. `minor` is all that he paid, `first_minor` what he paid on the first day: the mean
    of a repeat purchase leaves it out (Fader, Hardie 2013).
    """

    days: int = 0
    first_day: int = 0
    last_day: int = 0
    minor: int = 0
    first_minor: int = 0

    @property
    def repeats(self) -> int:
        """Days with a purchase after the first."""
        return max(0, self.days - 1)

    @property
    def mean_minor(self) -> float:
        """What he paid on a day with a repeat purchase, on average; reversals can take it to 0 and no lower."""
        return max(0, self.minor - self.first_minor) / self.repeats if self.repeats else 0.0


class Worth(NamedTuple):
    """What the customer is expected to bring, as of a day and by a version of the model "value"."""

    day: int
    version: int
    alive_thousandths: int  # how probable it is that he has not left
    purchases_tenths: int  # days with a purchase within the horizon of policy
    year_minor: int  # what the bank earns by them
    band: str


NO_PURCHASES = Purchases()
