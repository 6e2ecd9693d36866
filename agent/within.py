"""Wait for what something slow gives piece by piece, and no longer than a person should."""

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def within(begin: Callable[[], Iterator[T]], seconds: float) -> Iterator[T]:
    """The items of an iterator, as they come. Raises TimeoutError when `seconds` are over, even where nothing comes.

    It runs in a thread of its own, so that a read that blocks keeps nobody waiting. A consumer that leaves, or is told
    that the time is over, closes it at its next item.
    """
    end = time.monotonic() + seconds
    news: queue.SimpleQueue[tuple[T] | None] = queue.SimpleQueue()
    left = threading.Event()

    def pump() -> None:
        try:
            for item in begin():
                if left.is_set():
                    return
                news.put((item,))
        finally:
            news.put(None)

    pool = ThreadPoolExecutor(1, thread_name_prefix="within")
    try:
        done = pool.submit(contextvars.copy_context().run, pump)
        while True:
            try:
                came = news.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"nothing came within {seconds:g} seconds") from None
            if came is None:
                done.result()  # raises what the iterator raised
                return
            yield came[0]
    finally:
        left.set()
        pool.shutdown(wait=False)
