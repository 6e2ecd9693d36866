"""The votes of examples: as worked by hand, and the same for numpy and torch."""

import math

import numpy as np
import pytest

from rapport.votes import Votes

VOTES = Votes(
    examples=np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], dtype=np.float32),
    voices=np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=np.float32),
    weight=0.5,
)


def test_a_label_has_the_votes_of_all_its_examples_by_their_nearness():
    (said,) = VOTES.logits(np.array([[1.0, 0.0]], dtype=np.float32))
    # cosines 1 and .8 for the first label, 0 for the second
    assert said[0] == pytest.approx(0.5 * math.log(1.0 + math.exp(-8.0)), abs=1e-6)
    assert said[1] == pytest.approx(0.5 * math.log(math.exp(-40.0) + 1e-12), abs=1e-4)


def test_of_wider_vectors_the_first_columns_are_compared():
    own = np.array([[0.6, 0.8]], dtype=np.float32)
    wide = np.hstack([own, np.ones((1, 3), dtype=np.float32)])
    np.testing.assert_array_equal(VOTES.logits(wide), VOTES.logits(own))


def test_tensors_get_the_same_votes_and_let_gradients_through():
    import torch

    vectors = np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32)
    given = torch.tensor(vectors, requires_grad=True)
    said = VOTES.tensor(given)
    np.testing.assert_allclose(said.detach().numpy(), VOTES.logits(vectors), rtol=1e-5)
    said[0, 0].backward()
    # 40 * weight * the examples' mean by their votes, which the second one has nearly alone
    first, second = math.exp(40 * (0.6 - 1)), math.exp(40 * (0.96 - 1))
    pulled = 20 * (first * np.array([1.0, 0.0]) + second * np.array([0.8, 0.6])) / (first + second)
    np.testing.assert_allclose(given.grad[0].numpy(), pulled, rtol=1e-4)
