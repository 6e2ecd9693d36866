"""Tickets of a second company, an opticians' workshop: another tone, other trade words, orders of its own."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import resources
from random import Random
from typing import Any

from prompts.fields import sheet_of
from prompts.slots import MONTHS
from rapport.order_values import order_values
from rapport.records import Customer, Delivery, Order, OrderLine, Refund, Ticket, TicketMessage

SOURCE = "opticians"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_FIRST = (
    "Ada",
    "Bertram",
    "Cecily",
    "Dorian",
    "Edith",
    "Felix",
    "Greta",
    "Horace",
    "Imogen",
    "Jasper",
    "Kezia",
    "Linus",
)
_LAST = ("Abernathy", "Bellweather", "Crabtree", "Dashwood", "Elphick", "Farthing", "Gladwin", "Hathersage", "Inkpen")
_STATES = ("in workshop", "engraving", "quality check", "shipped", "shipped", "delivered", "delivered")


@dataclass(frozen=True, slots=True)
class Opticians:
    """The company's records."""

    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    tickets: tuple[Ticket, ...]


def make_opticians(seed: int, tickets: int = 300) -> Opticians:
    """The company with so many tickets, each about an order of its own; some customers wrote several."""
    random, table = Random(f"{seed} opticians"), _table()
    customers = [_customer(random, number) for number in range(tickets * 2 // 3)]
    orders: list[Order] = []
    made: list[Ticket] = []
    for number in range(tickets):
        customer, at = random.choice(customers), START + timedelta(hours=14 * number + random.randint(0, 12))
        order = _order(random, table, number, customer, at)
        orders.append(order)
        made.append(_ticket(random, table, (number, customer, order, at)))
    return Opticians(tuple(customers), tuple(orders), tuple(made))


def _customer(random: Random, number: int) -> Customer:
    name = f"{random.choice(_FIRST)} {random.choice(_LAST)}"
    return Customer(source=SOURCE, source_id=f"P{number:03d}", name=name, email=f"p{number}@post.example")


def _order(random: Random, table: Mapping[str, Any], number: int, customer: Customer, at: datetime) -> Order:
    status = random.choice(_STATES)
    placed = at - timedelta(days=random.randint(9, 20))
    parcels: tuple[Delivery, ...] = ()
    if status in ("shipped", "delivered"):
        sent = at - timedelta(days=random.randint(4, 7))
        delivered = at - timedelta(days=random.randint(1, 2)) if status == "delivered" else None
        parcels = (Delivery(
            status="delivered" if delivered else "in_transit", carrier=random.choice(table["carriers"]),
            tracking=f"LC{random.randint(10**8, 10**9 - 1)}", shipped_at=_day(sent), delivered_at=_day(delivered),
            expected_at=_day(at + timedelta(days=random.randint(1, 5))),
        ),)  # fmt: skip
    refunds: tuple[Refund, ...] = ()
    if random.random() < 0.4:
        paid = random.random() < 0.5
        refunds = (Refund(
            amount=Decimal(random.randint(1500, 9900)) / 100, status="paid" if paid else "approved",
            requested_at=_day(at - timedelta(days=8)), paid_at=_day(at - timedelta(days=3)) if paid else None,
            method=random.choice(table["payments"]),
        ),)  # fmt: skip
    return Order(
        source=SOURCE, source_id=f"J{number:04d}", number=f"BW-{41000 + 7 * number}", customer_id=customer.id,
        status=status, placed_at=_day(placed), total=Decimal(random.randint(9000, 69900)) / 100, currency="GBP",
        payment_method=random.choice(table["payments"]), invoice_number=f"OPT/{2600 + number}",
        lines=tuple(OrderLine(name=name) for name in random.sample(table["frames"], random.choice((1, 1, 2)))),
        deliveries=parcels, refunds=refunds,
    )  # fmt: skip


def _ticket(random: Random, table: Mapping[str, Any], case: tuple[int, Customer, Order, datetime]) -> Ticket:
    number, customer, order, at = case
    kind = random.choice(_kinds(table, order))
    fields = sheet_of(order_values(order)).fields
    first = customer.name.split()[0]
    asked = f"{random.choice(table['before'])}{random.choice(kind['asks'])}"
    asked = asked.replace("{order}", random.choice((order.number, order.number[3:], "my order")))
    reply = random.choice([text for text in kind["replies"] if all(f"{{{name}}}" not in text or name in fields
                                                                  for name in _SLOTS)])  # fmt: skip
    for name, words in fields.items():
        reply = reply.replace(f"{{{name}}}", _notation(random, name, words, order))
    staff = random.choice(table["staff"])
    greeting = random.choice(table["greetings"]).format(name=customer.name, first=first)
    signature = random.choice(table["signatures"]).format(staff=staff)
    text = (
        f"{greeting}{random.choice((' ', chr(10) * 2))}{reply}{random.choice(table['tails'])}{chr(10) * 2}{signature}"
    )
    messages = [TicketMessage(role="customer", text=asked, at=at),
                TicketMessage(role="agent", text=text, at=at + timedelta(hours=2), author=staff)]  # fmt: skip
    if random.random() < 0.2:
        messages.insert(
            1, TicketMessage(role="agent", text=f"Rang {first}, no answer.", at=at, private=True, author=staff)
        )
    return Ticket(source=SOURCE, source_id=f"L{number:04d}", customer_id=customer.id, created_at=at,
                  messages=tuple(messages), attrs={"order": order.number})  # fmt: skip


def _kinds(table: Mapping[str, Any], order: Order) -> list[dict[str, Any]]:
    """The kinds of question that this order allows."""
    refund = order.refunds[0].status if order.refunds else None
    return [
        kind for kind in table["kinds"].values()
        if order.status in kind.get("states", (order.status,)) and kind.get("refund", refund) == refund
    ]  # fmt: skip


def _notation(random: Random, name: str, words: str, order: Order) -> str:
    """A value as one of the staff writes it: days and amounts in several ways."""
    if name.endswith("date"):
        day, month, year = words.split(" ")
        place = MONTHS.index(month) + 1
        return random.choice((words, f"{day} {month}", f"{month[:3]} {day}", f"{int(day):02d}/{place:02d}/{year}",
                              f"{year}-{place:02d}-{int(day):02d}"))  # fmt: skip
    if name in ("total", "refund amount"):
        return random.choice((words, f"{words[1:]} GBP", f"{words[1:]} pounds"))
    if name == "order number":
        return random.choice((words, f"#{words}", order.number[3:]))
    return words


def _day(at: datetime | None) -> datetime | None:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) if at else None


_SLOTS = (
    "status", "items", "order number", "order date", "total", "payment method", "invoice number", "carrier",
    "tracking number", "shipping date", "expected date", "delivery date", "refund amount", "refund date",
    "refund method",
)  # fmt: skip


def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("eval").joinpath("opticians.toml").read_text(encoding="utf-8"))
