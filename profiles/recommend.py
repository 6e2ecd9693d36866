"""Which products to suggest to a customer, with a score and the reason: a hybrid of counted signals, texts and a net.

`fit_recommender` picks the weights on purchases that it keeps back from the past, then fits every signal that got one
on all of them. Everything is computed as of a moment; later lines change nothing.

Bad input. A customer without purchases, or only with products that are not known, gets what is popular. A product that
nobody bought yet can be suggested by its text, where the catalogue has one; a product that the recommender does not
know is passed over. Lines without a product and lines that came back (a negative amount or quantity) are no purchases;
lines from `as_of` on are not looked at.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from profiles.gathering import places
from profiles.neighbours import together
from profiles.recommend_baskets import Baskets, baskets_of
from profiles.recommend_holdout import Try, hold_out
from profiles.recommend_reasons import Reasons
from profiles.recommend_signals import BY_NAME, Fitted, RecommendPlan, State, fit_signals
from profiles.recommend_tops import AT_ONCE, measure_tops, ranked
from profiles.recommend_weights import cases_of, fit_weights, parts_of, summed
from profiles.sequence_items import fit_sequence
from profiles.transactions import Transactions
from rapport.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

REPEATED = 0.01  # share of held-out products that were bought before, from which on repeats are recommended
EVEN = 0.5  # the weight of each signal where none could be picked
FALL_BACK = 0.01  # the least weight of what is popular: it alone knows something for a customer without purchases


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """Products that may be suggested beside those that were bought. vectors: (P, dim) unit rows of their texts."""

    products: Sequence[str]
    vectors: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product with the chance that it is the next one taken (0-1, before products are left out), and why.

    why: the signal that speaks for it most, see `profiles.recommend_signals`. because: the product of the customer's
    that led to it, where one did. parts: what each signal adds to the score's logarithm.
    """

    product: str
    score: float
    why: str
    because: str | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recommender:
    """A fitted recommender. products: (P,) ids that it knows. weights: of each signal, above 0.

    repeats: whether it suggests what a customer has. as_of: the day it was fitted for. dev: recall@10 and hit@10 of the
    held-out customers that picked the weights. company: (P, P) sparse, how much two products share baskets.
    """

    products: np.ndarray
    fitted: Fitted
    weights: Mapping[str, float]
    repeats: bool
    as_of: float
    dev: Mapping[str, float]
    company: "csr_matrix"

    def recommend(self, transactions: Transactions, k: int = 10, *, customers: Sequence[str] | None = None,
                  without: Collection[str] = ()) -> list[list[Suggestion]]:  # fmt: skip
        """The k best products of each customer, best first; fewer where the catalogue is smaller.

        customers: for whom, in this order; without them all of the transactions, in theirs. without: products that are
        not to be suggested, such as those that are sold out.
        """
        found: list[list[Suggestion]] = []
        for here, parts, scores, best in self._best(transactions, k, customers, without):
            chances = _softmax(scores)
            reasons = Reasons(self.fitted, parts, here)
            for row, chosen in enumerate(best):
                told = reasons.of(row, chosen)
                found.append([
                    Suggestion(str(self.products[place]), float(chances[row, place]), *why)
                    for place, why in zip(chosen, told, strict=True)
                ])  # fmt: skip
        return found

    def best(self, transactions: Transactions, k: int = 10, *, without: Collection[str] = ()) -> list[list[str]]:
        """The products that `recommend` finds for all of the transactions, without scores and reasons."""
        return [
            self.products[chosen].tolist()
            for _, _, _, best in self._best(transactions, k, None, without)
            for chosen in best
        ]

    def _best(self, transactions: Transactions, k: int, customers: Sequence[str] | None, without: Collection[str],
              ) -> Iterator[tuple[Baskets, Mapping[str, np.ndarray], np.ndarray, list[np.ndarray]]]:  # fmt: skip
        """Some customers at a time: their baskets, the parts of their scores, the scores, the places of the best."""
        barred = np.zeros(len(self.products), bool)
        left_out = places(self.products, [str(one) for one in without])
        barred[left_out[left_out >= 0]] = True
        every = baskets_of(transactions, self.products, as_of=self.as_of, customers=customers)
        for start in range(0, len(every.customers), AT_ONCE):
            here = every.of(range(start, min(start + AT_ONCE, len(every.customers))))
            parts = parts_of(self.fitted, self.weights, here)
            scores = summed(parts, here, repeats=self.repeats)
            allowed = np.where(barred, np.float32(-np.inf), scores)
            best = [order[np.isfinite(row[order])] for row, order in zip(allowed, ranked(allowed, k), strict=True)]
            yield here, parts, scores, best

    def scores(self, baskets: Baskets) -> np.ndarray:
        """(C, P) float32, higher is better; minus infinity for what is never suggested again."""
        return summed(parts_of(self.fitted, self.weights, baskets), baskets, repeats=self.repeats)

    def goes_with(self, products: Sequence[str], k: int = 10, *, without: Collection[str] = ()) -> list[Suggestion]:
        """What lies in one basket with these products most, best first: what to offer beside them. May be empty.

        The score is the sum of the cosines between baskets; of products that are not known nothing is told.
        """
        given = np.flatnonzero(np.isin(self.products, [str(one) for one in products]))
        near = self.company[given].toarray()
        scores = near.sum(axis=0)
        scores[np.isin(self.products, [str(one) for one in {*products, *without}])] = 0.0
        best = ranked(scores[None], k)[0]
        return [
            Suggestion(str(self.products[place]), float(scores[place]), "basket",
                       str(self.products[given[near[:, place].argmax()]]))
            for place in best if scores[place] > 0
        ]  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write it into an existing folder, see `profiles.recommend_files`."""
        from profiles.recommend_files import save_recommender

        save_recommender(self, folder)

    @staticmethod
    def load(folder: Path) -> "Recommender":
        """Read what `save` wrote. Raises CorruptArtifact where a file is missing or damaged."""
        from profiles.recommend_files import load_recommender

        return load_recommender(folder)


def fit_recommender(transactions: Transactions, plan: RecommendPlan | None = None, *, as_of: float | None = None,
                    catalogue: Catalogue | None = None,
                    progress: Callable[[str], None] = lambda _: None) -> Recommender:  # fmt: skip
    """Pick the weights on purchases kept back from before `as_of`, then fit on all of them.

    as_of: days since 1970-01-01; without it, the morning after the last purchase. Raises DataError where nothing was
    bought and the catalogue is empty.
    """
    plan = plan or RecommendPlan()
    catalogue = catalogue or Catalogue(products=())
    if as_of is None:
        as_of = float(np.floor(transactions.day.max())) + 1.0 if len(transactions) else 0.0
    products = np.array(sorted({*map(str, _bought(transactions, as_of)), *map(str, catalogue.products)}), np.str_)
    if not len(products):
        raise DataError("no purchase names a product.", hint="Import orders whose lines have products, or a catalogue.")
    baskets = baskets_of(transactions, products, as_of=as_of)
    texts = _texts(catalogue, products)
    tries = [held for held in hold_out(baskets, plan) if len(held.asked)]
    net = _net(tries[-1].known, plan, progress) if tries else {}
    repeats = _repeats(tries) if plan.repeats is None else plan.repeats
    weights, dev = _picked(tries, plan, texts | net, repeats, progress)
    if plan.hold_out != "last" and "sequence" in weights:
        net = _net(baskets, plan, progress)
    if weights:
        weights["popular"] = max(FALL_BACK, weights.get("popular", 0.0))
    fitted = fit_signals(baskets, plan, texts | net, only=tuple(weights) or tuple(BY_NAME))
    used = {name: weights.get(name, EVEN) for name in fitted.states}
    return Recommender(products=products, fitted=fitted, weights=used, repeats=repeats, as_of=as_of, dev=dev,
                       company=together(baskets.by_basket()))  # fmt: skip


def _picked(tries: Sequence[Try], plan: RecommendPlan, extra: Mapping[str, State], repeats: bool,
            progress: Callable[[str], None]) -> tuple[dict[str, float], dict[str, float]]:  # fmt: skip
    """The weights, and how good they are on the latest try."""
    fitted = [fit_signals(held.known, plan, extra) for held in tries]
    cases = [cases_of(one, held, repeats=repeats, seed=plan.seed) for one, held in zip(fitted, tries, strict=True)]
    weights = fit_weights(cases)
    progress("weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items()))
    if not tries or not weights:
        return weights, {}
    latest = fitted[0]
    return weights, measure_tops(
        lambda some: summed(parts_of(latest, weights, some), some, repeats=repeats), tries[0]
    )  # fmt: skip


def _repeats(tries: Sequence[Try]) -> bool:
    """Whether customers take again what they have, in more than REPEATED of the cases."""
    again = sum(float(held.known.of(held.asked).matrix().minimum(1.0).multiply(held.taken).sum()) for held in tries)
    total = sum(float(held.taken.sum()) for held in tries)
    return not total or again / total > REPEATED


def _net(baskets: Baskets, plan: RecommendPlan, progress: Callable[[str], None]) -> dict[str, State]:
    if plan.sequence is None:
        return {}
    histories = baskets.histories(plan.sequence.longest + 1)
    return {"sequence": {"net": fit_sequence(histories, len(baskets.products), plan.sequence, progress=progress)}}


def _texts(catalogue: Catalogue, products: np.ndarray) -> dict[str, State]:
    """The vectors of the catalogue in the order of the products; zeros where a product has no text."""
    if catalogue.vectors is None or not len(catalogue.products):
        return {}
    vectors = np.zeros((len(products), catalogue.vectors.shape[1]), np.float32)
    vectors[np.searchsorted(products, np.asarray(catalogue.products, np.str_))] = catalogue.vectors
    return {"content": {"vectors": vectors}}


def _bought(transactions: Transactions, as_of: float) -> np.ndarray:
    rows = (transactions.day < as_of) & (transactions.product >= 0)
    names: np.ndarray = transactions.products[np.unique(transactions.product[rows])]
    return names


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return chances
