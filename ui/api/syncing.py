"""Keep the index up to the records while the server runs, on a thread of its own."""

import logging
import threading

from ui.api.service import Service

log = logging.getLogger(__name__)


class IndexKeeper:
    """Updates the index every `retrieval.sync_seconds`. A failure is logged, counted and tried again next time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="index", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the update that runs, if one does."""
        self._stop.set()
        self._thread.join()

    def once(self) -> None:
        """Bring the index up to the records, and the agent up to the index."""
        from retrieval import sync

        service = self._service
        behind = sync.info(service.home, service.store, verify=False).behind  # an update checks what it reads
        service.metrics.behind.set(behind)
        if behind:
            encoder, settings = service.agent.parts.searcher.encoder, service.settings.retrieval
            sync.update(service.home, service.store, encoder=encoder, settings=settings)
            service.metrics.synced.labels("done").inc()
            service.metrics.behind.set(0)
        service.agent.parts.searcher.refresh()

    def _keep(self) -> None:
        while not self._stop.wait(self._service.settings.retrieval.sync_seconds):
            try:
                self.once()
            except Exception as error:  # the thread must outlive a full disk or a locked database
                self._service.metrics.synced.labels("failed").inc()
                log.error("the index could not be updated; the next try follows", exc_info=error)
