"""Which complaints stand: by when complaints and answers happened, not by when one hears of them.

The last answers are remembered with the complaint that each of them closed, so that whatever comes late is put in its
place and they are told again from there. What is older than all that is remembered stays as it was.
"""

from schemas.events import Interaction
from schemas.profile import MAX_ANSWERS, MAX_COMPLAINTS, MAX_EVENT_ID_BYTES, MAX_WORD_BYTES, Profile, cut, short_id
from schemas.profile_complaints import Answer, Complaint


def fold_complaint(p: Profile, event: Interaction) -> None:
    """Hear a complaint; it stands, unless an answer that was heard of before takes it, and leaves another one standing.

    Then that other stands again. It is the only one that can: an answer closes what is nearest to it, whatever else is
    there.
    """
    p.last_complaint_ms = max(event.occurred_ms, p.last_complaint_ms or 0)
    _tell_again(p, (*p.complaints, complaint_of(event)), p.answers)


def complaint_of(event: Interaction) -> Complaint:
    """Give the complaint that an event makes, as a profile keeps it."""
    return Complaint(short_id(event.event_id, MAX_EVENT_ID_BYTES), event.occurred_ms, event.channel, _topic(event))


def fold_answer(p: Profile, event: Interaction) -> None:
    """Hear an answer: it closes the oldest complaint about the same topic, or the oldest of all where no topic matches.

    It closes none that was made after it. One that finds none waits for a complaint that is heard of later.
    """
    _tell_again(p, p.complaints, (*p.answers, Answer(event.occurred_ms, _topic(event))))


def _topic(event: Interaction) -> str | None:
    return None if event.topic is None else cut(event.topic, MAX_WORD_BYTES)


def _tell_again(p: Profile, standing: tuple[Complaint, ...], answers: tuple[Answer, ...]) -> None:
    """Let the answers close complaints once more, each in its turn: of these, and of those that they had closed."""
    closed = [answer.complaint for answer in answers if answer.complaint is not None]
    left = sorted((*standing, *closed), key=lambda complaint: (complaint.opened_ms, complaint.event_id))
    told = []
    for answer in sorted(answers, key=lambda answer: (answer.at_ms, answer.topic or "")):
        made = [complaint for complaint in left if complaint.opened_ms <= answer.at_ms]
        about = [complaint for complaint in made if complaint.topic == answer.topic] or made
        if about:
            left.remove(about[0])
        told.append(answer._replace(complaint=about[0] if about else None))
    p.complaints = tuple(left[-MAX_COMPLAINTS:])
    p.answers = _bounded(told, MAX_COMPLAINTS - len(p.complaints))


def _bounded(answers: list[Answer], complaints: int) -> tuple[Answer, ...]:
    """Keep the latest answers, with so many complaints at most; of those that leave what they closed stays closed."""
    kept = answers[-MAX_ANSWERS:]
    while sum(answer.complaint is not None for answer in kept) > complaints:
        kept.remove(next(answer for answer in kept if answer.complaint is not None))
    return tuple(kept)
