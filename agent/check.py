"""Check a reply, whoever wrote it: every value stands in the evidence, nothing of another customer, no rule broken.

The evidence is what the tools returned, the passages that the brief cites, and fixed words of the company. What the
customer wrote is no evidence: an order number of theirs may be repeated only where the sentence does not confirm it.
Each kind of check has a file of its own; no language model is asked.
"""

import re
from collections.abc import Sequence

from agent.brief import Brief, Quote
from agent.catalogue import Catalogue, words_of
from agent.check_disguise import in_disguise
from agent.check_evidence import Evidence, evidence_of
from agent.check_fields import wrong_fields
from agent.check_language import other_language
from agent.check_names import unknown_names
from agent.check_private import Private
from agent.check_profile import ProfileWords
from agent.check_prompt import prompt_text, readable, visible
from agent.check_states import wrong_states
from agent.check_support import unsupported
from agent.language import detect_language
from agent.values import CITATION, values_in
from prompts.forbidden import rule_breaks
from prompts.slots import item_words
from rapport.types import Verdict, Viewer

# A claim about a record: said only where a record or passage says it.
_STATUS = re.compile(
    r"\b(?:pending|process(?:ed|ing)|delivered|cancell?ed|shipped|returned|refunded|in transit|out for delivery|"
    r"delayed|lost|approved|declined|sold out|in stock|out of stock|on hold|backordered)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not|no|n['’]t|couldn['’]t|can['’]t|cannot|unable)\b|\?", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are|['’]s)\s+(?:now |already |currently )?$", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


class Checker:
    """Checks replies against a company's records and rules."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._private = Private(catalogue.store)
        self._profiles = ProfileWords(catalogue.store)

    def check(self, text: str, brief: Brief, viewer: Viewer, *, taught: bool = False) -> Verdict:
        """What is wrong with a reply; `passed` where nothing is.

        taught: a model wrote it that learned from the company's own replies and reads no record: its words may be any.
        """
        evidence = evidence_of(brief, self._catalogue)
        echoes = values_in("\n".join((brief.question, *brief.echoes))) - evidence.values
        cited = {int(number) for number in CITATION.findall(text)}
        bare = visible(CITATION.sub("", text))
        unknown = values_in(bare) - evidence.values
        return Verdict(
            ungrounded=(
                *sorted(unknown - echoes),
                *sorted(name for name in self._catalogue.names_in(bare) if name not in evidence.words),
                *_statuses(bare, evidence),
                *wrong_states(readable(bare), evidence),
                *wrong_fields(bare, evidence),
                *_names(bare, evidence, brief),
                *([] if taught else unsupported(bare, evidence, brief)),
                *(f"[{number}]" for number in sorted(cited) if not 1 <= number <= len(brief.sources)),
            ),
            leaks=(
                *_confirmed(bare, unknown & echoes),
                *_not_for(viewer, brief),
                *self._others(bare, evidence, brief, viewer),
                *self._private.staff_text(bare, evidence.words),
                *self._profiles.told(bare, evidence),
            ),
            rule_breaks=(
                *rule_breaks(readable(bare), evidence.told, slots=False),
                *prompt_text(bare, evidence),
                *in_disguise(bare, evidence.text),
                *other_language(bare, brief.locale),
                *_left_out(text, brief, cited),
            ),
        )

    def _others(self, text: str, evidence: Evidence, brief: Brief, viewer: Viewer) -> list[str]:
        """Names of other customers; one that the customer wrote may be repeated where it is denied."""
        return [
            f"customer {name}"
            for sentence in _SENTENCE.findall(text)
            for name in self._private.names(
                sentence, f"{evidence.text}\n{brief.question if _DENIES.search(sentence) else ''}", viewer.owner
            )
        ]


def _names(text: str, evidence: Evidence, brief: Brief) -> list[str]:
    """Names in what a reply says in English that neither the evidence nor the conversation has."""
    if not brief.locale.startswith("en"):
        sentences = (match[0] for match in _SENTENCE.finditer(text))
        text = "\n".join(one for one in sentences if detect_language(one, default=brief.locale) == "en")
    said = words_of(f"{brief.question} {brief.before}").split()
    return unknown_names(text, {*evidence.words.split(), *said})


def _statuses(text: str, evidence: Evidence) -> list[str]:
    """Words of a status that no evidence has. What became of an order before may be told: "it was shipped on"."""
    return sorted(
        {
            match[0].casefold()
            for match in _STATUS.finditer(text)
            if match[0].casefold() not in evidence.text
            and (_IS.search(text, 0, match.start()) or match[0].casefold() not in evidence.states["past"])
        }
    )


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
