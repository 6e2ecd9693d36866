"""Split a message into the requests that it may contain. Says where to cut; what each part means is not known here."""

import functools
import re
from dataclasses import dataclass
from typing import Any

from agent.forms import asks_question, requests_change

MOST_CLAUSES = 6
_ABBREVIATIONS = {
    "no",
    "nr",
    "mr",
    "mrs",
    "ms",
    "dr",
    "st",
    "e.g",
    "i.e",
    "etc",
    "approx",
    "ca",
    "vs",
    "tel",
    "str",
    "z.b",
    "bzw",
}
# What a request of its own starts with, behind "and": a question word, a verb with its person, an order.
_STARTS = (
    r"(?:how|what(?:['’]?s)?|when(?:['’]?s)?|where(?:['’]?s)?|why|which|who|can|could|do|does|did|is|are|was|will|"
    r"would|should|may|has|have (?:you|i)|am i|i (?:also )?(?:want|need|would|wish)|i['’]d|please|"
    r"cancel|return|track|change|send|tell|let me|give me|show|check|update|refund me|exchange|"
    r"wie|wann|wo|was|warum|kann|können|ich (?:möchte|will|brauche)|bitte|comment|quand|où|pouvez|puis-je|"
    r"je (?:veux|voudrais)|"
    r"cómo|cuándo|dónde|puedo|quiero|hoe|wanneer|waar|kan|ik wil)"
)
_JOIN = re.compile(
    r"\s*(?:,|;|[-–—])?\s+(?:and|also|und|et|y|en|plus|but|oh and|as well as)\s+(?:also\s+|then\s+|by the way,?\s+)?"
    rf"(?!(?:how|what|when|where|why|which)\s+(?:it|they)\b)(?={_STARTS}\b)"
    rf"|\s*[;]\s*|(?P<comma>\s*,\s+)(?:also\s+)?(?=(?:how|what|when|where|why|can|could|do|does|is|wie|wann|wo)\b)",
    re.IGNORECASE,
)
_QUESTION_END = re.compile(r"(?<=[?!])\s*(?:(?:and|also|und|et|y|en)\s+)?(?=\w)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_HELLO = re.compile(
    r"\s*(?P<hello>hi|hello|hey|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|moin|bonjour|"
    r"bonsoir|salut|hola|buen(?:os|as) (?:días|tardes|noches)|hoi|goede(?:morgen|middag|navond)|dag)(?: there)?"
    r"[,!.]\s+(?=\w|[¿¡])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a message that may be one request; `message[start:end]` is its text."""

    text: str
    start: int
    end: int


def split_clauses(text: str) -> tuple[Clause, ...]:
    """The parts of a message, in order: sentences, cut again where a second request begins.

    Cuts too often rather than too rarely; a part without a meaning of its own is joined back by the one who reads
    them. A message of one part gives one clause. Beyond six parts the last one holds the rest.
    """
    spans = [span for sentence in sentence_spans(text) for span in _cut(text, *sentence)]
    spans = [span for span in spans if _WORD.search(text, *span)]
    if not spans:
        return (Clause(text, 0, len(text)),)
    if len(spans) > MOST_CLAUSES:
        spans = [*spans[: MOST_CLAUSES - 1], (spans[MOST_CLAUSES - 1][0], spans[-1][1])]
    return tuple(Clause(text[start:end], start, end) for start, end in spans)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text stand, without the space around them. The end of a line ends a sentence."""
    spans = []
    for line in re.finditer(r"[^\n]+", text):
        for start, end in _punkt().span_tokenize(line[0]):
            spans.append((line.start() + start, line.start() + end))
    return spans


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut one sentence where another request begins, dropping the word that joined them."""
    spans, last = [], start
    matches = [*_JOIN.finditer(text, start, end), *_QUESTION_END.finditer(text, start, end)]
    if hello := _HELLO.match(text, start, end):
        spans, last = [(start, hello.end("hello"))], hello.end()
    for match in sorted(matches, key=lambda match: match.start()):
        # "I paid by card, when do I get it back?": what goes before tells of the question's occasion
        if match.re is _JOIN and match["comma"] and not _asks(text[last : match.start()]):
            continue
        if match.start() > last and _words(text, last, match.start()) and _words(text, match.end(), end):
            spans.append((last, match.start()))
            last = match.end()
    return [*spans, (last, end)]


def _asks(text: str) -> bool:
    return asks_question(text) or requests_change(text)


def _words(text: str, start: int, end: int) -> int:
    return len(_WORD.findall(text, start, end))


@functools.cache
def _punkt() -> Any:
    """Punkt with our abbreviations only: messages are too short and too different to train it on."""
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types = set(_ABBREVIATIONS)
    return PunktSentenceTokenizer(parameters)
