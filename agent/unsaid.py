"""What of a text another one has said already, for the composer that ends a reply which another writer began."""

import re

from agent.sentences import split
from agent.values import CITATION, values_in
from retrieval.terms import analyzer

_DENIAL = re.compile(r"\b(?:no|not|never|none|cannot|without)\b|n['’]t\b", re.IGNORECASE)


def unsaid(text: str, said: str) -> str:
    """A text from its first sentence on that `said` does not state; "" where it states all."""
    if not said:
        return text
    sentences = split(text)
    while sentences and states(said, sentences[0]):
        del sentences[0]
    return "".join(sentences).strip()


def states(said: str, sentence: str) -> bool:
    """Whether a text has each value, denial and term of a sentence: a fact may be told twice, and none is lost."""
    said, sentence = CITATION.sub("", said), CITATION.sub("", sentence)
    own, there = _terms(sentence), _terms(said)
    return bool(own) and own <= there and values_in(sentence) <= values_in(said)


def _terms(text: str) -> set[str]:
    return set(analyzer()(text)) | {match.casefold().replace("’", "'") for match in _DENIAL.findall(text)}
