"""Purchases kept back to try a recommender on: next baskets after earlier days, or each customer's last product.

Whatever is fitted for a try sees its `known` baskets alone, so that nothing of what is asked for is used.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from profiles.recommend_baskets import Baskets
from profiles.recommend_signals import RecommendPlan

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """What was known, which customers are asked about, and what they took: asked: (B,) places; taken: (B, P) 0 or 1."""

    known: Baskets
    asked: np.ndarray
    taken: "csr_matrix"

    def sample(self, most: int, seed: int) -> "Try":
        """At most so many of the customers, drawn by the seed."""
        if len(self.asked) <= most:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(len(self.asked), most, replace=False))
        return Try(self.known, self.asked[rows], self.taken[rows])


def next_basket(baskets: Baskets, day: float, *, days: float = np.inf) -> Try:
    """Who bought before `day` and again within so many days from it; asked for is the first day's basket after it."""
    known = _kept(baskets, baskets.day < day, day)
    coming = (baskets.day >= day) & (baskets.day < day + days)
    first = np.full(len(baskets.customers), np.inf)
    np.minimum.at(first, baskets.customer[coming], baskets.day[coming])
    bought_before = np.bincount(known.customer, minlength=len(baskets.customers)) > 0
    asked = np.flatnonzero(bought_before & np.isfinite(first))
    taken = _kept(baskets, coming & (baskets.day == first[baskets.customer]), day).matrix()
    return Try(known, asked, taken[asked])


def last_product(baskets: Baskets, *, most: int | None = None, seed: int = 0) -> Try:
    """The last product of each customer who has two or more; with `most`, of so many of them, drawn by the seed."""
    counts = np.bincount(baskets.customer, minlength=len(baskets.customers))
    asked = np.flatnonzero(counts >= 2)
    if most is not None and len(asked) > most:
        asked = np.sort(np.random.default_rng(seed).choice(asked, most, replace=False))
    last = np.zeros(len(baskets), bool)
    last[(np.cumsum(counts) - 1)[asked]] = True
    return Try(_kept(baskets, ~last, baskets.as_of), asked, _kept(baskets, last, baskets.as_of).matrix()[asked])


def hold_out(baskets: Baskets, plan: RecommendPlan) -> list[Try]:
    """What the weights are tried on, the latest first."""
    if plan.hold_out == "last":
        return [last_product(baskets, most=plan.dev_customers, seed=plan.seed)]
    days = [baskets.as_of - plan.dev_days * back for back in range(1, plan.dev_cuts + 1)]
    held = [next_basket(baskets, day, days=plan.dev_days) for day in days]
    return [one.sample(plan.dev_customers, plan.seed) for one in held]


def _kept(baskets: Baskets, rows: np.ndarray, as_of: float) -> Baskets:
    """The same customers and products with these lines only."""
    return replace(
        baskets, customer=baskets.customer[rows], product=baskets.product[rows], day=baskets.day[rows], as_of=as_of
    )
