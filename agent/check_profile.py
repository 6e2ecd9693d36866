"""Refuse a reply that tells what is predicted of a customer: words of profiles and the names of segments.

A number of a profile stands in no evidence, so `agent.check` refuses it as any other. What a published page or a
product says may be repeated: a shop may have "the touring segment" in its range.
"""

import re
import time
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from agent.catalogue import words_of
from agent.check_evidence import Evidence
from agent.check_prompt import readable
from prompts.render import rules

if TYPE_CHECKING:
    from crm.store import Store

REREAD_SECONDS = 600.0
# A segment of one word, such as "loyal", is told where it is said of somebody.
_OF_SOMEBODY = (
    r"\b{0}\s+(?:customers?|clients?|buyers?|shoppers?|members?|groups?|tiers?|levels?)\b|"
    r"\b(?:you are|you['’]re|you count as|you belong to|as|one of our)\s+(?:an?\s+|the\s+|our\s+)?{0}\b|"
    r"[\"“'‘]{0}[\"”'’]"
)


class ProfileWords:
    """Finds what replies tell of profiles. Safe to share between threads."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._lock = Lock()
        self._read_at = -REREAD_SECONDS
        self._segments: tuple[str, ...] = ()

    def told(self, text: str, evidence: Evidence) -> list[str]:
        """What a reply tells and no evidence has: "profile" for a word of a prediction, "segment" for one's name."""
        read = readable(text)
        found = [
            "profile"
            for pattern in _patterns()
            for match in pattern.finditer(read)
            if match[0].casefold() not in evidence.told
        ]
        return [*found, *("segment" for name in self._current() if _says(read, name, evidence))]

    def _current(self) -> tuple[str, ...]:
        with self._lock:
            if time.monotonic() - self._read_at >= REREAD_SECONDS:
                names = (part for name in self._store.segments() for part in name.split(","))
                self._segments = tuple(dict.fromkeys(filter(None, map(_plain, names))))
                self._read_at = time.monotonic()
            return self._segments


def _plain(text: str) -> str:
    """A text as words alone, the plural as the singular: "frequent big spender"."""
    return " ".join(word.rstrip("s") for word in words_of(text).split())


def _says(text: str, name: str, evidence: Evidence) -> bool:
    if " " in name:
        return f" {name} " in f" {_plain(text)} " and f" {name} " not in f" {_plain(evidence.told)} "
    for match in re.finditer(_OF_SOMEBODY.format(re.escape(name)), text, re.IGNORECASE):
        if match[0].casefold() not in evidence.told:
            return True
    return False


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in rules()["profile_words"]["patterns"])
