"""One part of an index as it is searched: its FAISS index, its BM25, its rows. Scores what it is told to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.content import Row
from retrieval.index import PARTS, Index, faiss_module, stored_vectors
from retrieval.keyword import Bm25
from retrieval.tuning import Tuning

Mask = npt.NDArray[np.bool_]
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of one shelf with their scores, unsorted.

    cosine: -1..1. words: BM25 as a share of the most that the query could score, 0-1. near: found by meaning.
    """

    shelf: "Shelf"
    rows: Any
    cosine: Any
    words: Any
    near: Any
    fused: Any


class Shelf:
    """A searchable part. `rows` are its passages; the arrays beside them are in the same order."""

    def __init__(self, rows: Sequence[Row], part: Any, bm25: Bm25, tuning: Tuning) -> None:
        self.rows = rows
        self.part = part
        self.bm25 = bm25
        self.tuning = tuning
        self.vectors = stored_vectors(part)
        names = sorted({row.collection for row in rows})
        self._curves = [tuning.curve(name) for name in names]
        self._curve_of = np.array([names.index(row.collection) for row in rows], np.int32)
        self.kinds = np.array([row.passage.kind for row in rows])
        self._from = _times([row.passage.valid_from for row in rows], -_FOREVER)
        self._until = _times([row.passage.valid_until for row in rows], _FOREVER)

    def allowed(self, span: slice, now: float, kinds: Collection[str] | None) -> Mask | None:
        """Which rows of a span may be answered from at a time (epoch seconds), or None where all may."""
        mask = None
        if kinds is not None:
            mask = np.isin(self.kinds[span], list(kinds))
        if self._until is not None:
            valid = self._until[span] >= now
            mask = valid if mask is None else mask & valid
        if self._from is not None:
            valid = self._from[span] <= now
            mask = valid if mask is None else mask & valid
        return mask

    def candidates(self, vector: Any, terms: Sequence[str], *, mask: Mask | None, pool: int) -> Candidates:
        """The `pool` best rows by meaning and the `pool` best by words, each with both scores.

        vector: (dim,) float32, unit length. mask: rows that may be scored; the others are never looked at.
        """
        query = self.bm25.query(terms)
        words = self.bm25.scores(query)
        if mask is not None:
            words *= mask
        by_words = _best(words, pool)
        cosine, by_meaning = self._nearest(vector, pool, mask)
        seen = np.zeros(len(self.rows), bool)
        seen[by_meaning] = True
        extra = by_words[~seen[by_words]]
        rows = np.concatenate((by_meaning, extra))
        scores = np.concatenate((cosine, np.einsum("ij,j->i", self.vectors[extra], vector)))
        near = np.arange(len(rows)) < len(by_meaning)
        return self._fuse(rows, scores, words[rows] / max(query.bound, 1e-9), near, len(terms))

    def between(self, span: slice, vector: Any, terms: Sequence[str], mask: Mask | None) -> Candidates:
        """Every allowed row of a span; no other row is read."""
        query = self.bm25.query(terms)
        rows = np.arange(span.start, span.stop)
        words = self.bm25.scores_between(query, span.start, span.stop) / max(query.bound, 1e-9)
        cosine = self.vectors[span] @ vector
        near = np.ones(len(rows), bool)
        if mask is not None:
            rows, cosine, words, near = rows[mask], cosine[mask], words[mask], near[mask]
        return self._fuse(rows, cosine, words, near, len(terms))

    def _fuse(self, rows: Any, cosine: Any, words: Any, near: Any, terms: int) -> Candidates:
        shares: Any = np.float32(self._curves[0].share(terms))
        if len(self._curves) > 1:
            shares = np.array([curve.share(terms) for curve in self._curves], np.float32)[self._curve_of[rows]]
        return Candidates(self, rows, cosine, words, near, shares * cosine + (1 - shares) * words)

    def _nearest(self, vector: Any, pool: int, mask: Mask | None) -> tuple[Any, Any]:
        parameters = None if mask is None else _selecting(mask, graph=hasattr(self.part, "hnsw"))
        scores, rows = self.part.search(vector[None], min(pool, len(self.rows)), params=parameters)
        found = rows[0] >= 0  # FAISS fills up with -1
        return scores[0][found], rows[0][found]


def shelves_of(index: Index) -> dict[str, Shelf]:
    """A shelf for each part of an index that has rows."""
    public, shared = index.content.bounds()
    spans = {"public": (0, public), "staff": (public, shared), "owned": (shared, len(index.content.rows))}
    shelves = {}
    numbers = {word: number for number, word in enumerate(index.content.counts.vocabulary)}
    for name in PARTS:
        start, stop = spans[name]
        if start < stop:
            bm25 = Bm25(index.content.counts.rows(start, stop), vocabulary=numbers)
            shelves[name] = Shelf(index.content.rows[start:stop], index.parts[name], bm25, index.tuning)
    return shelves


def _selecting(mask: Mask, *, graph: bool) -> Any:
    faiss = faiss_module()
    selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
    if graph:
        return faiss.SearchParametersHNSW(sel=selector, efSearch=128)
    return faiss.SearchParameters(sel=selector)


def _best(scores: Any, pool: int) -> Any:
    """Rows with the `pool` highest scores above 0, unsorted."""
    highest = float(scores.max())
    if highest <= 0:
        return np.empty(0, np.int64)
    # Most rows share a common word with the question: a bar spares sorting them, and is lowered where too few pass.
    for bar in (0.5 * highest, 0.25 * highest, 0.0):
        found = np.flatnonzero(scores > bar)
        if len(found) >= pool:
            break
    if len(found) <= pool:
        return found
    return found[np.argpartition(scores[found], -pool)[-pool:]]


def _times(values: Sequence[datetime | None], missing: float) -> Any:
    if not any(values):
        return None
    return np.array([value.timestamp() if value else missing for value in values])
