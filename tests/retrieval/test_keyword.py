import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.keyword import Bm25, count_terms
from retrieval.terms import Analyzer

TEXTS = [["shoe", "shoe", "return"], ["shoe", "size"], ["parcel", "late", "parcel", "return"]]


def test_a_score_equals_the_value_worked_by_hand():
    bm25 = Bm25(count_terms([Counter(text) for text in TEXTS]))
    # Three texts of 3, 2 and 4 terms (mean 3); "shoe" is in two of them: idf = ln(1 + 1.5 / 2.5) = ln 1.6.
    idf = math.log(1.6)
    first = idf * 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 3 / 3))
    second = idf * 1 * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 2 / 3))
    assert bm25.scores(bm25.query(["shoe"])) == pytest.approx([first, second, 0.0], rel=1e-6)


def test_a_part_has_the_terms_of_its_own_passages_alone():
    counts = count_terms([Counter(text) for text in TEXTS])
    first = Bm25(counts.rows(0, 2), vocabulary={word: index for index, word in enumerate(counts.vocabulary)})
    assert [first.has(word) for word in ("shoe", "size", "parcel", "zebra")] == [True, True, False, False]


def test_the_scores_equal_those_of_bm25s():
    import bm25s

    other = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    other.index(TEXTS, show_progress=False)
    bm25 = Bm25(count_terms([Counter(text) for text in TEXTS]))
    for question in (["shoe"], ["return", "parcel"], ["size", "late"]):
        # bm25s leaves out the constant factor k1 + 1 of its "lucene" variant.
        assert bm25.scores(bm25.query(question)) / 2.5 == pytest.approx(other.get_scores(question), rel=1e-5)


def test_no_passage_scores_above_the_bound_of_its_query():
    bm25 = Bm25(count_terms([Counter(text) for text in TEXTS]))
    query = bm25.query(["shoe", "shoe", "return", "unheard"])
    assert 0 < bm25.scores(query).max() < query.bound


words = st.lists(st.sampled_from(["a1", "b2", "c3", "d4", "e5"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(words, min_size=1, max_size=9), question=words, data=st.data())
def test_a_span_scores_as_it_does_among_all(texts, question, data):
    bm25 = Bm25(count_terms([Counter(text) for text in texts]))
    query = bm25.query(question)
    start = data.draw(st.integers(0, len(texts) - 1))
    stop = data.draw(st.integers(start + 1, len(texts)))
    expected = bm25.scores(query)
    assert np.allclose(bm25.scores_between(query, start, stop), expected[start:stop], atol=1e-5)
    for row, text in enumerate(texts):
        assert bm25.score_of(query, Counter(text)) == pytest.approx(float(expected[row]), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(words, min_size=1, max_size=9), data=st.data())
def test_counts_survive_packing_and_taking(texts, data):
    counters = [Counter(text) for text in texts]
    packed = count_terms(counters)
    assert packed.counters() == counters
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=6))
    assert packed.take(rows).counters() == [counters[row] for row in rows]


def test_terms_are_stemmed_and_function_words_left_out():
    assert Analyzer("en")("How do I return the shoes that don't fit?") == ["return", "shoe", "don't", "fit"]
    assert Analyzer("de")("Bestellungen") == Analyzer("de")("Bestellung")


def test_numbers_and_order_numbers_stay_whole():
    assert Analyzer()("Order #W2611340 costs 1,299.50") == ["order", "w2611340", "cost", "1,299.50"]
