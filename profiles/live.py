"""Keep a customer's profile up to what they do: look at their records again, score them, keep it. No training.

Costs some ten milliseconds for a usual customer, see `eval.profile_speed`. Threads may share it.
"""

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from profiles.predictor import load_predictor
from profiles.score import Scorer
from rapport.records import CustomerId
from rapport.registry import PROFILES, current
from rapport.types import CustomerProfile

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home
    from rapport.settings import ProfileSettings

log = logging.getLogger(__name__)
PRODUCTS_STAY = timedelta(minutes=10)  # how long a list of products is used before it is read again


class LiveProfiles:
    """Profiles made one at a time with whatever predictor is in use; a new one is taken up at once."""

    def __init__(self, home: "Home", store: "Store", settings: "ProfileSettings") -> None:
        self._home, self._store, self._settings = home, store, settings
        self._lock = threading.Lock()
        self._scorer: Scorer | None = None
        self._read_at: datetime | None = None

    def update(self, customer: CustomerId, *, now: datetime) -> CustomerProfile | None:
        """The customer's profile as of now, kept. None where no predictor is in use or the customer is gone.

        Raises what `load_predictor` raises for a predictor that cannot be used.
        """
        with self._lock:
            scorer = self._current(now)
        return None if scorer is None else scorer.one(customer, as_of=now, now=now)

    def _current(self, now: datetime) -> Scorer | None:
        name = current(self._home, PROFILES)
        if name is None:
            self._scorer = None
            return None
        stale = self._read_at is None or now - self._read_at >= PRODUCTS_STAY
        if self._scorer is None or self._scorer.predictor.name != name or stale:
            # Read again even where the name is the same: it may have been trained anew under it.
            predictor = load_predictor(self._home, self._store, name)
            self._scorer, self._read_at = Scorer(self._store, predictor, self._settings), now
            log.info("profiles are made by '%s'", name)
        return self._scorer
