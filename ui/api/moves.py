"""Moves of a conversation outside a turn: the button for a person, and what staff do with it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crm.store import StaleTurn, Store
from rapport.settings import Settings
from rapport.types import Conversation, ConversationId, Handover, State, Turn, Viewer

if TYPE_CHECKING:
    from agent.profile_use import ProfileUse

LAST_WORDS = 300
MOST_TRIES = 5  # a turn that ends meanwhile moves the conversation once; others rarely do


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A person is wanted. by: who asks. at: when. reason: in their words, or ""."""

    by: str
    at: datetime
    reason: str = ""


def ask_for_a_person(
    store: Store, id: ConversationId, wish: Wish, *, settings: Settings, profiles: "ProfileUse"
) -> State:
    """Queue the conversation and tell the customer what happens next.

    The customer's profile says queue and priority as where a person is asked for in words. Already queued or with a
    person: nothing is written. A turn or a colleague may move the conversation meanwhile: then it is looked at again.
    Raises Refused where the state does not allow it.
    """
    for _ in range(MOST_TRIES - 1):
        with suppress(StaleTurn):
            return _ask(store, id, wish, settings=settings, profiles=profiles)
    return _ask(store, id, wish, settings=settings, profiles=profiles)


def _ask(store: Store, id: ConversationId, wish: Wish, *, settings: Settings, profiles: "ProfileUse") -> State:
    from agent import handover
    from prompts.render import say

    conversation = store.conversation(id)
    if conversation.state in (State.QUEUED, State.HUMAN):
        return conversation.state
    if conversation.state is State.CLOSED:
        handover.reopen(store, id, actor=wish.by, at=wish.at)
        conversation = store.conversation(id)  # who was verified only claims now
    told = say("hand_over", {"hours": settings.company.contact_hours}, locale=conversation.locale)
    turns = store.turns(id)
    made = profiles.requested(
        _handover(turns, wish),
        Viewer(conversation.customer_id, conversation.identity),
        topics=_topics(conversation, turns),
        sentiment=turns[-1].understanding.sentiment if turns else 0.0,
        at=wish.at,
    )
    return handover.hand_over(store, id, made, by=(wish.by, wish.at), told=told)


def _topics(conversation: Conversation, turns: Sequence[Turn]) -> list[str]:
    """Intents of the last turn, then what was under discussion before it."""
    from agent.context import read_context

    last = [ask.intent for ask in turns[-1].understanding.asks] if turns else []
    return [*last, read_context(conversation.context).intent or ""]


def _handover(turns: Sequence[Turn], wish: Wish) -> Handover:
    """What the colleague needs: from the last turn where there is one."""
    from agent.handover import make_handover

    why = wish.reason.strip() or f"the {wish.by} asked for a person"
    if not turns:
        summary = f"Reason: {why}.\nNothing was asked yet."
        return Handover(reason=why, queue="general", priority="normal", summary=summary)
    last = turns[-1]
    tried = [turn.reply.text[:LAST_WORDS] for turn in turns[-3:] if turn.reply]
    trail = [turn.understanding.sentiment for turn in turns]
    return make_handover(why, last.understanding, tools=last.tools, tried=tried, trail=trail)
