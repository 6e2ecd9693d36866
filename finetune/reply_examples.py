"""Tickets → training rows of a reply model: what a customer wrote, how the order stood, what a person answered."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from crm.redact import WORDS, known_of, redact
from finetune.letters import body_of
from finetune.slotting import Company, Slotted, put_slots, states_more
from prompts.fields import TOPICS, Sheet, customer_words, sheet_of, slots_of, system_words, wanted
from prompts.forbidden import rule_breaks
from rapport.order_values import as_of, order_values
from rapport.records import Customer, Order, Product, RecordKind, Ticket, TicketMessage, number_key
from rapport.text import mask

if TYPE_CHECKING:
    from crm.store import Store

NO_RECORD = "no record"  # what the model is told where no order is meant
EARLIER = 6  # messages before the reply that are kept
AT_ONCE = 500
ORDERS = 50  # of one customer
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
Asked = Callable[[Sequence[str]], Sequence[str]]  # customers' messages -> the topic of each, "" for none


@dataclass(frozen=True, slots=True)
class Examples:
    """Training rows, oldest first. left_out: why replies became none, and how many."""

    rows: tuple[dict[str, Any], ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket with what is known of it."""

    ticket: Ticket
    customer: Customer | None
    orders: tuple[Order, ...]


def examples_of(store: "Store", *, asked: Asked | None = None) -> Examples:
    """The training rows of all tickets of a home.

    asked: what finds the topic of a message when the model serves, so that it learns what it will be told; without
    it topics are told from what the reply says. Sentences that state a value that is not on record, or promise what no
    reply may, are cut out: whoever learns from them learns to invent. What then states nothing of the record, or still
    names a person, is left out.
    """
    company = company_of(store)
    rows: list[dict[str, Any]] = []
    left_out: Counter[str] = Counter()
    for case in _cases(store):
        for row, reason in _of_ticket(case, company, asked):
            if row is None:
                left_out[reason] += 1
            else:
                rows.append(row)
    rows.sort(key=lambda row: (row["at"] or "", row["source"]))
    return Examples(tuple(rows), dict(left_out))


def order_of(ticket: Ticket, orders: Sequence[Order]) -> Order | None:
    """Which of the customer's orders a ticket is about: the one it names, else their only one, else None."""
    named = ticket.attrs.get("order") or ticket.attrs.get("order_number")
    texts = [str(named or ""), ticket.subject, *[message.text for message in ticket.messages if not message.private]]
    for text in texts:
        key = number_key(text)
        found = [order for order in orders if number_key(order.number) in key or _bare(order) in key]
        if len(found) == 1:
            return found[0]
    return orders[0] if len(orders) == 1 else None


def _bare(order: Order) -> str:
    """The digits of an order's number, as people write it without its prefix; the whole where they are few."""
    key = number_key(order.number)
    digits = key.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return digits if len(digits) >= 5 else key


def _of_ticket(case: Case, company: Company, asked: Asked | None) -> Iterator[tuple[dict[str, Any] | None, str]]:
    """(row, "") or (None, reason) for each reply of a person to the customer."""
    said = [message for message in case.ticket.messages if not message.private and message.text.strip()]
    order = order_of(case.ticket, case.orders)
    for place, message in enumerate(said):
        if message.role == "agent" and place > 0 and said[place - 1].role == "customer":
            yield example_of(case, said[: place + 1], order, company, asked)


def example_of(
    case: Case, said: Sequence[TicketMessage], order: Order | None, company: Company, asked: Asked | None
) -> tuple[dict[str, Any] | None, str]:
    """(row, "") or (None, reason) for the last of the messages, a reply of a person about the order."""
    *before, message = said
    values = values_at(order, message)
    history = [text for one in before[-EARLIER:] if (text := _earlier(one, case, values, company))]
    if not history or history[-1]["role"] != "user":
        return None, "the customer wrote no words"
    reply, reason = _reply(message, case, values, company)
    return (None, reason) if reason else (_row(case.ticket, message, values, (history, reply), asked), "")


def values_at(order: Order | None, message: TicketMessage) -> Mapping[str, Any] | None:
    """What there was to say of the order when the message was written; None without one."""
    now = as_of(order, message.at) if order and message.at else order
    return order_values(now) if now else None


def reply_words(text: str, case: Case, values: Mapping[str, Any] | None, company: Company) -> Slotted:
    """A reply without greeting, signature and personal data, its values as slots."""
    known = known_of(case.customer, _staff(case.ticket))
    slotted = put_slots(body_of(text, known.names), values, company)
    return replace(slotted, text=redact(slotted.text, known))


def _reply(message: TicketMessage, case: Case, values: Mapping[str, Any] | None, company: Company) -> tuple[str, str]:
    """The reply that is learnt, or why there is none."""
    slotted = reply_words(message.text, case, values, company)
    text, reason = slotted.text, ""
    if slotted.foreign:
        reason = "it states a value that is not on record"
        text = _without(text, lambda said: states_more(said, company))
    if rule_breaks(text, ""):
        reason = "it promises what no reply may"
        text = _without(text, lambda said: bool(rule_breaks(said, "")))
    if reason and not text:
        return "", reason
    if any(word in text for word in WORDS):
        return "", "it names a person"
    if len(text.split()) < 2:
        return "", "it says nothing but a greeting"
    return text, ""


def _without(text: str, wrong: Callable[[str], bool]) -> str:
    """The reply without its wrong sentences; "" where what is left states nothing of the record."""
    left = " ".join(said for said in _SENTENCE.split(text) if not wrong(said))
    return left if slots_of(left) else ""


def _row(
    ticket: Ticket, message: TicketMessage, values: Mapping[str, Any] | None,
    said: tuple[list[dict[str, str]], str], asked: Asked | None,
) -> dict[str, Any]:  # fmt: skip
    history, text = said
    system = NO_RECORD
    slots = set(slots_of(text))
    if values is not None:
        sheet = sheet_of(values)
        topic = asked([history[-1]["content"]])[0] if asked else ""
        system = system_words(sheet, topics_for(sheet, slots, topic))
    return {
        "messages": [{"role": "system", "content": system}, *history, {"role": "assistant", "content": text}],
        "source": f"ticket:{ticket.key}",
        "customer": ticket.customer_id,
        "at": message.at.isoformat() if message.at else None,
        "checkable": bool(slots),
    }


def topics_for(sheet: Sheet, slots: set[str], topic: str = "") -> tuple[str, ...]:
    """What was asked, so that a reply may say these slots: the topic that was found, and as few more as it needs."""
    start = (topic,) if topic in TOPICS else ()
    for count in range(3):
        covers = [(*start, *more) for more in combinations([name for name in TOPICS if name not in start], count)
                  if slots <= set(wanted(sheet, (*start, *more)).slots)]  # fmt: skip
        if covers:  # of several, the one that asks for least beside
            return min(covers, key=lambda names: len(set(wanted(sheet, names).must) - slots))
    return start


def _earlier(
    message: TicketMessage, case: Case, values: Mapping[str, Any] | None, company: Company
) -> dict[str, str] | None:
    """An earlier message as the model reads it: the customer's masked, ours with slots."""
    known = known_of(case.customer, _staff(case.ticket))
    body = body_of(message.text, known.names)
    if message.role == "customer":
        text = customer_words(mask(redact(body or message.text, known)))
        return {"role": "user", "content": text} if text else None
    if message.role in ("agent", "bot"):
        text = mask(redact(put_slots(body, values, company).text, known))
        return {"role": "assistant", "content": text} if text else None
    return None


def _staff(ticket: Ticket) -> tuple[str, ...]:
    return tuple(dict.fromkeys(message.author for message in ticket.messages if message.author))


def _cases(store: "Store") -> Iterator[Case]:
    tickets: list[Ticket] = []
    for record in store.iterate(RecordKind.TICKETS):
        if isinstance(record, Ticket) and any(message.role == "agent" for message in record.messages):
            tickets.append(record)
        if len(tickets) == AT_ONCE:
            yield from _with_orders(store, tickets)
            tickets = []
    yield from _with_orders(store, tickets)


def _with_orders(store: "Store", tickets: Sequence[Ticket]) -> Iterator[Case]:
    owners = {ticket.customer_id for ticket in tickets if ticket.customer_id}
    customers = store.fetch(RecordKind.CUSTOMERS, sorted(owners))
    orders = {owner: tuple(store.orders_of(owner, limit=ORDERS)) for owner in owners}
    for ticket in tickets:
        customer = customers.get(ticket.customer_id or "")
        known = customer if isinstance(customer, Customer) else None
        yield Case(ticket, known, orders[ticket.customer_id] if ticket.customer_id else ())


def company_of(store: "Store") -> Company:
    """The names of everything the company sells and of its carriers."""
    names = {record.name for record in store.iterate(RecordKind.PRODUCTS) if isinstance(record, Product)}
    for record in store.iterate(RecordKind.ORDERS):
        if isinstance(record, Order):
            names |= {parcel.carrier for parcel in record.deliveries if parcel.carrier}
            names |= {line.name for line in record.lines}
    return Company(names)
