"""The work that time will bring, sorted by due time: put on the list, taken off it.

What each name does when it is due stands in `models.work`. Work is known by its name and what it is about: scheduling
the same again moves it.
"""

from bisect import insort

from schemas.profile import MAX_DUE, Due, Profile


def schedule(profile: Profile, due: Due) -> Profile:
    """Put work on the list, in place of the same work (name and subject) at another time."""
    scheduled = profile.copied()
    scheduled.due = with_work(profile.due, due)
    return scheduled


def with_work(work: tuple[Due, ...], due: Due) -> tuple[Due, ...]:
    """Give the list with `due` on it, for who is writing the next profile anyway."""
    kept = [other for other in work if other.name != due.name or other.about != due.about]
    insort(kept, due)
    return tuple(kept[:MAX_DUE])


def cancel(profile: Profile, name: str, about: str = "") -> Profile:
    """Take work off the list; nothing happens if it is not there."""
    kept = tuple([due for due in profile.due if due.name != name or due.about != about])
    if len(kept) == len(profile.due):
        return profile
    cancelled = profile.copied()
    cancelled.due = kept
    return cancelled
