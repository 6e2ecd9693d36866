"""Waiting for something slow, and no longer than was said."""

import threading
from itertools import count

import pytest

from agent.within import within


def ended() -> None:
    """Wait until the threads of `within` are over."""
    for thread in threading.enumerate():
        if thread.name.startswith("within"):
            thread.join(timeout=30)
            assert not thread.is_alive()


def test_items_come_in_order():
    assert list(within(lambda: iter("abc"), 30)) == ["a", "b", "c"]


def test_what_the_iterator_raises_is_raised_after_what_it_gave():
    def breaks():
        yield 1
        raise ConnectionError("gone")

    items = within(breaks, 30)
    assert next(items) == 1
    with pytest.raises(ConnectionError):
        next(items)


def test_an_iterator_that_blocks_keeps_nobody_waiting_and_is_closed_when_it_wakes():
    wake, closed = threading.Event(), threading.Event()

    def blocks():
        try:
            yield 1
            wake.wait(30)
            yield 2
        finally:
            closed.set()

    items = within(blocks, 0.05)
    assert next(items) == 1
    with pytest.raises(TimeoutError, match=r"0\.05 seconds"):
        next(items)
    assert not closed.is_set()
    wake.set()
    ended()
    assert closed.is_set()


def test_a_consumer_that_leaves_closes_the_iterator():
    closed = threading.Event()

    def endless():
        try:
            yield from count()
        finally:
            closed.set()

    items = within(endless, 30)
    assert next(items) == 0
    items.close()
    ended()
    assert closed.is_set()
