"""Questions made from a collection itself, to fit the fusion without anybody's test questions.

A sentence or two are taken out of a passage; they are the question, and the passage without them is what has to be
found (inverse cloze: Lee, Chang and Toutanova, ACL 2019). A long message touches several subjects at once, so long
questions are made of the sentences of several passages. Where a collection has labels, each text is a question in
its turn, and the others with its label are what has to be found.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrieval.embed import Encoder, Vectors, embed
from retrieval.keyword import Bm25, count_terms
from retrieval.terms import Analyzer

SUBJECTS = (1, 3, 10)  # passages that one question is made of
WORDS = 6_000  # of passages that are encoded once more, without their sentence
LEAST = 20  # held-out passages below which there is too little to learn from
_POOL = 100
_MOST = 300
_LONG = 30


@dataclass(frozen=True, slots=True)
class Corpus:
    """One collection as the trials need it, in any order. contexts: what stands before a text when it is encoded."""

    texts: Sequence[str]
    contexts: Sequence[str]
    vectors: Vectors
    counters: Sequence[Counter[str]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A question with its candidates: cosine and words (0-1) of each, and which of them are right."""

    terms: int
    cosine: Any
    words: Any
    right: Any
    wanted: int  # right passages in all, those outside the candidates included


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A passage parted in two: the sentences that ask, and the vector and terms of what is left."""

    row: int
    question: str
    vector: Any
    counter: Counter[str]


def cloze_trials(
    corpus: Corpus,
    *,
    encoder: Encoder,
    analyze: Analyzer,
    split: Callable[[str], list[str]],
    amount: int = 96,
    seed: int = 7,
) -> list[Trial]:
    """Trials from held-out sentences: each passage once by itself, and a third as many questions of several subjects.

    None where fewer than LEAST passages have two sentences.
    """
    draw = random.Random(seed)
    held = list(_hold_out(corpus, encoder=encoder, analyze=analyze, split=split, draw=draw))
    if len(held) < LEAST:
        return []
    groups = [[one] for one in held]
    for subjects in SUBJECTS[1:]:
        if subjects * 2 <= len(held):
            groups += [draw.sample(held, subjects) for _ in range(min(len(held) // 3, _LONG))]
    questions = [" ".join(one.question for one in group) for group in groups]
    bm25 = Bm25(count_terms(corpus.counters))
    trials = []
    vectors = embed(questions, encoder)
    cosines = vectors @ corpus.vectors.T
    for group, question, vector, cosine in zip(groups, questions, vectors, cosines, strict=True):
        terms = analyze(question)
        query = bm25.query(terms)
        words = bm25.scores(query)
        for one in group:
            cosine[one.row], words[one.row] = one.vector @ vector, bm25.score_of(query, one.counter)
        rows = np.array(sorted({one.row for one in group}))
        trials.append(_trial(len(terms), cosine, words / max(query.bound, 1e-9), rows))
    return trials


def label_trials(corpus: Corpus, labels: Sequence[str], *, analyze: Analyzer, amount: int = 600) -> list[Trial]:
    """Trials from labels: each text asks (its vector is its row), and is not among what can be found."""
    rows = list(range(len(corpus.texts)))
    random.Random(7).shuffle(rows)
    given = np.array(labels)
    bm25 = Bm25(count_terms(corpus.counters))
    trials = []
    for row in rows[:amount]:
        right = np.flatnonzero((given == given[row]) & (np.arange(len(given)) != row))
        terms = analyze(corpus.texts[row])
        query = bm25.query(terms)
        cosine, words = corpus.vectors @ corpus.vectors[row], bm25.scores(query)
        cosine[row], words[row] = -1.0, 0.0
        if len(right):
            trials.append(_trial(len(terms), cosine, words / max(query.bound, 1e-9), right))
    return trials


def _hold_out(
    corpus: Corpus,
    *,
    encoder: Encoder,
    analyze: Analyzer,
    split: Callable[[str], list[str]],
    draw: random.Random,
) -> Iterator[HeldOut]:
    rows = list(range(len(corpus.texts)))
    draw.shuffle(rows)
    parted: list[tuple[int, str, str]] = []
    words = 0
    for row in rows:
        if len(parted) == _MOST or words > WORDS:
            break
        sentences = split(corpus.texts[row])
        if len(sentences) > 1:
            words += len(corpus.texts[row].split())
            asking = 1 if len(sentences) < 4 else draw.randint(1, 2)
            start = draw.randrange(len(sentences) - asking + 1)
            left = sentences[:start] + sentences[start + asking :]
            parted.append((row, " ".join(sentences[start : start + asking]), " ".join(left)))
    left_over = [corpus.contexts[row] + left for row, _, left in parted]
    for (row, question, _), text, vector in zip(parted, left_over, embed(left_over, encoder), strict=True):
        yield HeldOut(row, question, vector, Counter(analyze(text)))


def _trial(terms: int, cosine: Any, words: Any, right: Any) -> Trial:
    """Keep the candidates that a search would fuse, and the right ones that it would not find as misses."""
    rows = np.union1d(_top(cosine), _top(words))
    return Trial(terms, cosine[rows], words[rows], np.isin(rows, right), len(right))


def _top(scores: Any) -> Any:
    return np.argpartition(scores, -_POOL)[-_POOL:] if len(scores) > _POOL else np.arange(len(scores))
