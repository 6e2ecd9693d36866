"""Recommendation against simple references on two public sets, each in one run: next baskets and next products.

Online retail, next basket: customers who bought before the cutoff and again after it; asked for is everything they
took on their first day from the cutoff on. recall@10 is the mean share of it among the first ten, hit@10 whether any of
it is there.
Games, leave-last-out: the last product of each customer of three or more, among all products that the customer does not
have yet, and among itself and 100 others drawn from those. Weights and epochs are picked on earlier purchases alone.
"""

import csv
import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from eval.plain_gru import GRU_PLAN, fit_plain_gru
from eval.report import Bound
from profiles.recommend import Catalogue, fit_recommender
from profiles.recommend_baskets import Baskets, baskets_of
from profiles.recommend_holdout import next_basket
from profiles.recommend_signals import ORDER_ONLY, RecommendPlan, fit_signals
from profiles.recommend_tops import AT_ONCE
from profiles.recommend_weights import scores_of
from profiles.transactions import NO_PRODUCT, Transactions, transactions_of

RETAIL, GAMES = "online_retail", "games_sequences"  # folders of RAPPORT_PUBLIC_DATA
FILES = {RETAIL: "online_retail_II_sales.csv.gz", GAMES: "Video.txt.gz"}
ORIGINS = {RETAIL: "UCI Online Retail II", GAMES: "kang205/SASRec, data/Video.txt"}
CUTOFF = date(2011, 9, 10)
K = 10
NEGATIVES = 100
POPULAR_DAYS = 90  # what is popular in the reference: lines of so many days
BASKET_BOUNDS = (Bound(name="recall_at_10", least=0.145), Bound(name="hit_at_10", least=0.74))
SEQUENCE_BOUNDS = (
    Bound(name="sampled_hr_at_10", least=0.70),
    Bound(name="sampled_ndcg_at_10", least=0.51),
    Bound(name="hr_at_10", least=0.100),
    Bound(name="ndcg_at_10", least=0.055),
)
RETAIL_PLAN = RecommendPlan(sequence=None)
GAMES_PLAN = ORDER_ONLY
REFERENCE_SIGNALS = ("popular", "together", "following")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Figures of one method on one set, with what it was made of: the weights of the hybrid, empty for a reference."""

    name: str
    figures: Mapping[str, float]
    weights: Mapping[str, float]
    customers: int


def read_retail(path: Path) -> Transactions:
    """The invoice lines of the shop: customer, time, money, pieces and stock code."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return transactions_of(
            (row["CustomerID"], _days(row["InvoiceDate"]), float(row["Quantity"]) * float(row["UnitPrice"]),
             float(row["Quantity"]), row["StockCode"])
            for row in csv.DictReader(file)
        )  # fmt: skip


def read_games(path: Path) -> Transactions:
    """The sequences of users and items; the place in a user's own order stands for the day."""
    counts: dict[str, int] = {}
    lines = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            user, item = line.split()
            counts[user] = place = counts.get(user, 0) + 1
            lines.append((user, float(place), 1.0, 1.0, item))
    return transactions_of(lines)


def measure_baskets(transactions: Transactions, *, cutoff: date = CUTOFF, plan: RecommendPlan = RETAIL_PLAN,
                    progress: Callable[[str], None] = lambda _: None) -> list[Measured]:  # fmt: skip
    """The hybrid, what each customer takes most often, and what is popular, on the next baskets after the cutoff."""
    day = float((cutoff - date(1970, 1, 1)).days)
    every = baskets_of(transactions, transactions.products, as_of=np.inf)
    held = next_basket(every, day)
    recommender = fit_recommender(transactions, plan, as_of=day, progress=progress)
    known = transactions.before(day)
    ids = [str(one) for one in every.customers[held.asked]]
    own, popular = _most_frequent(known, day, ids)
    tops = {
        "hybrid": [[one.product for one in row] for row in recommender.recommend(known, K, customers=ids)],
        "own most frequent": own,
        "popular": [popular] * len(ids),
    }
    taken = [{str(one) for one in every.products[row.indices]} for row in held.taken]
    return [
        Measured(name=name, figures=basket_figures(found, taken), customers=len(ids),
                 weights=recommender.weights if name == "hybrid" else {})
        for name, found in tops.items()
    ]  # fmt: skip


def basket_figures(found: Sequence[Sequence[str]], taken: Sequence[set[str]]) -> dict[str, float]:
    """recall@10 and hit@10 of lists against baskets, both means over the customers."""
    hits = np.array([len(basket.intersection(row[:K])) for row, basket in zip(found, taken, strict=True)], float)
    sizes = np.array([len(basket) for basket in taken])
    return {"recall_at_10": float((hits / sizes).mean()), "hit_at_10": float((hits > 0).mean())}


def _most_frequent(known: Transactions, day: float, ids: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """Each customer's products by lines, filled up with the popular ones; and the popular ones of late."""
    late = known.product[(known.day >= day - POPULAR_DAYS) & (known.product != NO_PRODUCT)]
    named, times = np.unique(late, return_counts=True)
    popular = [str(known.products[place]) for place in named[np.argsort(-times, kind="stable")][:K]]
    starts, places = known.starts(), {str(one): place for place, one in enumerate(known.customers)}
    lists = []
    for one in ids:
        row = places[one]
        lines = known.product[starts[row] : starts[row + 1]]
        products, first, counts = np.unique(lines[lines != NO_PRODUCT], return_index=True, return_counts=True)
        own = [str(known.products[products[place]]) for place in np.lexsort((first, -counts))[:K]]
        lists.append([*own, *(product for product in popular if product not in own)][:K])
    return lists, popular


def measure_sequences(transactions: Transactions, *, plan: RecommendPlan = GAMES_PLAN, seed: int = 42,
                      progress: Callable[[str], None] = lambda _: None) -> list[Measured]:  # fmt: skip
    """The hybrid, a plain GRU and simple signals alone, on the last product of each customer who has three or more."""
    ends = transactions.starts()
    enough = np.flatnonzero(np.diff(ends) >= 3)
    asked = ends[enough + 1] - 1
    kept = np.ones(len(transactions), bool)
    kept[asked] = False
    known = transactions.chosen(kept)
    catalogue = Catalogue(products=[str(one) for one in transactions.products])
    recommender = fit_recommender(known, plan, catalogue=catalogue, progress=progress)
    ids = [str(one) for one in transactions.customers[enough]]
    baskets = baskets_of(known, recommender.products, as_of=recommender.as_of, customers=ids)
    targets = np.searchsorted(recommender.products, transactions.products[transactions.product[asked]])
    every = baskets_of(known, recommender.products, as_of=recommender.as_of)
    simple = fit_signals(every, plan, {}, only=REFERENCE_SIGNALS)
    methods: dict[str, Callable[[Baskets], np.ndarray]] = {"hybrid": recommender.scores}
    if "sequence" in recommender.weights:
        methods["net alone"] = lambda some: recommender.fitted.values("sequence", some)
    gru = fit_plain_gru(every.histories(GRU_PLAN.longest + 1), len(every.products), progress=progress)
    methods["GRU"] = lambda some: gru.scores(some.histories(GRU_PLAN.longest))
    methods["Markov + item-kNN"] = lambda some: scores_of(simple, {"following": 1.0, "together": 1.0}, some)
    methods["popular"] = lambda some: simple.values("popular", some)
    return [
        Measured(name=name, figures=figures, customers=len(ids),
                 weights=recommender.weights if name == "hybrid" else {})
        for name, figures in ranked_last(methods, baskets, targets, seed=seed).items()
    ]  # fmt: skip


def ranked_last(methods: Mapping[str, Callable[[Baskets], np.ndarray]], baskets: Baskets, targets: np.ndarray, *,
                seed: int) -> dict[str, dict[str, float]]:  # fmt: skip
    """HR@10 and NDCG@10 of each method among all products the customer lacks, and among the target and NEGATIVES more.

    targets: (C,) the place of each customer's product. Equal scores share the middle of their ranks. The drawn products
    are the same for every method.
    """
    random = np.random.default_rng(seed)
    full: dict[str, list[np.ndarray]] = {name: [] for name in methods}
    sampled: dict[str, list[np.ndarray]] = {name: [] for name in methods}
    for start in range(0, len(baskets.customers), AT_ONCE):
        places = np.arange(start, min(start + AT_ONCE, len(baskets.customers)))
        here, target = baskets.of(places), targets[places][:, None]
        owned = here.matrix().toarray() > 0
        barred = owned.copy()
        np.put_along_axis(barred, target, True, axis=1)
        drawn = np.stack([_others(random, row) for row in barred])
        for name, score in methods.items():
            scores = np.where(owned, -np.inf, score(here))
            right = np.take_along_axis(scores, target, axis=1)
            full[name].append(_rank(scores, right) - 0.5)  # the target ties with itself
            sampled[name].append(_rank(np.take_along_axis(scores, drawn, axis=1), right))
    return {name: {**_hits(sampled[name], "sampled_"), **_hits(full[name], "")} for name in methods}


def _others(random: np.random.Generator, barred: np.ndarray) -> np.ndarray:
    """NEGATIVES different products that are not barred."""
    return random.choice(np.flatnonzero(~barred), NEGATIVES, replace=False)


def _rank(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(n,) how many of a row's scores stand before the right one, equal ones counting half."""
    before: np.ndarray = (scores > right).sum(axis=1) + 0.5 * (scores == right).sum(axis=1)
    return before


def _hits(ranks: Sequence[np.ndarray], prefix: str) -> dict[str, float]:
    """HR@10 and NDCG@10 of ranks that start at 0."""
    places = np.concatenate(ranks)
    inside = places < K
    gains = np.where(inside, 1.0 / np.log2(places + 2.0), 0.0)
    return {f"{prefix}hr_at_{K}": float(inside.mean()), f"{prefix}ndcg_at_{K}": float(gains.mean())}


def _days(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() / 86_400
