"""Find the article on the change that a customer wants, by the titles of what is found as the intent head reads them.

Words of a message are in articles on other changes, too: "kill it please" lies near to how an order is tracked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rapport.types import Ask, Hit
from retrieval.search import Found

if TYPE_CHECKING:
    from agent.likely_articles import Titles

# The intents that one article may be about together: who changes an order may cancel it and order anew.
_BEFORE_SENT = frozenset({"cancel_order", "change_order", "change_address"})
_BACK = frozenset({"return_item", "exchange_item", "refund_status"})
_FAULTS = frozenset({"damaged_item", "wrong_item", "warranty_claim"})
_ACCOUNT = frozenset({"account_change", "data_privacy"})
TOGETHER: Mapping[str, frozenset[str]] = {
    "cancel_order": _BEFORE_SENT | {"return_item"},
    "change_order": _BEFORE_SENT | {"exchange_item"},
    "change_address": _BEFORE_SENT | _ACCOUNT,
    "return_item": _BACK | {"cancel_order"},
    "exchange_item": _BACK | _FAULTS | {"change_order"},
    "damaged_item": _FAULTS | _BACK,
    "wrong_item": _FAULTS | _BACK,
    "warranty_claim": _FAULTS | _BACK,
    "account_change": _ACCOUNT,
}
LIKELY = 0.7  # confidence from which it is clear which change is wanted
CLEAR, HARDLY = 0.7, 0.02  # probability that a title is about one thing, and about what belongs to the change
TITLE = 0.3  # what a title surely about the change adds to the worth of an article, for a change of an order by number


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is wanted. titles: say which intents a title is about."""

    intent: str
    titles: "Titles"

    def worth(self, title: str) -> float:
        """What a title adds to the worth of its article."""
        return TITLE * self.titles.read({title})[title].get(self.intent, 0.0)

    def fits(self, title: str) -> bool:
        """Whether a title is not surely about something else."""
        about = self.titles.read({title})[title]
        own = sum(about.get(intent, 0.0) for intent in TOGETHER[self.intent])
        return own >= HARDLY or max(about.values(), default=0.0) < CLEAR

    def fitting(self, found: Found) -> Found:
        """What was found, without articles on something else.

        Where there is nothing else, all stays as sources for a person, and answers nothing.
        """
        kept: list[Hit] = [hit for hit in found.hits if self.fits(hit.passage.title)]
        if not kept:
            return replace(found, answerable=0.0)
        return replace(found, hits=tuple(replace(hit, rank=place) for place, hit in enumerate(kept, start=1)))


def change_wanted(ask: Ask, titles: "Titles | None") -> Change | None:
    """The change that an ask is clearly about; None for any other request."""
    clear = ask.intent in TOGETHER and ask.confidence >= LIKELY
    return Change(ask.intent, titles) if clear and titles is not None else None
