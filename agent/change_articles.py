"""Find the article on the change that a customer wants, by the titles of what is found as the intent head reads them.

Words of a message are in articles on other changes, too: "kill it please" lies near to how an order is tracked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.intents import WRITE_INTENTS
from rapport.types import Ask, Hit
from retrieval.search import Found

if TYPE_CHECKING:
    from agent.likely_articles import Titles

# Intents that one article may be about together: who changes an order may cancel it and order anew.
_KINDS = (
    frozenset({"cancel_order", "change_order", "change_address"}),
    frozenset({"cancel_order", "return_item"}),
    frozenset({"change_order", "exchange_item"}),
    frozenset({"return_item", "exchange_item", "refund_status", "damaged_item", "wrong_item", "warranty_claim"}),
    frozenset({"damaged_item", "wrong_item", "delivery_problem"}),
    frozenset({"account_change", "account_access", "data_privacy", "change_address"}),
)
TOGETHER = {intent: frozenset().union(*(kind for kind in _KINDS if intent in kind)) for intent in WRITE_INTENTS}
LIKELY = 0.7  # confidence from which it is clear which change is wanted
CLEAR, HARDLY = 0.7, 0.02  # probability that a title is about one thing, and about what belongs to the change
SURELY, PARTLY = 0.9, 0.3  # about the change itself, and what is asked of the others beside such a title
TITLE = 0.3  # what a title surely about the change adds to the worth of an article, for a change of an order by number


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is wanted. about: by title or heading of what was found, the chance of each intent."""

    intent: str
    about: Mapping[str, Mapping[str, float]]

    def worth(self, title: str) -> float:
        """What a title adds to the worth of its article."""
        return TITLE * self.about[title].get(self.intent, 0.0)

    def fits(self, hit: Hit) -> bool:
        """Whether its title or heading may be about the change or what belongs to it.

        Where something else that was found is surely about the change, a title on another thing needs more than a
        trace of it: boots that are sent back are in an article on the care for boots, too.
        """
        names = _names(hit)
        if self._is_told and self._is_clear(names[0]):
            return any(self._own(text) >= PARTLY for text in names)
        return any(self._own(text) >= HARDLY or not self._is_clear(text) for text in names)

    def fitting(self, found: Found) -> Found:
        """What was found, without what is on something else, best first.

        It answers as much less as the best of it was found less surely. Where there is nothing else, all stays as
        sources for a person, and answers nothing.
        """
        kept = tuple(hit for hit in found.hits if self.fits(hit))
        if not kept:
            return replace(found, answerable=0.0)
        first, best = (max(hit.score for hit in hits) for hits in (found.hits, kept))
        return Found(kept, found.answerable * (best / first if first > 0 else 1.0))

    @property
    def _is_told(self) -> bool:
        return any(about.get(self.intent, 0.0) >= SURELY for about in self.about.values())

    def _own(self, text: str) -> float:
        return sum(self.about[text].get(intent, 0.0) for intent in TOGETHER[self.intent])

    def _is_clear(self, text: str) -> bool:
        return max(self.about[text].values(), default=0.0) >= CLEAR


def wants_change(ask: Ask) -> bool:
    """Whether it is clear which change a request is for."""
    return ask.intent in TOGETHER and ask.confidence >= LIKELY


def change_wanted(ask: Ask, hits: Sequence[Hit], titles: "Titles | None") -> Change | None:
    """The change that an ask is clearly about, with what was found for it; None for any other request."""
    if titles is None or not wants_change(ask):
        return None
    return Change(ask.intent, titles.read({text for hit in hits for text in _names(hit)}))


def _names(hit: Hit) -> tuple[str, ...]:
    passage = hit.passage
    return (passage.title, passage.heading) if passage.heading else (passage.title,)
