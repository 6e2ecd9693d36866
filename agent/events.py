"""What a turn tells while it is made: pieces of the reply, its sources, the state, and at its end the whole turn."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from crm.store import StaleTurn, Store
from rapport.types import Citation, Conversation, State, Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The conversation is in this state now."""

    state: State


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of a reply that passed the checks."""

    text: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """What was let out so far is no reply: the conversation was moved or answered while it was written."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A source of the reply."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole turn, kept."""

    turn: Turn


TurnEvent = StateChanged | Token | Retracted | Cited | Finished


class Telling:
    """Lets out what a turn says early, as long as its conversation stands as it was read.

    sent: all that was let out. A sentence that comes when the conversation is in another state, such as with a person,
    is not let out: then StaleTurn is raised and the writing ends.
    """

    def __init__(self, store: Store, conversation: Conversation) -> None:
        self.sent = ""
        self._store = store
        self._conversation = conversation

    def through(self, turn: Generator[str, None, T]) -> Generator[TurnEvent, None, T]:
        """The early words as tokens; returns what the turn returns."""
        with closing(turn):
            while True:
                try:
                    text = next(turn)
                except StopIteration as end:
                    made: T = end.value
                    return made
                self._check()
                self.sent += text
                yield from tokens(text)

    def _check(self) -> None:
        before = self._conversation
        state = self._store.conversation(before.id).state
        if state is not before.state:
            raise StaleTurn(f"conversation {before.id} is '{state}' by now.", hint="Read it again, then decide.")


def tokens(text: str) -> Iterator[Token]:
    """A text word by word, as it is streamed; joined they are the text again."""
    start = 0
    for place, character in enumerate(text):
        if character in " \n":
            yield Token(text[start : place + 1])
            start = place + 1
    if start < len(text):
        yield Token(text[start:])


def result(turn: Generator[object, None, T]) -> T:
    """What a turn returns, its early words unheard."""
    while True:
        try:
            next(turn)
        except StopIteration as end:
            made: T = end.value
            return made
