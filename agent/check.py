"""Check a reply, whoever wrote it: every value stands in the evidence, nothing of another customer, no rule broken.

The evidence is what the tools returned, the passages that the brief cites, and fixed words of the company. What the
customer wrote is no evidence: an order number of theirs may be repeated only where the sentence does not confirm it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.brief import Brief, Quote, Say
from agent.catalogue import Catalogue, words_of
from agent.values import CITATION, values_in
from prompts.render import rules
from prompts.slots import item_words
from rapport.types import Passage, Verdict, Viewer

# A claim about a record: said only where a record or passage says it.
_STATUS = re.compile(
    r"\b(?:pending|process(?:ed|ing)|delivered|cancell?ed|shipped|returned|refunded|in transit|out for delivery|"
    r"delayed|lost|approved|declined|sold out|in stock|out of stock|on hold|backordered)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not|no|n['’]t|couldn['’]t|can['’]t|cannot|unable)\b|\?", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
# Said by us where nothing was found; they state no record.
_FIXED_SLOTS = frozenset({"hours", "company", "facts", "choices"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reply may state. text: in small letters, for phrases; words: the same as words alone."""

    values: frozenset[str]
    text: str
    words: str


class Checker:
    """Checks replies against a company's catalogue and rules."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def check(self, text: str, brief: Brief, viewer: Viewer) -> Verdict:
        """What is wrong with a reply; `passed` where nothing is."""
        evidence = evidence_of(brief)
        echoes = values_in("\n".join((brief.question, *brief.echoes))) - evidence.values
        cited = {int(number) for number in CITATION.findall(text)}
        bare = CITATION.sub("", text)
        unknown = values_in(bare) - evidence.values
        return Verdict(
            ungrounded=(
                *sorted(unknown - echoes),
                *sorted(name for name in self._catalogue.names_in(bare) if name not in evidence.words),
                *_statuses(bare, evidence),
                *(f"[{number}]" for number in sorted(cited) if not 1 <= number <= len(brief.sources)),
            ),
            leaks=(*_confirmed(bare, unknown & echoes), *_not_for(viewer, brief)),
            rule_breaks=(*_forbidden(bare, evidence), *_left_out(text, brief, cited)),
        )


def evidence_of(brief: Brief) -> Evidence:
    """All that the tools, passages and fixed words of a brief say."""
    texts = [piece for tool in brief.tools for piece in _atoms(tool.values)]
    texts.extend(_passage_text(passage) for passage in brief.passages)
    texts.append(brief.company)
    texts.extend(
        value
        for part in brief.parts
        for line in part.lines
        if isinstance(line, Say)
        for name, value in line.values.items()
        if name in _FIXED_SLOTS
    )
    values = frozenset().union(*(values_in(text) for text in texts)) if texts else frozenset()
    joined = "\n".join(texts).casefold().replace("_", " ")
    return Evidence(values, joined, words_of(joined))


def _passage_text(passage: Passage) -> str:
    return "\n".join(filter(None, (passage.title, passage.heading, passage.text, passage.url)))


def _atoms(values: Any) -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, value in values.items():
            if value is not None and value != "" and value is not False:
                yield from _atoms(value) if not isinstance(value, bool) else ("in stock",) if key == "available" else ()
            # options such as {"waterproof": "yes"} are said with their name
            if isinstance(value, str) and value.casefold() in ("yes", "no", "none"):
                yield key
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _atoms(value)
    else:
        yield str(values)


def _statuses(text: str, evidence: Evidence) -> list[str]:
    said = {match[0].casefold() for match in _STATUS.finditer(text)}
    return sorted(word for word in said if word not in evidence.text)


def _confirmed(text: str, echoes: frozenset[str]) -> list[str]:
    """Numbers of the customer's that the reply repeats in a sentence that does not deny them."""
    if not echoes:
        return []
    return sorted(
        f"confirms {value}"
        for sentence in _SENTENCE.findall(text)
        if not _DENIES.search(sentence)
        for value in values_in(sentence) & echoes
    )


def _not_for(viewer: Viewer, brief: Brief) -> list[str]:
    leaks = [
        f"passage {passage.id}"
        for passage in brief.passages
        if passage.visibility == "staff" or (passage.visibility == "owner" and passage.owner != viewer.owner)
    ]
    personal = [tool.tool for tool in brief.tools if tool.found and tool.tool not in ("product", "products")]
    return leaks + [f"tool {name}" for name in personal if viewer.owner is None]


def _forbidden(text: str, evidence: Evidence) -> list[str]:
    return [
        name
        for name, pattern, unless in _patterns()
        for match in pattern.finditer(text)
        if not (unless and match[0].casefold() in evidence.text)
    ]


def _left_out(text: str, brief: Brief, cited: set[int]) -> list[str]:
    """What the reply had to say and does not: an order's status and items, the mark of a passage."""
    missing = []
    small = text.casefold().replace("_", " ")
    for tool in brief.tools:
        if tool.found and tool.tool in ("order_status", "delivery"):
            needed: Sequence[str] = [tool.values["status"], *(word for word in item_words(tool.values["items"]))]
            missing += [f"leaves_out:{name}" for name in needed if _bare(name) not in small]
    quoted = any(isinstance(line, Quote) for part in brief.parts for line in part.lines)
    return [*missing, *(["leaves_out:citation"] if quoted and not cited else [])]


def _bare(name: str) -> str:
    """An item as it must at least be named: without count and options."""
    return re.sub(r"^\d+ × | \([^)]*\)$", "", name).casefold().replace("_", " ")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], bool], ...]:
    return tuple(
        (row["id"], re.compile(row["pattern"], re.IGNORECASE), bool(row["unless_in_evidence"]))
        for row in rules()["forbidden"]
    )
