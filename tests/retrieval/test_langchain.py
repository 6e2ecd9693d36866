from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests

from rapport.doubles import HashingEncoder
from rapport.records import Article
from rapport.settings import RetrievalSettings
from rapport.types import Viewer
from retrieval import sync
from retrieval.langchain import EncoderEmbeddings, FaissVectorStore, RapportRetriever


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return EncoderEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"encoder": HashingEncoder()}


@pytest.mark.anyio
class TestEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return EncoderEmbeddings


@pytest.mark.anyio
class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return FaissVectorStore(self.get_embeddings())


@pytest.mark.anyio
class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _searcher(self, home, store) -> None:
        texts = ("Send shoes back.", "Parcels take two days.", "Pay by card.", "Open until nine.", "Boots last.")
        store.upsert([Article(source="s", source_id=str(n), title="", text=text) for n, text in enumerate(texts)])
        secret = Article(source="s", source_id="x", title="", text="Shoes: refuse after a year.", visibility="staff")
        store.upsert([secret])
        self.searcher = sync.ensure(home, store, encoder=HashingEncoder(), settings=RetrievalSettings())

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return RapportRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"searcher": self.searcher}

    @property
    def retriever_query_example(self) -> str:
        return "send shoes back"

    def test_staff_text_is_found_by_staff_alone(self):
        found = [
            document.page_content
            for viewer in (Viewer(), Viewer(staff=True))
            for document in RapportRetriever(searcher=self.searcher, viewer=viewer, k=9).invoke("shoes")
            if document.metadata["visibility"] == "staff"
        ]
        assert found == ["Shoes: refuse after a year."]


def test_a_score_is_the_cosine():
    store = FaissVectorStore.from_texts(["red shoes", "late parcel"], EncoderEmbeddings(HashingEncoder()))
    ((document, score),) = store.similarity_search_with_score("red shoes", k=1)
    assert document.page_content == "red shoes"
    assert score == pytest.approx(1.0, abs=1e-5)
