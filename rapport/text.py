"""Prepare a customer's words for a classifier. Shared by fitting and serving, so that both see the same text."""

import re
import unicodedata

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(r"(?:https?://|www\.)\S+")
# A word with three digits or more, perhaps led by # and joined by - / or a dot: an order, invoice or phone number.
NUMBER = re.compile(r"#?\b(?=[\w/.-]*\d[\w/.-]*\d[\w/.-]*\d)[A-Za-z0-9]+(?:[-/.][A-Za-z0-9]+)*\b")
SPACES = re.compile(r"\s+")
# What is left out of signs without a word between them: all but the first 22 and the last. Nobody means more by four
# thousand question marks, and patterns that look for the first word after some signs would try from each of them.
SIGNS = re.compile(r"(?<=[\W_]{22})[\W_]{2,}(?=[^\w\s]|_)")
# What differs from shop to shop and what stands in its place, in the order of replacement.
VALUES = ((LINK, "link"), (EMAIL, "me@mail.com"), (NUMBER, "#12345"))
_LINE_ENDS = re.compile(r"\n+")
UNSEEN = ("Cc", "Cf", "Cs")  # Unicode categories of control and format characters and of lone surrogates


def tidy(text: str) -> str:
    """One line, composed Unicode, no control characters, single spaces, no endless signs; words stay as they are."""
    composed = unicodedata.normalize("NFC", text)
    visible = composed if composed.isprintable() else "".join(map(_visible, composed))
    return SPACES.sub(" ", SIGNS.sub(" ", SPACES.sub(" ", visible))).strip()


def tidy_lines(text: str) -> str:
    """Every line tidied, none of them empty, and no endless signs over many lines."""
    lines = "\n".join(line for line in map(tidy, text.splitlines()) if line)
    return _LINE_ENDS.sub("\n", SIGNS.sub(lambda found: "\n" if "\n" in found[0] else " ", lines))


def _visible(character: str) -> str:
    return " " if unicodedata.category(character) in UNSEEN else character


def mask(text: str) -> str:
    """The text as classifiers read it: values that differ from shop to shop become one placeholder each.

    A number that a classifier has never seen pulls a short message away from its meaning; "where is #W2611340" and
    "where is 1042-77" are the same question.
    """
    masked = tidy(text)
    for pattern, stand_in in VALUES:
        masked = pattern.sub(stand_in, masked)
    return masked
