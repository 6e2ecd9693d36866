"""Which words and letter groups a text has, hashed into a fixed number of places. No vocabulary to keep, no model.

A sentence vector forgets single words; "refund" against "return", or a swear word, is what a classifier needs at
times. Measured on held-out phrases: two to three points more intents right than by the vector alone.
"""

import functools
import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

PLACES = 4096
LETTERS = 4
# Weight of this part beside a unit vector; with 1.0 rare words count too much.
SCALE = 0.7
REMEMBERED = 512  # texts; several heads read the same ones one after the other
CHUNK = 256  # texts whose rows of a table are gathered at once
_WORD = re.compile(r"\w+(?:['’]\w+)?|[!?]")


@functools.lru_cache(maxsize=REMEMBERED)
def places(text: str) -> tuple[int, ...]:
    """The sorted places, each below PLACES, of the words, word pairs and groups of four letters in a text."""
    return tuple(sorted({_place(feature) for feature, _ in _features(_WORD.findall(text.lower()))}))


def word_sums(texts: Sequence[str], table: "np.ndarray") -> "np.ndarray":
    """What the words of n texts add up to, from a (PLACES, columns) table: (n, columns), zeros for a text without."""
    import numpy as np

    sums = np.zeros((len(texts), table.shape[1]), dtype=table.dtype)
    for start in range(0, len(texts), CHUNK):
        found = [places(text) for text in texts[start : start + CHUNK]]
        filled = [start + row for row, one in enumerate(found) if one]
        lengths = [len(one) for one in found if one]
        if filled:
            gathered = table[np.fromiter(itertools.chain.from_iterable(found), dtype=np.intp, count=sum(lengths))]
            firsts = [0, *itertools.accumulate(lengths[:-1])]
            scale = np.array([weight(length) for length in lengths], dtype=table.dtype)
            sums[filled] = np.add.reduceat(gathered, firsts, axis=0) * scale[:, None]
    return sums


def occurrences(text: str) -> dict[int, list[tuple[tuple[int, int], ...]]]:
    """Each of the `places` of a text with the words behind it.

    A place has one entry for each time that a feature falls on it: the (start, end) of the feature's words in the text.
    """
    origins = [at for at, character in enumerate(text) for _ in character.lower()]  # "İ" becomes two characters
    matches = list(_WORD.finditer(text.lower()))
    spans = [(origins[match.start()], origins[match.end() - 1] + 1) for match in matches]
    found: dict[int, list[tuple[tuple[int, int], ...]]] = {}
    for feature, numbers in _features([match.group() for match in matches]):
        found.setdefault(_place(feature), []).append(tuple(spans[number] for number in numbers))
    return found


def weight(count: int) -> float:
    """What each of `count` places counts, so that the whole has length SCALE whatever the text's length."""
    return SCALE / float(count) ** 0.5 if count else 0.0


def _features(words: Sequence[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each feature with the numbers of the words that it is made of."""
    for number, word in enumerate(words):
        yield word, (number,)
        if number:
            yield f"{words[number - 1]} {word}", (number - 1, number)
        else:
            yield f"< {word}", (number,)
        padded = f"<{word}>"
        yield from ((f"~{padded[start : start + LETTERS]}", (number,)) for start in range(len(padded) - LETTERS + 1))
    if words:
        yield f"{words[-1]} >", (len(words) - 1,)


def _place(feature: str) -> int:
    return zlib.crc32(feature.encode("utf-8", "replace")) % PLACES
