"""Why a product is suggested: the signal that lifts it most above the others, and the purchase that led to it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from profiles import neighbours
from profiles.recommend_baskets import Baskets
from profiles.recommend_signals import BY_NAME, Fitted, history

Reason = tuple[str, str | None, dict[str, float]]  # signal, the product that led to it, parts of the score


class Reasons:
    """The parts of some customers' scores."""

    def __init__(self, fitted: Fitted, parts: Mapping[str, np.ndarray], baskets: Baskets) -> None:
        self._fitted, self._parts, self._baskets = fitted, parts, baskets
        self._usual = {name: part.mean(axis=1) for name, part in self._parts.items()}
        self._starts: dict[str, Any] = {}

    def of(self, row: int, places: np.ndarray) -> list[Reason]:
        """The reasons for these products of one customer."""
        return [self._reason(row, int(place)) for place in places]

    def _reason(self, row: int, place: int) -> Reason:
        parts = {name: float(part[row, place]) for name, part in self._parts.items()}
        why = max(parts, key=lambda name: parts[name] - float(self._usual[name][row]))
        return why, self._led(why, row, place), {name: part for name, part in parts.items() if part > 0}

    def _led(self, why: str, row: int, place: int) -> str | None:
        """The customer's product from which the signal came to this one."""
        if "{product}" not in BY_NAME[why].words:
            return None
        start = self._start(why)[row]
        state = self._fitted.states[why]
        if why == "content":
            near = state["vectors"][start.indices] @ state["vectors"][place]
        else:
            near = state["next" if why == "following" else "company"][start.indices, place].toarray().ravel()
        pull = start.data * near
        return str(self._baskets.products[start.indices[pull.argmax()]]) if len(pull) and pull.max() > 0 else None

    def _start(self, why: str) -> Any:
        if why not in self._starts:
            plan = self._fitted.plan
            last = why == "following"
            made = neighbours.last_baskets(self._baskets, steps=plan.steps) if last else history(self._baskets, plan)
            self._starts[why] = made.tocsr()
        return self._starts[why]
