"""Likeness from who bought what: customers who buy alike, products bought together, and what follows what.

Every matrix is sparse and keeps only the strongest entries of a row, so memory grows with the lines and not with the
square of the catalogue.
"""

from typing import TYPE_CHECKING

import numpy as np

from profiles.recommend_baskets import Baskets, places_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KEPT = 100  # neighbours of a customer, and of a product
SHRINK = 3.0  # customers that a product's company is discounted by: two that met once are not alike


def strongest(matrix: "csr_matrix", k: int) -> "csr_matrix":
    """The same rows with their k largest entries only, or the matrix itself; of equal ones the first columns stay."""
    from scipy.sparse import csr_matrix

    matrix = matrix.tocsr()
    matrix.sort_indices()
    counts = np.diff(matrix.indptr)
    if not (counts > k).any():
        return matrix
    keep = np.ones(matrix.nnz, bool)
    for row in np.flatnonzero(counts > k):
        start, end = matrix.indptr[row], matrix.indptr[row + 1]
        keep[start + np.argsort(-matrix.data[start:end], kind="stable")[k:]] = False
    starts = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    return csr_matrix((matrix.data[keep], matrix.indices[keep], starts), shape=matrix.shape)


def scaled_rows(matrix: "csr_matrix", totals: np.ndarray) -> "csr_matrix":
    """The rows, each divided by its total; one whose total is 0 stays as it is. Changes the matrix and returns it."""
    matrix.data *= np.repeat(1.0 / np.maximum(totals, 1e-12), np.diff(matrix.indptr))
    return matrix


def row_totals(matrix: "csr_matrix", values: np.ndarray) -> np.ndarray:
    """(n,) the sums over each row's values, in the matrix's format of numbers."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.bincount(rows, values, matrix.shape[0]).astype(matrix.dtype)


def rareness(matrix: "csr_matrix") -> np.ndarray:
    """(P,) how much a product tells of a customer: the logarithm of customers over those who have it, at least 0."""
    holders = np.bincount(matrix.indices, minlength=matrix.shape[1])
    weights: np.ndarray = np.log(np.maximum(matrix.shape[0] / (1.0 + holders), 1.0)).astype(np.float32)
    return weights


def tastes(baskets: Baskets, half_life: float, weights: np.ndarray) -> "csr_matrix":
    """(C, P) unit rows: the square roots of what a customer bought, faded, times how rare it is.

    weights: from `rareness` of the customers that are compared with.
    """
    bought = baskets.matrix(baskets.faded(half_life))
    bought.data = np.sqrt(bought.data) * weights[bought.indices]
    return scaled_rows(bought, np.sqrt(row_totals(bought, bought.data**2)))


def together(held: "csr_matrix") -> "csr_matrix":
    """(P, P) how alike two products are by who holds both: a cosine where a holder of many products counts less.

    held: (n, P), the products of each customer, or of each basket.
    Source: item-based collaborative filtering, Sarwar et al., WWW 2001; Deshpande and Karypis, TOIS 2004.
    """
    from scipy.sparse import diags

    held = held.astype(bool).astype(np.float32)
    counts = np.maximum(np.asarray(held.sum(axis=1)).ravel(), 1.0)
    scaled = (diags(counts**-0.5) @ held).tocsr()
    lengths = diags((np.asarray(scaled.multiply(scaled).sum(axis=0)).ravel() + SHRINK) ** -0.5)
    company = (lengths @ (scaled.T @ scaled) @ lengths).tocsr()
    company.setdiag(0.0)
    company.eliminate_zeros()
    return strongest(company, KEPT).astype(np.float32)


def following(baskets: Baskets, *, steps: int) -> "csr_matrix":
    """(P, P) the share of a product's baskets that each product came soon after: a Markov chain over baskets.

    steps: how many baskets later still count, each one step farther half as much. Of a basket with n products each
    one counts 1 / n, and SHRINK baskets more are assumed after which nothing came.
    """
    from scipy.sparse import csr_matrix, diags

    held, products = baskets.by_basket(), len(baskets.products)
    number = baskets.number()
    owner = baskets.customer[np.flatnonzero(np.diff(number, prepend=-1))]
    shared = (diags(1.0 / np.maximum(np.diff(held.indptr), 1)) @ held).tocsr()
    total = csr_matrix((products, products), dtype=np.float32)
    for step in range(1, steps + 1):
        earlier = np.flatnonzero(owner[step:] == owner[:-step])
        total = total + shared[earlier].T @ held[earlier + step] * 0.5 ** (step - 1)
    total = total.tocsr()
    total.setdiag(0.0)
    total.eliminate_zeros()
    seen = np.asarray(shared.sum(axis=0)).ravel() + SHRINK
    return strongest((diags(1.0 / seen) @ total).tocsr(), 2 * KEPT).astype(np.float32)


def last_baskets(baskets: Baskets, *, steps: int) -> "csr_matrix":
    """(C, P) what lay in the last baskets, each product 1 over its basket's size, each basket before the last half."""
    number = baskets.number()
    first = np.flatnonzero(np.diff(number, prepend=-1))
    newest = np.zeros(len(baskets.customers), int)
    newest[baskets.customer[first]] = number[first]  # the last one written is the newest
    back = newest[baskets.customer] - number
    sizes = np.bincount(number, minlength=1)[number] if len(number) else np.ones(0)
    return baskets.matrix(np.where(back < steps, 0.5**back / sizes, 0.0))


def alike_customers(taste: "csr_matrix", known: "csr_matrix", ids: np.ndarray, known_ids: np.ndarray) -> "csr_matrix":
    """(B, C) the KEPT nearest known customers of each row by cosine, without the customer's own row; rows sum to 1.

    taste: (B, P). known: (P, C), the known customers' tastes turned, so that it is not turned for each who asks.
    """
    near = (taste @ known).tocsr()
    own = places_of(ids, known_ids)
    near.data[near.indices == np.repeat(own, np.diff(near.indptr))] = 0.0
    near = strongest(near, KEPT)
    return scaled_rows(near, row_totals(near, near.data))
