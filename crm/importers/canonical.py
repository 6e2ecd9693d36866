"""Turn the rows of one unit into one canonical record. Raises BadRow saying which field and why; reads no file."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from crm.importers.given import Context, Given, attrs
from crm.importers.grouped import order, ticket
from crm.importers.rows import Row, Unit
from rapport.errors import BadRow
from rapport.records import (
    AnyRecord,
    Article,
    Customer,
    CustomerId,
    Event,
    Product,
    ProductId,
    RecordKind,
    Visibility,
)

VISIBILITIES = {
    "public": "public",
    "everyone": "public",
    "customers": "public",
    "staff": "staff",
    "internal": "staff",
    "agents": "staff",
    "private": "staff",
}


def record_of(kind: RecordKind, unit: Unit, context: Context) -> AnyRecord:
    """The record that a unit's rows make. Raises BadRow where they make none."""
    if unit.error:
        raise BadRow(unit.error)
    for row in unit.rows:
        if row.error:
            raise BadRow(row.error)
    if unit.source_id is None:
        raise BadRow(f"the row has no id ({kind} need one).")
    return _BUILDERS[kind](unit.source_id, unit.rows, context)


def _customer(source_id: str, rows: Sequence[Row], context: Context) -> Customer:
    given = Given(rows[0].fields, context)
    parts = [part for part in (given.text("first_name"), given.text("last_name")) if part]
    name = given.text("name") or " ".join(parts)
    email, phone = given.text("email"), given.text("phone")
    if not (name or email or phone):
        raise BadRow("the customer has neither a name nor an e-mail address nor a phone number.")
    if email is not None and ("@" not in email or any(character.isspace() for character in email)):
        raise BadRow(f"email is '{email[:60]}', not an e-mail address.", hint="Leave it empty where it is unknown.")
    return Customer(
        source=context.source,
        source_id=source_id,
        name=name,
        email=email,
        phone=phone,
        postcode=given.text("postcode"),
        city=given.text("city"),
        country=given.text("country"),
        locale=given.text("locale") or "en",
        created_at=given.moment("created_at"),
        attrs=attrs(rows[0].extras),
    )


def _product(source_id: str, rows: Sequence[Row], context: Context) -> Product:
    given = Given(rows[0].fields, context)
    stock, available = given.whole("stock"), given.flag("available")
    return Product(
        source=context.source,
        source_id=source_id,
        name=given.required("name"),
        group=given.text("group"),
        category=given.text("category"),
        description=given.text("description") or "",
        options=given.pairs("options"),
        price=given.money("price"),
        currency=(given.text("currency") or "EUR").upper(),
        available=available if available is not None else stock is None or stock > 0,
        stock=stock,
        url=given.text("url"),
        attrs=attrs(rows[0].extras),
    )


def _article(source_id: str, rows: Sequence[Row], context: Context) -> Article:
    given = Given(rows[0].fields, context)
    visibility = given.one_of("visibility", VISIBILITIES) or "public"
    start, end = given.moment("valid_from"), given.moment("valid_until")
    if start and end and end <= start:
        raise BadRow(f"valid_until {end.isoformat()} is not after valid_from {start.isoformat()}.")
    return Article(
        source=context.source,
        source_id=source_id,
        title=given.required("title"),
        text=given.required("text"),
        visibility=cast(Visibility, visibility),
        collection=given.text("collection") or "help",
        url=given.text("url"),
        locale=given.text("locale") or "en",
        valid_from=start,
        valid_until=end,
        updated_at=given.moment("updated_at"),
        tags=given.words("tags"),
    )


def _event(source_id: str, rows: Sequence[Row], context: Context) -> Event:
    given = Given(rows[0].fields, context)
    at = given.moment("at")
    if at is None:
        raise BadRow("at is empty.")
    given.required("customer_id")
    return Event(
        source=context.source,
        source_id=source_id,
        customer_id=cast(CustomerId, given.reference("customer_id")),
        kind=given.required("kind").casefold().replace(" ", "_").replace("-", "_"),
        at=at,
        product_id=cast(ProductId | None, given.reference("product_id")),
        value=given.money("value"),
        attrs=attrs(rows[0].extras),
    )


def content_id(row: Row) -> str:
    """An id for a row that has none, made of its content: the same row has the same id in every file."""
    content = json.dumps([row.fields, row.extras], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(content.encode("ascii")).hexdigest()[:20]


_BUILDERS: Mapping[RecordKind, Callable[[str, Sequence[Row], Context], AnyRecord]] = {
    RecordKind.CUSTOMERS: _customer,
    RecordKind.PRODUCTS: _product,
    RecordKind.ORDERS: order,
    RecordKind.ARTICLES: _article,
    RecordKind.TICKETS: ticket,
    RecordKind.EVENTS: _event,
}
