"""Read what a customer has written and not been answered yet; wait for more where it looks unfinished.

People send "hi", "so I ordered shoes" and "they are too small" as three messages; they are read as one and get one
answer. Who waits, and for how long, is the door's affair.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from agent.stopwatch import Stopwatch
from agent.thread import Thread
from crm.store import Store
from rapport.types import Conversation, ConversationId, Message, MessageId, State, Understanding

if TYPE_CHECKING:
    import numpy as np

RESTARTS = 2  # times that a new message starts the wait anew


class Gathering(Protocol):
    """The door's side of a turn that is still being gathered."""

    def wait(self) -> None:
        """Return when another message has come, or after the door's time for it."""

    def settle(self, ids: frozenset[MessageId | None]) -> bool:
        """Take no more messages into this turn. False, and still open, where one has come that is not among `ids`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a turn starts with. conversation: as it stood. vectors: of the asks' queries. watch: counts on."""

    conversation: Conversation
    thread: Thread
    understanding: Understanding
    vectors: "np.ndarray"
    at: datetime
    watch: Stopwatch


Read = Callable[[Conversation, Sequence[Message]], Reading]


def gather(
    store: Store, id: ConversationId, read: Read, *, least: float, gathering: Gathering | None = None
) -> Reading | None:
    """The unanswered messages, read; None where there are none or a person owns the conversation.

    least: probability of being finished below which the door is asked to wait. What was read is not read again unless
    another message came. After the first wait and RESTARTS more, the messages are answered as they are.
    """
    waits = 0
    while True:
        # in this order: a turn kept in between leaves a message that is answered already, which the store refuses
        messages = store.unanswered(id)
        conversation = store.conversation(id)
        if not messages or conversation.state is State.HUMAN:
            return None
        reading = read(conversation, messages)
        if gathering is None:
            return reading
        ids = frozenset(message.id for message in messages)
        if reading.understanding.finished < least and waits <= RESTARTS:
            waits += 1
            gathering.wait()
            if ids != frozenset(message.id for message in store.unanswered(id)):
                continue
        if gathering.settle(ids):
            return reading
