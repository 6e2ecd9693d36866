"""All that a reply may state of an order, as JSON values. Knows nothing of wording or of who asks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from rapport.records import Delivery, Order, Refund

Values = Mapping[str, Any]


def order_values(order: Order) -> dict[str, Any]:
    """The values of an order; days in ISO 8601, amounts as decimal text."""
    return {
        "number": order.number,
        "status": order.status,
        "placed": _day(order.placed_at),
        "items": _items(order),
        "parcels": [_parcel(parcel) for parcel in order.deliveries],
        "refunds": [_refund(refund) for refund in order.refunds],
        "invoice": order.invoice_number,
        "total": str(order.total) if order.total is not None else None,
        "currency": order.currency,
        "payment": order.payment_method,
    }


def as_of(order: Order, at: datetime) -> Order:
    """The order as far as its dates tell how it stood then: what came later is taken back.

    A status is only known to have been another one where a parcel or a refund moved later.
    """
    parcels = tuple(_parcel_at(parcel, at) for parcel in order.deliveries)
    refunds = tuple(_refund_at(refund, at) for refund in order.refunds if not _later(refund.requested_at, at))
    status = order.status
    if parcels != order.deliveries:
        states = {parcel.status for parcel in parcels}
        status = "shipped" if "in_transit" in states else "processing"
    return replace(order, status=status, deliveries=parcels, refunds=refunds)


def _parcel_at(parcel: Delivery, at: datetime) -> Delivery:
    if _later(parcel.shipped_at, at):
        return replace(parcel, status="preparing", shipped_at=None, delivered_at=None, tracking=None)
    if _later(parcel.delivered_at, at):
        return replace(parcel, status="in_transit", delivered_at=None)
    return parcel


def _refund_at(refund: Refund, at: datetime) -> Refund:
    return replace(refund, status="approved", paid_at=None) if _later(refund.paid_at, at) else refund


def _later(moment: datetime | None, at: datetime) -> bool:
    """Whether it happened later; of a record without an hour, on a later day."""
    if moment is None:
        return False
    return moment > at if moment.time() != time() else moment.date() > at.date()


def _parcel(parcel: Delivery) -> dict[str, Any]:
    return {
        "state": parcel.status,
        "carrier": parcel.carrier,
        "tracking": parcel.tracking,
        "shipped": _day(parcel.shipped_at),
        "expected": _day(parcel.expected_at),
        "delivered": _day(parcel.delivered_at),
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "amount": str(refund.amount),
        "state": refund.status,
        "requested": _day(refund.requested_at),
        "paid": _day(refund.paid_at),
        "method": refund.method,
    }


def _items(order: Order) -> list[dict[str, Any]]:
    """The items, each once with its quantity over all lines."""
    counted: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    for line in order.lines:
        key = (line.name, tuple(line.options.items()))
        counted[key] = counted.get(key, 0) + line.quantity
    return [{"name": name, "quantity": n, "options": dict(options)} for (name, options), n in counted.items()]


def _day(at: datetime | None) -> str | None:
    return at.date().isoformat() if at else None
