"""What the models of buying say of a home's customers: money, the next order, products, and why they would write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from profiles.history import History, Kind
from profiles.occasions import KINDS
from profiles.recommend_shop import Shop, by_group, shop_of
from profiles.rfm import rfm_of
from profiles.transactions import Transactions
from rapport.records import Product, ProductId, RecordKind

if TYPE_CHECKING:
    from crm.store import Store
    from profiles.lstm import PurchaseModel
    from profiles.recommend import Recommender
    from profiles.segments import Segmentation

YEAR = 365.0
PRODUCTS = 5  # suggested
REASONS = 5  # told
LEAST_TIMES = 10  # a reason that was given less often is not learnt
Contact = tuple[str, float, str]  # customer, day, intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The products of the company. category: of each product that has one."""

    shop: Shop
    category: Mapping[str, str]

    @classmethod
    def of(cls, store: "Store") -> "Shelf":
        """The products as they stand in the records."""
        products = [product for product in store.iterate(RecordKind.PRODUCTS) if isinstance(product, Product)]
        return cls(shop=shop_of(products), category={one.id: one.category for one in products if one.category})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What one customer will probably do. reasons: (intent, share of the messages that would be about it).

    value: money within a year. days: to the next purchase. purchases, spending: within the nearer horizon.
    """

    value: float | None = None
    days: float | None = None
    purchases: float | None = None
    spending: float | None = None
    reasons: tuple[tuple[str, float], ...] = ()


def contacts_of(history: History) -> list[Contact]:
    """Every reason given to write, by customer and time; "oos" is none."""
    facts = history.facts[Kind.REASON]
    names = history.named(facts.thing)
    rows = zip(history.customers[facts.owner].tolist(), facts.day.tolist(), names.tolist(), strict=True)
    return [row for row in rows if row[2] != "oos"]


def usual(contacts: Sequence[Contact]) -> list[Contact]:
    """Those about reasons that were given often enough to learn something of them."""
    counts: dict[str, int] = {}
    for _, _, reason in contacts:
        counts[reason] = counts.get(reason, 0) + 1
    return [row for row in contacts if counts[row[2]] >= LEAST_TIMES]


def outlooks(
    model: "PurchaseModel", transactions: Transactions, contacts: Sequence[Contact], *, day: float, soon: float
) -> dict[str, Outlook]:
    """By customer, for who has bought something; the year that follows `day`, and the `soon` days that follow it."""
    found, near = model.predict_each(transactions, cutoff=day, horizons=(YEAR, soon), events=contacts)
    names = model.kinds[len(KINDS) :]
    # A chance that something comes at all is turned into how often it comes, so that the reasons can be compared.
    times = -np.log1p(-np.clip(found.kinds[:, len(KINDS) :], 0.0, 0.999))
    told = {}
    for row, id in enumerate(transactions.customers):
        if np.isfinite(found.value[row]):
            told[str(id)] = Outlook(
                value=round(float(found.value[row]), 2),
                days=round(float(found.days[row]), 1),
                purchases=round(float(near.expected[row]), 4),
                spending=round(float(near.value[row]), 2),
                reasons=_shares(names, times[row]),
            )
    return told


def suggestions(
    recommender: "Recommender", transactions: Transactions, shelf: Shelf, *, day: float
) -> dict[str, tuple[ProductId, ...]]:
    """By customer, the products that may come next, best first; each can be bought."""
    if not len(transactions):
        return {}
    here = replace(recommender, as_of=day)  # what was bought since its making counts as well
    found = here.best(by_group(transactions, shelf.shop), PRODUCTS, without=shelf.shop.sold_out)
    offers = shelf.shop.offers
    return {
        str(id): tuple(offers[product] for product in ranked if product in offers)
        for id, ranked in zip(transactions.customers, found, strict=True)
    }


def segments_of(segments: "Segmentation", transactions: Transactions, *, day: float) -> dict[str, str]:
    """By customer, the name of the segment they belong to as of the day; for who has bought something."""
    rfm = rfm_of(transactions, as_of=day)
    names = [segment.name for segment in segments.segments]
    return {str(id): names[place] for id, place in zip(rfm.customers, segments.assign(rfm), strict=True)}


def _shares(names: Sequence[str], times: np.ndarray) -> tuple[tuple[str, float], ...]:
    total = float(times.sum())
    if not total > 0:
        return ()
    best = np.argsort(-times, kind="stable")[:REASONS]
    return tuple((names[place], round(float(times[place]) / total, 4)) for place in best)
