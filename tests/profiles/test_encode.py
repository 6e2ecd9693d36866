"""Robust numbers and vocabularies: outliers, missing and unseen values."""

import numpy as np
import pytest

from profiles.encode import UNSEEN, encode, encoding_of, fit_encoding
from profiles.tables import Table
from rapport.errors import UserError


def table(numbers, colours) -> Table:
    return Table(
        ids=np.arange(len(numbers)).astype(str).astype(object),
        numeric={"x": np.array(numbers, np.float64)},
        categorical={"colour": np.array(colours, dtype=object)},
    )


@pytest.fixture
def known() -> Table:
    return table([0, 1, 2, 3, 4] * 4, ["red", "blue", None, "red", "blue"] * 3 + ["rare"] * 5)


def test_a_number_fills_the_pieces_below_it_and_part_of_its_own(known):
    encoding = fit_encoding(known, pieces=4)
    assert encoding.numbers[0].edges == (0.0, 1.0, 2.0, 3.0, 4.0)
    found = encode(table([2.25, 0, 4], ["red"] * 3), encoding).numbers
    assert found.tolist() == [[1, 1, 0.25, 0], [0, 0, 0, 0], [1, 1, 1, 1]]


def test_an_outlier_is_no_further_out_than_the_last_quantile(known):
    found = encode(table([-1e9, 1e12], ["red"] * 2), fit_encoding(known, pieces=4)).numbers
    assert found.tolist() == [[0, 0, 0, 0], [1, 1, 1, 1]]


def test_a_missing_number_stands_at_the_median_with_a_flag_where_training_had_some():
    encoding = fit_encoding(table([0, 1, 2, 3, 4, np.nan], ["red"] * 6), pieces=2)
    assert encode(table([np.nan, 2.0], ["red"] * 2), encoding).numbers.tolist() == [[1, 0, 1], [1, 0, 0]]
    without = fit_encoding(table([0, 1, 2, 3, 4], ["red"] * 5), pieces=2)
    assert encode(table([np.nan], ["red"]), without).numbers.tolist() == [[1, 0]]


def test_unseen_and_rare_values_share_a_place_and_missing_ones_have_their_own(known):
    encoding = fit_encoding(known, rare=0.2)
    assert encoding.categories[0].values == ("blue", "rare", "red")
    found = encode(table([0] * 4, ["red", "green", None, "blue"]), encoding).places[:, 0]
    assert found.tolist() == [3, UNSEEN, UNSEEN, 1]
    often = fit_encoding(table([0] * 10, [None] * 5 + ["red"] * 5))
    assert encode(table([0, 0], [None, "green"]), often).places[:, 0].tolist() == [1, UNSEEN]


@pytest.mark.parametrize("numbers", [[7.0] * 6, [np.nan] * 6, [0.0] * 5 + [1.0]])
def test_a_column_of_one_number_or_of_none_is_encoded_without_harm(numbers):
    found = encode(table(numbers, ["red"] * 6), fit_encoding(table(numbers, ["red"] * 6))).numbers
    assert np.isfinite(found).all()


def test_an_encoding_comes_back_from_json(known):
    encoding = fit_encoding(known)
    assert encoding_of(encoding.as_json()) == encoding


def test_a_column_that_is_absent_is_named(known):
    bare = Table(ids=known.ids, numeric=known.numeric, categorical={})
    with pytest.raises(UserError, match="no column 'colour'"):
        encode(bare, fit_encoding(known))
