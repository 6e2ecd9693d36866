"""Purchases as baskets: what each customer took on which day, as of a moment. Knows nothing of models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from profiles.transactions import NO_PRODUCT, Transactions

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOREVER = float("inf")  # the half-life of what never fades


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baskets:
    """Distinct products of each customer's days, ordered by customer, then by time.

    customers: (C,) ids; one without a line has no basket. products: (P,) ids. customer, product, day: (N,) a line's
    customer, product and whole day since 1970-01-01. as_of: the day that everything is seen from; every line is older.
    """

    customers: np.ndarray
    products: np.ndarray
    customer: np.ndarray
    product: np.ndarray
    day: np.ndarray
    as_of: float

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.customer)

    def of(self, places: Sequence[int] | np.ndarray) -> "Baskets":
        """These customers alone, in this order; a place may not come twice."""
        wanted = np.full(len(self.customers), -1)
        wanted[np.asarray(places, int)] = np.arange(len(places))
        kept = np.flatnonzero(wanted[self.customer] >= 0)
        kept = kept[np.argsort(wanted[self.customer[kept]], kind="stable")]
        return replace(
            self,
            customers=self.customers[np.asarray(places, int)],
            customer=wanted[self.customer[kept]].astype(np.int32),
            product=self.product[kept],
            day=self.day[kept],
        )

    def number(self) -> np.ndarray:
        """(N,) the number of each line's basket, counted through all customers."""
        starts = np.ones(len(self), bool)
        starts[1:] = (self.customer[1:] != self.customer[:-1]) | (self.day[1:] != self.day[:-1])
        places: np.ndarray = np.cumsum(starts) - 1
        return places

    def last_day(self) -> np.ndarray:
        """(C,) each customer's last day; minus infinity where there is none."""
        last = np.full(len(self.customers), -np.inf)
        np.maximum.at(last, self.customer, self.day)
        return last

    def matrix(self, weights: np.ndarray | None = None) -> "csr_matrix":
        """(C, P) float32: the sum of the lines' weights, 1 each where none are given."""
        from scipy.sparse import csr_matrix

        values = np.ones(len(self), np.float32) if weights is None else weights.astype(np.float32)
        shape = len(self.customers), len(self.products)
        starts = np.searchsorted(self.customer, np.arange(shape[0] + 1)).astype(np.int32)
        found = csr_matrix((values, self.product.copy(), starts), shape=shape)
        found.sum_duplicates()
        return found

    def by_basket(self) -> "csr_matrix":
        """(baskets, P) float32: 1 where a basket held a product; baskets as `number` counts them."""
        from scipy.sparse import csr_matrix

        number = self.number()
        shape = (int(number[-1]) + 1 if len(self) else 0), len(self.products)
        return csr_matrix((np.ones(len(self), np.float32), (number, self.product)), shape=shape)

    def faded(self, half_life: float) -> np.ndarray:
        """(N,) weights that halve with every `half_life` days before the customer's last basket."""
        ages = self.last_day()[self.customer] - self.day
        return np.ones(len(self)) if half_life == FOREVER else 0.5 ** (ages / half_life)

    def shares(self, half_life: float) -> "csr_matrix":
        """(C, P) the share of a customer's baskets that held each product, old baskets counting less."""
        weights, number = self.faded(half_life), self.number()
        first = np.flatnonzero(np.diff(number, prepend=-1))
        totals = np.bincount(self.customer[first], weights[first], len(self.customers))
        found = self.matrix(weights)
        found.data *= np.repeat(1.0 / np.maximum(totals, 1e-12), np.diff(found.indptr))
        return found

    def histories(self, longest: int) -> list[np.ndarray]:
        """Each customer's last products in the order of time, at most `longest`."""
        ends = np.searchsorted(self.customer, np.arange(len(self.customers) + 1))
        return [self.product[max(start, end - longest) : end] for start, end in pairwise(ends)]


def baskets_of(transactions: Transactions, products: np.ndarray, *, as_of: float,
               customers: Sequence[str] | None = None) -> Baskets:  # fmt: skip
    """What was bought before `as_of`. Left out: lines without a product, or with one that `products` lacks; returns.

    customers: whose baskets, in this order; without them, all of the transactions. One without lines has no basket.
    """
    ids = transactions.customers if customers is None else np.asarray(customers, dtype=np.str_)
    owner = places_of(transactions.customers, ids)[transactions.customer]
    named, back = np.unique(transactions.product, return_inverse=True)
    known = places_of(np.append(transactions.products, "")[named], products)  # the last stands for NO_PRODUCT
    product = np.where(named == NO_PRODUCT, -1, known)[back]
    bought = (transactions.quantity > 0) & (transactions.amount >= 0) & (transactions.day < as_of)
    kept = np.flatnonzero(bought & (product >= 0) & (owner >= 0))
    kept = kept[np.argsort(owner[kept], kind="stable")]
    lines = np.stack([owner[kept], np.floor(transactions.day[kept]).astype(np.int64), product[kept]])
    new = np.zeros(len(kept), np.int64)  # a customer's lines come by time
    new[1:] = (lines[:2, 1:] != lines[:2, :-1]).any(axis=0)
    _, first = np.unique(np.cumsum(new) * (len(products) + 1) + lines[2], return_index=True)
    first.sort()
    customer, day, bought_product = lines[:, first]
    return Baskets(
        customers=ids,
        products=products,
        customer=customer.astype(np.int32),
        product=bought_product.astype(np.int32),
        day=day.astype(np.float64),
        as_of=as_of,
    )


def places_of(names: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(n,) where each name stands among the others, which are all different; -1 where it does not."""
    if not len(among) or not len(names):
        return np.full(len(names), -1)
    in_order = bool((among[:-1] <= among[1:]).all())
    order = np.arange(len(among)) if in_order else np.argsort(among, kind="stable")
    found = order[np.minimum(np.searchsorted(among, names, sorter=None if in_order else order), len(among) - 1)]
    return np.where(among[found] == names, found, -1)
