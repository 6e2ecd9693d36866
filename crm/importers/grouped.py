"""Orders and tickets: records made of several rows, or of one row with nested lists."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from crm.importers import values
from crm.importers.columns import DELIVERY_FIELDS, LINE_FIELDS, MESSAGE_FIELDS, NESTED, REFUND_FIELDS
from crm.importers.given import Context, Given, attrs
from crm.importers.layout import nested_picker
from crm.importers.rows import Row
from rapport.errors import BadRow
from rapport.records import (
    CustomerId,
    Delivery,
    MessageRole,
    Order,
    OrderLine,
    ProductId,
    Refund,
    Scalar,
    Ticket,
    TicketMessage,
    TicketStatus,
)

LABELS = ("intent", "sentiment", "escalated", "outcome", "language")
ROLES = {
    **dict.fromkeys(
        ("customer", "user", "client", "requester", "end_user", "visitor", "inbound", "incoming"), "customer"
    ),
    **dict.fromkeys(("agent", "staff", "support", "admin", "rep", "operator", "outbound", "outgoing"), "agent"),
    **dict.fromkeys(("bot", "assistant", "ai"), "bot"),
    "system": "system",
}
STATUSES = {
    **dict.fromkeys(("open", "new", "in_progress", "reopened"), "open"),
    **dict.fromkeys(("pending", "hold", "on_hold", "waiting", "waiting_on_customer"), "pending"),
    **dict.fromkeys(("resolved", "solved"), "resolved"),
    **dict.fromkeys(("closed", "done"), "closed"),
}
DELIVERY_STATUSES = {
    **{status: status for status in ("in_transit", "out_for_delivery", "delivered", "delayed", "lost", "returned")},
    **dict.fromkeys(("preparing", "processing", "processed", "pending", "unfulfilled", "label_created"), "preparing"),
    **dict.fromkeys(("shipped", "dispatched", "sent", "fulfilled"), "shipped"),
}
REFUND_STATUSES = {
    **dict.fromkeys(("requested", "open", "pending"), "requested"),
    "approved": "approved",
    **dict.fromkeys(("paid", "refunded", "completed", "done", "issued"), "paid"),
    **dict.fromkeys(("declined", "rejected", "denied"), "declined"),
}
_UNKNOWN = ""  # status of a parcel about which only a tracking number is known
_LINE = frozenset((*LINE_FIELDS, "options."))
_DELIVERY = frozenset(DELIVERY_FIELDS)
_REFUND = frozenset(REFUND_FIELDS)
_MESSAGE = frozenset((*MESSAGE_FIELDS, "reply"))
_ORDER_PARTS = _LINE | _DELIVERY | _REFUND | {"lines", "deliveries", "refunds"}
_TICKET_PARTS = _MESSAGE | {"messages"}
_PICKERS = {name: nested_picker(names) for name, names in NESTED.items()}

Part = TypeVar("Part")
Read = Callable[[Given, int], Part | None]


def order(source_id: str, rows: Sequence[Row], context: Context) -> Order:
    """One order from the rows of its lines, or from one row with nested lines, deliveries and refunds."""
    given = Given(_shared(rows, _ORDER_PARTS), context)
    given.required("customer_id")
    status = given.required("status").lower()
    parcels = _parts(rows, "deliveries", _DELIVERY, context, partial(_delivery, order_status=status))
    return Order(
        source=context.source,
        source_id=source_id,
        number=given.text("number") or source_id,
        customer_id=cast(CustomerId, given.reference("customer_id")),
        status=status,
        placed_at=given.moment("placed_at"),
        currency=(given.text("currency") or "EUR").upper(),
        total=given.money("total"),
        payment_method=given.text("payment_method"),
        invoice_number=given.text("invoice_number"),
        lines=_parts(rows, "lines", _LINE, context, _line),
        deliveries=tuple(parcel for parcel in parcels if parcel.status != _UNKNOWN),
        refunds=_parts(rows, "refunds", _REFUND, context, _refund),
        attrs=attrs(_extras(rows)) | _unsent(parcels),
    )


def ticket(source_id: str, rows: Sequence[Row], context: Context) -> Ticket:
    """One ticket from the rows of its messages, or from one row with nested messages or a question and a reply."""
    given = Given(_shared(rows, _TICKET_PARTS), context)
    messages = [message for pair in _parts(rows, "messages", _MESSAGE, context, _messages) for message in pair]
    if not messages:
        raise BadRow("the ticket has no message.")
    return Ticket(
        source=context.source,
        source_id=source_id,
        subject=given.text("subject") or "",
        customer_id=cast(CustomerId | None, given.reference("customer_id")),
        status=cast(TicketStatus, given.one_of("status", STATUSES) or "closed"),
        channel=given.text("channel") or "email",
        priority=given.text("priority"),
        created_at=given.moment("created_at"),
        resolved_at=given.moment("resolved_at"),
        tags=given.words("tags"),
        messages=tuple(messages),
        labels=given.pairs("labels") | {name: text for name in LABELS if (text := given.text(name))},
        csat=_csat(given),
        attrs=attrs(_extras(rows)),
    )


def _line(given: Given, position: int) -> OrderLine | None:
    name = given.text("line_name")
    if name is None:
        raise BadRow("an order line has no product name.", hint="Its column: product_name, or --map line_name=COLUMN.")
    quantity = given.whole("quantity")
    if quantity is not None and quantity < 1:
        raise BadRow(f"quantity is {quantity}.", hint="A line has 1 or more pieces; returns are refunds.")
    return OrderLine(
        name=name,
        quantity=1 if quantity is None else quantity,
        unit_price=given.money("unit_price"),
        product_id=cast(ProductId | None, given.reference("line_product_id")),
        options=given.pairs("options"),
    )


def _delivery(given: Given, position: int, *, order_status: str) -> Delivery | None:
    """A parcel. Without a status of its own, its dates say it, else the order's status."""
    status = given.one_of("delivery_status", DELIVERY_STATUSES)
    shipped, delivered = given.moment("shipped_at"), given.moment("delivered_at")
    if status is None:
        cancelled = order_status.startswith("cancel")
        implied = DELIVERY_STATUSES.get(order_status, _UNKNOWN if cancelled else "preparing")
        status = "delivered" if delivered else "shipped" if shipped else implied
    return Delivery(
        status=status,
        tracking=given.text("tracking"),
        carrier=given.text("carrier"),
        shipped_at=shipped,
        expected_at=given.moment("expected_at"),
        delivered_at=delivered,
    )


def _refund(given: Given, position: int) -> Refund | None:
    amount = given.money("refund_amount")
    status = given.one_of("refund_status", REFUND_STATUSES)
    requested, paid = given.moment("refund_requested_at"), given.moment("refund_paid_at")
    if not amount and status is None and requested is None and paid is None:
        return None  # exports write 0.00 where nothing was refunded
    if amount is None or amount < 0:
        raise BadRow("a refund has no amount." if amount is None else f"refund_amount is {amount}, below zero.")
    status = status or ("paid" if paid else "requested" if requested else None)
    if status is None:
        raise BadRow("a refund has no status.", hint="Write requested, approved, paid or declined in refund_status.")
    return Refund(
        amount=amount,
        status=status,
        requested_at=requested,
        paid_at=paid,
        method=given.text("refund_method"),
        reason=given.text("refund_reason"),
    )


def _messages(given: Given, position: int) -> tuple[TicketMessage, ...] | None:
    """The message of one row, and the agent's reply where the row has one."""
    text, reply = given.text("text"), given.text("reply")
    found: list[TicketMessage] = []
    at, private, public = given.moment("at"), given.flag("private"), given.flag("public")
    if text:
        role = given.one_of("role", ROLES) or ("customer" if position == 0 else None)
        if role is None:
            raise BadRow(f"message {position + 1} does not say who wrote it.", hint="Its column: role.")
        hidden = bool(private) or public is False
        found.append(
            TicketMessage(role=cast(MessageRole, role), text=text, at=at, private=hidden, author=given.text("author"))
        )
    if reply:
        found.append(TicketMessage(role="agent", text=reply))
    return tuple(found)


def _csat(given: Given) -> float | None:
    written = given.text("csat")
    if written is None:
        return None
    percent = written.endswith("%")
    score = float(values.money("csat", written.removesuffix("%"))) / (100 if percent else 1)
    if not 0 <= score <= 1:
        raise BadRow(f"csat is {written}, not in 0-1.", hint="Divide it by the highest score of its scale.")
    return score


def _parts(
    rows: Sequence[Row], name: str, flat: frozenset[str], context: Context, read: Read[Part]
) -> tuple[Part, ...]:
    """What each row says of one part, or each object of its nested list."""
    found: list[Part] = []
    for position, row in enumerate(rows):
        nested = row.fields.get(name)
        if nested is not None:
            parts = [Given(_PICKERS[name](item), context) for item in _objects(name, nested)]
            found.extend(part for place, given in enumerate(parts) if (part := read(given, place)) is not None)
        elif any(field in flat for field in row.fields):
            part = read(Given(row.fields, context), position)
            # each line of an order repeats its parcel and its refund; equal lines are two lines
            if part is not None and (name in ("lines", "messages") or part not in found):
                found.append(part)
    return tuple(found)


def _objects(name: str, nested: Any) -> list[Mapping[str, Any]]:
    items = values.parsed(name, nested) if isinstance(nested, str) else nested
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise BadRow(f"{name} is {values.shown(items)}, not a list of objects.")
    return items


def _shared(rows: Sequence[Row], parts: frozenset[str]) -> Mapping[str, Any]:
    """The fields of the whole record. Raises BadRow where two rows disagree about one."""
    if len(rows) == 1:
        return rows[0].fields
    shared: dict[str, tuple[Any, int]] = {}
    for row in rows:
        for name, value in row.fields.items():
            if name in parts:
                continue
            known, line = shared.setdefault(name, (value, row.line))
            if known != value:
                raise BadRow(
                    f"{name} is {values.shown(known)} on line {line} and {values.shown(value)} on line "
                    f"{row.line} of the same record."
                )
    return {name: value for name, (value, _) in shared.items()}


def _extras(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Columns without a meaning to us; where the rows differ, all their values."""
    if len(rows) == 1:
        return rows[0].extras
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        for name, value in row.extras.items():
            found.setdefault(name, {})[str(value)] = value
    return {name: next(iter(known.values())) if len(known) == 1 else "; ".join(known) for name, known in found.items()}


def _unsent(parcels: Sequence[Delivery]) -> dict[str, Scalar]:
    """Tracking numbers of a cancelled order, of whose parcels nothing else is known."""
    numbers = [parcel.tracking for parcel in parcels if parcel.status == _UNKNOWN and parcel.tracking]
    return {"tracking": "; ".join(numbers)} if numbers else {}
