"""Stand at a day in the past, learn from what was known, predict, and compare with what came. Prints nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from profiles.lstm import PurchaseModel, fit_purchases
from profiles.occasions import occasions_of
from profiles.purchase_plan import PurchasePlan
from profiles.purchase_scores import purchase_scores
from profiles.transactions import Transactions
from profiles.windows import outcome_of, window_at
from rapport.errors import DataError

if TYPE_CHECKING:
    from profiles.windows import Outcome, Window


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """scores: of the model. reference: of BG/NBD × Gamma-Gamma on the same customers, those known at the cutoff."""

    model: PurchaseModel
    scores: Mapping[str, float | None]
    reference: Mapping[str, float | None]
    customers: int
    seconds: float


def try_purchases(transactions: Transactions, plan: PurchasePlan, *, cutoff: float, horizon: float) -> Trial:
    """Train on what lies before the cutoff, and measure on the horizon after it.

    Raises DataError where the transactions do not reach past the cutoff, or too little lies before it.
    """
    if not float(transactions.day.max()) >= cutoff:
        raise DataError("no purchase lies on the cutoff or after it: there is nothing to compare with.",
                        hint="Take an earlier cutoff.")  # fmt: skip
    started = time.perf_counter()
    model = fit_purchases(transactions.before(cutoff), replace(plan, until=cutoff, horizon=horizon))
    seconds = time.perf_counter() - started
    window, outcome = window_and_outcome(transactions, model, cutoff=cutoff, horizon=horizon)
    found = model.predict(transactions, cutoff=cutoff, horizon=horizon)
    rows = window.who
    scores = purchase_scores(found.chance[rows], found.count[rows], found.value[rows], outcome)
    return Trial(model, scores, reference_scores(window, model, outcome), len(rows), seconds)


def window_and_outcome(
    transactions: Transactions, model: PurchaseModel, *, cutoff: float, horizon: float
) -> "tuple[Window, Outcome]":
    """Everybody known at a cutoff, and what came in the horizon after it."""
    occasions = occasions_of(transactions, kinds=model.kinds)
    window = window_at(occasions, cutoff, horizon, model.reference)
    return window, outcome_of(occasions, window, until=cutoff + horizon)


def reference_scores(window: "Window", model: PurchaseModel, outcome: "Outcome") -> Mapping[str, float | None]:
    """BG/NBD × Gamma-Gamma by itself, ranked by expected purchases: its chance alone ranks one-time buyers too high."""
    spending: Any = model.reference.spending
    value = window.count * spending.mean(window.seen) if spending else window.count
    return purchase_scores(window.count, window.count, value, outcome)
