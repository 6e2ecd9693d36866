"""A map with a hidden layer: it learns what no linear map can, and the same from the same seed."""

import numpy as np
import pytest

from finetune.hidden import HiddenPlan, fit_hidden, mean_of
from rapport.hidden import Hidden

CORNERS = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]) / np.sqrt(2)
PLAN = HiddenPlan(units=32, epochs=60, forget_inputs=0.0, forget_units=0.0)


def spread_corners(seed):
    random = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2, 3], 250)
    return CORNERS[truth] + random.normal(0, 0.15, (len(truth), 2)), truth


def leaning(logits):
    return np.logaddexp.reduce(logits[:, :2], axis=1) - np.logaddexp.reduce(logits[:, 2:], axis=1)


def test_sides_that_no_line_divides_are_told_apart():
    rows, truth = spread_corners(0)
    learnt = fit_hidden(rows, truth, 2, PLAN)
    others, sides = spread_corners(1)
    logits = learnt.logits(others)
    assert logits.shape == (1000, 4)
    assert ((leaning(logits) > 0) == (sides < 2)).mean() > 0.98
    assert (logits.argmax(1) == sides).mean() > 0.98


def test_the_same_seed_learns_the_same():
    rows, truth = spread_corners(0)
    one, two, three = (
        fit_hidden(rows, truth, 2, HiddenPlan(units=8, epochs=2, seed=seed)).logits(rows[:5]) for seed in (4, 4, 5)
    )
    assert one == pytest.approx(two)
    assert one != pytest.approx(three)


def test_the_mean_of_two_maps_scores_half_way_between_them():
    random = np.random.default_rng(0)
    shapes = ((5, 4), (5,), (3, 5), (3,))
    first, second = (Hidden(*(random.normal(size=shape) for shape in shapes)) for _ in range(2))
    given = random.normal(size=(6, 4))
    halfway = 0.5 * (first.logits(given) + second.logits(given))
    assert mean_of([first, second]).logits(given) == pytest.approx(halfway)
