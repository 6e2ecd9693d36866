"""Doubt that a request is for the company where its words are none that the company or a shop's customers use.

No list names every trade. But who writes to an upholsterer, a choir or a court uses words that stand neither in the
messages that the shipped heads were fitted on nor in the company's own articles and catalogue.
"""

import functools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rapport.elsewhere import SHOP_WORDS, other_shops
from rapport.types import Ask
from retrieval.terms import analyzer

# Log odds of being asked ourselves that a strange word takes, and how many count. Chosen on messages for choosing:
# with 1.0 more ordinary ones are sent away, and hardly more of the others.
SHIFT, MOST = 0.75, 3
LEAST_LETTERS = 5  # of a word that may be another one, mistyped
OTHER_SHOP = 3  # strange words that the name of another shop counts for, unless prices are compared
_COMPARES = re.compile(
    r"\b(?:cheap\w*|pric\w+|match\w*|same|less|lower|beat|compare\w*|versus|vs|than|saw|seen|also|too)\b", re.IGNORECASE
)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_PLAIN = re.compile(r"[a-z]+")


class StrangeWords:
    """Counts them. knows: whether the company's own records that anyone may read use a word, given its stem."""

    def __init__(self, knows: Callable[[str], bool] = lambda stem: False) -> None:
        self._knows = knows

    def doubt(self, asks: Sequence[Ask], language: str) -> tuple[Ask, ...]:
        """The requests, less surely for the company where their words are strange.

        One that names an order is left alone, and so is one in another language than the words are known of.
        """
        return tuple(asks) if language != "en" else tuple(map(self._doubted, asks))

    def count(self, text: str) -> int:
        """How many different words of a text are strange, the name of another shop counting for several."""
        shops = {word for name in other_shops(text) for word in analyzer().words(name)}
        shops = {word for word in shops if not self._knows(word)}
        strange = sum(not self._known(term) for term in analyzer().words(text) if term not in shops)
        return strange + (OTHER_SHOP if shops and not _COMPARES.search(text) else 0)

    def _doubted(self, ask: Ask) -> Ask:
        numbered = any(entity.kind == "order_number" for entity in ask.entities)
        if numbered or not 0.0 < ask.in_scope < 1.0 or not (strange := self.count(ask.text)):
            return ask
        odds = ask.in_scope / (1.0 - ask.in_scope) * math.exp(-SHIFT * min(strange, MOST))
        return replace(ask, in_scope=round(odds / (1.0 + odds), 4))

    def _known(self, stem: str) -> bool:
        words = shop_words()
        if stem in words or self._knows(stem):
            return True
        if len(stem) < LEAST_LETTERS or not _PLAIN.fullmatch(stem):
            return False
        return any(other in words or self._knows(other) for other in _mistyped(stem))


@functools.cache
def shop_words() -> frozenset[str]:
    """The stems of the words of a shop's customers."""
    return frozenset(SHOP_WORDS.read_text(encoding="utf-8").split())


def _mistyped(word: str) -> Iterator[str]:
    """What was meant where one letter is missing, too many or wrong, or two changed places."""
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in _ALPHABET:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
