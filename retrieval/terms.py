"""Turn text into search terms: nltk's tokens, Snowball stems, function words left out. Needs no download."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_LANGUAGES = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish",
}  # fmt: skip
# They join the words that mean something, stand in every text, and drown the rest in a long message.
_FUNCTION_WORDS_TEXT = (
    "a about all am an and any are as at be because been being but by can could did do does doing for from had has "
    "have having he her here hers him his how i if in into is it it's its i'm i've just let's me my of on or our "
    "ours please she should so some such than that the their theirs them then there these they this those to too us "
    "very was we were what when where which who whom why will with would you your yours"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_TEXT.split())
_TOKEN = r"\d+(?:[.,]\d+)+|\w+(?:['’]\w+)?"


class Analyzer:
    """Text to terms for one language. Remembers stems, so that a word costs a look-up the second time."""

    def __init__(self, locale: str = "en") -> None:
        from nltk.stem.snowball import SnowballStemmer
        from nltk.tokenize import RegexpTokenizer

        language = _LANGUAGES.get(locale.split("-")[0].lower(), "english")
        self._tokenize = RegexpTokenizer(_TOKEN).tokenize
        self._stem = SnowballStemmer(language).stem
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> list[str]:
        """The terms of a text in order. Words of one letter and English function words are left out."""
        known = self._known
        found = []
        for word in self._tokenize(text.lower().replace("’", "'")):
            term = known.get(word)
            if term is None:
                term = self._learn(word)
            if term:
                found.append(term)
        return found

    def words(self, text: str) -> list[str]:
        """The different terms of a text that are words: three letters or more, and nothing else."""
        return [term for term in dict.fromkeys(self(text)) if len(term) >= 3 and term.isalpha()]

    def counts(self, texts: Iterable[str]) -> list[Counter[str]]:
        """How often each term stands in each text."""
        return [Counter(self(text)) for text in texts]

    def _learn(self, word: str) -> str:
        term = "" if len(word) < 2 or word in FUNCTION_WORDS else str(self._stem(word))
        if len(self._known) < 200_000:  # random strings in messages must not fill the memory
            self._known[word] = term
        return term


@lru_cache(maxsize=4)
def analyzer(locale: str = "en") -> Any:
    """The process's analyzer of a language; it is safe to share, a lost race learns a stem twice."""
    return Analyzer(locale)
