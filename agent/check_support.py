"""Refuse a sentence that speaks of what the evidence does not: two words or more that nothing bears out.

A promise can be worded in a thousand ways, and no list of phrases has them all. What a reply may speak of is narrow:
what the evidence and the last reply say, and what our own templates and plain courtesy do. English sentences alone are
judged; of other languages there is too little to compare with.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from agent.brief import Brief
from agent.check_evidence import Evidence
from agent.check_names import own_words, template_words
from agent.language import detect_language
from agent.sentences import split
from agent.values import EMAIL, LINK
from agent.words import word_lists
from retrieval.terms import analyzer

FEWEST = 2  # words without support that are no accident
MOST_NAMES = 3
_DENIES = re.compile(r"\b(?:not|no|cannot|unable)\b|n['’]t\b", re.IGNORECASE)
_CAPITAL = re.compile(r"\b[^\W\d_a-z]\w+")
_SHORTENED = re.compile(r"n['’]t\b|['’](?:ll|ve|re|s|d|m)\b", re.IGNORECASE)


def unsupported(text: str, evidence: Evidence, brief: Brief) -> list[str]:
    """The sentences without support, as "unsupported: present purchase", terms in order."""
    found = []
    english = brief.locale.startswith("en")
    known, own = _terms(evidence.words) | _terms(brief.before), _own(brief.locale)
    for sentence in split(LINK.sub(" ", EMAIL.sub(" ", text))):
        if not english and detect_language(sentence, default=brief.locale) != "en":
            continue
        terms = {term for term in _words(sentence) if term.isalpha()}
        strange = sorted(terms - known - own - _named(sentence, brief.question) - _denied(sentence, brief.question))
        if len(strange) >= FEWEST:
            found.append(f"unsupported: {' '.join(strange)}")
    return found


def _denied(sentence: str, question: str) -> frozenset[str]:
    """What the customer asked for and this sentence denies: it stands behind the denial and nowhere before it."""
    denial = _DENIES.search(sentence)
    if denial is None:
        return frozenset()
    return _terms(question) & _terms(sentence[denial.end() :]) - _terms(sentence[: denial.start()])


def _named(sentence: str, question: str) -> frozenset[str]:
    """A name that the customer gave: a few words with capital letters in both. More of them are a sentence."""
    names = set(_CAPITAL.findall(sentence)) & set(_CAPITAL.findall(question))
    return _terms(" ".join(sorted(names))) if len(names) <= MOST_NAMES else frozenset()


@lru_cache(maxsize=256)
def _terms(text: str) -> frozenset[str]:
    return frozenset(_words(text))


def _words(text: str) -> Iterator[str]:
    yield from analyzer()(_SHORTENED.sub(" ", text))


@lru_cache(maxsize=16)
def _own(locale: str) -> frozenset[str]:
    """The terms of our templates, of courtesy and of what holds a sentence together."""
    words = (*own_words(), *template_words(locale.split("-")[0]), *word_lists("courtesy")["words"])
    return frozenset(_words(" ".join(words)))
