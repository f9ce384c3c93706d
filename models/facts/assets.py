"""The asset high that is learned from: the highest AUM of 90 days, as it stood at the weekly snapshots.

What several accounts held together at a moment is known at once only to who hears of their movements in order. At the
boundary of a snapshot it is known for good: each account's last balance from before it, once a lateness has passed
(`models.facts.eve`). So features and labels look back at these weeks, and hang on no order of events; what stood there
only between two of them is not seen. Rules, which act on what is known at the moment, read the highs of every movement
(`models.facts.money`).
"""

from models.figures import aum_minor
from models.rings.windows import home_day
from schemas.profile import AUM_DAYS, AUM_WEEK_DAYS, Profile


def note_week(profile: Profile, seen: Profile, boundary_ms: int, home_currency: str) -> Profile:
    """Keep the AUM of `seen`, the profile as of a snapshot's boundary: once a week, however often policy takes one.

    What a later value that is as high stands behind is forgotten, and what is older than 90 days.
    """
    day, aum = home_day(boundary_ms - 1), aum_minor(seen, home_currency)
    if profile.aum_weeks and profile.aum_weeks[-1][0] > day - AUM_WEEK_DAYS:
        return profile
    higher = [(then, high) for then, high in profile.aum_weeks if then > day - AUM_DAYS and high > aum]
    noted = profile.copied()
    noted.aum_weeks = (*higher, (day, aum))
    return noted
