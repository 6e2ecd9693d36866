"""The population stability index: how far shares have moved from where they were, and what chance alone moves them.

Source of its usual reading, 0.1 and 0.25: Siddiqi, Credit Risk Scorecards, 2006.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MOVING, MOVED = 0.1, 0.25
TRIALS, SURE = 400, 0.99  # draws that say what chance gives; share of them below


def psi(expected: "Sequence[float] | np.ndarray", actual: "Sequence[float] | np.ndarray") -> float:
    """The population stability index of two lists of shares: the sum of (a - e) * ln(a / e).

    Raises ValueError where the lists differ in length or a share is not positive.
    """
    import numpy as np

    one, other = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if one.shape != other.shape or (one <= 0).any() or (other <= 0).any():
        raise ValueError("psi needs two lists of as many positive shares.")
    return float(((other - one) * np.log(other / one)).sum())


def smoothed(counts: "np.ndarray") -> "np.ndarray":
    """Counts as positive shares: half a row is added to each."""
    shares: np.ndarray = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares


def mean_psi(shares: "Sequence[np.ndarray]", counts: "Sequence[np.ndarray]", rows: int) -> float:
    """The mean PSI of several comparisons, where each reference was counted on so many rows."""
    import numpy as np

    pairs = zip(shares, counts, strict=True)
    return float(np.mean([psi(smoothed(old * rows), smoothed(new)) for old, new in pairs]))


def chance_psi(shares: "Sequence[np.ndarray]", rows: int, recent: int) -> float:
    """What the mean PSI of equal sources stays below 99 times in 100; both sides are drawn from these shares, seeded.

    rows, recent: how many rows each side has.
    """
    import numpy as np

    random = np.random.default_rng(0)
    alike = [smoothed(one * rows) for one in shares]
    drawn = [
        mean_psi(
            [random.multinomial(rows, one) / rows for one in alike],
            [random.multinomial(recent, one) for one in alike],
            rows,
        )
        for _ in range(TRIALS)
    ]
    return float(np.quantile(drawn, SURE))
