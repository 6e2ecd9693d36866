"""Find passages by their words: BM25 over sparse arrays. Knows no meaning, and nothing of who may see what.

Term counts are kept per passage, so a changed passage costs its own tokens only; the weights follow from the counts
in a few vectorised steps. Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the
idf of Lucene, which is never negative.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
K1 = 1.5
B = 0.75


@dataclass(frozen=True, slots=True)
class TermCounts:
    """How often each term stands in each passage: row i is terms[offsets[i]:offsets[i + 1]] with its counts."""

    vocabulary: tuple[str, ...]
    offsets: Offsets
    terms: Ints
    counts: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def rows(self, start: int, stop: int) -> "TermCounts":
        """Consecutive passages, with the same vocabulary."""
        first, last = self.offsets[start], self.offsets[stop]
        offsets = self.offsets[start : stop + 1] - first
        return TermCounts(self.vocabulary, offsets, self.terms[first:last], self.counts[first:last])

    def take(self, rows: Sequence[int]) -> "TermCounts":
        """Some passages, in the order given, with the same vocabulary."""
        lengths = np.diff(self.offsets)[list(rows)]
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        starts = np.repeat(self.offsets[:-1][list(rows)] - offsets[:-1], lengths)
        places = starts + np.arange(int(offsets[-1]))
        return TermCounts(self.vocabulary, offsets, self.terms[places], self.counts[places])

    def counters(self) -> list[Counter[str]]:
        """The same as counters by word, one per passage."""
        words, ends = self.vocabulary, self.offsets.tolist()
        pairs = list(zip(self.terms.tolist(), self.counts.tolist(), strict=True))
        return [Counter({words[term]: count for term, count in pairs[start:stop]}) for start, stop in pairwise(ends)]


def count_terms(counters: Sequence[Counter[str]]) -> TermCounts:
    """Pack one counter per passage; the vocabulary is what occurs, sorted."""
    vocabulary = tuple(sorted(set().union(*counters)))
    number = {word: index for index, word in enumerate(vocabulary)}
    offsets = np.zeros(len(counters) + 1, np.int64)
    np.cumsum([len(counter) for counter in counters], out=offsets[1:])
    terms = np.fromiter((number[word] for counter in counters for word in counter), np.int32, count=int(offsets[-1]))
    counts = np.fromiter((n for counter in counters for n in counter.values()), np.int32, count=int(offsets[-1]))
    return TermCounts(vocabulary, offsets, terms, counts)


@dataclass(frozen=True, slots=True)
class Query:
    """The terms of a query that the passages know, and the most that a passage could score."""

    counts: Mapping[int, int]
    bound: float


class Bm25:
    """BM25 scores of a query over all passages, by postings (term -> passages)."""

    def __init__(self, counts: TermCounts, *, vocabulary: dict[str, int] | None = None) -> None:
        self.size = len(counts)
        self.numbers = vocabulary or {word: index for index, word in enumerate(counts.vocabulary)}
        idf, weights, self._mean = _weights(counts, len(self.numbers))
        self._idfs: list[float] = idf.tolist()
        self._rarest = math.log1p((self.size + 0.5) / 0.5)
        order = np.argsort(counts.terms, kind="stable")
        rows = np.repeat(np.arange(self.size), np.diff(counts.offsets))  # int64, or numpy copies them in each search
        self._rows = rows[order]
        self._weights = weights[order]
        self._starts = np.searchsorted(counts.terms[order], np.arange(len(self.numbers) + 1)).tolist()
        # The same by passage, to score a few passages without touching the others.
        self._offsets, self._terms, self._by_row = counts.offsets, counts.terms, weights

    def has(self, term: str) -> bool:
        """Whether a passage has the term."""
        number = self.numbers.get(term)
        return number is not None and self._starts[number] < self._starts[number + 1]

    def query(self, terms: Sequence[str]) -> Query:
        """Look the terms up. A term that no passage has still counts for the bound: nothing matches it."""
        known: dict[int, int] = {}
        bound = 0.0
        for term in terms:
            number = self.numbers.get(term)
            if number is None:
                bound += self._rarest
            else:
                bound += self._idfs[number]
                known[number] = known.get(number, 0) + 1
        return Query(known, bound * (K1 + 1))

    def scores(self, query: Query) -> Floats:
        """(size,) float32; 0 where no term matches."""
        total = np.zeros(self.size, np.float32)
        for term, count in query.counts.items():
            start, stop = self._starts[term], self._starts[term + 1]
            weights = self._weights[start:stop]
            total[self._rows[start:stop]] += weights if count == 1 else weights * np.float32(count)
        return total

    def scores_between(self, query: Query, start: int, stop: int) -> Floats:
        """The scores of the passages start..stop alone; no other passage is read."""
        wanted = np.zeros(len(self.numbers), np.float32)
        wanted[list(query.counts)] = list(query.counts.values())
        first, last = self._offsets[start], self._offsets[stop]
        products = wanted[self._terms[first:last]] * self._by_row[first:last]
        sums = np.concatenate(([0.0], np.cumsum(products, dtype=np.float64)))
        bounds = self._offsets[start : stop + 1] - first
        return np.asarray(np.diff(sums[bounds]), np.float32)

    def score_of(self, query: Query, counter: Counter[str]) -> float:
        """The score of a text that is not among the passages, given how often it has each term."""
        length = sum(counter.values())
        norm = K1 * (1 - B + B * length / self._mean)
        count = {self.numbers[word]: n for word, n in counter.items() if word in self.numbers}
        total = 0.0
        for term, times in query.counts.items():
            if n := count.get(term, 0):
                total += times * self._idfs[term] * n * (K1 + 1) / (n + norm)
        return total


def _weights(counts: TermCounts, terms: int) -> tuple[Floats, Floats, float]:
    """The idf of each term, the weight of each (passage, term) pair in the order of `counts`, the mean length."""
    size = len(counts)
    lengths = np.zeros(size, np.float64)
    filled = np.diff(counts.offsets) > 0
    if filled.any():
        lengths[filled] = np.add.reduceat(counts.counts, counts.offsets[:-1][filled])
    mean = lengths.mean() if size and lengths.any() else 1.0
    frequency = np.bincount(counts.terms, minlength=terms)
    idf = np.log1p((size - frequency + 0.5) / (frequency + 0.5))
    norm = np.repeat(K1 * (1 - B + B * lengths / mean), np.diff(counts.offsets))
    weights = idf[counts.terms] * counts.counts * (K1 + 1) / (counts.counts + norm)
    return idf.astype(np.float32), weights.astype(np.float32), float(mean)
