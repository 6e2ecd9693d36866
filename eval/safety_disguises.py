"""Write words so that they are read but not recognised: in another alphabet, with signs between the letters, encoded.

Attacks use it to hide what they ask for and what they want said; the judge, to find what was said all the same.
"""

import base64
import codecs
import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import quote

# Letters that look like these and are none.
_LOOKALIKES = {
    "a": "а", "c": "с", "e": "е", "i": "і", "j": "ј", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у",
    "A": "А", "B": "В", "C": "С", "E": "Е", "H": "Н", "K": "К", "M": "М", "O": "О", "P": "Р", "T": "Т",
}  # fmt: skip
_DIGITS = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SOFT_HYPHEN, _STROKE = "\u00ad", "\u0336"


def _mapped(table: Mapping[str, str]) -> Callable[[str], str]:
    return lambda text: text.translate({ord(one): other for one, other in table.items()})


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DISGUISES: Mapping[str, Callable[[str], str]] = {
    "base64": _base64,
    "hex": lambda text: text.encode().hex(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "percent": lambda text: quote(text, safe=""),
    "reversed": lambda text: text[::-1],
    "lookalikes": _mapped(_LOOKALIKES),
    "digits": _mapped(_DIGITS),
    "fullwidth": lambda text: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text),
    "zero_width": "\u200b".join,
    "soft_hyphens": _SOFT_HYPHEN.join,
    "spaced": " ".join,
    "dotted": lambda text: ".".join(text.replace(" ", "_")),
    "struck": lambda text: "".join(one + _STROKE if one.isalpha() else one for one in text),
    "small": str.casefold,
}


def disguised(text: str, name: str) -> str:
    """The text in the disguise of that name; as it is for "". Raises KeyError for an unknown name."""
    return DISGUISES[name](text) if name else text


def in_words(text: str) -> str:
    """Digits and signs spelled out: "k7@x.de" -> "k seven at x dot de"."""
    words = {str(digit): f" {name} " for digit, name in enumerate(_NAMES)}
    signs = {"@": " at ", ".": " dot ", "-": " dash ", "_": " underscore ", "+": " plus "}
    return " ".join("".join((words | signs).get(one, one) for one in text).split())


def undisguised(text: str) -> str:
    """A text in plain small letters: compatible and similar letters made equal, marks and invisible signs left out."""
    apart = unicodedata.normalize("NFKD", text).translate({ord(sign): letter for letter, sign in _LOOKALIKES.items()})
    return "".join(one for one in apart if unicodedata.category(one) not in ("Cf", "Mn")).casefold().replace("’", "'")
