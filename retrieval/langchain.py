"""LangChain's faces over our search: an Embeddings, a BaseRetriever and a VectorStore, for use from other code.

They pass LangChain's standard tests. The VectorStore is a small store of its own in memory; the company's records
are searched through `RapportRetriever`, which keeps the rule of who may see what.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self
from uuid import uuid4

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from pydantic import ConfigDict

from rapport.types import Hit, Viewer
from retrieval.embed import Encoder
from retrieval.index import faiss_module
from retrieval.search import Searcher


class EncoderEmbeddings(Embeddings):
    """An encoder as LangChain's Embeddings; without one, the default encoder is loaded."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        if encoder is None:
            from rapport.models import load_encoder

            encoder = load_encoder()
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector for each text."""
        return [list(map(float, row)) for row in self._encoder.encode(texts)] if texts else []

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a question."""
        return self.embed_documents([text])[0]


class RapportRetriever(BaseRetriever):
    """The company's index as LangChain's retriever, for one viewer (by default an anonymous person)."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    searcher: Searcher
    viewer: Viewer = Viewer()
    k: int = 5

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = self.searcher.search(query, self.viewer, k=self.k if k is None else k)
        return [document_of(hit) for hit in found.hits]


def document_of(hit: Hit) -> Document:
    """A hit as a LangChain document; what a citation needs is in the metadata."""
    passage = hit.passage
    metadata = {
        "record": passage.record,
        "kind": passage.kind,
        "title": passage.title,
        "heading": passage.heading,
        "url": passage.url,
        "visibility": passage.visibility,
        "score": hit.score,
        "via": hit.via,
    }
    return Document(id=passage.id, page_content=passage.text, metadata=metadata)


class FaissVectorStore(VectorStore):
    """Documents and their vectors in a flat FAISS index in memory, by cosine. Adding an id again replaces it."""

    def __init__(self, embedding: Embeddings) -> None:
        self._embedding = embedding
        self._documents: dict[int, Document] = {}
        self._numbers: dict[str, int] = {}
        self._next = 0
        self._index: Any = None

    @property
    def embeddings(self) -> Embeddings:
        """What turns texts into vectors."""
        return self._embedding

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add documents under the ids given, else their own, else new ones; returns the ids in order."""
        ids = kwargs.get("ids") or [document.id or str(uuid4()) for document in documents]
        copies = [
            Document(id=name, page_content=document.page_content, metadata=dict(document.metadata))
            for name, document in zip(ids, documents, strict=True)
        ]
        last = {document.id: document for document in copies}  # an id given twice keeps its last document
        self._add(list(last.values()))
        return list(ids)

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts with their metadata; returns their ids in order."""
        contents = list(texts)
        given = metadatas or [{} for _ in contents]
        documents = [Document(page_content=text, metadata=data) for text, data in zip(contents, given, strict=True)]
        return self.add_documents(documents, ids=ids)

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Remove documents; without ids, all of them. An id that is not there is ignored."""
        numbers = [self._numbers.pop(name) for name in (list(self._numbers) if ids is None else ids)
                   if name in self._numbers]  # fmt: skip
        if numbers:
            self._index.remove_ids(np.array(numbers, np.int64))
        for number in numbers:
            del self._documents[number]
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents under these ids, in order; an id that is not there is left out."""
        return [self._documents[self._numbers[name]] for name in ids if name in self._numbers]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The k documents nearest to a text."""
        return [document for document, _ in self.similarity_search_with_score(query, k)]

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        """The k nearest documents with their cosines, best first."""
        return self._nearest(self._embedding.embed_query(query), k)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        """The k documents nearest to a vector."""
        return [document for document, _ in self._nearest(embedding, k)]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A store with these texts."""
        store = cls(embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: (cosine + 1) / 2

    def _add(self, documents: list[Document]) -> None:
        if not documents:
            return
        vectors = _unit(self._embedding.embed_documents([document.page_content for document in documents]))
        self.delete([document.id or "" for document in documents])
        if self._index is None:
            faiss = faiss_module()
            self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        numbers = range(self._next, self._next + len(documents))
        self._next += len(documents)
        self._index.add_with_ids(vectors, np.array(numbers, np.int64))
        for number, document in zip(numbers, documents, strict=True):
            self._documents[number] = document
            self._numbers[document.id or ""] = number

    def _nearest(self, vector: Sequence[float], k: int) -> list[tuple[Document, float]]:
        if not self._documents:
            return []
        scores, numbers = self._index.search(_unit([vector]), min(k, len(self._documents)))
        pairs = zip(numbers[0].tolist(), scores[0].tolist(), strict=True)
        return [(self._documents[number], score) for number, score in pairs if number >= 0]


def _unit(vectors: Sequence[Sequence[float]]) -> Any:
    """(n, dim) float32 rows of length 1; a row of zeros stays."""
    rows = np.array(vectors, np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
