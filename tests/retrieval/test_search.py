from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.doubles import FixedClock, HashingEncoder
from rapport.types import Identity, Passage, PassageId, Viewer
from retrieval import answerable
from retrieval.content import Row, arrange
from retrieval.index import Index, Stamp, build_part, build_parts, stored_vectors
from retrieval.search import Searcher
from retrieval.sentences import train
from retrieval.terms import analyzer
from retrieval.tuning import Curve, Tuning

ENCODER = HashingEncoder(64)
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
OWNERS = ("s:ann", "s:bob", "s:cyd")
WORDS = ("shoe", "parcel", "refund", "late", "size", "return", "card", "invoice")


def searcher_over(passages, *, curve=None, hnsw_above=1000):
    texts = [passage.text for passage in passages]
    rows = [Row(passage, "articles/help", "") for passage in passages]
    content = arrange(list(zip(rows, ENCODER.encode(texts), analyzer().counts(texts), strict=True)), dim=ENCODER.dim)
    tuning = Tuning(answerable.WEIGHTS, {"articles/help": curve or Curve()})
    stamp = Stamp("s", 0, ENCODER.name, ENCODER.fingerprint, ENCODER.dim, 120, hnsw_above)
    parts = build_parts(content, hnsw_above=hnsw_above)
    searcher = Searcher(Index(stamp, "v", content, parts, train(()), tuning), ENCODER)
    searcher.clock = FixedClock(NOW)
    return searcher


def passage(number, text, *, visibility="public", owner=None, kind="articles", **times):
    return Passage(
        id=PassageId(f"p{number:04}"), record=f"s:{number}", kind=kind, title="", text=text,
        visibility=visibility, owner=owner, **times,
    )  # fmt: skip


@st.composite
def collections(draw):
    made = []
    for number in range(draw(st.integers(1, 25))):
        text = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)))
        visibility = draw(st.sampled_from(["public", "staff", "owner"]))
        owner = draw(st.sampled_from(OWNERS)) if visibility == "owner" else None
        until = draw(st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=1)]))
        start = draw(st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=1)]))
        made.append(passage(number, text, visibility=visibility, owner=owner, valid_until=until, valid_from=start))
    return made


viewers = st.builds(
    Viewer,
    customer_id=st.sampled_from([None, *OWNERS]),
    identity=st.sampled_from(list(Identity)),
    staff=st.booleans(),
)


def may_see(viewer, found):
    if (found.valid_until and found.valid_until < NOW) or (found.valid_from and found.valid_from > NOW):
        return False
    if found.visibility == "owner":
        return viewer.identity is Identity.VERIFIED and viewer.customer_id == found.owner
    return found.visibility == "public" or viewer.staff


@settings(max_examples=150, deadline=None)
@given(passages=collections(), viewer=viewers, question=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
def test_a_viewer_gets_all_and_only_what_they_may_see(passages, viewer, question):
    found = searcher_over(passages).search(" ".join(question), viewer, k=50)
    assert {hit.passage.id for hit in found.hits} == {one.id for one in passages if may_see(viewer, one)}
    assert [hit.rank for hit in found.hits] == list(range(1, len(found.hits) + 1))
    assert 0.0 <= found.answerable <= 1.0


@settings(max_examples=40, deadline=None)
@given(passages=collections(), question=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
def test_what_others_own_changes_no_score(passages, question):
    # A customer must not learn from a rank or a score that somebody else's passage exists.
    viewer = Viewer("s:ann", Identity.VERIFIED)
    visible = [one for one in passages if one.visibility == "public"]
    if visible:
        query = " ".join(question)
        anonymous = searcher_over(passages).search(query, Viewer(), k=50)
        alone = searcher_over(visible).search(query, Viewer(), k=50)
        assert [(hit.passage.id, pytest.approx(hit.score)) for hit in alone.hits] == [
            (hit.passage.id, hit.score) for hit in anonymous.hits
        ]
    for hit in searcher_over(passages).search(" ".join(question), viewer, k=50).hits:
        assert hit.passage.owner in (None, "s:ann")


@pytest.mark.parametrize("hnsw_above", [10_000, 100])
def test_faiss_finds_what_numpy_finds(hnsw_above):
    draw = np.random.default_rng(3)
    vectors = draw.standard_normal((400, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    part = build_part(vectors, hnsw_above=hnsw_above)
    assert hasattr(part, "hnsw") == (hnsw_above == 100)
    assert np.array_equal(stored_vectors(part), vectors)
    for question in vectors[:20] + 0.1 * draw.standard_normal((20, 32)).astype(np.float32):
        scores, rows = part.search(question[None], 5)
        expected = vectors @ question
        assert rows[0].tolist() == np.argsort(-expected)[:5].tolist()
        assert scores[0] == pytest.approx(np.sort(expected)[::-1][:5], abs=1e-5)


@pytest.mark.parametrize("hnsw_above", [10_000, 100])
def test_an_expired_passage_never_takes_the_place_of_a_valid_one(hnsw_above):
    old = NOW - timedelta(days=1)
    passages = [passage(n, f"parcel late {n}", valid_until=old) for n in range(150)]
    passages.append(passage(999, "refund by card"))
    searcher = searcher_over(passages, hnsw_above=hnsw_above)
    assert [hit.passage.id for hit in searcher.search("parcel late", Viewer(), k=3).hits] == ["p0999"]


def test_the_fused_score_is_the_share_of_both():
    searcher = searcher_over([passage(1, "late parcel"), passage(2, "card refund")], curve=Curve(0.0, 0.0))
    vector = ENCODER.encode(["late parcel"])[0]
    hit = searcher.search("late parcel", Viewer(), vector=vector).hits[0]
    # Two terms, each in one of two texts of two words: BM25's norm is 1.5, so each term scores its idf.
    words = 1 / 2.5
    assert hit.score == pytest.approx(0.5 * 1.0 + 0.5 * words, abs=1e-4)
    assert hit.via == "both"


def test_only_the_kinds_asked_for_are_searched():
    searcher = searcher_over([passage(1, "shoe"), passage(2, "shoe", kind="products")])
    assert [hit.passage.id for hit in searcher.search("shoe", Viewer(), kinds=["products"]).hits] == ["p0002"]


def test_an_empty_index_answers_nothing():
    found = searcher_over([]).search("anything", Viewer())
    assert (found.hits, found.answerable) == ((), 0.0)


def test_a_question_without_a_known_word_is_searched_by_meaning():
    hits = searcher_over([passage(1, "shoe")]).search("???", Viewer()).hits
    assert [hit.via for hit in hits] == ["dense"]


def test_only_the_words_of_public_passages_are_known():
    made = [passage(1, "late parcel"), passage(2, "secret card", visibility="owner", owner="s:ann")]
    searcher = searcher_over(made)
    assert [searcher.knows(term) for term in ("parcel", "secret", "zebra")] == [True, False, False]
    assert not searcher_over(made[1:]).knows("secret")
