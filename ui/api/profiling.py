"""Renew customers' profiles behind the server, on a thread of its own: nobody waits for it."""

import logging
import queue
import threading
from datetime import UTC, datetime

from crm.store import Store
from rapport.paths import Home
from rapport.records import CustomerId
from rapport.settings import Settings
from rapport.types import Identity, Turn
from ui.api.metrics import Metrics

log = logging.getLogger(__name__)


class ProfileKeeper:
    """Renews the profile of who did something. Several doings of one customer that wait are one renewal.

    A failure is logged and counted; the profile stays as it was, and the next doing tries again.
    """

    def __init__(self, home: Home, settings: Settings, *, store: Store, metrics: Metrics) -> None:
        from profiles.live import LiveProfiles

        self._live = LiveProfiles(home, store, settings.profiles)
        self._wanted = settings.profiles.live
        self._metrics = metrics
        self._waiting: queue.SimpleQueue[CustomerId | None] = queue.SimpleQueue()
        self._queued: set[CustomerId] = set()
        self._busy = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._keep, name="profiles", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after what waits is done."""
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def renew(self, customer: CustomerId) -> None:
        """Have the profile renewed soon; returns at once."""
        with self._changed:
            if not self._wanted or customer in self._queued:
                return
            self._queued.add(customer)
        self._waiting.put(customer)

    def after_turn(self, turn: Turn) -> None:
        """Renew the profile of a verified customer; of others nobody knows that it was they who wrote."""
        if turn.customer_id is not None and turn.identity is Identity.VERIFIED:
            self.renew(turn.customer_id)

    def settle(self, seconds: float = 10.0) -> bool:
        """Wait until nothing waits any more. Returns whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queued and not self._busy, seconds)

    def _warm_up(self) -> None:
        """Load what makes the profiles, so that the first renewal does not wait for it."""
        try:
            if self._wanted:
                self._live.ready(now=datetime.now(UTC))
        except Exception as error:  # the server answers without profiles as well
            log.error("the predictors of profiles cannot be loaded", exc_info=error)

    def _keep(self) -> None:
        self._warm_up()
        while (customer := self._waiting.get()) is not None:
            with self._changed:  # what they do from here on is another renewal
                self._queued.discard(customer)
                self._busy = True
            try:
                self._live.update(customer, now=datetime.now(UTC))
                self._metrics.profiles.labels("done").inc()
            except Exception as error:  # the thread must outlive a locked database or a damaged predictor
                self._metrics.profiles.labels("failed").inc()
                log.error("the profile of a customer could not be renewed", exc_info=error)
            with self._changed:
                self._busy = False
                self._changed.notify_all()
