"""Refuse a reply that repeats what the model was told: the prompt's own sentences, role markers, words to a model."""

import re
import unicodedata
from functools import cache

from agent.catalogue import words_of
from agent.check_evidence import Evidence, instructs
from prompts.render import SLOT, page, rules

RUN = 8  # words in a row that are no accident
# What separates the roles in a prompt, and what names them.
_MARKERS = re.compile(
    r"<\|[^|<>]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_(?:turn|text)>|</?(?:think|tool_call|system)>|"
    r"^\s*#{2,}\s*(?:system|instructions?|user|assistant|response|human)\b|^\s*(?:system|assistant|user|human)\s*:|"
    r"^\s*-?\s*(?:items|parcels|refunds|orders|variants) \d+ \w+:",
    re.IGNORECASE | re.MULTILINE,
)


def prompt_text(text: str, evidence: Evidence) -> list[str]:
    """What of a prompt a reply shows: "prompt_text", "role_marker", "instruction"."""
    read = readable(text)
    words = words_of(read)
    spoken = instructs(read) or any(name in words for name in evidence.suspects)
    told = [name for name, shown in (("role_marker", _MARKERS.search(read)), ("instruction", spoken)) if shown]
    if any(run in _prompt_runs() and run not in evidence.words for run in runs(words)):
        told.append("prompt_text")
    return sorted(told)


def readable(text: str) -> str:
    """A text as it is read: compatible characters made equal, invisible ones left out."""
    return visible(unicodedata.normalize("NFKC", text))


def visible(text: str) -> str:
    """A text without characters that show nothing, such as a zero-width space inside a word."""
    return text if text.isascii() else "".join(each for each in text if unicodedata.category(each) != "Cf")


def runs(words: str) -> set[str]:
    """Every RUN words in a row of a text that `words_of` gave."""
    each = words.split()
    return {" ".join(each[start : start + RUN]) for start in range(len(each) - RUN + 1)}


@cache
def _prompt_runs() -> frozenset[str]:
    texts = [*SLOT.split(page("system")), *(row["say"] for row in rules()["guideline"])]
    return frozenset(run for text in texts for run in runs(words_of(text)))
