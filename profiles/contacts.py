"""Contacts counted by queue and hour: what a forecast reads."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

LONGEST = 1_100  # days that are looked back at: three years, so that one ancient record makes no long emptiness


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contacts:
    """first: the first day, in days since 1970-01-01 UTC. counts: (queues, hours), whole days of 24."""

    first: int
    queues: tuple[str, ...]
    counts: np.ndarray

    @property
    def days(self) -> int:
        """How many days are counted."""
        return int(self.counts.shape[1]) // 24

    def until(self, days: int) -> "Contacts":
        """The first so many days."""
        return replace(self, counts=self.counts[:, : days * 24])


def count_contacts(rows: Iterable[tuple[float, str]], queue_of: Callable[[str], str], *, end: float) -> Contacts:
    """Count (day, intent) by the queue of the intent and the hour, over the whole days before `end`, LONGEST at most.

    A contact of that last day or later is not counted, so that no half day stands for a whole one.
    """
    last = int(np.floor(end))
    known = [(day, queue_of(intent)) for day, intent in rows if day < last]
    first = int(max(min((day for day, _ in known), default=last), last - LONGEST))
    known = [one for one in known if one[0] >= first]
    queues = tuple(sorted({queue for _, queue in known}))
    counts = np.zeros((len(queues), (last - first) * 24))
    places = {queue: place for place, queue in enumerate(queues)}
    for day, queue in known:
        counts[places[queue], int((day - first) * 24 + 1e-6)] += 1  # times come to the millisecond
    return Contacts(first=first, queues=queues, counts=counts)
