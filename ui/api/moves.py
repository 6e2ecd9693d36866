"""Moves of a conversation outside a turn: the button for a person, and what staff do with it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from crm.store import StaleTurn, Store
from rapport.settings import Settings
from rapport.types import Conversation, ConversationId, Handover, State, Turn

LAST_WORDS = 300
MOST_TRIES = 5  # a turn that ends meanwhile moves the conversation once; others rarely do


def ask_for_a_person(
    store: Store, id: ConversationId, *, settings: Settings, reason: str, by: tuple[str, datetime]
) -> State:
    """Queue the conversation and tell the customer what happens next. by: who asks and when.

    Already queued or with a person: nothing is written. A turn or a colleague may move the conversation meanwhile:
    then it is looked at again. Raises Refused where the state does not allow it.
    """
    for _ in range(MOST_TRIES - 1):
        with suppress(StaleTurn):
            return _ask(store, id, settings=settings, reason=reason, by=by)
    return _ask(store, id, settings=settings, reason=reason, by=by)


def _ask(store: Store, id: ConversationId, *, settings: Settings, reason: str, by: tuple[str, datetime]) -> State:
    from agent import handover
    from prompts.render import say

    actor, at = by
    conversation = store.conversation(id)
    if conversation.state in (State.QUEUED, State.HUMAN):
        return conversation.state
    if conversation.state is State.CLOSED:
        handover.reopen(store, id, actor=actor, at=at)
    told = say("hand_over", {"hours": settings.company.contact_hours}, locale=conversation.locale)
    made = _with_profile(store, conversation, _handover(store.turns(id), actor=actor, reason=reason))
    return handover.hand_over(store, id, made, by=by, told=told)


def _with_profile(store: Store, conversation: Conversation, made: Handover) -> Handover:
    """The handover with the customer's profile in words for the colleague, where there is one."""
    from agent.profile_use import profile_words

    if conversation.customer_id is None:
        return made
    words = profile_words(store, store.profile(conversation.customer_id))
    return replace(made, summary=f"{made.summary}\nProfile: {' '.join(words)}") if words else made


def _handover(turns: Sequence[Turn], *, actor: str, reason: str) -> Handover:
    """What the colleague needs: from the last turn where there is one."""
    from agent.handover import make_handover

    why = reason.strip() or f"the {actor} asked for a person"
    if not turns:
        summary = f"Reason: {why}.\nNothing was asked yet."
        return Handover(reason=why, queue="general", priority="normal", summary=summary)
    last = turns[-1]
    tried = [turn.reply.text[:LAST_WORDS] for turn in turns[-3:] if turn.reply]
    trail = [turn.understanding.sentiment for turn in turns]
    return make_handover(why, last.understanding, tools=last.tools, tried=tried, trail=trail)
