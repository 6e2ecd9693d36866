"""Recommendation: planted tastes are found, nothing later is used, and every odd customer and product is dealt with."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from profiles.recommend import Catalogue, Recommender, fit_recommender
from profiles.recommend_files import FACTS_FILE
from profiles.recommend_signals import ORDER_ONLY, SIGNALS, WORDS, RecommendPlan
from profiles.sequence_items import SequencePlan
from profiles.transactions import Transactions, transactions_of
from rapport.errors import CorruptArtifact, DataError

START, DAYS = 20_000.0, 300
END = START + DAYS
TASTES = ("tea", "bike")
PLAN = RecommendPlan(sequence=None, dev_days=60)
Line = tuple[str, float, str]


def taste_of(customer: str) -> str:
    return TASTES[int(customer[1:]) % 2]


def lines(customers: int = 50, *, seed: int = 1) -> list[Line]:
    """Each customer buys ten products of one taste, two favourites most; a lamp always comes with a bulb."""
    random = Random(seed)
    found: list[Line] = []
    for number in range(customers):
        who = f"c{number:03}"
        own = [f"{taste_of(who)}-{place}" for place in range(10)]
        favourites, day = random.sample(own, 2), START + random.random() * 30
        while day < END:
            basket = {random.choice(favourites), random.choice(own)}
            basket |= {"lamp", "bulb"} if random.random() < 0.1 else set()
            found += [(who, day, product) for product in sorted(basket)]
            day += random.expovariate(1 / 25) + 1
    return found


def bought(some: list[Line]) -> Transactions:
    return transactions_of((who, day, 5.0, 1.0, product) for who, day, product in some)


@pytest.fixture(scope="module")
def shop() -> Transactions:
    return bought(lines())


@pytest.fixture(scope="module")
def fitted(shop) -> Recommender:
    return fit_recommender(shop, PLAN, as_of=END)


def names(row) -> list[str]:
    return [one.product for one in row]


def test_a_customer_is_shown_what_fits_their_taste(shop, fitted):
    found = fitted.recommend(shop, 5)
    fitting = [one.product.startswith(taste_of(str(who))) for who, row in zip(shop.customers, found, strict=True)
               for one in row]  # fmt: skip
    assert np.mean(fitting) > 0.9


def test_the_hybrid_is_no_worse_than_each_of_its_signals_on_what_was_kept_back(shop, fitted):
    assert fitted.dev["hit_at_10"] > 0.9
    assert set(fitted.weights) <= {signal.name for signal in SIGNALS}
    assert all(weight > 0 for weight in fitted.weights.values())


def test_scores_fall_down_the_list_and_are_chances(shop, fitted):
    for row in fitted.recommend(shop, 50):
        scores = [one.score for one in row]
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1.0, abs=1e-4)


def test_every_suggestion_says_why_and_names_a_purchase_of_the_customer(shop, fitted):
    for who, row in zip(shop.customers, fitted.recommend(shop, 5), strict=True):
        own = {str(shop.products[place]) for place in shop.product[shop.customers[shop.customer] == who]}
        for one in row:
            assert one.parts[one.why] > 0
            assert one.because is None or one.because in own


def test_what_lies_in_one_basket_goes_together(fitted):
    first = fitted.goes_with(["lamp"], 3)[0]
    assert (first.product, first.because, first.why) == ("bulb", "lamp", "basket")
    assert fitted.goes_with(["lamp"], 3, without=["bulb"])[0].product != "bulb"
    assert fitted.goes_with(["no such thing"]) == []


def test_nothing_from_the_cutoff_on_is_used(shop, fitted):
    later = [(f"c{number:03}", END + 0.1, "fad") for number in range(50)] * 3
    with_later = bought([*lines(), *later])
    other = fit_recommender(with_later, PLAN, as_of=END)
    assert other.weights == fitted.weights
    assert other.products.tolist() == fitted.products.tolist()
    assert other.recommend(with_later, 5) == fitted.recommend(shop, 5)


def test_the_same_seed_gives_the_same_recommender(shop, fitted):
    again = fit_recommender(shop, PLAN, as_of=END)
    assert again.weights == fitted.weights
    assert again.recommend(shop, 5) == fitted.recommend(shop, 5)


def test_what_is_left_out_is_never_suggested(shop, fitted):
    popular = names(fitted.recommend(shop, 1, customers=["nobody"])[0])
    assert not any(set(names(row)) & set(popular) for row in fitted.recommend(shop, 50, without=popular))


def test_a_customer_without_orders_gets_what_is_popular(shop, fitted):
    counts = np.bincount(shop.product[shop.day > END - 40], minlength=len(shop.products))
    found = fitted.recommend(shop, 5, customers=["nobody", "c000"])
    best = [str(shop.products[place]) for place in np.argsort(-counts)[:8]]
    assert len(set(names(found[0])) & set(best)) >= 4
    assert {one.why for one in found[0]} <= {"popular", "season"}
    assert names(found[1]) == names(fitted.recommend(shop, 5)[0])


def test_a_product_that_is_not_known_is_passed_over(fitted):
    odd = bought([("x", END - 1, "never sold here"), ("y", END - 1, "tea-1")])
    found = fitted.recommend(odd, 3)
    assert names(found[0]) == names(fitted.recommend(odd, 3, customers=["nobody"])[0])
    assert all(name.startswith("tea") for name in names(found[1]))


def test_one_purchase_and_a_hundred_thousand_are_both_read(fitted):
    many = bought(
        [("busy", START + place / 400, f"bike-{place % 10}") for place in range(100_000)] + [("x", START, "tea-0")]
    )
    busy, single = fitted.recommend(many, 3)
    assert all(name.startswith("bike") for name in names(busy))
    assert len(single) == 3


def test_what_came_back_and_what_names_no_product_is_no_purchase(shop, fitted):
    odd = transactions_of([("x", END - 2, -5.0, 1.0, "tea-1"), ("x", END - 2, 5.0, -1.0, "tea-2"),
                           ("x", END - 2, 5.0, 1.0, None)])  # fmt: skip
    assert names(fitted.recommend(odd, 4)[0]) == names(fitted.recommend(shop, 4, customers=["nobody"])[0])


def test_more_is_asked_for_than_there_is(shop, fitted):
    assert len(fitted.recommend(shop, 1000)[0]) == len(fitted.products)
    assert fitted.recommend(shop, 0)[0] == []


def test_a_product_nobody_bought_is_found_by_its_text():
    few = bought([("a", START, "tea-1"), ("b", START + 1, "bike-1")])
    catalogue = Catalogue(products=["bike-1", "bike-new", "tea-1", "tea-new"], vectors=np.eye(2)[[0, 0, 1, 1]])
    row = fit_recommender(few, PLAN, catalogue=catalogue).recommend(few, 4)[0]
    assert names(row).index("tea-new") < names(row).index("bike-new")
    (new,) = [one for one in row if one.product == "tea-new"]
    assert (new.why, new.because) == ("content", "tea-1")


def test_where_nobody_buys_again_nothing_is_suggested_twice():
    random = Random(3)
    some = []
    for who in (f"c{number:03}" for number in range(60)):
        own = random.sample([f"{taste_of(who)}-{place}" for place in range(10)], 6)
        some += [(who, START + place, name) for place, name in enumerate(own)]
    sequences = bought(some)
    fitted = fit_recommender(sequences, replace(ORDER_ONLY, sequence=None))
    assert not fitted.repeats
    for who, row in zip(sequences.customers, fitted.recommend(sequences, 4), strict=True):
        assert not {name for one, _, name in some if one == who} & set(names(row))
        assert all(name.startswith(taste_of(str(who))) for name in names(row))


def test_too_few_customers_to_pick_weights_let_all_signals_count_alike():
    few = bought([("a", START, "tea"), ("b", START + 1, "tea"), ("b", START + 1, "cup")])
    fitted = fit_recommender(few, PLAN)
    assert len(set(fitted.weights.values())) == 1
    assert fitted.dev == {}
    assert names(fitted.recommend(few, 2)[0])


def test_no_purchase_at_all_is_an_error_that_says_what_to_do():
    with pytest.raises(DataError, match="no purchase") as caught:
        fit_recommender(transactions_of([]), PLAN)
    assert caught.value.hint


def test_a_recommender_reads_back_as_it_was_written(shop, fitted, tmp_path):
    fitted.save(tmp_path)
    again = Recommender.load(tmp_path)
    assert again.recommend(shop, 5) == fitted.recommend(shop, 5)
    assert again.goes_with(["lamp"]) == fitted.goes_with(["lamp"])
    assert not list(tmp_path.glob("*.p*k*l*"))


def test_a_damaged_recommender_is_told(fitted, tmp_path):
    fitted.save(tmp_path)
    (tmp_path / FACTS_FILE).write_text("{}")
    with pytest.raises(CorruptArtifact):
        Recommender.load(tmp_path)


@pytest.mark.slow
def test_the_net_learns_an_order_and_is_kept_with_the_rest(tmp_path):
    ring = [f"p{place:02}" for place in range(12)]
    random = Random(5)
    some = []
    for number in range(150):
        first = random.randrange(12)
        some += [(f"c{number:03}", START + place, ring[(first + place) % 12]) for place in range(6)]
    sequences = bought(some)
    plan = replace(ORDER_ONLY, sequence=SequencePlan(dim=32, epochs=25, dropout=0.1, negatives=64, rate=5e-3, batch=32))
    fitted = fit_recommender(sequences, plan)
    assert "sequence" in fitted.weights
    found = fitted.recommend(sequences, 1)
    last = {who: name for who, _, name in some}
    right = [row[0].product == ring[(ring.index(last[str(who)]) + 1) % 12]
             for who, row in zip(sequences.customers, found, strict=True)]  # fmt: skip
    assert np.mean(right) > 0.95
    fitted.save(tmp_path)
    assert [names(row) for row in Recommender.load(tmp_path).recommend(sequences, 3)] == [
        names(row) for row in fitted.recommend(sequences, 3)
    ]
    again = fit_recommender(sequences, plan)
    assert again.recommend(sequences, 3) == fitted.recommend(sequences, 3)


def test_what_others_bought_is_said_in_words():
    assert WORDS["together"].format(product="Tent") == "bought by others who bought Tent"
