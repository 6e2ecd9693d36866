"""A small company whose records a test writes one by one, and what it takes to read them as facts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from crm.histories import KeyRange, day_of
from rapport.records import Customer, Delivery, Event, Order, OrderLine, Product, Refund, Ticket

DAY = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass
class Shop:
    """Writes records. Times are days after DAY; negative ones lie before it."""

    store: object
    numbers: Iterator[int] = field(default_factory=count)

    def at(self, days: float) -> datetime:
        return DAY + timedelta(days=days)

    def day(self, days: float) -> float:
        return day_of(self.at(days))

    def customer(self, name: str = "ann", *, created: float | None = -400) -> Customer:
        made = Customer(source="shop", source_id=f"{name}-{next(self.numbers):04d}", name=name,
                        created_at=None if created is None else self.at(created))  # fmt: skip
        self.store.upsert([made])
        return made

    def product(self, name: str = "cup", category: str = "kitchen") -> Product:
        made = Product(source="shop", source_id=name, name=name, category=category, price=Decimal(10))
        self.store.upsert([made])
        return made

    def order(self, customer: Customer, days: float | None, total: float | None = 20.0, **more) -> Order:
        number = more.pop("number", None) or f"O-{next(self.numbers)}"
        lines = more.pop("lines", (OrderLine(name="Cup", quantity=1, unit_price=Decimal(10)),))
        made = Order(source=more.pop("source", "shop"), source_id=more.pop("source_id", f"{number}"), number=number,
                     customer_id=customer.id, status=more.pop("status", "delivered"),
                     placed_at=None if days is None else self.at(days),
                     total=None if total is None else Decimal(str(total)), lines=lines, **more)  # fmt: skip
        self.store.upsert([made])
        return made

    def parcel(self, *, due: float, arrived: float | None, status: str = "delivered") -> Delivery:
        return Delivery(status=status, shipped_at=self.at(due - 3), expected_at=self.at(due),
                        delivered_at=None if arrived is None else self.at(arrived))  # fmt: skip

    def refund(
        self, days: float | None, status: str = "paid", amount: float = 5.0, paid: float | None = None
    ) -> Refund:
        return Refund(amount=Decimal(str(amount)), status=status,
                      requested_at=None if days is None else self.at(days),
                      paid_at=None if paid is None else self.at(paid))  # fmt: skip

    def event(self, customer: Customer, days: float, kind: str = "page_view", **more) -> Event:
        made = Event(source="shop", source_id=f"E-{next(self.numbers)}", customer_id=customer.id, kind=kind,
                     at=self.at(days), **more)  # fmt: skip
        self.store.upsert([made])
        return made

    def ticket(self, customer: Customer, days: float | None, **more) -> Ticket:
        resolved = more.pop("resolved", None)
        made = Ticket(source="shop", source_id=f"T-{next(self.numbers)}", customer_id=customer.id,
                      created_at=None if days is None else self.at(days),
                      resolved_at=None if resolved is None else self.at(resolved), **more)  # fmt: skip
        self.store.upsert([made])
        return made

    def history(self, customer: Customer | None = None, *, now: float = 0.0, seen: float | None = None, **money):
        from profiles.gathering import Moment, Money
        from profiles.reading import read_history

        keys = KeyRange(customer.id, customer.id) if customer else KeyRange("", "~")
        moment = Moment(now=self.day(now), seen=None if seen is None else self.day(seen))
        return read_history(self.store, keys, Money(**{"currency": "EUR", **money}), moment)


@pytest.fixture
def shop(store) -> Shop:
    return Shop(store)


@pytest.fixture
def make_turn():
    """Make a turn about a refund by an upset customer."""
    from rapport.types import (
        Ask,
        Decision,
        Draft,
        State,
        Turn,
        TurnId,
        Understanding,
        Verdict,
    )  # fmt: skip

    numbers = count()

    def make(conversation, customer, identity, at) -> Turn:
        text = "Where is my money?"
        ask = Ask(text=text, query=text, intent="refund_status", confidence=0.9, in_scope=1.0)
        told = Understanding(asks=(ask,), sentiment=-0.75, escalate=0.1, escalate_reason="", language="en", entities=())
        return Turn(
            id=TurnId(f"t{next(numbers)}"), conversation_id=conversation, at=at, messages=(), understanding=told,
            hits=(), tools=(), decisions=(Decision(kind="hand_over", reason="", rule=""),), draft=Draft(text=""),
            verdict=Verdict(), reply=None, handover=None, state=State.BOT, identity=identity, customer_id=customer,
            context={}, ms={}, models={}, index_version="",
        )  # fmt: skip

    return make
