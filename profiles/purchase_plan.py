"""How a purchase model is trained: its plan, and the windows of the past that it learns from. Pure functions."""

import math
from dataclasses import dataclass
from typing import Literal

from rapport.errors import DataError

LEAST_HISTORY = 28.0  # days of purchases before the first cutoff that teaches
YEAR = 365.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchasePlan:
    """horizon: days to predict. until: the day at which knowledge ends; default: the day after the last purchase.

    cutoffs: how many past days the model stands at, at most. cell: of the net. hidden, width, dropout: its sizes.
    epochs, batch (customers in a step), rate: of its training. nets: seeds that are averaged, from `seed` on. trees:
    whether boosted trees are averaged with them.
    """

    horizon: float = 90.0
    until: float | None = None
    cutoffs: int = 10
    cell: Literal["gru", "lstm"] = "gru"
    hidden: int = 48
    width: int = 96
    dropout: float = 0.2
    epochs: int = 12
    batch: int = 256
    rate: float = 3e-3
    nets: int = 3
    trees: bool = True
    seed: int = 7


def past_windows(first: float, until: float, plan: PurchasePlan) -> list[tuple[float, float]]:
    """(cutoff, horizon) in the past, each horizon over by `until`; the latest first.

    They lie a quarter of a horizon apart at least, and go back a year where there is one, so that every season
    teaches.
    The horizon is the plan's, or a third of the time known where that is shorter: the net learns how far from the
    probability models customers are, and these carry it over a longer horizon. Raises DataError for too short a time.
    """
    known = until - first
    horizon = min(plan.horizon, math.floor(known / 3))
    earliest = first + max(LEAST_HISTORY, horizon)
    if horizon < 7 or until - horizon < earliest:
        raise DataError(
            f"{known:.0f} days of purchases lie before the cutoff; at least {LEAST_HISTORY * 3:.0f} are needed.",
            hint="Take a later cutoff, or more of the past.",
        )
    latest = until - horizon
    step = max(horizon / 4, min(latest - earliest, YEAR) / plan.cutoffs, 1.0)
    places = [latest - step * number for number in range(plan.cutoffs)]
    return [(math.floor(cutoff), horizon) for cutoff in places if cutoff >= earliest]
