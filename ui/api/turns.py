"""Run turns apart from whoever listens. A turn goes on when its listener leaves, and a second listener may join.

One conversation has one turn at a time in this process; between processes the store's compare-and-set decides.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from crm.store import StaleTurn, Store
from rapport.types import ConversationId, Message, MessageId, Turn
from ui.api.metrics import Metrics

if TYPE_CHECKING:
    from agent.events import TurnEvent
    from agent.turn import Agent

log = logging.getLogger(__name__)
WORKERS = 16


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn ended in an error; nothing of it was kept and the message stays unanswered."""

    error: Exception


class RunningTurn:
    """One turn in flight: its events so far, for any number of listeners, each from the first event on.

    covers: the messages that it answers; while it is gathered, more are taken in. wait_seconds: longest wait for one.
    """

    def __init__(self, covers: frozenset[MessageId | None], *, wait_seconds: float = 0.0) -> None:
        self.covers = covers
        self.gathers = wait_seconds > 0
        self._wait_seconds = wait_seconds
        self._taken: set[MessageId | None] = set()  # since the messages were last read
        self._hurries = False
        self._events: list[TurnEvent | Failed] = []
        self._ended = False
        self._changed = threading.Condition()

    def add(self, event: "TurnEvent | Failed") -> None:
        """Hand one event to all listeners."""
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def takes_in(self, id: MessageId | None) -> bool:
        """Whether the turn answers this message as well: it is among those read, or the turn is still gathered."""
        with self._changed:
            if self.gathers and id not in self.covers:
                self.covers |= {id}
                self._taken.add(id)
                self._changed.notify_all()
            return id in self.covers

    def wait(self) -> None:
        """Return when another message was taken in, or after the wait; see `agent.gather.Gathering`."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken or self._hurries, self._wait_seconds)
            self._taken.clear()  # they are in the store, which is read again now

    def settle(self, ids: frozenset[MessageId | None]) -> bool:
        """Take in no more, unless one was that is not among `ids`."""
        with self._changed:
            unread, self._taken = self._taken - ids, set()
            if not unread:
                self.covers, self.gathers = ids, False
            return not unread

    def hurry(self) -> None:
        """Wait no longer."""
        with self._changed:
            self._hurries = True
            self._changed.notify_all()

    def end(self) -> None:
        """Let the listeners go."""
        with self._changed:
            self._ended, self.gathers = True, False
            self._changed.notify_all()

    def events(self) -> "Listener":
        """Every event from the first on, waiting for those to come; ends with the turn."""
        return Listener(self)

    def after(self, seen: int) -> "Sequence[TurnEvent | Failed]":
        """The events after the first `seen`, waiting for one; none where the turn has ended."""
        with self._changed:
            while not self._ended and len(self._events) == seen:
                self._changed.wait()
            return self._events[seen:]


class Listener:
    """The events of a turn, one by one. pauses: the next one is still to come, so what was heard may be shown."""

    def __init__(self, turn: RunningTurn) -> None:
        self._turn = turn
        self._seen = 0
        self._fresh: deque[TurnEvent | Failed] = deque()

    @property
    def pauses(self) -> bool:
        return not self._fresh

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> "TurnEvent | Failed":
        if not self._fresh:
            self._fresh.extend(self._turn.after(self._seen))
        if not self._fresh:
            raise StopIteration
        self._seen += 1
        return self._fresh.popleft()


class TurnRunner:
    """Starts turns on threads of its own and keeps one per conversation.

    wait_seconds: how long a message that looks unfinished waits for the next one; 0: it is answered at once.
    after: told of each finished turn when its listeners have it; it returns at once and raises nothing.
    """

    def __init__(
        self, agent: "Agent", store: Store, metrics: Metrics, *, wait_seconds: float = 0.0,
        after: Callable[[Turn], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._agent = agent
        self._store = store
        self._metrics = metrics
        self._wait_seconds = wait_seconds
        self._after = after
        self._running: dict[ConversationId, RunningTurn] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="turn")

    def answer(self, id: ConversationId, message: Message) -> Listener | Turn | None:
        """The answer to a stored message: live events, the turn that has answered it, or None where there is none.

        A turn that is still gathered takes the message in; one that was settled before it came is waited for first.
        The message is answered whether or not the result is read.
        """
        while True:
            running = self._join_or_start(id)
            if running is None:
                return self.answered(id, message)
            if running.takes_in(message.id):
                return running.events()
            for _ in running.events():
                pass

    def running(self, id: ConversationId) -> bool:
        """Whether a turn is in flight."""
        with self._lock:
            return id in self._running

    def gathering(self, id: ConversationId) -> bool:
        """Whether a turn is in flight that still takes messages in."""
        with self._lock:
            running = self._running.get(id)
            return running is not None and running.gathers

    def answered(self, id: ConversationId, message: Message) -> Turn | None:
        """The stored turn that answered the message."""
        turns = (turn for turn in self._store.turns(id) if any(part.id == message.id for part in turn.messages))
        return next(turns, None)

    def resume(self, now: datetime) -> None:
        """Answer, in the background, what a stop or a kill before `now` left waiting."""
        for id in self._store.waiting_conversations(older_than=now):
            self._join_or_start(id)

    def close(self) -> None:
        """Finish what runs and stop."""
        with self._lock:
            self._wait_seconds = 0.0
            for running in self._running.values():
                running.hurry()
        self._threads.shutdown(wait=True)

    def _join_or_start(self, id: ConversationId) -> RunningTurn | None:
        with self._lock:
            if running := self._running.get(id):
                return running
            pending = frozenset(message.id for message in self._store.unanswered(id))
            if not pending:
                return None
            running = RunningTurn(pending, wait_seconds=self._wait_seconds)
            self._threads.submit(self._run, id, running)  # raises once closed: then nobody may wait for this turn
            self._running[id] = running
        return running

    def _run(self, id: ConversationId, running: RunningTurn) -> None:
        following: RunningTurn | None = running
        while following is not None:
            running, following = following, None
            went_well = self._turn(id, running)
            with self._lock:
                try:
                    following = self._following(id, running) if went_well else None
                except Exception as error:  # a thread has no caller: what waits is answered with the next message
                    log.error("conversation %s could not be looked at again", id, exc_info=error)
                finally:
                    if following is None:
                        del self._running[id]
                    else:
                        self._running[id] = following
                    running.end()

    def _following(self, id: ConversationId, running: RunningTurn) -> RunningTurn | None:
        """A next turn where a message came in between; what a turn left unanswered on purpose is not tried again."""
        pending = frozenset(message.id for message in self._store.unanswered(id))
        fresh = pending - running.covers
        return RunningTurn(pending, wait_seconds=self._wait_seconds) if fresh else None

    def _turn(self, id: ConversationId, running: RunningTurn) -> bool:
        """Make one turn and hand out its events; the last one is Finished where the messages are answered."""
        from agent.events import Finished

        try:
            try:
                gathering = running if running.gathers else None
                for event in self._agent.respond(id, gathering=gathering):
                    running.add(event)
                    if isinstance(event, Finished):
                        self._metrics.turn(event.turn)
                        self._after(event.turn)
                        return True
            except StaleTurn:
                log.info("conversation %s was answered elsewhere", id)
            for turn in self._store.turns(id):
                if running.covers & {message.id for message in turn.messages}:
                    running.add(Finished(turn))
        except Exception as error:  # a thread has no caller: the listeners get the error
            self._metrics.failed_turns.inc()
            log.error("the turn of conversation %s failed", id, exc_info=error)
            running.add(Failed(error))
            return False
        return True
