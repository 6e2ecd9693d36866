"""Refuse a reply that is neither in the customer's language nor in English. Short paragraphs are not judged."""

import re
import unicodedata
from functools import lru_cache

from agent.language import detect_language
from agent.values import EMAIL, LINK

FEW_WORDS = 8  # a paragraph of fewer says too little of its language
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PARAGRAPH = re.compile(r"\n+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_FOREIGN = 0.3  # share of letters of another script that makes a text one of another script


def other_language(text: str, locale: str) -> list[str]:
    """The languages of a reply that are neither English nor that of `locale`, as "language es"."""
    known = {"en", locale.replace("_", "-").split("-")[0].lower()}
    found = set()
    for paragraph in _PARAGRAPH.split(LINK.sub(" ", EMAIL.sub(" ", text))):
        for part in _parts(paragraph):
            language = _language(part)
            if language not in known:
                found.add(f"language {language}")
    return sorted(found)


def _parts(paragraph: str) -> list[str]:
    """A paragraph, and its sentences where they are long: one sentence in another language counts."""
    sentences = _SENTENCE.split(paragraph)
    return [part for part in dict.fromkeys((paragraph, *sentences)) if len(_WORD.findall(part)) >= FEW_WORDS]


@lru_cache(maxsize=4096)  # quotations of articles and our own templates come again and again
def _language(text: str) -> str:
    # names of products and people are of no language
    words = [word for place, word in enumerate(_WORD.findall(text)) if place == 0 or not word[0].isupper()]
    plain = " ".join(words) if len(words) >= FEW_WORDS else text
    letters = [character for character in plain if character.isalpha()]
    strange = sum(not unicodedata.name(character, "LATIN").startswith("LATIN") for character in letters)
    if letters and strange > _FOREIGN * len(letters):
        return "other"
    return detect_language(plain, default="en")
