"""Bring profiles up to a moment: all customers of a home in bounded memory, or one of them at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from crm.histories import KeyRange, day_of, one_customer
from profiles.buying import Shelf
from profiles.gathering import Moment, Money
from profiles.predictor import Predictor
from profiles.reading import BLOCK, read_history
from rapport.customer_profiles import CustomerProfile
from rapport.records import CustomerId
from rapport.settings_kinds import rates

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.settings import ProfileSettings

STILL = timedelta(days=2)  # records that end earlier were imported once: they are looked at as they stood then
LOG_EVERY = timedelta(days=7)  # between two predictions of a customer that are remembered
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a run did. kept: profiles that are not older than the ones there. cleaned: what could not be used."""

    customers: int
    kept: int
    as_of: datetime
    cleaned: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The profiles of one range of customers. seen: how many were read, known or not yet. cleaned: as in `Scored`."""

    profiles: Sequence[CustomerProfile]
    seen: int
    cleaned: Mapping[str, int]


class Blocks(Protocol):
    """Makes the block of each range, in their order."""

    def __call__(self, ranges: Sequence[KeyRange], *, as_of: datetime, now: datetime) -> Iterable[Block]: ...


class Scorer:
    """Makes profiles with one predictor; the products are read once."""

    def __init__(self, store: "Store", predictor: Predictor, settings: "ProfileSettings") -> None:
        self._store = store
        self.predictor = predictor
        self._money = Money(currency=predictor.facts.currency, rates=rates(settings.rates))
        self._shelf = Shelf.of(store)

    def all(
        self, *, as_of: datetime, now: datetime, block: int = BLOCK, progress: Progress = lambda _: None,
        blocks: Blocks | None = None,
    ) -> Scored:  # fmt: skip
        """Make and keep the profile of every customer who was known as of that moment; `block` of them at a time.

        Remembers the predictions where the last that were remembered are a week older. blocks: who makes them; without
        it, this process.
        """
        last = self._store.last_prediction()
        log = last is None or as_of - last >= LOG_EVERY
        cleaned: Counter[str] = Counter()
        customers = kept = 0
        ranges = self._store.customer_ranges(block)
        if blocks is None:
            made: Iterable[Block] = (self.block(keys, as_of=as_of, now=now) for keys in ranges)
        else:
            made = blocks(list(ranges), as_of=as_of, now=now)
        for found in made:
            cleaned.update(found.cleaned)
            customers += len(found.profiles)
            kept += self._store.keep_profiles(found.profiles, log=log)
            progress(found.seen)
        return Scored(customers=customers, kept=kept, as_of=as_of, cleaned=dict(cleaned))

    def one(self, customer: CustomerId, *, as_of: datetime, now: datetime) -> CustomerProfile | None:
        """Make and keep the profile of one customer; None for who is not known as of that moment."""
        found = self.block(one_customer(customer), as_of=as_of, now=now).profiles
        self._store.keep_profiles(found)
        return found[0] if found else None

    def block(self, keys: KeyRange, *, as_of: datetime, now: datetime) -> Block:
        """Make the profiles of a range of customers; keeps none."""
        # The records stand as they stand now; looking back, a status is known when it usually is.
        seen = day_of(as_of) if now - as_of < STILL else None
        history = read_history(self._store, keys, self._money, Moment(now=day_of(now), seen=seen))
        made = self.predictor.profiles(history, day_of(as_of), self._shelf)
        return Block(profiles=made, seen=len(history), cleaned=history.cleaned)


def moment_of_records(store: "Store", now: datetime) -> datetime:
    """As of when to look at a home: now, or just after the newest record where all are older than two days."""
    newest = store.newest_moment(before=now)
    if newest is None or now - newest < STILL:
        return now
    return newest + timedelta(seconds=1)
