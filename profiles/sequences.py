"""Event sequences as numbers for a recurrent net: what each event brings, and batches of customers. numpy only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiles.value import DAYS_A_WEEK, BuyingRate
from profiles.windows import FEATURES, Window

if TYPE_CHECKING:
    import numpy as np

    from profiles.occasions import Occasions

LONGEST = 64  # events of a customer that the net reads, the latest ones; the features read all
_FAR = 4.0  # standard deviations; what lies further out says no more


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Events of C customers as inputs. numbers: (E, F) float32. weekday, kind: (E,) int64. starts: (C + 1,)."""

    numbers: "np.ndarray"
    weekday: "np.ndarray"
    kind: "np.ndarray"
    starts: "np.ndarray"

    def batch(self, who: "np.ndarray", end: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """The latest LONGEST events up to event `end` of customers `who`: (indices (n, longest), lengths (n,)).

        Both are counted from the customer's first event. What lies behind a length repeats the last event.
        """
        import numpy as np

        lengths = np.minimum(end + 1, LONGEST)
        begin = self.starts[who] + end + 1 - lengths
        steps = np.minimum(np.arange(lengths.max()), lengths[:, None] - 1)
        return begin[:, None] + steps, lengths


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Mean and deviation of columns, after a logarithm where `spread` says so; `unknown` ones get a column more."""

    mean: "np.ndarray"
    deviation: "np.ndarray"
    spread: "np.ndarray"
    unknown: "np.ndarray"

    @classmethod
    def of(cls, numbers: "np.ndarray", spread: "np.ndarray") -> "Scaling":
        """From the rows of training. A column that is constant or wholly unknown becomes zeros."""
        import numpy as np

        values = _spread(numbers, spread)
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0).sum(axis=0) / count
        deviation = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / count)
        return cls(mean, deviation, spread, ~known.all(axis=0))

    def apply(self, numbers: "np.ndarray") -> "np.ndarray":
        """(n, columns + unknown ones) float32."""
        import numpy as np

        values = _spread(numbers, self.spread)
        known = np.isfinite(values)
        wide = np.where(self.deviation > 1e-9, self.deviation, np.inf)
        scaled = np.where(known, np.clip((np.where(known, values, 0) - self.mean) / wide, -_FAR, _FAR), 0)
        return np.concatenate([scaled, ~known[:, self.unknown]], axis=1).astype(np.float32)

    def to_json(self) -> dict[str, list[Any]]:
        """Plain lists."""
        return {name: getattr(self, name).tolist() for name in ("mean", "deviation", "spread", "unknown")}

    @classmethod
    def from_json(cls, content: Mapping[str, list[Any]]) -> "Scaling":
        """What `to_json` wrote."""
        import numpy as np

        return cls(*(np.array(content[name]) for name in ("mean", "deviation", "spread", "unknown")))


def event_numbers(occasions: "Occasions") -> "np.ndarray":
    """(E, 11) what each event says by itself and in its place; an event's row knows no later event."""
    import numpy as np

    n = len(occasions)
    first = np.ones(n, bool)
    first[1:] = occasions.who[1:] != occasions.who[:-1]
    begin = np.maximum.accumulate(np.where(first, np.arange(n), 0)) if n else np.zeros(0, int)
    gap = np.zeros(n)
    gap[1:] = np.where(first[1:], 0, np.diff(occasions.day))
    season = 2 * np.pi * occasions.day / 365.25
    spread = (gap, occasions.day - occasions.day[begin], np.arange(n) - begin, occasions.amount, occasions.returned,
              occasions.quantity, occasions.products)  # fmt: skip
    plain = (first, occasions.kind == 0, np.sin(season), np.cos(season))
    return np.stack([*(np.log1p(column) for column in spread), *plain], axis=1)


def sequences_of(occasions: "Occasions", scaling: Scaling) -> Sequences:
    """Inputs of all events. scaling: of `event_numbers` at training."""
    import numpy as np

    starts = np.searchsorted(occasions.who, np.arange(len(occasions.customers) + 1))
    weekday = ((occasions.day + 3) % 7).astype(np.int64)
    numbers = scaling.apply(event_numbers(occasions))
    return Sequences(numbers, weekday, occasions.kind.astype(np.int64), starts)


def spread_features() -> "np.ndarray":
    """Which features are read on a logarithmic scale."""
    import numpy as np

    return np.array([feature.spread for feature in FEATURES])


def bases(window: Window) -> "np.ndarray":
    """(n, 4) where the nets start from: log odds of a purchase, and the logarithms of the number of purchases, of the
    days to the next and of the money of an occasion (0 where unknown), all as the probability models expect them.
    """
    import numpy as np

    chance = np.clip(window.chance, 1e-4, 1 - 1e-4)
    number = _logarithm(window.count)
    days = np.clip(np.log(window.horizon) - number, 0, np.log(3650))
    return np.stack(
        [np.log(chance / (1 - chance)), number, days, np.log(window.usual_amount())], axis=1, dtype=np.float32
    )


def horizon_shift(window: Window, horizon: float, rate: BuyingRate) -> "np.ndarray":
    """(n,) what another horizon than the window's adds to the logarithm of the number of purchases, by BG/NBD."""
    shift: np.ndarray = _logarithm(rate.count(window.seen, horizon / DAYS_A_WEEK)) - _logarithm(window.count)
    return shift


def _logarithm(count: "np.ndarray") -> "np.ndarray":
    import numpy as np

    found: np.ndarray = np.log(np.maximum(count, 1e-4))
    return found


def _spread(numbers: "np.ndarray", spread: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.where(spread, np.sign(numbers) * np.log1p(np.abs(numbers)), numbers)
