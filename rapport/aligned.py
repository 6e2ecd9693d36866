"""Follow a customer's text into the form that classifiers read: which of its words stand where after masking."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapport.text import SIGNS, SPACES, UNSEEN, VALUES

Span = tuple[int, int]
_JOINERS = "'’-"
# Over the kinds of characters (see `_kinds`): a word, perhaps joined like "don't" and "T-shirt"; signs; symbols.
_WORDS = re.compile(r"w(?:w|j(?=w))*|[pj]+|e+")


@dataclass(frozen=True, slots=True)
class Aligned:
    """A text made from another one. origins: for each character the (start, end) of what it came from."""

    text: str
    origins: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a customer's text, or a run of signs. start, end: there. inside: (start, end) in the masked text."""

    text: str
    start: int
    end: int
    inside: Span


def aligned_mask(text: str) -> Aligned:
    """What `rapport.text.mask` makes of a text, with the place that each character came from."""
    composed = _composed(text)
    visible = "".join(" " if unicodedata.category(one) in UNSEEN else one for one in composed.text)
    tidied = Aligned(visible, composed.origins)
    for pattern in (SPACES, SIGNS, SPACES):
        tidied = _replaced(tidied, pattern, " ")
    masked = _stripped(tidied)
    for pattern, stand_in in VALUES:
        masked = _replaced(masked, pattern, stand_in)
    return masked


def words_of(text: str) -> tuple[str, list[Word]]:
    """The masked text, and the words of the text itself in their order. A masked value is one word."""
    masked = aligned_mask(text)
    found: list[Word] = []
    for match in _WORDS.finditer(_kinds(masked.text)):
        inside = match.start(), match.end()
        start, end = masked.origins[inside[0]][0], masked.origins[inside[1] - 1][1]
        if found and start < found[-1].end:  # both came from one value
            last = found.pop()
            start, inside = last.start, (last.inside[0], inside[1])
        found.append(Word(text[start:end], start, end, inside))
    return masked.text, found


def _composed(text: str) -> Aligned:
    """NFC. A piece that may compose is one letter with its marks, or a syllable of Hangul."""
    if unicodedata.is_normalized("NFC", text):
        return Aligned(text, tuple((at, at + 1) for at in range(len(text))))
    pieces: list[Span] = []
    for at, character in enumerate(text):
        if pieces and _belongs(text[pieces[-1][0] : at], character):
            pieces[-1] = (pieces[-1][0], at + 1)
        else:
            pieces.append((at, at + 1))
    made = [(unicodedata.normalize("NFC", text[start:end]), (start, end)) for start, end in pieces]
    return Aligned("".join(part for part, _ in made), tuple(span for part, span in made for _ in part))


def _belongs(before: str, character: str) -> bool:
    if unicodedata.combining(character):
        return True
    apart = unicodedata.normalize("NFC", before) + unicodedata.normalize("NFC", character)
    return unicodedata.normalize("NFC", before + character) != apart


def _replaced(given: Aligned, pattern: re.Pattern[str], stand_in: str) -> Aligned:
    """The text with every match replaced; the stand-in came from all that was matched."""
    parts: list[str] = []
    origins: list[Span] = []
    at = 0
    for match in pattern.finditer(given.text):
        whole = given.origins[match.start()][0], given.origins[match.end() - 1][1]
        parts += [given.text[at : match.start()], stand_in]
        origins += [*given.origins[at : match.start()], *[whole] * len(stand_in)]
        at = match.end()
    return Aligned("".join([*parts, given.text[at:]]), (*origins, *given.origins[at:]))


def _stripped(given: Aligned) -> Aligned:
    start = len(given.text) - len(given.text.lstrip())
    end = max(start, len(given.text.rstrip()))
    return Aligned(given.text[start:end], given.origins[start:end])


def _kinds(text: Sequence[str]) -> str:
    """One letter a character: w of words, j may join words, e symbols such as emoji, p other signs, s spaces."""
    kinds: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category.startswith("M") and kinds and kinds[-1] != "s":
            kinds.append(kinds[-1])  # a mark belongs to what it stands on
        elif character == " ":
            kinds.append("s")
        elif character.isalnum() or character == "_" or category.startswith("M"):
            kinds.append("w")
        elif character in _JOINERS:
            kinds.append("j")
        else:
            kinds.append("e" if category in ("So", "Sk") else "p")
    return "".join(kinds)
