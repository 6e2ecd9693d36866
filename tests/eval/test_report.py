"""Bounds and spreads are told as they are."""

import math

import pytest

from eval.report import Bound, missed, rounded, spread


def test_a_bound_that_holds_is_not_mentioned():
    assert missed({"right": 0.99}, [Bound(name="right", least=0.99)]) == []


def test_a_missed_bound_names_figure_value_and_bound():
    figures = {"right": 0.98, "leaks": 1}
    sentences = missed(figures, [Bound(name="right", least=0.99), Bound(name="leaks", most=0)])
    assert sentences == ["right is 0.98; it must be >= 0.99", "leaks is 1; it must be <= 0"]


def test_what_was_not_measured_misses_nothing_but_nan_does():
    assert missed({"a": None}, [Bound(name="a", most=1)]) == []
    assert missed({"a": math.nan}, [Bound(name="a", most=1)]) != []


def test_a_bound_on_a_figure_that_is_absent_is_an_error():
    with pytest.raises(KeyError):
        missed({"rigth": 1.0}, [Bound(name="right", least=0.99)])


def test_rounding_reaches_nested_values():
    assert rounded({"a": 1.23456, "b": [0.00004, "x"], "n": 3}) == {"a": 1.2346, "b": [0.0, "x"], "n": 3}


def test_a_spread_is_the_median_and_the_quartiles():
    assert spread([4, 1, 3, 2]) == spread([1, 2, 3, 4])
    middle = spread([1, 2, 3, 4])
    assert (middle.median, middle.low, middle.high, middle.n) == (2, 1, 3, 4)


def test_a_spread_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no measurements"):
        spread([])
