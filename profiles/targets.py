"""What a predictor is to foresee: who leaves, who writes. Told from the days after a cutoff, for who counted then."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from profiles.counting import Array, Tally
from profiles.features import CONTACTS
from profiles.history import History, Kind

Standing = Literal["new", "active", "lapsed"]
STEP = 30.0  # days between two cutoffs
MOST_CUTOFFS = 24
LEAST_BEFORE = 60.0  # days of records before the first cutoff
SEEN_DAYS = 365  # who has done nothing for so long is not asked whether they will write


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizons:
    """churn: days without an order after which an active customer counts as lost. active: days since the last order
    within which one is active. contact: days in which a message is foreseen."""

    churn: int = 90
    active: int = 180
    contact: int = 30


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """asked: (C,) whose future is told. happened: (C,) what it was."""

    asked: Array
    happened: Array


def churn_target(history: History, cutoff: float, horizons: Horizons) -> Target:
    """Who was active when the day of the cutoff began, and who of them ordered no more within the days."""
    orders = history.facts[Kind.ORDER]
    active = _any(history, Kind.ORDER, cutoff - horizons.active, cutoff)
    later = (orders.day >= cutoff) & (orders.day < cutoff + horizons.churn)
    stays = np.zeros(len(history), bool)
    stays[orders.owner[later]] = True
    return Target(active, ~stays)


def contact_target(history: History, cutoff: float, horizons: Horizons) -> Target:
    """Who was seen in the year before the cutoff, and who of them wrote within the days."""
    seen = np.zeros(len(history), bool)
    for kind in Kind:
        seen |= _any(history, kind, cutoff - SEEN_DAYS, cutoff)
    wrote = np.zeros(len(history), bool)
    for kind in CONTACTS:
        wrote |= _any(history, kind, cutoff, cutoff + horizons.contact)
    return Target(seen, wrote)


def cutoffs(history: History, end: float, days: float) -> list[float]:
    """Days from which `days` can be looked ahead to `end`, newest first, STEP apart, after some records."""
    starts = [facts.day.min() for facts in history.facts.values() if len(facts)]
    first = min(starts, default=end) + LEAST_BEFORE
    found = list(_steps(end - days, first))
    return found[:MOST_CUTOFFS]


def standings(tally: Tally, horizons: Horizons) -> Array:
    """(C,) new, active or lapsed."""
    ago = tally.days_since(Kind.ORDER)
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(ago), "new", np.where(ago <= horizons.active, "active", "lapsed"))


def _steps(newest: float, first: float) -> Iterator[float]:
    while newest >= first:
        yield newest
        newest -= STEP


def _any(history: History, kind: Kind, start: float, end: float) -> Array:
    facts = history.facts[kind]
    found: Array = np.zeros(len(history), bool)
    found[facts.owner[(facts.day >= start) & (facts.day < end)]] = True
    return found
