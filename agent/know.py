"""Gather what the turn may know: for each request the passages that this person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.intents import ANSWERS_TO_US, SMALL_TALK
from rapport.types import Hit, Message, Understanding, Viewer
from retrieval.search import Found, Searcher

if TYPE_CHECKING:
    import numpy as np

ANSWERED_FROM = ("articles",)
PASSAGES = 5
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
) -> Known:
    """Search once for each ask, with the vector that understanding made of it."""
    found = []
    for ask, vector in zip(understanding.asks, vectors, strict=True):
        if ask.intent in SMALL_TALK | ANSWERS_TO_US:
            found.append(_NOTHING)
        else:
            found.append(searcher.search(ask.query, viewer, k=PASSAGES, vector=vector, kinds=ANSWERED_FROM))
    return Known(tuple(messages), tuple(ask.query for ask in understanding.asks), vectors, tuple(found))
