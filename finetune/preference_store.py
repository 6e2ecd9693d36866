"""Pairs out of a home's own suggestions: what was suggested to a colleague, and what they sent in its place.

Both texts are laid out as replies of tickets are: without personal data, values as slots, near what was said before.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from finetune.preference_pairs import Pair, Pairs, enough
from finetune.reply_examples import (
    ORDERS,
    Asked,
    Case,
    company_of,
    example_of,
    order_of,
    reply_words,
    values_at,
)
from finetune.reply_rows import messages_of
from finetune.slotting import Company
from rapport.records import Customer, CustomerId, MessageRole, Order, RecordKind, Ticket, TicketMessage
from rapport.types import Conversation, Role, State

if TYPE_CHECKING:
    from crm.store import Store, Suggestion

_MARK = re.compile(r"\s?\[\d{1,2}\]")  # of a passage that is cited: it belongs to the suggestion, not to what is said
_ROLES: Mapping[Role, MessageRole] = {"customer": "customer", "assistant": "bot", "staff": "agent"}
SOURCE = "desk"  # of the tickets that conversations are read as


def pairs_of_store(store: "Store", *, asked: Asked | None = None) -> Pairs:
    """The pairs of all suggestions in whose place another text was sent. asked: as for `examples_of`.

    What was sent must state nothing that is not on record: whoever learns from it learns to invent.
    Raises BadRow for too few conversations.
    """
    company = company_of(store)
    found: list[Pair] = []
    same, left_out = 0, Counter[str]()
    for one, case, order in _cases(store):
        pair, reason = _pair(one, case, order, company, asked) if one.sent else (None, "nothing was sent")
        if pair is None:
            left_out[reason] += 1
        elif pair.chosen == pair.rejected:
            same += 1
        else:
            found.append(pair)
    return enough(found, same, "this home", left_out=left_out)


def _cases(store: "Store") -> Iterator[tuple["Suggestion", Case, Order | None]]:
    """Each suggestion whose end is known, its conversation as a ticket, and the order that it is about."""
    judged = sorted(store.suggestions(judged=True), key=lambda one: one.conversation_id)
    for id, some in groupby(judged, key=lambda one: one.conversation_id):
        conversation = store.conversation(id)
        colleague = next((move.actor for move in reversed(store.transitions(id)) if move.to is State.HUMAN), None)
        customer, orders = _known(store, conversation.customer_id)
        for one in some:
            case = Case(_as_ticket(conversation, one, colleague), customer, orders)
            order = next((order for order in orders if order.key == one.record), None) or order_of(case.ticket, orders)
            yield one, case, order


def _known(store: "Store", id: CustomerId | None) -> tuple[Customer | None, tuple[Order, ...]]:
    if id is None:
        return None, ()
    record = store.fetch(RecordKind.CUSTOMERS, [id]).get(id)
    return record if isinstance(record, Customer) else None, tuple(store.orders_of(id, limit=ORDERS))


def _as_ticket(conversation: Conversation, one: "Suggestion", colleague: str | None) -> Ticket:
    """The conversation up to the message that is answered, and what was sent then."""
    said = [
        TicketMessage(role=_ROLES[message.role], text=message.text, at=message.at,
                      author=colleague if message.role == "staff" else None)
        for message in conversation.messages
        if message.role in _ROLES and (message.id or 0) <= one.message_id
    ]  # fmt: skip
    sent = TicketMessage(role="agent", text=_MARK.sub("", one.sent or ""), at=one.at, author=one.actor or colleague)
    return Ticket(source=SOURCE, source_id=str(one.id), customer_id=conversation.customer_id, messages=(*said, sent))


def _pair(
    one: "Suggestion", case: Case, order: Order | None, company: Company, asked: Asked | None
) -> tuple[Pair | None, str]:
    row, reason = example_of(case, case.ticket.messages, order, company, asked)
    if row is None:
        return None, reason
    *before, (_, chosen) = messages_of(row)
    values = values_at(order, case.ticket.messages[-1])
    rejected = reply_words(_MARK.sub("", one.text), case, values, company).text.strip()
    return (Pair(tuple(before), chosen, rejected), "") if rejected else (None, "the suggestion says nothing")
