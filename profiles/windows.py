"""What was known of each customer at a cutoff, and what came in the horizon after it.

Leakage-free by construction: the features read events before the cutoff alone, the targets events from the cutoff on.
`FEATURES` says what each number means. Knows nothing of nets or files.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from profiles.demand import COLUMNS
from profiles.occasions import PURCHASE, Occasions
from profiles.value import DAYS_A_WEEK, BuyingRate, Histories, Spending

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

RECENT_WEEKS = (2, 4, 8, 13, 26, 52)
YEAR = 365.0


class Feature(NamedTuple):
    """A number of a customer. spread: it is read on a logarithmic scale."""

    name: str
    meaning: str
    spread: bool = True


FEATURES: tuple[Feature, ...] = (
    Feature("again", "purchases after the first"),
    Feature("last", "weeks from the first purchase to the last"),
    Feature("watched", "weeks since the first purchase"),
    Feature("since", "weeks since the last purchase"),
    Feature("expected", "logarithm of the purchases that BG/NBD expects in the horizon", False),
    Feature("alive", "chance that the customer has not left, by BG/NBD", False),
    Feature("chance", "chance of any purchase in the horizon, by BG/NBD", False),
    Feature("usual_amount", "money of an occasion, by Gamma-Gamma"),
    Feature("active_share", "share of the time watched before the last purchase", False),
    Feature("last_gap", "days between the last two purchases"),
    Feature("first_gap", "days between the first two purchases"),
    Feature("mean_gap", "mean days between purchases"),
    Feature("overdue", "time since the last purchase over the mean gap"),
    Feature("gap_spread", "standard deviation of the logarithms of the gaps", False),
    *(Feature(f"in_{weeks}_weeks", f"purchases in the {weeks} weeks before the cutoff") for weeks in RECENT_WEEKS),
    Feature("year_ago", "purchases in the same horizon a year ago"),
    *(
        Feature(f"{which}_{what}", f"{meaning}, {which}")
        for what, meaning in (("amount", "money"), ("quantity", "pieces"), ("products", "different products"))
        for which in ("last", "first", "total", "mean", "largest")
    ),
    Feature("returned", "money of what came back, over the money of what was bought", False),
    Feature("others", "events of other kinds so far"),
    Feature("others_lately", "events of other kinds in the 4 weeks before the cutoff"),
    Feature("weekday_last", "weekday of the last purchase, 0 Monday to 6 Sunday", False),
    Feature("weekday_first", "weekday of the first purchase, 0 Monday to 6 Sunday", False),
    Feature("season_first", "day of the year of the first purchase", False),
    *(
        Feature(f"{told}_{where}", f"{meaning}, of {what}, against the mean of all customers; 0 where unknown", False)
        for where, what in (("bought", "the products bought"), ("last", "those of the last day"))
        for told, meaning in (("wanted", "how many bought them lately"), ("returning", "how many came back after them"))
    ),
)  # fmt: skip
NAMES = tuple(feature.name for feature in FEATURES)
_ALWAYS = ("expected", "chance", "usual_amount")  # what the models expect has the scale of the horizon
_STEADY = 0.25  # largest distance (Kolmogorov-Smirnov) of a feature's values between the past and the day of use


@dataclass(frozen=True, slots=True)
class Reference:
    """The probability models that lend the nets their expectation. spending: None where no money is known."""

    rate: BuyingRate
    spending: Spending | None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What was known at a cutoff of the n customers who had bought something by then.

    who: (n,) index into the customers. event: (n,) the customer's last event before the cutoff, counted from their
    first. seen: their histories. numbers: (n, FEATURES). count, chance: (n,) what BG/NBD expects in the horizon.
    cutoff, horizon: in days.
    """

    who: "np.ndarray"
    event: "np.ndarray"
    seen: Histories
    numbers: "np.ndarray"
    count: "np.ndarray"
    chance: "np.ndarray"
    cutoff: float
    horizon: float

    def __len__(self) -> int:
        """How many customers there are."""
        return len(self.who)

    def keeping(self, kept: "np.ndarray") -> "Window":
        """The same window with every feature that is not kept at 0."""
        import numpy as np

        return replace(self, numbers=np.where(kept, self.numbers, 0.0))

    def usual_amount(self) -> "np.ndarray":
        """(n,) money of an occasion as Gamma-Gamma expects it; 1 where no money is known."""
        import numpy as np

        money = self.numbers[:, NAMES.index("usual_amount")]
        return np.where(money > 0, money, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came after the cutoff, for the n customers of a window.

    count: (n,) occasions in the horizon. money: (n,) what they brought, returns off. days: (n,) to the next purchase,
    or to the end of what is known. bought: (n,) whether that purchase was seen. kinds: (n, K) whether an event of each
    kind came in the horizon.
    """

    count: "np.ndarray"
    money: "np.ndarray"
    days: "np.ndarray"
    bought: "np.ndarray"
    kinds: "np.ndarray"


def histories_at(occasions: Occasions, cutoff: float) -> "tuple[np.ndarray, Histories]":
    """Who had bought something before the cutoff, and what BG/NBD and Gamma-Gamma read of them.

    Time is watched up to the day before the cutoff, the last one known.
    """
    import numpy as np

    bought = occasions.before(cutoff).purchases()
    number = np.bincount(bought.who, minlength=len(occasions.customers))
    who = np.flatnonzero(number)
    ends = np.cumsum(number)[who] - 1
    first, last = bought.day[ends - number[who] + 1], bought.day[ends]
    money = np.bincount(bought.who, bought.amount, minlength=len(number))[who] / number[who]
    watched = np.maximum(cutoff - 1 - first, last - first)
    weeks = DAYS_A_WEEK
    return who, Histories((number[who] - 1).astype(float), (last - first) / weeks, watched / weeks, money)


def window_at(
    occasions: Occasions, cutoff: float, horizon: float, reference: Reference, wares: "np.ndarray | None" = None
) -> Window:
    """Features of everybody known at a cutoff. Nothing of the cutoff's day or later is read.

    wares: (C, 4) what `demand.Demand.wares` says of the customers then; without it, nothing is known of it.
    """
    import numpy as np

    known = occasions.before(cutoff)
    who, seen = histories_at(known, cutoff)
    count = reference.rate.count(seen, horizon / DAYS_A_WEEK)
    chance = reference.rate.chance(seen, horizon / DAYS_A_WEEK)
    expected = {
        "expected": np.log(count + 1e-6),
        "chance": chance,
        "alive": reference.rate.alive(seen),
        "usual_amount": reference.spending.mean(seen) if reference.spending else np.full(len(who), np.nan),
    }
    columns = expected | _timing(known, who, seen, cutoff, horizon) | _sizes(known, who) | _others(known, who, cutoff)
    said = np.zeros((len(who), len(COLUMNS))) if wares is None else wares[who]
    columns |= dict(zip(COLUMNS, said.T, strict=True))
    numbers = np.stack([columns[name] for name in NAMES], axis=1)
    event = np.bincount(known.who, minlength=len(known.customers))[who] - 1
    return Window(who, event, seen, numbers, count, chance, cutoff, horizon)


def steady_features(past: "Sequence[Window]", now: Window) -> "np.ndarray":
    """(FEATURES,) which features mean now what they meant in the past.

    In a young shop all customers grow older together: weeks since the first purchase have values that no past window
    had, and whatever was learnt of them is of no use.
    """
    import numpy as np
    from scipy.stats import ks_2samp

    kept = np.ones(len(NAMES), bool)
    before = np.concatenate([window.numbers for window in past])
    for place, name in enumerate(NAMES):
        old, new = (column[np.isfinite(column)] for column in (before[:, place], now.numbers[:, place]))
        if name not in _ALWAYS and len(old) and len(new):
            kept[place] = ks_2samp(old, new, method="asymp").statistic <= _STEADY
    return kept


def outcome_of(occasions: Occasions, window: Window, *, until: float) -> Outcome:
    """What came in the window's horizon. until: the day at which knowledge ends; nothing of it or later is read."""
    import numpy as np

    later = occasions.chosen((occasions.day >= window.cutoff) & (occasions.day < until))
    inside = later.chosen(later.day < window.cutoff + window.horizon)
    n = len(occasions.customers)
    bought = inside.purchases()
    kinds = np.zeros((n, len(occasions.kinds)), bool)
    kinds[inside.who, inside.kind] = True
    next_day = np.full(n, until)
    coming = later.purchases()
    np.minimum.at(next_day, coming.who, coming.day)
    money = np.bincount(inside.who, inside.amount - inside.returned, minlength=n)
    return Outcome(
        count=np.bincount(bought.who, minlength=n)[window.who].astype(float),
        money=money[window.who],
        days=(next_day - window.cutoff)[window.who],
        bought=(next_day < until)[window.who],
        kinds=kinds[window.who],
    )


def _timing(
    known: Occasions, who: "np.ndarray", seen: Histories, cutoff: float, horizon: float
) -> "dict[str, np.ndarray]":
    """Recency, frequency and rhythm."""
    import numpy as np

    bought = known.purchases()
    n = len(known.customers)
    first, last = _ends(bought, who)
    gap = np.full(len(bought), np.nan)
    same = bought.who[1:] == bought.who[:-1]
    gap[1:][same] = np.diff(bought.day)[same]
    logs = np.where(np.isnan(gap), 0, np.log1p(np.nan_to_num(gap)))
    again = np.where(seen.again > 0, seen.again, np.nan)
    mean_log = np.bincount(bought.who, logs, minlength=n)[who] / again
    variance = np.bincount(bought.who, logs**2, minlength=n)[who] / again - mean_log**2
    since = seen.watched - seen.last
    mean_gap = seen.last * DAYS_A_WEEK / again
    a_year_ago = (bought.day >= cutoff - YEAR) & (bought.day < cutoff - YEAR + horizon)
    columns = {
        "again": seen.again, "last": seen.last, "watched": seen.watched, "since": since,
        "active_share": seen.last / np.maximum(seen.watched, 0.1), "last_gap": gap[last],
        "first_gap": np.where(seen.again > 0, gap[np.minimum(first + 1, len(gap) - 1)], np.nan), "mean_gap": mean_gap,
        "overdue": since * DAYS_A_WEEK / mean_gap,
        "gap_spread": np.where(seen.again > 1, np.sqrt(np.maximum(variance, 0)), np.nan),
        "year_ago": np.bincount(bought.who[a_year_ago], minlength=n)[who].astype(float),
        "weekday_last": (bought.day[last] + 3) % 7, "weekday_first": (bought.day[first] + 3) % 7,
        "season_first": bought.day[first] % 365.25,
    }  # fmt: skip
    for weeks in RECENT_WEEKS:
        lately = bought.who[bought.day >= cutoff - weeks * DAYS_A_WEEK]
        columns[f"in_{weeks}_weeks"] = np.bincount(lately, minlength=n)[who].astype(float)
    return columns


def _sizes(known: Occasions, who: "np.ndarray") -> "dict[str, np.ndarray]":
    """How much was bought, and how much came back."""
    import numpy as np

    bought = known.purchases()
    n = len(known.customers)
    first, last = _ends(bought, who)
    columns = {}
    for what in ("amount", "quantity", "products"):
        values = getattr(bought, what)
        total = np.bincount(bought.who, values, minlength=n)[who]
        columns[f"last_{what}"], columns[f"first_{what}"] = values[last], values[first]
        columns[f"total_{what}"], columns[f"mean_{what}"] = total, total / (last - first + 1)
        columns[f"largest_{what}"] = np.maximum.reduceat(values, first) if len(who) else total
    returned = np.bincount(known.who, known.returned, minlength=n)[who]
    columns["returned"] = returned / np.maximum(columns["total_amount"] + returned, 1e-9)
    return columns


def _others(known: Occasions, who: "np.ndarray", cutoff: float) -> "dict[str, np.ndarray]":
    """Events that are no purchases."""
    import numpy as np

    others = known.chosen(known.kind != PURCHASE)
    n = len(known.customers)
    lately = others.who[others.day >= cutoff - 4 * DAYS_A_WEEK]
    return {
        "others": np.bincount(others.who, minlength=n)[who].astype(float),
        "others_lately": np.bincount(lately, minlength=n)[who].astype(float),
    }


def _ends(bought: Occasions, who: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """Where each customer's first and last purchase stand among the purchases."""
    import numpy as np

    return np.searchsorted(bought.who, who), np.searchsorted(bought.who, who, side="right") - 1
