"""Demand: hand-worked products and customers, nothing of the future, and read back as it was."""

import numpy as np
import pytest

from profiles.demand import COLUMNS, DEMAND_FILE, Demand, demand_at
from profiles.transactions import Transactions, transactions_of
from rapport.errors import CorruptArtifact

CUTOFF = 300.0
LINES = [
    ("a", 190.2, 5.0, 1, "x"),
    ("a", 190.3, 5.0, 1, "y"),
    ("a", 290.0, 5.0, 1, "x"),
    ("b", 195.0, 5.0, 1, "y"),
    ("b", 195.1, -5.0, -1, "x"),
    ("c", 289.0, 5.0, 1, "x"),
    ("d", 120.0, 5.0, 1, None),
    ("e", 100.0, 5.0, 1, "x"),
]
LATER = [("a", 300.0, 5.0, 1, "y"), ("f", 301.0, 5.0, 1, "z"), ("c", 350.0, 5.0, 1, "y")]


def test_products_and_customers_have_the_numbers_worked_by_hand():
    found = demand_at(transactions_of(LINES), CUTOFF, 100.0)
    assert found.products.tolist() == ["x", "y"]
    assert found.numbers[:, 0] == pytest.approx([np.log(3), 0])  # a and c bought x within 14 days
    # On day 200, x had brought a, who came back, and y had brought a and b, of whom half did; half of all did.
    assert found.numbers[:, 1] == pytest.approx([0.5 / 31, 0])
    said = np.concatenate([found.numbers[:, [0]], found.numbers[:, [1]]], axis=1)
    x, y = said
    by_hand = {"a": [*(2 * x + y) / 3, *x], "b": [*y, *y], "c": [*x, *x], "e": [*x, *x]}
    centre = np.mean(list(by_hand.values()), axis=0)
    wares = found.wares(transactions_of(LINES), CUTOFF)
    assert wares == pytest.approx(
        np.array([by_hand[name] - centre if name != "d" else np.zeros(4) for name in "abcde"])
    )


def test_nothing_of_the_cutoff_or_later_is_read():
    alone, both = transactions_of(LINES), transactions_of([*LINES, *LATER])
    one, other = demand_at(alone, CUTOFF, 60.0), demand_at(both, CUTOFF, 60.0)
    for name in ("numbers", "centre"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name)[: len(getattr(one, name))])
    np.testing.assert_array_equal(one.wares(alone, CUTOFF), one.wares(both, CUTOFF)[:5])


def test_one_customer_says_the_same_alone_as_among_all():
    every = transactions_of(LINES)
    found = demand_at(every, CUTOFF, 60.0)
    alone = every.chosen(every.customer == 0)
    np.testing.assert_array_equal(found.wares(alone, CUTOFF)[0], found.wares(every, CUTOFF)[0])


def test_the_order_of_the_products_changes_nothing():
    every = transactions_of(LINES)
    turned = Transactions(
        customers=every.customers, products=every.products[::-1], customer=every.customer, day=every.day,
        amount=every.amount, quantity=every.quantity, product=np.where(every.product < 0, -1, 1 - every.product),
    )  # fmt: skip
    found = demand_at(turned, CUTOFF, 60.0)
    np.testing.assert_array_equal(found.wares(every, CUTOFF), demand_at(every, CUTOFF, 60.0).wares(turned, CUTOFF))


@pytest.mark.parametrize("lines", [[], [("a", 100.0, 5.0, 1, None)], [("a", 100.0, -5.0, -1, "x")], LATER])
def test_where_no_product_was_bought_nothing_is_known(lines):
    transactions = transactions_of(lines)
    wares = demand_at(transactions, CUTOFF, 60.0).wares(transactions, CUTOFF)
    assert wares.shape == (len(transactions.customers), len(COLUMNS))
    assert not wares.any()


def test_a_product_that_was_never_seen_says_nothing():
    found = demand_at(transactions_of(LINES), CUTOFF, 60.0)
    assert not found.wares(transactions_of([("new", 299.0, 5.0, 1, "zz")]), CUTOFF).any()


def test_demand_is_read_back_as_it_was_and_a_broken_file_is_refused(tmp_path):
    found = demand_at(transactions_of(LINES), CUTOFF, 60.0)
    found.save(tmp_path)
    read = Demand.load(tmp_path)
    for name in ("products", "numbers", "centre"):
        np.testing.assert_array_equal(getattr(read, name), getattr(found, name))
    demand_at(transactions_of([]), CUTOFF, 60.0).save(tmp_path)
    assert not len(Demand.load(tmp_path).products)
    (tmp_path / DEMAND_FILE).write_text('{"products": ["x"], "numbers": [1], "centre": []}', encoding="utf-8")
    with pytest.raises(CorruptArtifact, match="holds no demand"):
        Demand.load(tmp_path)
