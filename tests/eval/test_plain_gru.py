"""The recurrent reference learns an order that is planted, reads it from its end, and is the same by seed."""

from dataclasses import replace

import numpy as np
import pytest

from eval.plain_gru import GRU_PLAN, fit_plain_gru


@pytest.fixture(scope="module")
def fitted():
    """Ten products that follow each other in a ring."""
    random = np.random.default_rng(0)
    histories = [(start + np.arange(length)) % 10 for start, length in random.integers([0, 2], [10, 9], (400, 2))]
    plan = replace(GRU_PLAN, dim=16, dropout=0.0, epochs=8, batch=32, rate=1e-2, negatives=32)
    return histories, plan, fit_plain_gru(histories, 10, plan)


@pytest.mark.slow
def test_the_product_that_follows_is_scored_highest_whatever_the_length(fitted):
    _, _, gru = fitted
    found = gru.scores([np.array([3]), np.array([9, 0, 1]), np.array([4, 5, 6, 7])])
    assert found.shape == (3, 10)
    assert found.argmax(axis=1).tolist() == [4, 2, 8]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_net(fitted):
    histories, plan, gru = fitted
    again = fit_plain_gru(histories, 10, plan)
    np.testing.assert_array_equal(gru.scores(histories[:5]), again.scores(histories[:5]))
