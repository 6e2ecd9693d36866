"""Count dated facts by customer as of a day: how many in a window, how much, when last, which most."""

from collections.abc import Mapping

import numpy as np

from profiles.history import NOTHING, Facts, History, Kind, last_of

Array = np.ndarray
_KINDS = tuple(Kind)
_PLACES = {kind: place for place, kind in enumerate(_KINDS)}


class Tally:
    """Counts over a history that was cut at `day`, so that it holds no later fact. Every answer is (C,).

    limit: the money of one order that counts at most. categories: product -> category.
    """

    def __init__(
        self, history: History, day: float, *, limit: float = float("inf"), categories: Mapping[str, str] | None = None
    ) -> None:
        self.history = history
        self.day = day
        self.limit = limit
        self.categories = categories or {}
        self.size = len(history)
        every = [history.facts[kind] for kind in _KINDS]
        # What is counted of one kind is counted of all in one go: for one customer numpy's calls cost, not the facts.
        self._owner = np.concatenate([facts.owner for facts in every])
        self._place = np.repeat(np.arange(len(every)) * self.size, [len(facts) for facts in every]) + self._owner
        self._day = np.concatenate([facts.day for facts in every])
        self._counts: dict[tuple[float | None, float], Array] = {}
        self._since_order: Array | None = None
        self._last_days = np.full((len(every), self.size), np.nan)
        # each kind's facts come by time: the last one written is the newest
        self._last_days.ravel()[self._place] = self._day
        self.ordered = self._last_days[_PLACES[Kind.ORDER]]  # nan for who has never ordered

    def count(self, *kinds: Kind, days: float | None = None, skip: float = 0.0) -> Array:
        """How many facts of these kinds in the last `days`, leaving out the newest `skip` days; without days, ever."""
        if (days, skip) not in self._counts:
            rows = self._day >= (-np.inf if days is None else self.day - days)
            self._counts[days, skip] = self._counted(rows & (self._day < self.day - skip) if skip else rows)
        return self._of(kinds, self._counts[days, skip])

    def count_since_order(self, *kinds: Kind) -> Array:
        """How many facts since the last order, 0 for who has never ordered."""
        if self._since_order is None:
            with np.errstate(invalid="ignore"):
                self._since_order = self._counted(self._day > self.ordered[self._owner])
        return self._of(kinds, self._since_order)

    def total(self, kind: Kind, *, days: float | None = None) -> Array:
        """The sum of the values, each at most the limit; unknown ones add nothing."""
        facts = self.history.facts[kind]
        rows = self._rows(facts, days, 0.0)
        value = np.clip(np.nan_to_num(facts.value[rows]), None, self.limit)
        return np.bincount(facts.owner[rows], weights=value, minlength=self.size)

    def mean(self, kind: Kind, *, days: float | None = None) -> Array:
        """The mean of the known values, nan where there is none."""
        facts = self.history.facts[kind]
        if not len(facts):
            return np.full(self.size, np.nan)
        rows = self._rows(facts, days, 0.0) & np.isfinite(facts.value)
        value = np.clip(facts.value[rows], None, self.limit)
        total = np.bincount(facts.owner[rows], weights=value, minlength=self.size)
        return divided(total, np.bincount(facts.owner[rows], minlength=self.size))

    def negative(self, *, days: float | None = None, since_order: bool = False) -> Array:
        """How many moods below neutral."""
        facts = self.history.facts[Kind.MOOD]
        if not len(facts):
            return np.zeros(self.size)
        rows = self._rows(facts, days, 0.0) & (facts.value < -0.25)
        if since_order:
            with np.errstate(invalid="ignore"):
                rows &= facts.day > self.ordered[facts.owner]
        return np.bincount(facts.owner[rows], minlength=self.size).astype(np.float64)

    def days_since(self, *kinds: Kind) -> Array:
        """Days since the newest fact of these kinds, nan where there is none."""
        newest: Array = np.fmax.reduce(self._last_days[[_PLACES[kind] for kind in kinds]])
        return self.day - newest

    def days_since_first(self, kind: Kind) -> Array:
        """Days since the first fact, nan where there is none."""
        facts = self.history.facts[kind]
        found = np.full(self.size, np.nan)
        found[facts.owner[::-1]] = self.day - facts.day[::-1]  # the last one written is the first
        return found

    def last_value(self, kind: Kind) -> Array:
        """The value of the newest fact, nan where there is none."""
        return self._of_last(self.history.facts[kind])

    def last_thing(self, kind: Kind) -> Array:
        """What the newest fact names: text, or None."""
        facts = self.history.facts[kind]
        rows = last_of(facts, self.size)
        codes = np.append(facts.thing, NOTHING)[rows]
        return self.history.named(np.where(rows >= 0, codes, NOTHING))

    def most(self, kind: Kind) -> Array:
        """What most facts name; of equals the first by name; None where there is none."""
        facts = self.history.facts[kind]
        named = facts.thing != NOTHING
        return most_of(facts.owner[named], self.history.named(facts.thing[named]), self.size)

    def _counted(self, rows: Array) -> Array:
        """(kinds, C) how many of these facts there are."""
        found = np.bincount(self._place[rows], minlength=len(_KINDS) * self.size)
        return found.reshape(len(_KINDS), self.size).astype(np.float64)

    def _of(self, kinds: tuple[Kind, ...], counts: Array) -> Array:
        found: Array = np.add.reduce(counts[[_PLACES[kind] for kind in kinds]])
        return found

    def _rows(self, facts: Facts, days: float | None, skip: float) -> Array:
        rows = np.ones(len(facts), bool) if days is None else facts.day >= self.day - days
        return rows & (facts.day < self.day - skip) if skip else rows

    def _of_last(self, facts: Facts) -> Array:
        rows = last_of(facts, self.size)
        return np.where(rows >= 0, np.append(facts.value, np.nan)[rows], np.nan)


def divided(above: Array, below: Array) -> Array:
    """above / below, nan where below is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = np.where(below > 0, above / below, np.nan)
    return found


def most_of(owner: Array, names: Array, size: int) -> Array:
    """(size,) the name that each owner has most often; of equals the first; None for who has none."""
    found = np.full(size, None, object)
    if not len(owner):
        return found
    known, code = np.unique(names.astype(str), return_inverse=True)
    pairs, counts = np.unique(owner.astype(np.int64) * len(known) + code, return_counts=True)
    best = np.lexsort((-pairs, counts))  # the greatest count last, of equals the first name last
    found[pairs[best] // len(known)] = known[pairs[best] % len(known)]
    return found
