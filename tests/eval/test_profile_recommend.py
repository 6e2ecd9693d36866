"""How recommendation is measured, on cases that are counted by hand, and on the public sets where they are present."""

import gzip
from datetime import date

import numpy as np
import pytest

from eval.profile_recommend import (
    BASKET_BOUNDS,
    FILES,
    ORIGINS,
    RETAIL,
    basket_figures,
    measure_baskets,
    ranked_last,
    read_games,
    read_retail,
)
from eval.report import missed
from profiles.recommend_baskets import baskets_of
from profiles.recommend_signals import RecommendPlan
from profiles.transactions import transactions_of
from rapport.paths import public_data

CUTOFF = date(2011, 9, 10)
DAY = float((CUTOFF - date(1970, 1, 1)).days)


def test_recall_is_the_share_of_the_basket_and_a_hit_any_of_it():
    figures = basket_figures([["a", "b"], ["c"], ["d"]], [{"a", "x"}, {"y"}, {"d"}])
    assert figures["recall_at_10"] == pytest.approx((0.5 + 0 + 1) / 3)
    assert figures["hit_at_10"] == pytest.approx(2 / 3)


def test_ranks_are_those_among_what_the_customer_lacks():
    """201 products; the customer has the best-scored one, so the target with the second-best score comes first."""
    everything = transactions_of([("u", 1.0, 1.0, 1.0, f"p{place:03}") for place in range(201)])
    baskets = baskets_of(everything.chosen(everything.product == 0), everything.products, as_of=10.0)
    scores = -np.arange(201.0)[None]
    found = ranked_last({"it": lambda some: scores}, baskets, np.array([1]), seed=0)["it"]
    assert found == {"sampled_hr_at_10": 1.0, "sampled_ndcg_at_10": 1.0, "hr_at_10": 1.0, "ndcg_at_10": 1.0}
    third = ranked_last({"it": lambda some: scores}, baskets, np.array([3]), seed=0)["it"]
    assert third["ndcg_at_10"] == pytest.approx(1 / np.log2(4))
    last = ranked_last({"it": lambda some: scores}, baskets, np.array([200]), seed=0)["it"]
    assert last == dict.fromkeys(last, 0.0)


def test_equal_scores_are_no_hit():
    everything = transactions_of([("u", 1.0, 1.0, 1.0, f"p{place:03}") for place in range(201)])
    baskets = baskets_of(everything.chosen(everything.product == 0), everything.products, as_of=10.0)
    found = ranked_last({"it": lambda some: np.zeros((1, 201))}, baskets, np.array([5]), seed=0)["it"]
    assert found == dict.fromkeys(found, 0.0)


def test_the_next_basket_is_the_first_day_and_what_comes_later_is_not_asked_for():
    lines = [(f"c{n:02}", DAY - 50 + n, 1.0, 1.0, "old") for n in range(30)]
    lines += [(f"c{n:02}", DAY + 1.2, 1.0, 1.0, name) for n in range(30) for name in ("old", "new")]
    lines += [(f"c{n:02}", DAY + 1.9, 1.0, 1.0, "evening") for n in range(30)]
    lines += [(f"c{n:02}", DAY + 5, 1.0, 1.0, "later") for n in range(30)]
    lines += [("fresh", DAY + 2, 1.0, 1.0, "old")]
    found = measure_baskets(transactions_of(lines), cutoff=CUTOFF, plan=RecommendPlan(sequence=None, dev_days=20))
    assert [one.name for one in found] == ["hybrid", "own most frequent", "popular"]
    for one in found:
        assert one.customers == 30
        assert one.figures["recall_at_10"] == pytest.approx(1 / 3)
        assert one.figures["hit_at_10"] == 1.0


def test_the_public_files_are_read_as_they_are_written(tmp_path):
    shop, games = tmp_path / "shop.csv.gz", tmp_path / "games.txt.gz"
    with gzip.open(shop, "wt") as file:
        file.write("InvoiceNo,InvoiceDate,CustomerID,Country,StockCode,Quantity,UnitPrice\n")
        file.write("1,2011-09-10 12:00,77,UK,A,2,1.50\n")
    read = read_retail(shop)
    assert (read.customers.tolist(), read.products.tolist()) == (["77"], ["A"])
    assert (read.day.tolist(), read.amount.tolist(), read.quantity.tolist()) == ([DAY + 0.5], [3.0], [2.0])
    with gzip.open(games, "wt") as file:
        file.write("1 9\n2 4\n1 3\n")
    read = read_games(games)
    assert [str(read.products[place]) for place in read.product] == ["9", "3", "4"]
    assert read.day.tolist() == [1.0, 2.0, 1.0]


@pytest.mark.slow
def test_next_baskets_of_the_public_shop_meet_their_bounds():
    folder = public_data(RETAIL)
    if folder is None:
        pytest.skip(f"RAPPORT_PUBLIC_DATA holds no {RETAIL}: {ORIGINS[RETAIL]}")
    hybrid, own, popular = measure_baskets(read_retail(folder / FILES[RETAIL]))
    assert missed(hybrid.figures, BASKET_BOUNDS) == []
    assert own.figures["recall_at_10"] == pytest.approx(0.133, abs=0.001)
    assert popular.figures["recall_at_10"] == pytest.approx(0.033, abs=0.001)
