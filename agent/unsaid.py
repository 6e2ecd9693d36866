"""What of a brief a reply has not said yet, for the composer that ends a reply which another writer began."""

import re
from dataclasses import replace

from agent.brief import Brief, Line, Part, Quote
from agent.sentences import split
from agent.values import CITATION, values_in
from agent.writer import compose_text
from retrieval.terms import analyzer

_DENIAL = re.compile(r"\b(?:no|not|never|none|cannot|without)\b|n['’]t\b", re.IGNORECASE)
_OPENINGS = frozenset({"verified", "sorry"})  # what a reply begins with


def unsaid(brief: Brief, said: str) -> Brief:
    """The brief without the lines that `said` states, and without what only begins a reply."""
    parts = []
    for part in brief.parts:
        lines = [rest for line in part.lines if (rest := _rest(line, brief, said)) is not None]
        if lines and part.rule not in _OPENINGS:
            parts.append(replace(part, lines=tuple(lines)))
    return replace(brief, parts=tuple(parts))


def _rest(line: Line, brief: Brief, said: str) -> Line | None:
    """A line from the first sentence on that was not said; None where all were."""
    text = line.text if isinstance(line, Quote) else _words(line, brief)
    sentences = split(text)
    while sentences and states(said, sentences[0]):
        del sentences[0]
    if not sentences:
        return None
    return replace(line, text="".join(sentences).strip()) if isinstance(line, Quote) else line


def states(said: str, sentence: str) -> bool:
    """Whether a text has each value, denial and term of a sentence: a fact may be told twice, and none is lost."""
    said, sentence = CITATION.sub("", said), CITATION.sub("", sentence)
    own, there = _terms(sentence), _terms(said)
    return bool(own) and own <= there and values_in(sentence) <= values_in(said)


def _terms(text: str) -> set[str]:
    return set(analyzer()(text)) | {match.casefold().replace("’", "'") for match in _DENIAL.findall(text)}


def _words(line: Line, brief: Brief) -> str:
    return compose_text(replace(brief, parts=(Part(rule="", lines=(line,)),)))
