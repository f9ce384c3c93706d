"""Whether a text of the policy can be filled with its figures, whatever they are, and fits where it will be written."""

from collections.abc import Collection, Sequence
from string import Formatter

from schemas.actions import SENTENCE_LENGTH

BETWEEN = " / "  # Chinese and English in one line
NUMBER_LENGTH = 32  # of a figure as people read it: the largest that an action may quote has 27 characters
WORD_LENGTH = 64  # of a word that an event told (`schemas.fields.Word`)
WORDS = frozenset({"bank", "channel", "country", "last_country", "platform", "product", "topic"})


def check_quotes(where: str, sentence: str, known: Collection[str]) -> None:
    """Check that a sentence quotes figures that there are, as they are. Raises `ValueError` naming `where`."""
    try:
        parts = [part for part in Formatter().parse(sentence) if part[1] is not None]
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    if unknown := sorted({str(name) for _, name, _, _ in parts} - set(known)):
        raise ValueError(f"{where}: the text quotes unknown figures {unknown}; known: {sorted(known)}")
    if shaped := sorted({str(name) for _, name, shape, turned in parts if shape or turned}):
        raise ValueError(f"{where}: figures are written already, so {shaped} can have no format of its own")


def check_fits(where: str, sentences: Sequence[str]) -> None:
    """Check that sentences (side by side) fit into one of an action, with their longest figures.

    Raises `ValueError` naming `where`.
    """
    length = len(BETWEEN) * (len(sentences) - 1)
    for sentence in sentences:
        for literal, name, _, _ in Formatter().parse(sentence):
            length += len(literal)
            if name is not None:
                length += WORD_LENGTH if name in WORDS else NUMBER_LENGTH
    if length > SENTENCE_LENGTH:
        raise ValueError(f"{where}: with its figures it may take {length} characters of {SENTENCE_LENGTH}")
