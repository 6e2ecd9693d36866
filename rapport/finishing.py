"""Whether a customer has said what they want, or sends more at once: the numbers that a head reads beside its vector.

People send "hi", "so I ordered shoes" and "they are too small" as three messages. A head for it is a
`rapport.heads.Head` with the labels "finished" and "more" over (dim + FEATURES) columns. `finetune` fits it.
"""

import functools
import hashlib
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rapport.heads import Head
from rapport.text import EMAIL, NUMBER, tidy

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

FINISHED, MORE = "finished", "more"
# English, German, French, Spanish and Dutch: words that something follows.
_JOINING = (
    "and but so because or which that when if with for to the a an my your of in on about is are was have "
    "und aber weil dass mit für der die das mein meine meinen et mais parce que avec pour le la mon ma "
    "y pero porque con para el mi en maar omdat dat met voor het de mijn"
)
# These two read small letters, which takes a third of the time of reading both.
_GOES_ON = re.compile(rf"\b(?:{'|'.join(_JOINING.split())})\W*$")
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|hiya|howdy|yo|good (?:morning|afternoon|evening|day)|dear \w+|greetings|hallo|guten \w+|moin|"
    r"servus|bonjour|bonsoir|salut|hola|buen\w+ \w+|hoi|goede\w*|dag)\b[\w ]{0,16}\W*$",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"\b(?:question|frage|pregunta|vraag|help|hilfe|aider|ayudar|helpen|issue|problem|souci|problema|probleem|about|"
    r"regarding|it['’]s about|es geht um|à propos|es sobre|gaat over|ask you|explain|wondering)\b"
)
_VALUE = re.compile(rf"{EMAIL.pattern}|{NUMBER.pattern}")


@functools.cache
def feature_names() -> tuple[str, ...]:
    """The names of the numbers that `features` gives, in their order."""
    return tuple(features(""))


@functools.cache
def fingerprint() -> str:
    """First 16 hexadecimal digits of the sha256 over the features' names."""
    return hashlib.sha256(" ".join(feature_names()).encode()).hexdigest()[:16]


def features(text: str) -> dict[str, float]:
    """What the surface of a message tells, 0-1 each."""
    plain = tidy(text)
    words = plain.split()
    bare, values = _VALUE.subn("", plain)
    rest = re.sub(r"\W+", "", bare)
    return {
        "ends_open": float(plain.endswith((",", ":", ";", "-", "…", "..."))),
        "ends_joining": float(goes_on(plain)),
        "ends_question": float(plain.endswith("?")),
        "ends_sentence": float(plain.endswith((".", "!")) and not plain.endswith("...")),
        "asks": float("?" in plain),
        "greets": float(bool(_GREETING.match(plain))),
        "announces": float(bool(_ANNOUNCES.search(plain.lower())) and len(words) <= 10),
        "only_values": float(bool(values) and len(rest) <= 3),
        "has_value": float(bool(values)),
        "few_words": float(len(words) <= 2),
        "words": min(1.0, math.log1p(len(words)) / 4),
        "several": float(len(re.findall(r"[.!?]\s+\S", plain)) > 0),
    }


def goes_on(text: str) -> bool:
    """Whether the last word is one that something follows."""
    return bool(_GOES_ON.search(text.lower()))


class Finishing:
    """A head at work on single messages. Raises IndexMismatch where it was fitted for something else."""

    def __init__(self, head: Head, encoder: "Encoder") -> None:
        head.check_fits(encoder, fingerprint())
        self._head = head

    def read(self, text: str, masked: str, vector: "np.ndarray") -> float:
        """Probability that nothing more is to come at once. text, masked: as written, and masked. vector: (dim,)."""
        return float(self.read_all([text], [masked], vector[None])[0])

    def read_all(self, texts: Sequence[str], masked: Sequence[str], vectors: "np.ndarray") -> "np.ndarray":
        """(n,) what `read` gives, of n messages. vectors: (n, dim)."""
        output = self._head.predict(wide(vectors, texts), masked)
        finished: np.ndarray = output.probabilities[:, output.labels.index(FINISHED)]
        return finished


def wide(vectors: "np.ndarray", texts: Sequence[str]) -> "np.ndarray":
    """(n, dim) vectors with the features of their n texts behind them."""
    import numpy as np

    block = np.array([list(features(text).values()) for text in texts], dtype=np.float32)
    return np.concatenate([vectors, block.reshape(len(texts), len(feature_names()))], axis=1)
