"""A recommender of a home's own purchases: from its records to products that can be offered today."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crm.histories import day_of, moment_of
from profiles.gathering import Moment, Money
from profiles.history import merged
from profiles.reading import read_blocks
from profiles.recommend import Recommender, Suggestion, fit_recommender
from profiles.recommend_shop import Shop, by_group, catalogue_of, shop_of
from profiles.recommend_signals import RecommendPlan
from profiles.transactions import Transactions, transactions_of
from rapport.records import Product, RecordKind

if TYPE_CHECKING:
    from datetime import datetime

    from crm.store import Store
    from rapport.models import Encoder

LEAST_LINES = 20_000  # purchases below which the net learns nothing that the counts do not tell


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HomeRecommender:
    """A recommender with the shop and the purchases, by group of products, that it is asked about."""

    recommender: Recommender
    shop: Shop
    purchases: Transactions

    def suggest(self, customers: Sequence[str], k: int = 10) -> list[list[Suggestion]]:
        """The k best groups of each customer that can be bought; who never ordered gets what is popular."""
        without = self.shop.sold_out.union(self._gone())
        return self.recommender.recommend(self.purchases, k, customers=customers, without=without)

    def goes_with(self, product: str, k: int = 10) -> list[Suggestion]:
        """What can be bought and often lies in one basket with this product, or with its group."""
        without = self.shop.sold_out.union(self._gone())
        return self.recommender.goes_with([self.shop.groups.get(product, product)], k, without=without)

    def _gone(self) -> set[str]:
        """What was bought once and is in the shop no more."""
        return {str(one) for one in self.recommender.products}.difference(self.shop.names)


def at_home(recommender: Recommender, store: "Store") -> HomeRecommender:
    """A recommender that was kept, with the products as they stand and the purchases up to when it was fitted."""
    shop = home_shop(store)
    purchases = by_group(home_purchases(store, as_of=moment_of(recommender.as_of)), shop)
    return HomeRecommender(recommender=recommender, shop=shop, purchases=purchases)


def home_purchases(store: "Store", *, as_of: "datetime") -> Transactions:
    """What the customers of a home bought before that moment, cleaned as `profiles.reading` says. Money is left out."""
    blocks = list(read_blocks(store, Money(currency=""), Moment(now=day_of(as_of))))
    return merged(blocks).transactions(limit=0.0) if blocks else transactions_of([])


def home_shop(store: "Store") -> Shop:
    """The products of the home as they stand."""
    return shop_of(product for product in store.iterate(RecordKind.PRODUCTS) if isinstance(product, Product))


def home_plan(purchases: Transactions, *, seed: int) -> RecommendPlan:
    """Everything, but the net only where there is enough to learn from."""
    plan = RecommendPlan(seed=seed)
    if plan.sequence is None or len(purchases) < LEAST_LINES:
        return replace(plan, sequence=None)
    return replace(plan, sequence=replace(plan.sequence, seed=seed))


def fit_home(store: "Store", *, as_of: "datetime", seed: int, encoder: "Encoder | None" = None,
             progress: Callable[[str], None] = lambda _: None) -> HomeRecommender:  # fmt: skip
    """Learn from the home's purchases before that moment. encoder: reads the products' texts.

    Raises DataError where there are neither purchases nor products.
    """
    shop = home_shop(store)
    purchases = by_group(home_purchases(store, as_of=as_of), shop)
    recommender = fit_recommender(
        purchases, home_plan(purchases, seed=seed), as_of=day_of(as_of), catalogue=catalogue_of(shop, encoder),
        progress=progress,
    )  # fmt: skip
    return HomeRecommender(recommender=recommender, shop=shop, purchases=purchases)
