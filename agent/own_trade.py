"""Tell whether an article of the company sounds like another trade, as the question that it answers does.

Whether a question is about the company is read by heads that know a shop. A dentist's article on tooth cleaning looks
as foreign to them as the question what it costs; then the looks of the question say nothing against the article.
"""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from agent.facts import Limits
from rapport.text import mask
from rapport.types import Ask, Passage
from retrieval.search import Found
from retrieval.terms import analyzer

if TYPE_CHECKING:
    from rapport.classifiers import Suite

START = 300  # characters of a text that are read beside its title
NEIGHBOURS = 5  # passages found: most of them sound so where the whole company is of the other trade
NEAR = 0.4  # probability of being about a shop from which a question may well be about that article
COVERED = 0.5  # of a question's words that a passage holds which alone sounds so
MOST_PASSAGES = 5000  # remembered


class OwnTrade:
    """Reads articles as the intent head reads questions. Safe to share between threads.

    limits: from which probabilities on a question counts as answered and as one to the company.
    """

    def __init__(self, suite: "Suite", limits: Limits) -> None:
        self._suite = suite
        self._limits = limits
        self._lock = Lock()
        self._known: dict[Passage, float] = {}

    def matches(self, asks: Sequence[Ask], found: Sequence[Found]) -> tuple[bool, ...]:
        """Per ask, whether it sounds like another trade and so does the article that answers it."""
        return tuple(self._match(ask, got) for ask, got in zip(asks, found, strict=True))

    def _match(self, ask: Ask, found: Found) -> bool:
        least = self._limits
        if ask.in_scope >= least.in_scope or found.answerable < least.answerable or not found.hits:
            return False
        best, *others = found.hits[:NEIGHBOURS]
        if self.scope(best.passage) >= least.in_scope:
            return False
        if ask.in_scope >= NEAR:
            return True
        strange = sum(self.scope(hit.passage) < least.in_scope for hit in others)
        return strange * 2 > len(others) or covered(ask.query, best.passage) >= COVERED

    def scope(self, passage: Passage) -> float:
        """Probability of being about a shop, 0-1: the lower one of the title alone and with the text.

        A title says little ("Prices"), and a text may speak of refunds alone. No passage is read twice.
        """
        with self._lock:
            known = self._known.get(passage)
        if known is None:
            texts = [mask(passage.title), mask(f"{passage.title}. {passage.text[:START]}")]
            known = float(self._suite.read(texts).outputs["intent"].in_scope.min())
            with self._lock:
                if len(self._known) > MOST_PASSAGES:
                    self._known.clear()
                self._known[passage] = known
        return known


def covered(question: str, passage: Passage) -> float:
    """The share of a question's words that stand in a passage or its title, 0-1.

    "Can I exchange 500 euros into dollars?" is not answered where a shop says in which currency its prices are.
    """
    asked = analyzer().words(question)
    held = set(analyzer()(f"{passage.title} {passage.text}"))
    return sum(word in held for word in asked) / max(len(asked), 1)
