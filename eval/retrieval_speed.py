"""Time a whole search against bare FAISS over the same vectors, in the same run.

The texts are sentences of the sample company put together anew, so that words are as frequent as in real passages;
the vectors are random, because the time of a flat search does not depend on them.
"""

import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from rapport.records import CustomerId
from rapport.sample import build_sample
from rapport.types import Identity, Passage, PassageId, Viewer
from retrieval import answerable, sentences
from retrieval.content import Row, arrange
from retrieval.index import Index, Stamp, build_parts
from retrieval.search import Searcher
from retrieval.terms import analyzer
from retrieval.tuning import Tuning

DIM = 384
_OWNER = CustomerId("sample:owner")


@dataclass(frozen=True, slots=True)
class SearchTimes:
    """Medians in milliseconds, and the median of the ratios of the repetitions."""

    ratio: float
    search_ms: float
    faiss_ms: float


class _NoEncoder:
    """Stands for an encoder where every vector is given."""

    name, fingerprint, dim = "none", "none", DIM

    def encode(self, texts: Any) -> Any:
        raise RuntimeError(f"{len(texts)} texts without a vector")


def search_over_faiss(*, passages: int = 20_000, questions: int = 40, repetitions: int = 7) -> float:
    """How many times as long a search takes as bare FAISS: filter, BM25, fusion and abstaining included."""
    return measure_search(passages=passages, questions=questions, repetitions=repetitions).ratio


def measure_search(*, passages: int = 20_000, questions: int = 40, repetitions: int = 7) -> SearchTimes:
    """Time both over the same questions, one after the other; each goes first equally often."""
    searcher, part = _searcher(passages)
    asked = [question.text for question in build_sample().questions[:questions]]
    vectors = _unit(np.random.default_rng(1), len(asked))
    viewer = Viewer(_OWNER, Identity.VERIFIED)
    ratios: list[float] = []
    search_ms: list[float] = []
    faiss_ms: list[float] = []
    for repetition in range(repetitions + 1):
        ours: list[float] = []
        bare: list[float] = []
        for number, (text, vector) in enumerate(zip(asked, vectors, strict=True)):
            for turn in ("ours", "bare") if (number + repetition) % 2 else ("bare", "ours"):
                started = time.perf_counter()
                if turn == "ours":
                    searcher.search(text, viewer, vector=vector)
                else:
                    part.search(vector[None], 5)
                (ours if turn == "ours" else bare).append(1000 * (time.perf_counter() - started))
        if repetition:  # the first one warms caches
            search_ms.append(statistics.median(ours))
            faiss_ms.append(statistics.median(bare))
            ratios.append(search_ms[-1] / faiss_ms[-1])
    return SearchTimes(*map(statistics.median, (ratios, search_ms, faiss_ms)))


def _searcher(passages: int) -> tuple[Searcher, Any]:
    draw = random.Random(7)
    lines = [line for article in build_sample().articles for line in sentences.sentences(article.text)]
    triples = []
    vectors = _unit(np.random.default_rng(7), passages)
    for number in range(passages):
        text = " ".join(draw.sample(lines, 5))
        owner = _OWNER if number < 3 else None
        passage = Passage(
            id=PassageId(f"speed:{number}"), record=f"speed:{number}", kind="articles", title="", text=text,
            visibility="owner" if owner else "public", owner=owner,
        )  # fmt: skip
        triples.append((Row(passage, "articles/help", ""), vectors[number], Counter(analyzer()(text))))
    content = arrange(triples, dim=DIM)
    parts = build_parts(content, hnsw_above=passages)
    stamp = Stamp("speed", 0, "none", "none", DIM, 120, passages)
    index = Index(stamp, "speed", content, parts, sentences.train(()), Tuning(answerable.WEIGHTS))
    return Searcher(index, _NoEncoder()), parts["public"]


def _unit(draw: np.random.Generator, count: int) -> Any:
    vectors = draw.standard_normal((count, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
