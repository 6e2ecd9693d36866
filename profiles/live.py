"""Keep a customer's profile up to what they do: look at their records again, score them, keep it. No training.

Costs some hundredths of a second for a usual customer. Threads may share it.
"""

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from profiles.predictor import Predictor, load_predictor
from profiles.score import Scorer
from rapport.cards import CARD
from rapport.customer_profiles import CustomerProfile
from rapport.records import CustomerId
from rapport.registry import PROFILES, artifact_folder, current

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home
    from rapport.settings import ProfileSettings

log = logging.getLogger(__name__)
PRODUCTS_STAY = timedelta(minutes=10)  # how long a list of products is used before it is read again


class LiveProfiles:
    """Profiles made one at a time with whatever predictor is in use; another one is taken up at once."""

    def __init__(self, home: "Home", store: "Store", settings: "ProfileSettings") -> None:
        self._home, self._store, self._settings = home, store, settings
        self._lock = threading.Lock()
        self._predictor: Predictor | None = None
        self._version: tuple[str, int] | None = None
        self._scorer: Scorer | None = None
        self._read_at: datetime | None = None

    def update(self, customer: CustomerId, *, now: datetime) -> CustomerProfile | None:
        """The customer's profile as of now, kept. None where no predictor is in use or the customer is gone.

        Raises what `load_predictor` raises for a predictor that cannot be used.
        """
        scorer = self.ready(now=now)
        return None if scorer is None else scorer.one(customer, as_of=now, now=now)

    def ready(self, *, now: datetime) -> Scorer | None:
        """What makes the profiles, loaded; None where no predictor is in use."""
        with self._lock:
            name = current(self._home, PROFILES)
            if name is None:
                self._predictor = self._scorer = self._version = None
                return None
            self._load(name)
            stale = self._read_at is None or now - self._read_at >= PRODUCTS_STAY
            if self._predictor is not None and (self._scorer is None or stale):
                self._scorer, self._read_at = Scorer(self._store, self._predictor, self._settings), now
            return self._scorer

    def _load(self, name: str) -> None:
        """Read the predictor unless it is the one that was read, to the very making."""
        card = artifact_folder(self._home, name) / CARD
        version = name, card.stat().st_mtime_ns
        if self._predictor is None or version != self._version:
            self._predictor = load_predictor(self._home, self._store, name)
            self._version, self._scorer = version, None
            log.info("profiles are made by '%s'", name)
