"""How much each signal counts: weights under which the products that were taken are likeliest among all.

A conditional logit: a product's chance to be the next one taken is the softmax of the weighted sum of its signals. A
basket of n products counts 1 / n each. Weights are never negative, so that every part of a score is a reason for it.
Source of the model: McFadden, 1974.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from profiles.recommend_baskets import Baskets
from profiles.recommend_holdout import Try
from profiles.recommend_signals import Fitted
from profiles.recommend_tops import AT_ONCE

NEAR, FAR, TAKEN = 400, 400, 50  # products of a customer that are compared: the strongest, others at random, the taken
RIDGE = 1e-3
LEAST = 1e-3  # a weight below is none
FEWEST = 20  # customers that weights can be learnt from


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Held-out customers as numbers.

    values: (B, M, S) signals of M products each. offsets: (B, M), added to the scores: how many products a drawn one
    stands for, in logarithms, or minus infinity. taken: (B, M), rows sum to 1.
    """

    names: tuple[str, ...]
    values: np.ndarray
    offsets: np.ndarray
    taken: np.ndarray


def cases_of(fitted: Fitted, held: Try, *, repeats: bool, seed: int) -> Cases:
    """Read the signals of the customers asked about, for the products that matter and a sample of the others."""
    names = tuple(fitted.states)
    random = np.random.default_rng(seed)
    parts = []
    for start in range(0, len(held.asked), AT_ONCE):
        places = held.asked[start : start + AT_ONCE]
        here = held.known.of(places)
        values = np.stack([fitted.values(name, here) for name in names])
        taken = held.taken[start : start + len(places)].toarray() > 0
        barred = np.zeros_like(taken) if repeats else here.matrix().toarray() > 0
        parts.append(_compared(values, taken & ~barred, barred, random))
    values, offsets, weights = (np.concatenate(one) for one in zip(*parts, strict=True))
    asked = weights.sum(axis=1) > 0  # of a customer who repeated only, where repeats are barred, nothing is left
    return Cases(names, values[asked], offsets[asked], weights[asked] / weights[asked].sum(axis=1, keepdims=True))


def _compared(values: np.ndarray, taken: np.ndarray, barred: np.ndarray,
              random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Columns of each row: taken ones first, then the strongest, then drawn ones; each product counts once."""
    scales = values.max(axis=(1, 2), keepdims=True)
    strength = (values / np.maximum(scales, 1e-12)).sum(axis=0)
    strength[barred] = -1.0
    n, products = strength.shape
    first = np.where(taken, 1e3 + random.random(taken.shape), strength)
    near = min(products, NEAR + TAKEN)
    order = np.argpartition(-first, near - 1, axis=1)[:, :near]
    drawn = random.integers(0, products, (n, FAR if products > near else 0))
    columns = np.concatenate([order, drawn], axis=1)
    offsets = np.zeros(columns.shape)
    inside = np.zeros(strength.shape, bool)
    np.put_along_axis(inside, order, True, axis=1)
    offsets[:, near:] = np.log(max(1, products - near) / max(1, drawn.shape[1]))
    offsets[:, near:][np.take_along_axis(inside, drawn, axis=1)] = -np.inf
    offsets[np.take_along_axis(barred, columns, axis=1)] = -np.inf
    chosen = np.take_along_axis(taken, columns, axis=1) & np.isfinite(offsets)
    return np.take_along_axis(values, columns[None], axis=2).transpose(1, 2, 0), offsets, chosen.astype(np.float64)


def fit_weights(cases: Sequence[Cases]) -> dict[str, float]:
    """The signals that help with their weights. Where too few customers are held out, all signals count alike."""
    from scipy.optimize import minimize

    names = tuple(name for name in cases[0].names if all(name in one.names for one in cases)) if cases else ()
    rows = sum(len(one.values) for one in cases)
    if rows < FEWEST:
        return dict.fromkeys(names, 0.5)
    ready = [Cases(names, one.values[..., [one.names.index(name) for name in names]], one.offsets, one.taken)
             for one in cases]  # fmt: skip

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = RIDGE * float(weights @ weights) * rows, 2 * RIDGE * weights * rows
        for one in ready:
            part, change = _loss(one, weights)
            total, slope = total + part, slope + change
        return total / rows, slope / rows

    bounds = [(0.0, None)] * len(names)
    found = minimize(loss, np.full(len(names), 0.1), jac=True, method="L-BFGS-B", bounds=bounds)
    return {name: float(weight) for name, weight in zip(names, found.x, strict=True) if weight >= LEAST}


def _loss(cases: Cases, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The negative log-likelihood of what was taken, and its slope in the weights."""
    scores = cases.values @ weights.astype(np.float32) + cases.offsets
    scores -= scores.max(axis=1, keepdims=True)
    likelihood = np.exp(scores)
    totals = likelihood.sum(axis=1, keepdims=True)
    scores[cases.taken == 0] = 0.0
    loss = float(np.log(totals).sum() - (cases.taken * scores).sum())
    surplus = (likelihood / totals - cases.taken).astype(np.float32)
    slope: np.ndarray = surplus.ravel() @ cases.values.reshape(-1, len(weights))
    return loss, slope.astype(np.float64)


def scores_of(fitted: Fitted, weights: Mapping[str, float], baskets: Baskets) -> np.ndarray:
    """(C, P) float32 weighted sums of the signals."""
    return summed(parts_of(fitted, weights, baskets), baskets, repeats=True)


def parts_of(fitted: Fitted, weights: Mapping[str, float], baskets: Baskets) -> dict[str, np.ndarray]:
    """(C, P) float32 for each signal: what it adds to the scores."""
    return {name: np.float32(weight) * fitted.values(name, baskets) for name, weight in weights.items()}


def summed(parts: Mapping[str, np.ndarray], baskets: Baskets, *, repeats: bool) -> np.ndarray:
    """(C, P) float32 scores; without repeats, minus infinity for what a customer has."""
    total = np.zeros((len(baskets.customers), len(baskets.products)), np.float32)
    for part in parts.values():
        total += part
    if not repeats:
        total[baskets.customer, baskets.product] = -np.inf
    return total
