"""The model "escalation": how likely a complaint is not over when its days are: it still stands, or another has come.

Both follow from facts that the profile has anyway (open complaints, the last complaint), as of the end of a home day
(`models.facts.eve`), so a waiting example is like one of churn. `models.labels.escalation_examples` takes them.
"""

from models.policy import Policy
from models.rings.windows import home_day, home_day_start_ms
from schemas.profile import Profile

MODEL = "escalation"


def end_ms(opened_ms: int, policy: Policy) -> int:
    """Say when a complaint should be over: with the last of its days, of which that on which it came is none."""
    return home_day_start_ms(home_day(opened_ms) + 1 + policy.models.escalation.horizon_days)


def escalated(seen: Profile, opened_ms: int) -> bool:
    """Whether, as the profile is seen, the complaint of that moment still stands or another has followed it."""
    followed = seen.last_complaint_ms is not None and seen.last_complaint_ms > opened_ms
    return followed or any(complaint.opened_ms == opened_ms for complaint in seen.complaints)


def chance_of(profile: Profile, opened_ms: int) -> float | None:
    """Give the score of a complaint that waits; None where no model scored it."""
    of_it = [one for one in profile.pending if one.model == MODEL and one.scored_ms == opened_ms and one.version]
    return of_it[-1].score if of_it else None
