"""What a shop can suggest: groups of variants, what is sold out, and the affinities that the sample company plants."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from profiles.recommend import Recommender, fit_recommender
from profiles.recommend_home import at_home, fit_home
from profiles.recommend_shop import by_group, catalogue_of, shop_of
from profiles.recommend_signals import RecommendPlan
from profiles.transactions import transactions_of
from rapport.records import Product, RecordKind
from rapport.sample.data_files import toml

PLAN = RecommendPlan(sequence=None)


def variant(id: str, **more: object) -> Product:
    return Product(source="s", source_id=id, name=more.pop("name", "Thing"), **more)


def test_variants_are_one_group_and_the_first_that_can_be_bought_stands_for_it():
    shop = shop_of([variant("1", group="shoe", available=False), variant("2", group="shoe"), variant("3"),
                    variant("4", group="hat", stock=0)])  # fmt: skip
    assert shop.groups == {"s:1": "shoe", "s:2": "shoe", "s:3": "s:3", "s:4": "hat"}
    assert shop.offers == {"shoe": "s:2", "s:3": "s:3"}
    assert shop.sold_out == {"hat"}


def test_purchases_of_variants_become_purchases_of_their_group():
    shop = shop_of([variant("1", group="shoe"), variant("2", group="shoe")])
    lines = [("a", 1.0, 1.0, 1.0, "s:1"), ("a", 2.0, 1.0, 1.0, "s:2"), ("a", 3.0, 1.0, 1.0, "gone"),
             ("a", 4.0, 1.0, 1.0, None)]  # fmt: skip
    grouped = by_group(transactions_of(lines), shop)
    assert [str(grouped.products[place]) if place >= 0 else None for place in grouped.product] == [
        "shoe", "shoe", "gone", None,
    ]  # fmt: skip


def test_the_text_of_a_group_is_read_once(encoder):
    shop = shop_of([variant("1", group="b", name="Running shoe"), variant("2", group="a", name="Warm hat")])
    made = catalogue_of(shop, encoder)
    assert list(made.products) == ["a", "b"]
    assert made.vectors is not None
    assert np.allclose(made.vectors, encoder.encode(["Warm hat", "Running shoe"]), atol=1e-3)


@pytest.fixture(scope="module")
def larchfell(sample):
    """(recommender, shop, category of each group, purchases) of the sample company."""
    shop = shop_of(sample.products)
    purchases = by_group(
        transactions_of(
            (order.customer_id, order.placed_at.timestamp() / 86_400, 1.0, line.quantity, line.product_id)
            for order in sample.orders
            for line in order.lines
        ),
        shop,
    )
    kinds = {shop.groups[product.id]: product.category.lower().replace(" ", "_") for product in sample.products}
    return fit_recommender(purchases, PLAN), shop, kinds, purchases


@pytest.mark.slow
@pytest.mark.parametrize(("bought", "drawn"), [(one, other[0]) for one, other in toml("shop")["affinity"].items()])
def test_each_planted_affinity_is_the_first_other_kind_that_goes_with_it(larchfell, bought, drawn):
    recommender, _, kinds, _ = larchfell
    beside = Counter(
        kinds[one.product]
        for group, kind in kinds.items()
        if kind == bought
        for one in recommender.goes_with([group], 8)
        if kinds[one.product] != bought
    )
    assert beside.most_common(1)[0][0] == drawn


@pytest.mark.slow
def test_who_bought_shoes_alone_is_shown_socks(larchfell):
    recommender, _, kinds, _ = larchfell
    for group in (group for group, kind in kinds.items() if kind == "running_shoes"):
        one_pair = transactions_of([("new", recommender.as_of - 5, 1.0, 1.0, group)])
        assert "socks" in {kinds[one.product] for one in recommender.recommend(one_pair, 8)[0]}


@pytest.mark.slow
def test_what_is_sold_out_is_suggested_to_nobody(larchfell):
    recommender, shop, _, purchases = larchfell
    assert shop.sold_out
    for row in recommender.recommend(purchases, 20, without=shop.sold_out):
        assert not {one.product for one in row} & shop.sold_out


@pytest.mark.slow
def test_the_hybrid_beats_what_is_popular_on_the_baskets_kept_back(larchfell):
    recommender, *_ = larchfell
    assert recommender.dev["recall_at_10"] > 0.25


@pytest.mark.slow
def test_a_home_suggests_from_its_records(store, sample, tmp_path):
    for kind in (sample.customers, sample.products, sample.orders):
        store.upsert(kind)
    made = fit_home(store, as_of=datetime(2026, 11, 1, 8, tzinfo=UTC), seed=1)
    known, new = made.suggest([sample.customers[0].id, "sample:nobody"], 5)
    assert len(known) == len(new) == 5
    assert [one.product for one in known] != [one.product for one in new]
    assert all(made.shop.offers[one.product] in set(store.keys(RecordKind.PRODUCTS)) for one in [*known, *new])
    assert made.goes_with(sample.products[0].id, 3)
    made.recommender.save(tmp_path)
    again = at_home(Recommender.load(tmp_path), store)
    assert again.suggest([sample.customers[0].id], 5) == [known]
