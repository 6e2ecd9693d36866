"""Purchases as arrays: order, cuts in time, and who is left after a cut."""

import numpy as np

from profiles.transactions import NO_PRODUCT, transactions_of

LINES = [
    ("b", 10.5, 5.0, 1, "tent"),
    ("a", 12.0, 7.0, 2, None),
    ("b", 9.0, 3.0, 1, "mat"),
    ("c", 11.0, -4.0, 1, "tent"),
]


def test_lines_are_ordered_by_customer_and_then_by_time():
    found = transactions_of(LINES)
    assert found.customers.tolist() == ["a", "b", "c"]
    assert found.customer.tolist() == [0, 1, 1, 2]
    assert found.day.tolist() == [12.0, 9.0, 10.5, 11.0]
    assert [found.products[place] if place != NO_PRODUCT else None for place in found.product] == [
        None,
        "mat",
        "tent",
        "tent",
    ]
    assert found.starts().tolist() == [0, 1, 3, 4]


def test_what_is_known_before_a_day_holds_nothing_of_that_day():
    known = transactions_of(LINES).before(10.5)
    assert known.customers.tolist() == ["b"]
    assert known.day.tolist() == [9.0]


def test_a_cut_keeps_the_products_in_their_places():
    every = transactions_of(LINES)
    cut = every.between(10.0, 12.0)
    assert cut.customers.tolist() == ["b", "c"]
    assert np.array_equal(cut.products, every.products)
    assert cut.amount.tolist() == [5.0, -4.0]


def test_no_lines_at_all_are_no_customers():
    nothing = transactions_of([])
    assert len(nothing) == 0
    assert nothing.starts().tolist() == [0]
    assert len(nothing.before(5.0).customers) == 0
