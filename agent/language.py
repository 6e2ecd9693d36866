"""Which language a message is in, among those a shop meets. Knows nothing of meaning."""

import functools
import re
from typing import Any

from agent.words import word_lists

# A message in any other language is taken as the conversation's own: on short texts more choices mean more mistakes.
PLAUSIBLE = ("en", "de", "fr", "es", "nl", "it", "pt", "pl")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NOISE = re.compile(r"\S+@\S+|https?://\S+|\S*\d\S*")
SURE, SURE_WHEN_SHORT, SHORT_WORDS = 0.80, 0.97, 4


def detect_language(text: str, *, default: str = "en") -> str:
    """The ISO 639-1 code of the text's language; `default` (a locale such as "en-GB") where it does not say enough."""
    fallback = default.replace("_", "-").split("-")[0].lower() or "en"
    words = [word.casefold() for word in _WORD.findall(_NOISE.sub(" ", text[:2000]))]
    if not words:
        return fallback
    votes: dict[str, int] = {}
    for word in words:
        for language in _telling_words().get(word, ()):
            votes[language] = votes.get(language, 0) + 1
    best = max(votes, key=lambda language: (votes[language], language == fallback), default="")
    others = max((count for language, count in votes.items() if language != best), default=0)
    if best and votes[best] > others and (len(words) <= SHORT_WORDS or votes[best] >= 2):
        return best
    if len(words) < 2:
        return fallback
    guess, probability = _identifier(fallback).classify(" ".join(words))
    return str(guess) if probability >= (SURE_WHEN_SHORT if len(words) <= SHORT_WORDS else SURE) else fallback


def warm_up_language() -> None:
    """Load the model now: it takes most of a second."""
    detect_language("load the model behind this now")
    _identifier("en")


@functools.cache
def _telling_words() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, words in word_lists("telling").items():
        for word in words:
            found[word] = (*found.get(word, ()), language)
    return found


@functools.cache
def _identifier(locale: str) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted({*PLAUSIBLE, *({locale} & set(identifier.labels))}))
    return identifier
