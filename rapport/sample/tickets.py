"""Make the past tickets: a case, the words around it, how it went on and how it ended.

Labels: intent, sentiment, language, escalated ("yes" or "no") and outcome (resolved, refunded, replaced, declined,
escalated, open). Messy on purpose: typos, anger, two questions at once (attrs second_intent), other languages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from rapport.records import Customer, Order, Scalar, Ticket, TicketMessage, TicketStatus
from rapport.sample.data_files import SOURCE
from rapport.sample.ticket_cases import Case, choose_cases
from rapport.sample.ticket_words import AGENTS, Words, agent_line, agent_reply, customer_message, follow_up

_RECENT = timedelta(days=14)
_BACKLOG = timedelta(days=4)
_CHANNELS = {"email": 46, "chat": 38, "form": 12, "social": 4}


@dataclass(frozen=True, slots=True)
class Thread:
    """The messages of a ticket and what became of it."""

    messages: tuple[TicketMessage, ...]
    escalated: bool
    reply_minutes: int


def make_tickets(
    random: Random, customers: Sequence[Customer], orders: Sequence[Order], *, as_of: datetime
) -> tuple[Ticket, ...]:
    """1,500 tickets, oldest first; all belong to a customer, about two thirds to an order."""
    cases = choose_cases(random, customers, orders, as_of=as_of)
    return tuple(_ticket(random, position, case, as_of) for position, case in enumerate(cases, start=1))


def _ticket(random: Random, position: int, case: Case, as_of: datetime) -> Ticket:
    channel = random.choices(list(_CHANNELS), weights=list(_CHANNELS.values()))[0]
    words = customer_message(random, case, channel)
    thread = _thread(random, case, words, channel, as_of)
    last = thread.messages[-1].at or case.at
    status: TicketStatus = "open" if len(thread.messages) == 1 else "resolved" if as_of - last < _RECENT else "closed"
    outcome = "open" if status == "open" else _outcome(case, escalated=thread.escalated)
    return Ticket(
        source=SOURCE,
        source_id=f"T{position:05d}",
        subject=_subject(random, case, words),
        customer_id=case.customer.id,
        status=status,
        channel=channel,
        priority="high" if thread.escalated else "normal",
        created_at=case.at.replace(microsecond=0),
        resolved_at=None if status == "open" else last,
        tags=(case.intent, *(("messy",) if words.second_intent or words.language != "en" else ())),
        messages=thread.messages,
        labels={
            "intent": case.intent,
            "sentiment": words.sentiment,
            "language": words.language,
            "escalated": "yes" if thread.escalated else "no",
            "outcome": outcome,
        },
        csat=_csat(random, words, thread) if status != "open" and random.random() < 0.45 else None,
        attrs=_attrs(case, words, None if status == "open" else thread.reply_minutes),
    )


def _attrs(case: Case, words: Words, reply_minutes: int | None) -> dict[str, Scalar]:
    known: dict[str, Scalar] = {
        "order": case.order.number if case.order else None,
        "second_intent": words.second_intent or None,
        "first_reply_minutes": reply_minutes,
    }
    return {name: value for name, value in known.items() if value is not None}


def _thread(random: Random, case: Case, words: Words, channel: str, as_of: datetime) -> Thread:
    agent = random.choice(AGENTS)
    at = case.at.replace(microsecond=0)
    wait = random.randint(1, 12) if channel == "chat" else random.randint(25, 1900)
    messages = [TicketMessage(role="customer", text=words.text, at=at)]
    answered = at + timedelta(minutes=wait)
    if answered >= as_of or (as_of - at < _BACKLOG and random.random() < 0.6):
        return Thread(tuple(messages), False, wait)
    messages.append(
        TicketMessage(role="agent", text=agent_reply(random, case, words, agent), at=answered, author=agent)
    )
    chance = random.random()
    escalated = words.sentiment == "negative" and words.language == "en" and chance < 0.3
    if escalated:
        steps = [("customer", follow_up(random, "again", words, agent), False),
                 ("agent", agent_line(random, "note", case, agent), True),
                 ("agent", agent_line(random, "again", case, agent), False)]  # fmt: skip
    elif chance > (0.8 if words.sentiment == "negative" else 0.6):
        steps = [("customer", follow_up(random, "thanks", words, agent), False)]
        if random.random() < 0.4 and words.language == "en":
            steps.append(("agent", agent_line(random, "closing", case, agent), False))
    else:
        steps = []
    for role, text, private in steps:
        answered += timedelta(minutes=random.randint(2, 15) if channel == "chat" else random.randint(20, 900))
        messages.append(TicketMessage(role="agent" if role == "agent" else "customer", text=text, at=answered,
                                      private=private, author=agent if role == "agent" else None))  # fmt: skip
    kept = tuple(message for message in messages if message.at and message.at < as_of)
    return Thread(kept, escalated and len(kept) == len(messages), wait)


def _outcome(case: Case, *, escalated: bool) -> str:
    if escalated:
        return "escalated"
    if case.situation == "declined":
        return "declined"
    if case.situation in ("lost", "done") or (case.intent, case.situation) == ("refund_status", "paid"):
        return "refunded"
    return "replaced" if case.intent in ("damaged_item", "wrong_item") else "resolved"


def _csat(random: Random, words: Words, thread: Thread) -> float:
    """Satisfaction in quarters: lower for upset customers, late replies and escalations."""
    score = 0.86 + 0.1 * (words.sentiment == "positive") - 0.3 * (words.sentiment == "negative")
    score -= 0.25 * thread.escalated + 0.15 * (thread.reply_minutes > 1200)
    return min(1.0, max(0.0, round((score + random.uniform(-0.25, 0.25)) * 4) / 4))


def _subject(random: Random, case: Case, words: Words) -> str:
    plain = case.intent.replace("_", " ") if case.intent != "oos" else "question"
    about = f" {case.order.number}" if case.order and random.random() < 0.6 else ""
    first = words.text.split("\n\n")[-2 if "\n\n" in words.text else 0].split(".")[0][:60].strip()
    return random.choice((f"{plain.capitalize()}{about}", first, first, f"Question{about}", f"Re:{about} {plain}"))
