"""Pick the sentences of a passage that answer a question, as they stand: answers from articles are extractive.

A list is kept whole, with the line that leads into it. Sentences are compared by meaning (cosine) and by the stems
that they share with the question.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from agent.forms import names_topic
from rapport.types import Hit, Passage, PassageId
from retrieval.sentences import plain
from retrieval.terms import analyzer

if TYPE_CHECKING:
    import numpy as np

_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_ROW = re.compile(r"^\s*\|(.*)\|\s*$")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_HOW_TO = re.compile(
    r"\bhow (?:do|can|could|should|would|to)\b|\bsteps?\b|\bwhat (?:do|must|should) i\b", re.IGNORECASE
)
MOST_SENTENCES = 4
MOST_ITEMS = 12
LEAD = -0.02  # added where an article begins: the passage that was found is likelier
LEAD_OF_TOPIC = 0.2  # who only names a topic is told what the article begins with
FEW_TERMS = 2
FOUND = 1.0  # how much the score with which a passage was found counts beside its best sentence
REFERS = 0.2  # taken from "See Return costs for what a return costs.", which says nothing itself
_REFERS = re.compile(r"^see\b", re.IGNORECASE)
HEADED = 0.15  # for a passage whose heading is what was asked
HEADED_LIST = 0.4  # a bare list says under its heading alone what it is
IN_RANGE = 0.2
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_RANGE = re.compile(r"(\d+(?:\.\d+)?) ?(?:to|-|–) ?(\d+(?:\.\d+)?)")
NEAR_BEST = 0.65  # a neighbour is taken along from this share of the best sentence's score


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, a list item or a table's row. block: units of one block belong together."""

    text: str
    block: int
    item: bool
    row: bool = False


Learned = tuple[tuple[Unit, ...], Any]


class Extractor:
    """Finds the answering sentences; remembers the units of passages and their vectors.

    encode: texts -> (n, dim) unit rows. sentences: text -> its sentences. article: a record's key -> its
    whole text, "" where there is none. Memory: at most `most` passages.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[str]], "np.ndarray"],
        sentences: Callable[[str], list[str]],
        *,
        article: Callable[[str], str],
        most: int = 5000,
    ) -> None:
        self._encode = encode
        self._sentences = sentences
        self._article = article
        self._most = most
        self._known: dict[tuple[str, str], Learned] = {}
        self._lock = Lock()

    def answer(
        self, query: str, vector: "np.ndarray", hits: Sequence[Hit], *, follows: bool = False
    ) -> list[tuple[Passage, str]]:
        """(passage, quoted text) pairs: the best passage's words, and the steps of its article where it asks how.

        follows: the vector is that of a question before and this one, so the words of the query count more.
        """
        if not hits:
            return []
        first = self._best([hits[0], *_lead_of(hits)], query, vector, follows=follows)
        quoted = [(first, self.quote(query, vector, first, follows=follows))]
        if _HOW_TO.search(query) and not _has_list(quoted[0][1]) and (steps := self.steps(first)):
            quoted.append(steps)
        return quoted

    def quote(self, query: str, vector: "np.ndarray", passage: Passage, *, follows: bool = False) -> str:
        """The words of one passage that answer the question."""
        units, vectors = self.units(passage)
        if not units:
            return passage.text
        scores = self._scores(query, vector, units, vectors, follows=follows)
        begins = LEAD_OF_TOPIC if _is_topic(query, follows=follows) else 0.0
        best = max(range(len(units)), key=lambda place: scores[place] + (0.0 if place else begins))
        chosen = _whole_list(units, best) or _neighbours(units, scores, best)
        text = _written(units, chosen)
        # a list that nothing leads into stands under its heading
        return f"{passage.heading}:\n{text}" if units[chosen[0]].item and passage.heading else text

    def _best(self, hits: Sequence[Hit], query: str, vector: "np.ndarray", *, follows: bool) -> Passage:
        """The passage found, or the one that its article begins with where that says more."""
        passages = [hit.passage for hit in hits]
        if len(passages) == 1:
            return passages[0]
        lead = LEAD_OF_TOPIC if _is_topic(query, follows=follows) else LEAD
        tops = []
        for place, (units, vectors) in enumerate(self._learned(passages)):
            scores = self._scores(query, vector, units, vectors, follows=follows)
            weight = HEADED_LIST if units and units[0].item else HEADED
            headed = weight * _shared(query, passages[place].heading)
            tops.append(max(scores, default=0.0) + FOUND * hits[place].score + headed + (lead if place else 0.0))
        return passages[tops.index(max(tops))]

    def steps(self, passage: Passage) -> tuple[Passage, str] | None:
        """The numbered steps of the article that a passage was cut from: "return them the same way" needs the way."""
        units = split(self._article(passage.record), self._sentences)
        at = next((place for place, unit in enumerate(units) if unit.item and unit.text[0].isdigit()), None)
        if at is None:
            return None
        text = _written(units, _whole_list(units, at))
        return replace(passage, id=PassageId(f"{passage.record}#steps"), heading="", text=text), text

    def units(self, passage: Passage) -> Learned:
        """The units of a passage and their (n, dim) vectors; None where one unit needs no comparison."""
        return self._learned([passage])[0]

    def _learned(self, passages: Sequence[Passage]) -> list[Learned]:
        """The same for several passages; what is not yet known of them is encoded at once."""
        keys = [(str(passage.id), passage.text) for passage in passages]
        learned = dict.fromkeys(keys, None) | {key: self._known[key] for key in keys if key in self._known}
        new: dict[tuple[str, str], tuple[Unit, ...]] = {}
        for key, known in learned.items():
            if known is None:
                new[key] = tuple(split(key[1], self._sentences))
            elif known[1] is None and len(keys) > 1:
                new[key] = known[0]
        texts = [unit.text for units in new.values() for unit in units]
        rows = self._encode(texts) if len(texts) > 1 else None
        at, found = 0, {key: known for key, known in learned.items() if known is not None}
        for key, units in new.items():
            found[key] = (units, rows[at : at + len(units)] if rows is not None else None)
            at += len(units)
        with self._lock:
            for key in new:
                if len(self._known) >= self._most:
                    self._known.pop(next(iter(self._known)))
                self._known[key] = found[key]
        return [found[key] for key in keys]

    def _scores(
        self, query: str, vector: "np.ndarray", units: Sequence[Unit], vectors: Any, *, follows: bool
    ) -> list[float]:
        if vectors is None:
            return [1.0] * len(units)
        terms = analyzer()
        wanted = set(terms(query))
        near = (vectors @ vector).tolist()
        shared = [len(wanted & set(terms(unit.text))) / (len(wanted) or 1) for unit in units]
        # the first sentence states the matter more often than the later ones; steps answer only who asks how
        how = bool(_HOW_TO.search(query))
        words = 0.7 if follows else 0.3
        return [(1 - words) * cosine + words * share + (0.03 if place == 0 else 0.0) + _fits(query, units[place])
                - (REFERS if _REFERS.match(units[place].text) else 0.0)
                - (0.15 if not how and units[place].item and units[place].text[0].isdigit() else 0.0)
                for place, (cosine, share) in enumerate(zip(near, shared, strict=True))]  # fmt: skip


def _shared(query: str, heading: str) -> float:
    """The share of a heading's words that the question has."""
    terms = analyzer()
    wanted = set(terms(heading))
    return len(wanted & set(terms(query))) / len(wanted) if wanted else 0.0


def _is_topic(query: str, *, follows: bool) -> bool:
    return not follows and len(set(analyzer()(query))) <= FEW_TERMS and names_topic(query)


def _lead_of(hits: Sequence[Hit]) -> list[Hit]:
    """The passage that the first hit's article begins with, where it was found as well."""
    first = hits[0].passage
    others = [hit for hit in hits[1:] if hit.passage.record == first.record]
    return [hit for hit in others if not hit.passage.heading][:1] if first.heading else []


def _fits(query: str, unit: Unit) -> float:
    """For a table's row with a range such as "88 to 95 cm": whether a number of the question lies in it."""
    ranges = [(float(low), float(high)) for low, high in _RANGE.findall(unit.text)] if unit.row else []
    asked = [float(number) for number in _NUMBER.findall(query)]
    if not ranges or not asked:
        return 0.0
    return IN_RANGE if any(low <= number <= high for number in asked for low, high in ranges) else -IN_RANGE


def split(text: str, sentences: Callable[[str], list[str]]) -> list[Unit]:
    """The units of a passage in reading order; headings and empty lines go, a table's row is "header: cell" pairs."""
    units: list[Unit] = []
    header: list[str] = []
    block = 0
    for line in text.splitlines():
        row = _ROW.match(line)
        if row is None:
            header = []
        if not line.strip() or _HEADING.match(line):
            block += 1
        elif row is not None:
            cells = [plain(cell.strip()) for cell in row[1].split("|")]
            if not header:
                header = cells
            elif any(cell.strip("-: ") for cell in cells):
                units.append(Unit(_row_words(header, cells), block, False, row=True))
        elif _ITEM.match(line):
            units.append(Unit(plain(line.strip()), block, True))
        elif units and units[-1].item and line.startswith(("  ", "\t")):
            units[-1] = Unit(f"{units[-1].text} {line.strip()}", units[-1].block, True)
        else:
            units.extend(Unit(sentence, block, False) for sentence in sentences(line))
    return units


def _row_words(header: Sequence[str], cells: Sequence[str]) -> str:
    pairs = zip(header, cells, strict=False)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell) + "."


def _whole_list(units: Sequence[Unit], best: int) -> list[int]:
    """The list that the best unit stands in or leads into, with its lead; [] where there is none."""
    at = best
    if not units[at].item:
        if at + 1 < len(units) and units[at + 1].item and units[at].text.endswith(":"):
            at += 1
        else:
            return []
    first = at
    while first > 0 and units[first - 1].item:
        first -= 1
    last = at
    while last + 1 < len(units) and units[last + 1].item:
        last += 1
    led = first > 0 and (units[first - 1].block == units[first].block or units[first - 1].text.endswith(":"))
    lead = [first - 1] if led and not units[first - 1].row else []
    return lead + list(range(first, last + 1))[:MOST_ITEMS]


def _has_list(text: str) -> bool:
    return any(_ITEM.match(line) for line in text.splitlines())


def _neighbours(units: Sequence[Unit], scores: Sequence[float], best: int) -> list[int]:
    """The best sentence and those beside it that are nearly as good, at most MOST_SENTENCES in one run."""
    first = last = best
    if units[best].row:
        return [best]
    line = NEAR_BEST * scores[best]
    while last - first + 1 < MOST_SENTENCES:
        before = scores[first - 1] if first > 0 and not (units[first - 1].item or units[first - 1].row) else -1.0
        after = (
            scores[last + 1] if last + 1 < len(units) and not (units[last + 1].item or units[last + 1].row) else -1.0
        )
        if max(before, after) < line:
            break
        if after >= before:
            last += 1
        else:
            first -= 1
    if units[last].text.endswith(":") and last + 1 < len(units) and units[last + 1].item:
        return list(range(first, last + 1)) + _whole_list(units, last)[1:]
    return list(range(first, last + 1))


def _written(units: Sequence[Unit], chosen: Sequence[int]) -> str:
    text = ""
    for place in chosen:
        unit = units[place]
        text += unit.text if not text else f"\n{unit.text}" if unit.item else f" {unit.text}"
    return text
