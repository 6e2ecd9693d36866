"""Split text into sentences with Punkt, trained on the company's own articles. Nothing is downloaded.

The trained parameters are kept as JSON. Markdown marks are taken off first: see `plain`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from rapport.errors import CorruptArtifact

# A few hundred articles are too few to learn these from.
_COMMON_ABBREVIATIONS_TEXT = (
    "a.m al approx art bzw ca cf co corp d.h dr e.g est etc fig ft hr i.e inc incl ltd max min mr mrs ms nr "
    "p.m pcs prof ref resp st tel u.s u.k vs z.b"
)
COMMON_ABBREVIATIONS = frozenset(_COMMON_ABBREVIATIONS_TEXT.split())
_EMPHASIS = re.compile(r"(\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")


class Sentences:
    """A sentence splitter. Safe to share between threads."""

    def __init__(self, parameters: Any) -> None:
        from nltk.tokenize.punkt import PunktSentenceTokenizer

        self._parameters = parameters
        self._tokenizer = PunktSentenceTokenizer(parameters)

    def __call__(self, text: str) -> list[str]:
        """The sentences of a text in order, without Markdown marks; a line break ends a sentence."""
        found: list[str] = []
        for line in text.splitlines():
            line = plain(_BULLET.sub("", line))
            if line:
                found.extend(self._tokenizer.tokenize(line))
        return found

    def save(self, path: Path) -> None:
        """Write the trained parameters as JSON."""
        parameters = self._parameters
        content = {
            "abbreviations": sorted(parameters.abbrev_types),
            "collocations": sorted(map(list, parameters.collocations)),
            "starters": sorted(parameters.sent_starters),
            "orthography": dict(sorted(parameters.ortho_context.items())),
        }
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def train(texts: Iterable[str]) -> Sentences:
    """A splitter whose abbreviations and sentence starters are learned from these texts (none is fine)."""
    from nltk.tokenize.punkt import PunktParameters, PunktTrainer

    joined = "\n".join(plain(line) for text in texts for line in text.splitlines())
    parameters = PunktParameters()
    if joined.strip():
        parameters = PunktTrainer(joined).get_params()
    parameters.abbrev_types |= COMMON_ABBREVIATIONS
    return Sentences(parameters)


def load(path: Path) -> Sentences:
    """Read a splitter that `Sentences.save` wrote. Raises CorruptArtifact."""
    from nltk.tokenize.punkt import PunktParameters

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parameters = PunktParameters()
        parameters.abbrev_types = set(content["abbreviations"])
        parameters.collocations = {(first, second) for first, second in content["collocations"]}
        parameters.sent_starters = set(content["starters"])
        parameters.ortho_context = defaultdict(int, content["orthography"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptArtifact(f"{path} holds no sentence splitter ({error}).") from error
    return Sentences(parameters)


@lru_cache(maxsize=1)
def _untrained() -> Sentences:
    return train(())


def sentences(text: str) -> list[str]:
    """Sentences by a splitter that knows common abbreviations only; an open index has a trained one."""
    return _untrained()(text)


def plain(text: str) -> str:
    """One line of Markdown as a person would read it aloud: links keep their words, emphasis marks go."""
    return _EMPHASIS.sub("", _LINK.sub(r"\1", text)).strip()
