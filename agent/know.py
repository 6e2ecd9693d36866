"""Gather what the turn may know: for each request the passages that this person may see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.change_articles import Change, change_wanted, wants_change
from agent.follow_up import bare_words
from agent.forms import names_topic
from agent.intents import ANSWERS_TO_US, SMALL_TALK, WRITE_INTENTS
from agent.likely_articles import WIDE, Expected, Titles
from agent.wording import intent_words
from rapport.types import Ask, Hit, Message, Understanding, Viewer
from retrieval.search import Found, Searcher
from retrieval.terms import analyzer

if TYPE_CHECKING:
    import numpy as np

ANSWERED_FROM = ("articles",)
PASSAGES = 10  # looked at; the articles among them are put in order by all their passages
KEPT = 5
# Chosen on the sample company's questions for choosing: what each further passage of an article adds to its score, how
# many count, and what a title adds whose words name the intent.
FURTHER, MOST_FURTHER, TITLE = 0.05, 2, 0.05
SURE_INTENT = 0.8
# "return policy" says no more than its topic, so the title counts more and the intent may be less sure. It counts as
# much where a change is wanted: "please delete order W1" shares no word with "Cancel an order".
FEW_TERMS, TITLE_OF_FEW, LIKELY_INTENT = 2, 0.3, 0.5
_NOTHING = Found((), 0.0)


@dataclass(frozen=True, slots=True)
class Known:
    """Per ask: the query, its (dim,) unit vector and what was found for it. messages: those being answered."""

    messages: tuple[Message, ...]
    queries: tuple[str, ...]
    vectors: "np.ndarray"
    found: tuple[Found, ...]

    @property
    def hits(self) -> tuple[Hit, ...]:
        """All hits of all asks, each passage once."""
        once = {hit.passage.id: hit for found in reversed(self.found) for hit in found.hits}
        return tuple(sorted(once.values(), key=lambda hit: -hit.score))

    @property
    def answerable(self) -> tuple[float, ...]:
        return tuple(found.answerable for found in self.found)


def know(
    searcher: Searcher,
    understanding: Understanding,
    vectors: "np.ndarray",
    *,
    messages: Sequence[Message],
    viewer: Viewer,
    expected: Expected | None = None,
    titles: Titles | None = None,
) -> Known:
    """Search once for each ask, with the vector that understanding made of it.

    expected: what the customer probably writes about, for an ask that leaves it open. titles: say what articles are
    about, where a change is wanted in English; titles in other languages are read less well.
    """
    titles = titles if understanding.language == "en" else None
    found = []
    for ask, vector in zip(understanding.asks, vectors, strict=True):
        if ask.intent in SMALL_TALK | ANSWERS_TO_US:
            found.append(_NOTHING)
            continue
        got = searcher.search(ask.query, viewer, k=PASSAGES, vector=vector, kinds=ANSWERED_FROM)
        hits = got.hits
        if expected is not None and expected.concerns(ask, got.answerable):
            wide = searcher.search(ask.query, viewer, k=WIDE, vector=vector, kinds=ANSWERED_FROM)
            hits = expected.first(wide.hits)[:PASSAGES]
        if titles is not None and wants_change(ask) and _names_order(ask):
            hits = searcher.search(ask.query, viewer, k=WIDE, vector=vector, kinds=ANSWERED_FROM).hits
        got, change = replace(got, hits=hits), change_wanted(ask, hits, titles)
        got = got if change is None else change.fitting(got)
        found.append(replace(got, hits=in_order(got.hits, ask, change)))
    return Known(tuple(messages), tuple(ask.query for ask in understanding.asks), vectors, tuple(found))


def in_order(hits: Sequence[Hit], ask: Ask, change: Change | None = None) -> tuple[Hit, ...]:
    """The best KEPT hits, those of the best article first.

    An article that many passages speak for goes before one with a single good passage. For a follow-up such as "what
    about Spain?" or "and for tents?" a passage that holds its own words goes before those that do not.
    """
    of: dict[str, list[Hit]] = {}
    for hit in hits:
        of.setdefault(hit.passage.record, []).append(hit)
    few = len(set(analyzer()(ask.query))) <= FEW_TERMS and names_topic(ask.query)
    changes = ask.intent in WRITE_INTENTS and _names_order(ask)
    sure = ask.confidence >= (LIKELY_INTENT if few or changes else SURE_INTENT)
    named = set(analyzer()(intent_words((ask.intent,)))) if sure else set()
    worth = {record: _worth(own, named, TITLE_OF_FEW if few or changes else TITLE) for record, own in of.items()}
    if changes and change is not None:
        worth = {record: much + change.worth(of[record][0].passage.title) for record, much in worth.items()}
    articles = sorted(of, key=lambda record: -worth[record])
    ordered = [hit for record in articles for hit in of[record]]
    words = set(analyzer()(bare_words(ask.text))) if ask.query not in ask.text else set()
    if words:
        ordered.sort(key=lambda hit: -len(words & _terms_of(hit)))
    kept = ordered[:1] + sorted(ordered[1:], key=lambda hit: -hit.score)
    return tuple(replace(hit, rank=place) for place, hit in enumerate(kept[:KEPT], start=1))


def _names_order(ask: Ask) -> bool:
    return any(entity.kind == "order_number" for entity in ask.entities)


def _worth(own: Sequence[Hit], named: set[str], weight: float) -> float:
    title = set(analyzer()(own[0].passage.title))
    said = weight * len(title & named) / len(title) if title else 0.0
    return own[0].score + FURTHER * sum(hit.score for hit in own[1 : 1 + MOST_FURTHER]) + said


def _terms_of(hit: Hit) -> set[str]:
    passage = hit.passage
    return set(analyzer()(f"{passage.title} {passage.heading} {passage.text}"))
