import pytest

from eval.retrieval_speed import measure_search


@pytest.mark.slow
def test_both_searches_are_timed_and_their_ratio_given():
    times = measure_search(passages=200, questions=4, repetitions=2)
    assert times.search_ms > 0
    assert times.faiss_ms > 0
    assert times.ratio > 0
