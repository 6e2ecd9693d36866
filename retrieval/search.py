"""Find the passages that answer a question, among those that the viewer may see.

The index is cut into parts by visibility and owner before anything is scored: another customer's passages are
never read. Meaning (cosine) and words (BM25 as a share of the most it could be) are fused per collection.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from crm.store import Store
from rapport.paths import Home
from rapport.settings import RetrievalSettings
from rapport.types import Hit, Passage, Viewer
from retrieval.answerable import evidence
from retrieval.embed import Encoder
from retrieval.index import Index, check, load_index, read_stamp
from retrieval.shelf import Candidates, shelves_of
from retrieval.terms import analyzer

_POOL = 32  # least number of candidates from meaning and from words, each, that are fused


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first. answerable: calibrated probability that it answers the question, 0-1."""

    hits: tuple[Hit, ...]
    answerable: float


class Searcher:
    """An index open for searching. Safe to share between threads; `refresh` swaps the index in one step."""

    def __init__(self, index: Index, encoder: Encoder, *, home: Home | None = None, name: str = "main") -> None:
        self.encoder = encoder
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._home = home
        self._name = name
        self._opened = Opened(index)
        self.synced: Any = None  # what `sync.ensure` had to do before this was opened

    @classmethod
    def open(
        cls, home: Home, store: Store, *, encoder: Encoder, settings: RetrievalSettings, name: str = "main"
    ) -> "Searcher":
        """Load an index. Raises IndexMismatch or CorruptArtifact; `sync.ensure` mends both from the records."""
        stamp, _ = read_stamp(home.indexes / name)
        check(stamp, name=name, encoder=encoder, store_id=store.store_id)
        return cls(load_index(home.indexes / name), encoder, home=home, name=name)

    @property
    def version(self) -> str:
        """Which index answers, for the trace of a turn."""
        return self._opened.index.version

    def sentences(self, text: str) -> list[str]:
        """The sentences of a passage's text, by the splitter trained on the articles."""
        return self._opened.index.sentences(text)

    def knows(self, term: str) -> bool:
        """Whether a passage that anyone may see has this term."""
        shelf = self._opened.shelves.get("public")
        return shelf is not None and shelf.bm25.has(term)

    def refresh(self) -> bool:
        """Pick up a newer index on disk; True where there was one. Searches go on meanwhile."""
        if self._home is None:
            return False
        folder = self._home.indexes / self._name
        stamp, card = read_stamp(folder)
        if card.data["version"] == self.version:
            return False
        check(stamp, name=self._name, encoder=self.encoder, store_id=self._opened.index.stamp.store_id)
        self._opened = Opened(load_index(folder))
        return True

    def search(
        self,
        query: str,
        viewer: Viewer,
        *,
        k: int = 5,
        vector: Any = None,
        kinds: Collection[str] | None = None,
    ) -> Found:
        """The k best passages that this viewer may see now.

        vector: (dim,) float32 of the query, where the caller has it already. kinds: only these kinds of record.
        """
        opened = self._opened
        if vector is None:
            vector = self.encoder.encode([query])[0]
        vector = np.ascontiguousarray(vector, np.float32)
        terms = analyzer(opened.index.stamp.locale)(query)
        found = opened.candidates(
            vector, terms, viewer=viewer, now=self.clock().timestamp(), kinds=kinds, pool=max(_POOL, 4 * k)
        )
        hits = best_hits(found, k)
        return Found(hits, opened.answerable(found))


class Opened:
    """A loaded index with what is computed from it once."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.shelves = shelves_of(index)
        start = index.content.bounds()[1]
        self._owners = {
            owner: slice(first - start, last - start) for owner, (first, last) in index.content.owners().items()
        }

    def candidates(
        self,
        vector: Any,
        terms: Sequence[str],
        *,
        viewer: Viewer,
        now: float,
        kinds: Collection[str] | None = None,
        pool: int = _POOL,
    ) -> list[Candidates]:
        """What each part that the viewer may see has to offer; the other parts are not touched."""
        found = []
        for name in ("public", "staff") if viewer.staff else ("public",):
            if shelf := self.shelves.get(name):
                mask = shelf.allowed(slice(0, len(shelf.rows)), now, kinds)
                found.append(shelf.candidates(vector, terms, mask=mask, pool=pool))
        span = self._owners.get(viewer.owner) if viewer.owner else None
        if span is not None:
            shelf = self.shelves["owned"]
            found.append(shelf.between(span, vector, terms, shelf.allowed(span, now, kinds)))
        return [part for part in found if len(part.rows)]

    def answerable(self, found: Sequence[Candidates]) -> float:
        """Probability that what was found answers the question; 0 where nothing was."""
        return self.index.tuning.probability(evidence(found)) if found else 0.0


def best_hits(found: Sequence[Candidates], k: int) -> tuple[Hit, ...]:
    """The k best of all candidates; equal scores go by passage id, so that an order is never by chance."""
    hits: list[tuple[float, str, Passage, str]] = []
    for part in found:
        scores = part.fused
        best = np.argpartition(scores, -k)[-k:] if len(scores) > k else np.arange(len(scores))
        for place in best.tolist():
            passage = part.shelf.rows[part.rows[place]].passage
            via = ("both" if part.words[place] > 0 else "dense") if part.near[place] else "keyword"
            hits.append((-float(scores[place]), passage.id, passage, via))
    hits.sort(key=lambda hit: hit[:2])
    return tuple(
        Hit(passage, min(1.0, max(0.0, -score)), rank, via)
        for rank, (score, _, passage, via) in enumerate(hits[:k], start=1)
    )
