"""Which words and letter groups a text has, hashed into a fixed number of places. No vocabulary to keep, no model.

A sentence vector forgets single words; "refund" against "return", or a swear word, is what a classifier needs at
times. Measured on held-out phrases: two to three points more intents right than by the vector alone.
"""

import re
import zlib
from collections.abc import Iterator, Sequence

PLACES = 4096
LETTERS = 4
# Weight of this part beside a unit vector; with 1.0 rare words count too much.
SCALE = 0.7
_WORD = re.compile(r"\w+(?:['’]\w+)?|[!?]")


def places(text: str) -> list[int]:
    """The sorted places, each below PLACES, of the words, word pairs and groups of four letters in a text."""
    return sorted({_place(feature) for feature, _ in _features(_WORD.findall(text.lower()))})


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
