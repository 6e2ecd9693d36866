"""Cells of text become numbers, days, categories or missing values."""

import math

import numpy as np
import pytest

from profiles.tables import Table, categories_of, check_columns, kind_of, numbers_of
from rapport.errors import UserError


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "", "-3e2"], "number"),
        (["$1,234.50", "12", "€ 7"], "number"),
        (["2026-01-05", "2025-12-31T10:00:00Z", "n/a"], "date"),
        (["red", "blue", ""], "category"),
        (["1"] * 9 + ["none"], "number"),
        (["1"] * 8 + ["none"] * 2, "category"),
        (["", " ", "NA", "null"], "category"),
        (["05/06/2024", "06/05/2024"], "category"),
    ],
)
def test_a_column_is_what_nine_in_ten_of_its_cells_are(cells, kind):
    assert kind_of(cells) == kind


def test_numbers_are_read_with_their_currency_and_the_rest_is_missing_and_counted():
    values, unread = numbers_of(["1.5", "$2,000.00", "", "lots", "inf", "1_000"], "number")
    assert values[:2].tolist() == [1.5, 2000.0]
    assert np.isnan(values[2:]).all()
    assert unread == 3


def test_a_number_written_nan_is_blank_and_not_a_cell_that_cannot_be_read():
    values, unread = numbers_of(["1", "NaN"], "number")
    assert math.isnan(values[1])
    assert unread == 0


def test_days_count_from_1970_in_utc():
    values, unread = numbers_of(["1970-01-02", "1970-01-01T12:00:00+00:00"], "date")
    assert values.tolist() == [1.0, 0.5]
    assert unread == 0


def test_a_blank_cell_is_no_category():
    assert categories_of([" red ", "", "N/A", "none"]).tolist() == ["red", None, None, "none"]


def test_chosen_rows_keep_their_columns_together():
    table = Table(
        ids=np.array(["a", "b", "c"], dtype=object),
        numeric={"x": np.array([1.0, 2.0, 3.0])},
        categorical={"y": np.array(["p", None, "q"], dtype=object)},
    )
    found = table.chosen(np.array([2, 0]))
    assert found.ids.tolist() == ["c", "a"]
    assert found.numeric["x"].tolist() == [3.0, 1.0]
    assert found.categorical["y"].tolist() == ["q", "p"]


def test_a_table_without_a_column_of_the_training_is_refused():
    table = Table(ids=np.array(["a"], dtype=object), numeric={"x": np.array([1.0])}, categorical={})
    check_columns(table, ["x"], [])
    with pytest.raises(UserError, match="no column 'y'"):
        check_columns(table, ["x"], ["y"])
