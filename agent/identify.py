"""Confirm who is writing by facts that the company's policy names, given over one message or several.

All facts are compared at once and the customer never learns which one was wrong. Which facts count is the setting
`verify.facts`; how many attempts, `verify.attempts`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from agent.context import read_context
from agent.facts import Identified
from agent.thread import Thread
from crm.store import Store
from rapport.settings import VerifySettings
from rapport.types import Ask, Conversation, Entity, Identity, Message, State, Turn, Understanding

FOREIGN = 0.2  # probability of being for the company, below which what is read as proof of identity is none
FAILED = "verify_failed"  # the entry in the audit
_POSTCODE = re.compile(r"\b(?:\d{4,6}(?:[ -]?[A-Z]{2})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d[\d /()-]{6,}\d")
_NAME = re.compile(
    r"(?:my (?:full )?name(?: is|'s|:)|i am|i'm|i’m|this is|name:)\s+"
    r"(?P<name>[^\W\d_][\w'’-]*"
    r"(?:\s+(?!(?:and|my|at|with|from|the|zip|postcode|email|e-mail)\b)[^\W\d_][\w'’-]*){1,3})",
    re.IGNORECASE,
)
_BARE_NAME = re.compile(r"^\s*(?P<name>[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+){1,3})\s*(?:[,;\n]|$)")


def fact_names(settings: VerifySettings) -> tuple[str, ...]:
    """The fields that must match, in the order of the setting."""
    return tuple(name.strip() for name in settings.facts.split(",") if name.strip())


def identify(
    store: Store, thread: Thread, understanding: Understanding, *, settings: VerifySettings, at: datetime
) -> Identified:
    """Take up the identity facts of the new messages; compare them when all are there.

    Nothing is compared for a verified customer, nor once the attempts are used up: those of the conversation, and those
    for one e-mail within the hour before `at`, because a new conversation costs a guesser nothing. The customer is told
    the same in each case.
    """
    context = thread.context
    kept = Identified(facts=tuple(context.facts.items()), failures=context.failures)
    if thread.conversation.identity is Identity.VERIFIED or context.failures >= settings.attempts:
        return kept
    asked = context.pending is not None and context.pending.kind == "verify"
    asked = asked or any(_says_who(ask, understanding.language) for ask in understanding.asks)
    names = fact_names(settings)
    given = facts_in(thread.messages, understanding.entities, names, asked=asked)
    facts = {**context.facts, **given}
    missing = tuple(name for name in names if name not in facts)
    now = replace(kept, facts=tuple(facts.items()), missing=missing)
    if not given or (missing and not asked):
        return now
    if missing:
        return replace(now, outcome="partial")
    subject = guessed_at(facts, names)
    tried = store.count_audits(FAILED, subject=subject, since=at - timedelta(hours=1), before=at)
    customer = (
        store.match_customer({name: facts[name] for name in names}) if tried < settings.attempts_an_hour else None
    )
    if customer is None:
        return replace(now, outcome="failed", failures=context.failures + 1)
    return Identified(outcome="matched", customer=customer.id)


def _says_who(ask: Ask, language: str) -> bool:
    """Whether a message is to prove who writes: "the oil of my 2016 car" is to no company like ours, and gives none."""
    return ask.intent == "verify_me" and (ask.in_scope >= FOREIGN or language != "en")


def note_failure(store: Store, turn: Turn, *, before: Conversation, settings: VerifySettings) -> None:
    """Put a match that failed in this turn into the audit, where the next conversation's attempts are counted."""
    context, names = read_context(turn.context), fact_names(settings)
    known = 0 if before.state is State.CLOSED else read_context(before.context).failures
    if context.failures > known and all(name in context.facts for name in names):
        store.audit("customer", FAILED, subject=guessed_at(context.facts, names), at=turn.at)


def guessed_at(facts: Mapping[str, str], names: Sequence[str]) -> str:
    """Whom the facts are about, in a form that gives nothing away: the hash of the e-mail, else of the first fact."""
    name = "email" if "email" in names else names[0]
    return hashlib.sha256(f"{name}:{facts[name].strip().casefold()}".encode()).hexdigest()


def facts_in(
    messages: Sequence[Message], entities: Sequence[Entity], names: Sequence[str], *, asked: bool
) -> Mapping[str, str]:
    """The facts among `names` that the new messages state.

    asked: we asked for them, so a bare number may be a postcode and bare words a name.
    """
    text = "\n".join(message.text for message in messages)
    found: dict[str, str] = {}
    for entity in entities:
        if entity.kind in names and entity.kind not in found:
            found[entity.kind] = entity.value
    rest = text
    for entity in entities:
        if entity.kind in ("email", "order_number", "amount", "tracking"):
            rest = rest.replace(entity.text, " , ")
    if (
        "postcode" in names
        and "postcode" not in found
        and (match := _POSTCODE.search(rest))
        and (asked or "zip" in text.casefold() or "postcode" in text.casefold() or "email" in found)
    ):
        found["postcode"] = match[0]
    if "phone" in names and "phone" not in found and asked and (match := _PHONE.search(rest)):
        found["phone"] = match[0]
    named = _NAME.search(rest) or (_BARE_NAME.search(rest) if asked else None)
    if "name" in names and named:
        found["name"] = named["name"].strip()
    return found
