"""Rows of the store on their way into dated facts: who they belong to, whether their date can be used, what repeats."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from profiles.history import NOTHING, Facts, Kind, facts_of, joined

EARLIEST = 7_305.0  # 1990-01-01; many exports write 1970-01-01 for "none"
CLEANED = {
    "undated": "records without a usable date: left out",
    "future": "records dated in the future: left out",
    "duplicate": "records that were there already: counted once",
    "negative": "orders or lines below zero: not counted as bought",
    "currency": "orders in a currency without a rate: counted, their money is not",
    "unpriced": "orders without a total and without prices: counted, their money is not",
}
Rows = Iterator[Sequence[Sequence[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """The currency that money is told in. rates: what one unit of another currency is worth in it."""

    currency: str
    rates: Mapping[str, float] = field(default_factory=dict)

    def factor(self, currency: str) -> float:
        """What to multiply an amount by; nan where there is no rate."""
        return 1.0 if currency == self.currency else self.rates.get(currency, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When records are read. now: nothing later has happened yet. seen: the day on which they stood as they stand.

    A status without a date counts from `seen` at the latest; without it, only after the days it usually takes, which is
    right for looking back. All in days since 1970-01-01 UTC.
    """

    now: float
    seen: float | None = None

    def known(self, day: np.ndarray, usual: float) -> np.ndarray:
        """When a status is known that belongs to something of that day and usually takes so long."""
        at: np.ndarray = day + usual
        return at if self.seen is None else np.minimum(at, np.maximum(self.seen, day))


class Gathering:
    """Facts as they are gathered, for the customers of some range."""

    def __init__(self, moment: Moment, ids: Sequence[str]) -> None:
        self.moment = moment
        self.ids = np.array(list(ids) or np.empty(0, "U1"))
        self.cleaned: Counter[str] = Counter()
        self._places = {id: place for place, id in enumerate(ids)}
        self._facts: dict[Kind, list[Facts]] = {kind: [] for kind in Kind}
        self._things: dict[str, int] = {}

    def facts(self) -> dict[Kind, Facts]:
        """Everything gathered, each kind in order."""
        nothing = facts_of(np.empty(0, np.int32), np.empty(0))
        return {kind: joined(parts) if parts else nothing for kind, parts in self._facts.items()}

    def things(self) -> np.ndarray:
        """(T,) the texts that `codes` has numbered."""
        return np.array(list(self._things), object)

    def add(self, kind: Kind, owner: np.ndarray, day: np.ndarray, **more: np.ndarray) -> None:
        """Keep those that belong to somebody, are dated and are past."""
        if not len(owner):  # of most kinds a customer has nothing
            return
        usable = self.usable(owner, day)
        if usable.any():
            given = {name: array[usable] for name, array in more.items()}
            self._facts[kind].append(facts_of(owner[usable], day[usable], **given))

    def usable(self, owner: np.ndarray, day: np.ndarray) -> np.ndarray:
        """(n,) which rows belong to somebody and have a date that is past."""
        with np.errstate(invalid="ignore"):
            usable: np.ndarray = (owner >= 0) & (day >= EARLIEST) & (day < self.moment.now)
        return usable

    def count_dates(self, owner: np.ndarray, day: np.ndarray) -> None:
        """Count what `usable` leaves out."""
        if not len(owner):
            return
        with np.errstate(invalid="ignore"):
            self.cleaned["future"] += int(((owner >= 0) & (day >= self.moment.now)).sum())
            self.cleaned["undated"] += int(((owner >= 0) & ~(day >= EARLIEST)).sum())

    def codes(self, texts: Sequence[str | None]) -> np.ndarray:
        """(n,) the numbers of texts; NOTHING for None and for the empty text."""
        things = self._things
        found = [things.setdefault(text, len(things)) if text else NOTHING for text in texts]
        return np.array(found, np.int32)

    def owners(self, ids: Sequence[str]) -> np.ndarray:
        """(n,) the places of customers, -1 for one who is not in the range."""
        return np.array([self._places.get(id, -1) for id in ids], np.int32)

    def first(self, *columns: np.ndarray) -> np.ndarray:
        """(n,) which rows are the first with their values; counts the others as duplicates."""
        if len(columns[0]) < 2:
            return np.ones(len(columns[0]), bool)
        order = np.lexsort(columns[::-1])
        same = np.ones(max(len(order) - 1, 0), bool)
        for column in columns:
            same &= column[order][1:] == column[order][:-1]
        first = np.ones(len(order), bool)
        first[order[1:][same]] = False
        self.cleaned["duplicate"] += int(same.sum())
        return first


def places(known: np.ndarray, wanted: Sequence[str]) -> np.ndarray:
    """(n,) int32, where each text stands in `known` (sorted), or -1."""
    texts = np.array(list(wanted) or np.empty(0, "U1"))
    if not len(known) or not len(texts):
        return np.full(len(texts), -1, np.int32)
    found = np.minimum(np.searchsorted(known, texts), len(known) - 1)
    return np.where(known[found] == texts, found, -1).astype(np.int32)


def floats(values: Sequence[float | None]) -> np.ndarray:
    """(n,) float64 with nan for None."""
    return np.array(values, np.float64)
