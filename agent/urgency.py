"""Tell how urgently a message needs a person, in the light of its conversation. Decides nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.context import Context, read_context
from agent.worth import Worth
from rapport.classifiers import Classifier
from rapport.escalation import Ask, Escalation, Watch
from rapport.likeness import likeness
from rapport.signals import Past, words_of
from rapport.text import tidy
from rapport.types import Conversation

if TYPE_CHECKING:
    import numpy as np

WorthOf = Callable[[Conversation, Context], Worth]


class Urgency:
    """Asks the escalation head. worth: says what is at stake, such as `agent.worth.StoreWorth`; None: never known."""

    def __init__(self, watch: Watch, worth: WorthOf | None = None) -> None:
        self._watch = watch
        self._worth = worth

    @property
    def alarm(self) -> Classifier | None:
        """What the head asks where it is in doubt."""
        return self._watch.alarm

    def read(
        self, text: str, masked: str, vector: "np.ndarray", *, sentiment: float, conversation: Conversation,
        ask: Ask | None = None,
    ) -> Escalation:  # fmt: skip
        """vector: (dim,) of the masked text, made already. sentiment: of the text, -1..1. ask: see `Watch.read`."""
        context = read_context(conversation.context)
        alike, repeats = likeness(vector, context.said)
        worth = self._worth(conversation, context) if self._worth else Worth()
        past = Past(
            trail=context.trail,
            asked=context.clarified,
            unhelped=context.unhelped,
            failures=context.failures,
            likeness=alike,
            repeats=repeats,
            order_value=worth.order,
            usual_value=worth.usual,
        )
        return self._watch.read(vector, masked, text, words_of(tidy(text)), sentiment=sentiment, past=past, ask=ask)
