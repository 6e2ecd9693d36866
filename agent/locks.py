"""One lock a conversation, made when needed and forgotten when free."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Locks:
    """Named locks of one process."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._held: dict[str, tuple[Lock, int]] = {}

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Hold the lock of `name`; others of the same name wait."""
        with self._guard:
            lock, users = self._held.get(name, (Lock(), 0))
            self._held[name] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._held[name]
                if users == 1:
                    del self._held[name]
                else:
                    self._held[name] = (lock, users - 1)
