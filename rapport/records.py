"""The canonical records of a company: what every importer produces and the store keeps.

Each record is identified by (source, source_id); its `id` is `f"{source}:{source_id}"`, so a reference can be
made while streaming, without a look-up. Money is a `Decimal` in the record's own currency, times are aware UTC,
and `attrs` holds what a source knows beyond the common fields (JSON scalars only).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NewType, cast

CustomerId = NewType("CustomerId", str)
ProductId = NewType("ProductId", str)
OrderId = NewType("OrderId", str)
TicketId = NewType("TicketId", str)
ArticleId = NewType("ArticleId", str)
EventId = NewType("EventId", str)

Scalar = str | int | float | bool | None
Attrs = Mapping[str, Scalar]
Visibility = Literal["public", "staff"]
MessageRole = Literal["customer", "agent", "bot", "system"]
TicketStatus = Literal["open", "pending", "resolved", "closed"]


class RecordKind(StrEnum):
    """The six kinds of record that can be imported, in an order that satisfies their references."""

    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"
    ARTICLES = "articles"
    TICKETS = "tickets"
    EVENTS = "events"


def record_id(source: str, source_id: str) -> str:
    """The store's key of a record: its source and the key that the source gave it."""
    return f"{source}:{source_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all canonical records share."""

    source: str
    source_id: str

    @property
    def key(self) -> str:
        """The store's primary key."""
        return record_id(self.source, self.source_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Record):
    """A person the company sells to. `postcode` and `email` are the facts that verification matches."""

    name: str
    email: str | None = None
    phone: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
    locale: str = "en"
    created_at: datetime | None = None
    attrs: Attrs = field(default_factory=dict)

    @property
    def id(self) -> CustomerId:
        return cast(CustomerId, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Record):
    """One thing that can be bought (a variant, where a shop has variants of one `group`).

    options: what tells this variant from its siblings, such as {"color": "blue", "size": "M"}.
    stock: pieces, or None where the source only knows `available`.
    """

    name: str
    group: str | None = None
    category: str | None = None
    description: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    price: Decimal | None = None
    currency: str = "EUR"
    available: bool = True
    stock: int | None = None
    url: str | None = None
    attrs: Attrs = field(default_factory=dict)

    @property
    def id(self) -> ProductId:
        return cast(ProductId, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One position of an order; `name` is what the customer bought it as."""

    name: str
    quantity: int = 1
    unit_price: Decimal | None = None
    product_id: ProductId | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One parcel. status: preparing, shipped, in_transit, out_for_delivery, delivered, delayed, lost, returned."""

    status: str
    tracking: str | None = None
    carrier: str | None = None
    shipped_at: datetime | None = None
    expected_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money going back. status: requested, approved, paid, declined. `method` is where it goes."""

    amount: Decimal
    status: str
    requested_at: datetime | None = None
    paid_at: datetime | None = None
    method: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """An order as its customer knows it: `number` is what stands on the confirmation."""

    number: str
    customer_id: CustomerId
    status: str
    placed_at: datetime | None = None
    currency: str = "EUR"
    total: Decimal | None = None
    payment_method: str | None = None
    invoice_number: str | None = None
    lines: tuple[OrderLine, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    refunds: tuple[Refund, ...] = ()
    attrs: Attrs = field(default_factory=dict)

    @property
    def id(self) -> OrderId:
        return cast(OrderId, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMessage:
    """One message of a past ticket. A private one is a note among staff and never reaches a customer."""

    role: MessageRole
    text: str
    at: datetime | None = None
    private: bool = False
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(Record):
    """A past conversation with its outcome.

    labels: any of intent, sentiment, escalated, outcome, language, where the source knows them.
    csat: satisfaction in 0-1.
    """

    subject: str = ""
    customer_id: CustomerId | None = None
    status: TicketStatus = "closed"
    channel: str = "email"
    priority: str | None = None
    created_at: datetime | None = None
    resolved_at: datetime | None = None
    tags: tuple[str, ...] = ()
    messages: tuple[TicketMessage, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    csat: float | None = None
    attrs: Attrs = field(default_factory=dict)

    @property
    def id(self) -> TicketId:
        return cast(TicketId, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Record):
    """A help article in Markdown. The store numbers its versions; one past `valid_until` is no longer answered from."""

    title: str
    text: str
    visibility: Visibility = "public"
    collection: str = "help"
    url: str | None = None
    locale: str = "en"
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    updated_at: datetime | None = None
    tags: tuple[str, ...] = ()

    @property
    def id(self) -> ArticleId:
        return cast(ArticleId, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """Something a customer did: page_view, search, add_to_cart, purchase, login, email_open, and the like."""

    customer_id: CustomerId
    kind: str
    at: datetime
    product_id: ProductId | None = None
    value: Decimal | None = None
    attrs: Attrs = field(default_factory=dict)

    @property
    def id(self) -> EventId:
        return cast(EventId, self.key)


AnyRecord = Customer | Product | Order | Article | Ticket | Event

KIND_OF: Mapping[type[Record], RecordKind] = {
    Customer: RecordKind.CUSTOMERS,
    Product: RecordKind.PRODUCTS,
    Order: RecordKind.ORDERS,
    Article: RecordKind.ARTICLES,
    Ticket: RecordKind.TICKETS,
    Event: RecordKind.EVENTS,
}
TYPE_OF: Mapping[RecordKind, type[Record]] = {kind: cls for cls, kind in KIND_OF.items()}


def number_key(text: str) -> str:
    """A number as it is compared: capitals and digits only ("#w-261 1340" -> "W2611340")."""
    return "".join(character for character in text.upper() if character.isalnum())
