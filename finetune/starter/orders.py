"""Invent how orders may stand: the states and the fields that are there. Values are placeholders, nobody reads them."""

from random import Random
from typing import Any

# "is {status}" reads well before these.
PLAIN = (
    "pending", "processed", "processing", "shipped", "delivered", "cancelled", "returned", "refunded", "packed",
    "confirmed", "paid", "completed", "delayed", "lost", "in transit", "out for delivery", "on hold", "open",
    "partially shipped", "being prepared", "in preparation", "dispatched", "on its way", "ready for collection",
    "backordered", "received", "accepted", "approved", "reserved", "closed",
)  # fmt: skip
NAMED = (
    "return requested", "exchange requested", "pending item modified", "awaiting payment", "awaiting stock",
    "payment failed", "label created", "ready to ship", "customs hold", "partial refund", "new", "fulfilment started",
    "quality check", "picking", "waiting for carrier", "return in progress", "delivery attempted", "at depot",
    "handed to carrier", "made to order", "in workshop", "engraving", "fitting booked", "rental active",
)  # fmt: skip
# Statuses of shops that we do not know are made of these.
_WORDS = (
    "alpha", "stage", "booked", "pending", "step", "customer", "review", "ready", "planned", "open", "partly", "done",
    "queue", "work", "waiting", "sent", "checked", "internal", "hold", "transfer", "store", "depot", "sorting", "two",
    "three", "confirmed", "started", "assigned", "scheduled", "manual", "invoiced", "reorder", "supplier", "repair",
)  # fmt: skip
MOVING = ("shipped", "in transit", "out for delivery")
OVERDUE = ("delayed", "lost")
PARCEL_STATES = ("preparing", *MOVING, "delivered", *OVERDUE, "returned", "none")
_OF_STATUS = {
    "shipped": MOVING, "in transit": MOVING, "out for delivery": MOVING, "dispatched": MOVING, "on its way": MOVING,
    "delivered": ("delivered",), "completed": ("delivered",), "delayed": ("delayed",), "lost": ("lost",),
    "returned": ("delivered", "returned"), "refunded": ("delivered", "returned"),
}  # fmt: skip
REFUND_STATES = ("requested", "approved", "paid", "declined")


def invented_order(random: Random) -> dict[str, Any]:
    """The values of an order as the order tools give them."""
    status = _status(random)
    parcels = _parcels(random, status)
    return {
        "number": "N",
        "status": status,
        "placed": _day(random, 0.85),
        "items": [{"name": "thing"}] if random.random() < 0.96 else [],
        "parcels": parcels,
        "refunds": _refunds(random, status),
        "invoice": "I" if random.random() < 0.55 else None,
        "total": "1" if random.random() < 0.85 else None,
        "currency": "EUR",
        "payment": "card" if random.random() < 0.75 else None,
    }


def _status(random: Random) -> str:
    chance = random.random()
    if chance < 0.7:
        return random.choice(PLAIN)
    return random.choice(NAMED) if chance < 0.87 else " ".join(random.sample(_WORDS, random.choice((1, 2, 2, 3))))


def _parcels(random: Random, status: str) -> list[dict[str, Any]]:
    """Parcels that mostly fit the status; now and then any, since records contradict themselves."""
    if status not in _OF_STATUS and random.random() < 0.6:
        return []
    count = 1 if random.random() < 0.9 else 2
    states = _OF_STATUS.get(status, PARCEL_STATES) if random.random() < 0.85 else PARCEL_STATES
    return [_parcel(random, random.choice(states)) for _ in range(count)]


def _parcel(random: Random, state: str) -> dict[str, Any]:
    sent = state not in ("preparing", "none")
    return {
        "state": None if state == "none" else state.replace(" ", "_"),
        "carrier": random.choice(("GLS", "DHL")) if random.random() < (0.8 if sent else 0.2) else None,
        "tracking": "T" if random.random() < (0.8 if sent else 0.3) else None,
        "shipped": _day(random, 0.8 if sent else 0.0),
        "expected": _day(random, 0.7),
        "delivered": _day(random, 0.85 if state == "delivered" else 0.0),
    }


def _refunds(random: Random, status: str) -> list[dict[str, Any]]:
    if random.random() > (0.8 if status in ("returned", "refunded", "cancelled") else 0.3):
        return []
    state = random.choice(REFUND_STATES)
    return [
        {
            "amount": "1",
            "state": state,
            "requested": _day(random, 0.6),
            "paid": _day(random, 0.9 if state == "paid" else 0.0),
            "method": "card" if random.random() < 0.6 else None,
        }
    ]


def _day(random: Random, chance: float) -> str | None:
    return f"2026-0{random.randint(1, 9)}-1{random.randint(0, 9)}" if random.random() < chance else None
