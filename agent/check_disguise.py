"""Refuse words that are written so that no check knows them: spelled out, in look-alike letters, struck, encoded."""

import re
import unicodedata
from itertools import pairwise
from typing import Final

_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W\d_][\W_]{1,3}){5,}[^\W\d_](?![^\W_])")
_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"[A-Za-z0-9+/=%]{25,}")
_STRANGE: Final = ("CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN")


def in_disguise(text: str, evidence: str) -> list[str]:
    """["disguise"] where a text has a word in disguise that the evidence, in small letters, lacks as it stands."""
    matches = (match[0] for pattern in (_SPELLED, _CODE) for match in pattern.finditer(text))
    found = any(match.casefold() not in evidence for match in matches)
    return ["disguise"] if found or looks_disguised(text) else []


def looks_disguised(text: str) -> bool:
    """Whether a word mixes letters of two scripts or has marks over letters that no language puts there."""
    if text.isascii():
        return False
    plain = unicodedata.normalize("NFC", text)
    return any(map(_mixed, _WORD.findall(plain))) or any(
        unicodedata.category(sign) == "Mn" and "a" <= before.casefold() <= "z" for before, sign in pairwise(plain)
    )


def _mixed(word: str) -> bool:
    if word.isascii():
        return False
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word}
    return "LATIN" in scripts and bool(scripts.intersection(_STRANGE))
