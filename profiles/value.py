"""Buying as two probability models that need no training windows: BG/NBD for when, Gamma-Gamma for how much.

BG/NBD: a customer buys at a rate of their own until, after some purchase, they leave for good. Gamma-Gamma: what an
occasion brings varies around a mean of the customer's own. Both are fitted by maximum likelihood to three numbers a
customer: occasions after the first, the time of the last, the time watched. Knows nothing of files or nets.
Sources: Fader, Hardie and Lee, Marketing Science 2005 (BG/NBD); Fader and Hardie, "The Gamma-Gamma model of monetary
value", 2013; the likelihood is arranged as in their note on its overflow, so that long histories stay finite.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

DAYS_A_WEEK = 7.0
LEAST_BUYERS = 10  # customers with a second purchase; fewer say nothing about rates
_BOUNDS = (-9.0, 12.0)  # of the logarithm of a parameter


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """What the models read of n customers, times in weeks from the first purchase.

    again: (n,) occasions after the first. last: (n,) when the last one was; 0 where there is one only.
    watched: (n,) how long ago the first one was. mean: (n,) mean money of an occasion, nan where unknown.
    """

    again: "np.ndarray"
    last: "np.ndarray"
    watched: "np.ndarray"
    mean: "np.ndarray"


@dataclass(frozen=True, slots=True)
class BuyingRate:
    """BG/NBD. r, alpha: shape and rate (weeks) of the purchase rates. a, b: of the chance to leave after a purchase."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, seen: Histories) -> "np.ndarray":
        """(n,) chance that a customer has not left."""
        import numpy as np

        again = np.maximum(seen.again, 1)
        odds = np.log(self.a) - np.log(self.b + again - 1)
        odds = odds + (self.r + seen.again) * np.log((self.alpha + seen.watched) / (self.alpha + seen.last))
        return np.where(seen.again > 0, 1 / (1 + np.exp(np.minimum(odds, 700))), 1.0)

    def chance(self, seen: Histories, weeks: float) -> "np.ndarray":
        """(n,) chance of any purchase in the next `weeks`."""
        import numpy as np

        stay = (self.r + seen.again) * _log_ratio(self.alpha + seen.watched, weeks)
        found: np.ndarray = self.alive(seen) * -np.expm1(stay)
        return found

    def count(self, seen: Histories, weeks: float) -> "np.ndarray":
        """(n,) expected occasions in the next `weeks`."""
        import numpy as np
        from scipy.special import hyp2f1

        a = self.a if abs(self.a - 1) > 1e-5 else 1 + 1e-5  # the formula's limit at 1
        shape, total = self.r + seen.again, a + self.b + seen.again - 1
        begun = self.alpha + seen.watched
        # Pfaff's transformation: the published product of a power and 2F1 overflows where customers buy often
        grown = hyp2f1(shape, a - 1, total, -weeks / begun)
        alive = self.alive(seen)
        found = total / (a - 1) * (1 - grown) * alive
        staying = alive * shape / begun * weeks  # as if nobody left: where even that is beyond numbers
        return np.where(np.isfinite(found), np.clip(found, 0, staying), staying)


@dataclass(frozen=True, slots=True)
class Spending:
    """Gamma-Gamma. p: shape of an occasion's money; q, v: shape and rate of the customers' own means."""

    p: float
    q: float
    v: float

    def mean(self, seen: Histories) -> "np.ndarray":
        """(n,) expected money of an occasion; the mean of all where a customer's own is unknown or not positive."""
        import numpy as np

        known = np.isfinite(seen.mean) & (seen.mean > 0)
        number = np.where(known, seen.again + 1, 0)
        own = np.where(known, seen.mean, 0.0)
        return self.p * (self.v + number * own) / (self.p * number + self.q - 1)


def fit_rate(seen: Histories) -> BuyingRate:
    """The parameters under which what was seen is likeliest. Raises DataError for too few customers who came back."""
    import numpy as np

    returned = int((seen.again > 0).sum())
    if returned < LEAST_BUYERS:
        raise DataError(
            f"{returned} customers bought more than once; a purchase rate needs {LEAST_BUYERS}.",
            hint="Take a longer time before the cutoff.",
        )
    rows = np.stack([seen.again, seen.last, seen.watched], axis=1).round(6)
    kinds, counts = np.unique(rows, axis=0, return_counts=True)  # many customers look alike
    again, last, watched = kinds.T

    def loss(logs: "np.ndarray") -> float:
        r, alpha, a, b = np.exp(logs)
        return float(-(_log_likelihood(r, alpha, a, b, (again, last, watched)) * counts).sum() / counts.sum())

    found = _least(loss, np.log([0.5, max(float(np.median(watched)) / 4, 0.1), 0.8, 2.5]))
    return BuyingRate(*(float(value) for value in np.exp(found)))


def fit_spending(number: "np.ndarray", mean: "np.ndarray") -> Spending:
    """Gamma-Gamma of customers with `number` occasions (n,) of `mean` money each (n,); a mean of 0 or less is left out.

    Raises DataError for too few customers.
    """
    import numpy as np
    from scipy.special import gammaln

    rows = (number > 0) & np.isfinite(mean) & (mean > 0)
    if rows.sum() < LEAST_BUYERS:
        raise DataError(
            f"{int(rows.sum())} customers spent something; a value needs {LEAST_BUYERS}.",
            hint="Take a longer time before the cutoff, and map amount to the column that holds it.",
        )
    number, mean = number[rows], mean[rows]

    def loss(logs: "np.ndarray") -> float:
        p, q, v = np.exp(logs)
        q = 1 + q  # the mean of all customers exists
        each = gammaln(p * number + q) - gammaln(p * number) - gammaln(q) + q * np.log(v)
        each += (p * number - 1) * np.log(mean) + p * number * np.log(number)
        return float(-(each - (p * number + q) * np.log(v + number * mean)).mean())

    p, q, v = np.exp(_least(loss, np.log([2.0, 2.0, float(np.median(mean))])))
    return Spending(float(p), float(1 + q), float(v))


def _log_likelihood(r: float, alpha: float, a: float, b: float, seen: "tuple[np.ndarray, ...]") -> "np.ndarray":
    """(n,) of BG/NBD, without the terms of the data alone."""
    import numpy as np
    from scipy.special import betaln, gammaln

    again, last, watched = seen
    common = gammaln(r + again) - gammaln(r) + r * np.log(alpha) + betaln(a, b + again) - betaln(a, b)
    stays = -(r + again) * np.log(alpha + watched)
    leaves = np.log(a) - np.log(b + np.maximum(again, 1) - 1) - (r + again) * np.log(alpha + last)
    found: np.ndarray = common + np.where(again > 0, np.logaddexp(stays, leaves), stays)
    return found


def _least(loss: "Callable[[np.ndarray], float]", start: "np.ndarray") -> "np.ndarray":
    """Where a smooth function of a few logarithms is least."""
    import numpy as np
    from scipy.optimize import minimize

    found = minimize(loss, start, method="L-BFGS-B", bounds=[_BOUNDS] * len(start), options={"maxiter": 500})
    return np.asarray(found.x)


def _log_ratio(begun: "np.ndarray", weeks: float) -> "np.ndarray":
    import numpy as np

    found: np.ndarray = np.log(begun) - np.log(begun + weeks)
    return found
