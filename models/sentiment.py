"""How a text feels, from -1 to 1: Chinese by pysenti's dictionaries, English by VADER, emoji in both.

Two corrections to the libraries, both tested on labelled sentences:

- pysenti 0.1.8 looks for negation before a word but never passes the word's place, so that 不满意 counts as 满意.
  We take its dictionaries and weigh each word ourselves with the three words before it.
- Its dictionary was learned from comments of all kinds: 银行 (bank) is worth -0.9, 地址 (address) +3.0. We keep what
  jieba's dictionary calls an adjective, verb, adverb or idiom and drop small values; bank words that neither library
  knows, and the nouns that do carry a feeling, come from an overlay (`Lexicon`, policy file).

Credit: VADER, Hutto and Gilbert, ICWSM 2014; pysenti by Xu Ming; jieba by Sun Junyi.
"""

import re
import tomllib
import warnings
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

with warnings.catch_warnings():
    # Their sources hold invalid escapes, and old setuptools calls pkg_resources deprecated: said on import only.
    warnings.simplefilter("ignore")
    import jieba
    import pysenti

MAX_CHARACTERS = 2_000  # a text's first characters decide: a bound on the time, not a tuning knob
WINDOW = 3  # words before a feeling that may turn or strengthen it
NOISE = 1.0  # dictionary values below it say nothing
FEELING_TAGS = ("a", "v", "d", "i", "l", "z")  # jieba's parts of speech that can carry a feeling
NORMAL = 15.0  # VADER's own constant: a valence of 4 becomes 0.72

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_CLAUSE_END = re.compile(r"[，。！？；、,!?;～~…\n ]+")
_NOT_CHINESE = re.compile(r"[^\u3400-\u9fff，。！？；、…\n ]")
_CHINESE_OR_ITS_MARKS = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")


class Sentiment(NamedTuple):
    """How a text feels: `score` in [-1, 1] (0 = neutral), `language` `zh` or `en`."""

    score: float
    language: str


@dataclass(frozen=True)
class Lexicon:
    """What we add to the libraries: valences (about -4 to 4, 0 silences a word), negations (factor), emoji."""

    english: dict[str, float] = field(default_factory=dict)
    chinese: dict[str, float] = field(default_factory=dict)
    negations: dict[str, float] = field(default_factory=dict)
    emoji: dict[str, float] = field(default_factory=dict)


def load_lexicon(path: Path) -> Lexicon:
    """Read the overlay in a TOML file with tables `english`, `chinese`, `negations`, `emoji`.

    Raises `ValueError` that names the file and the table or word that is wrong.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {"english", "chinese", "negations", "emoji"}
    if unknown := sorted(set(tables) - known):
        raise ValueError(f"{path.name}: unknown table {unknown[0]!r}, expected {sorted(known)}")
    for name, table in tables.items():
        for word, value in table.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not -5 <= value <= 5:
                raise ValueError(f"{path.name}: {name}.{word} must be a number from -5 to 5, not {value!r}")
    return Lexicon(**{name: {word: float(value) for word, value in table.items()} for name, table in tables.items()})


def detect_language(text: str) -> str:
    """`zh` when there are at least as many Chinese characters as Latin words (of two letters or more), else `en`.

    >>> detect_language("app太难用了"), detect_language("the 余额宝 page is broken again")
    ('zh', 'en')
    """
    chinese, words = len(_CHINESE.findall(text)), len(_LATIN_WORD.findall(text))
    return "zh" if chinese > 0 and chinese >= words else "en"


def squash(valence: float) -> float:
    """Bring an unbounded valence within (-1, 1), as VADER does it."""
    return valence / sqrt(valence * valence + NORMAL)


def _unsquash(score: float) -> float:
    bounded = max(-0.9999, min(0.9999, score))
    return bounded * sqrt(NORMAL / (1.0 - bounded * bounded))


def _words_that_feel() -> set[str]:
    """Read jieba's dictionary (word, frequency, part of speech a line) for the words that can carry a feeling."""
    with jieba.get_dict_file() as lines:
        entries = (line.decode("utf-8").split() for line in lines)
        return {word for word, _, tag in entries if tag.startswith(FEELING_TAGS)}


class SentimentAnalyser:
    """Both libraries, loaded and warmed up (about a second); afterwards a text costs some 0.1 ms."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        """Load the dictionaries with `lexicon` laid over them."""
        overlay = lexicon or Lexicon()
        self._english = SentimentIntensityAnalyzer()
        self._english.lexicon.update(overlay.english)
        self._english.lexicon.update(overlay.emoji)
        for emoji in overlay.emoji:
            self._english.emojis.pop(emoji, None)  # else it would be replaced by its name before the lexicon sees it
        self._emoji = re.compile("|".join(map(re.escape, overlay.emoji))) if overlay.emoji else None
        rules = pysenti.RuleClassifier()
        rules.init()
        loud = {word: value for word, value in rules.sentiment_dict.items() if abs(value) >= NOISE}
        self._valences: dict[str, float] = {word: loud[word] for word in _words_that_feel() & loud.keys()}
        self._valences.update(overlay.chinese)
        self._degrees: dict[str, float] = rules.adverb_dict
        self._emphasis: dict[str, float] = rules.conjunction_dict
        self._negations: dict[str, float] = {**dict.fromkeys(rules.denial_dict, -1.0), **overlay.negations}
        self._words = self._tokenizer([*overlay.chinese, *overlay.negations])

    @staticmethod
    def _tokenizer(words: list[str]) -> "jieba.Tokenizer":
        """Build a segmenter of our own: no words leak into jieba's global one, no cache is read from a shared place."""
        tokenizer = jieba.Tokenizer()
        with TemporaryDirectory() as private:
            tokenizer.tmp_dir = private
            tokenizer.initialize()
        for word in words:
            tokenizer.add_word(word)
        return tokenizer

    def sentiment(self, text: str, language: str | None = None) -> Sentiment:
        """How `text` feels; `language` is a hint that holds where the text has that script at all."""
        text = text[:MAX_CHARACTERS].replace("\ufe0f", "")
        has_chinese = _CHINESE.search(text) is not None
        if language not in ("zh", "en") or (language == "zh") > has_chinese:
            language = detect_language(text)
        if not has_chinese:
            return Sentiment(self._of_english(text), language)
        rest = _CHINESE_OR_ITS_MARKS.sub(" ", text)
        return Sentiment(squash(self._of_chinese(text) + _unsquash(self._of_english(rest))), language)

    def _of_english(self, text: str) -> float:
        """VADER's compound, in [-1, 1]; emoji of the overlay stand as words of their own."""
        spaced = self._emoji.sub(r" \g<0> ", text) if self._emoji else text
        return float(self._english.polarity_scores(spaced)["compound"])

    def _of_chinese(self, text: str) -> float:
        """Sum the valences of the Chinese clauses, unbounded."""
        return sum(self._of_clause(self._words.lcut(c)) for c in _CLAUSE_END.split(_NOT_CHINESE.sub(" ", text)) if c)

    def _of_clause(self, words: list[str]) -> float:
        """Sum the clause's feelings, each turned by negations and weighed by degrees before it, times its emphasis."""
        total, emphasis = 0.0, 1.0
        for place, word in enumerate(words):
            emphasis *= self._emphasis.get(word, 1.0)
            valence = self._valences.get(word, 0.0)
            if valence:
                total += valence * self._turn(words[max(0, place - WINDOW) : place])
        return total * emphasis

    def _turn(self, before: list[str]) -> float:
        """Find the factor that the words before a feeling put on it; an earlier feeling ends their reach."""
        factor = 1.0
        for word in reversed(before):
            if word in self._negations:
                factor *= self._negations[word]
            elif word in self._degrees:
                factor *= self._degrees[word]
            elif self._valences.get(word, 0.0):
                break
        return factor
