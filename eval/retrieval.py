"""Measure search on a corpus with judged questions, by the code that answers customers.

The fusion is fitted to the corpus alone: the judged questions are read only to be answered and counted.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from eval.retrieval_files import Document, Question
from rapport.errors import NotFound
from rapport.records import Article
from rapport.settings import RetrievalSettings
from retrieval import answerable, sentences
from retrieval.chunks import Cutter, context_of
from retrieval.content import Content, arrange, row_of
from retrieval.embed import Encoder, embed
from retrieval.index import build_part
from retrieval.keyword import Bm25
from retrieval.shelf import Candidates, Shelf
from retrieval.terms import analyzer
from retrieval.trials import Corpus, cloze_trials, label_trials
from retrieval.tuning import Curve, Tuning
from retrieval.weights import choose_curve

Mode = Literal["dense", "keyword", "hybrid"]
DEPTH = 10
SOURCE = "corpus"
COLLECTION = "articles/corpus"
_POOL = 100
_FIXED: Mapping[str, Curve] = {"dense": Curve(40.0, 0.0), "keyword": Curve(-40.0, 0.0)}


@dataclass(frozen=True, slots=True)
class Bench:
    """A corpus made searchable. documents: the document of each row of the shelf."""

    shelf: Shelf
    documents: tuple[str, ...]
    entities: Any
    curve: Curve

    def mask(self, entities: Collection[str]) -> Any:
        """Rows about these entities, or None for all rows."""
        return np.isin(self.entities, list(entities)) if entities else None

    def search(self, vector: Any, text: str, *, mask: Any = None) -> list[tuple[str, float]]:
        """The best documents with their scores; a document scores as its best passage."""
        return self._documents(self._find(vector, text, mask))

    def answerable(self, vector: Any, text: str) -> float:
        """Probability that the corpus has an answer, by the weights that ship."""
        found = self._find(vector, text, None)
        return self.shelf.tuning.probability(answerable.evidence([found]))

    def _find(self, vector: Any, text: str, mask: Any) -> Candidates:
        return self.shelf.candidates(vector, analyzer()(text), mask=mask, pool=_POOL)

    def _documents(self, found: Candidates) -> list[tuple[str, float]]:
        best: dict[str, float] = {}
        for place in np.argsort(-found.fused, kind="stable").tolist():
            best.setdefault(self.documents[found.rows[place]], float(found.fused[place]))
            if len(best) == DEPTH:
                break
        return list(best.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What `rapport eval retrieval` prints. ms: of one search, its question's vector given."""

    hit_at_1: float
    recall_at_5: float
    recall_at_10: float
    mrr_at_10: float
    ms_p50: float
    ms_p95: float
    questions: int

    def by_name(self) -> dict[str, float]:
        """The figures as a mapping, for reports."""
        return {name: float(value) for name, value in asdict(self).items()}


def bench(
    documents: Sequence[Document], *, encoder: Encoder, mode: Mode = "hybrid", labels: Mapping[str, str] | None = None
) -> Bench:
    """Cut, encode and index a corpus as articles are, and fit its fusion to itself.

    labels: by document id, where the corpus has them; they take the place of held-out sentences in the fitting.
    """
    splitter = sentences.train(document.text for document in documents)
    cutter = Cutter(RetrievalSettings().chunk_words, splitter)
    articles = [
        Article(source=SOURCE, source_id=document.id, title=document.title, text=document.text, collection=SOURCE)
        for document in documents
    ]
    pieces = [piece for article in articles for piece in cutter.cut(article, 1)]
    vectors = embed([piece.encoded for piece in pieces], encoder)
    counters = analyzer().counts(piece.searched for piece in pieces)
    content = arrange(list(zip(map(row_of, pieces), vectors, counters, strict=True)), dim=encoder.dim)
    curve = _FIXED.get(mode) or _fit(content, encoder=encoder, split=splitter, labels=labels)
    part = build_part(content.vectors, hnsw_above=RetrievalSettings().hnsw_above)
    shelf = Shelf(content.rows, part, Bm25(content.counts), Tuning(answerable.WEIGHTS, {COLLECTION: curve}))
    names = tuple(row.passage.record.removeprefix(f"{SOURCE}:") for row in content.rows)
    entity = {document.id: document.entity or "" for document in documents}
    return Bench(shelf, names, np.array([entity[name] for name in names]), curve)


def _fit(
    content: Content, *, encoder: Encoder, split: Callable[[str], list[str]], labels: Mapping[str, str] | None
) -> Curve:
    passages = [row.passage for row in content.rows]
    corpus = Corpus(
        texts=[passage.text for passage in passages],
        contexts=[context_of(passage.title, passage.heading) for passage in passages],
        vectors=content.vectors,
        counters=content.counts.counters(),
    )
    if labels is None:
        return choose_curve(cloze_trials(corpus, encoder=encoder, analyze=analyzer(), split=split))
    given = [labels[passage.record.removeprefix(f"{SOURCE}:")] for passage in passages]
    return choose_curve(label_trials(corpus, given, analyze=analyzer()))


def measure(
    place: Bench,
    questions: Sequence[Question],
    relevant: Mapping[str, Collection[str]],
    *,
    encoder: Encoder,
    by_entity: bool = True,
) -> Figures:
    """Answer every question that has a relevant document. by_entity: search only what it is about, where it says so.

    Raises NotFound where no question has a judgement.
    """
    judged = [question for question in questions if relevant.get(question.id)]
    if not judged:
        raise NotFound("no question has a relevant document.", hint="Do the ids in --queries and --qrels match?")
    tallies: list[tuple[float, ...]] = []
    times: list[float] = []
    for question, vector in zip(judged, embed([question.text for question in judged], encoder), strict=True):
        mask = place.mask(question.entities if by_entity else ())
        started = time.perf_counter()
        found = place.search(vector, question.text, mask=mask)
        times.append(1000 * (time.perf_counter() - started))
        tallies.append(tally([document for document, _ in found], relevant[question.id]))
    hit, five, ten, reciprocal = np.mean(tallies, axis=0).tolist()
    middle, slow = np.percentile(times, [50, 95]).tolist()
    return Figures(
        hit_at_1=hit, recall_at_5=five, recall_at_10=ten, mrr_at_10=reciprocal,
        ms_p50=middle, ms_p95=slow, questions=len(judged),
    )  # fmt: skip


def tally(found: Sequence[str], relevant: Collection[str]) -> tuple[float, float, float, float]:
    """(hit at 1, recall at 5, recall at 10, reciprocal rank within 10) of one ranking, best first."""
    right = [document in relevant for document in found[:DEPTH]]
    first = right.index(True) + 1 if any(right) else 0
    size = len(relevant)
    return float(first == 1), sum(right[:5]) / size, sum(right) / size, 1 / first if first else 0.0
