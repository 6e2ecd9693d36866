"""What happened after an order was placed: parcels on time, late or lost, cancellations, returns and refunds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from rapport.records import Delivery, OrderLine, Refund
from rapport.sample.calendar_days import after_working_days
from rapport.sample.data_files import toml

_RETURNED_OFTEN = ("shoe", "Drift", "Pace", "Alder", "Jacket", "Shell", "Trousers", "Tights", "Down")
_DECLINED_BECAUSE = ("worn outdoors", "outside the return period", "parts missing", "hygiene seal broken")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an order went on, as it looks on the day of the sample.

    late, lost, declined: what the planted churn reacts to.
    """

    status: str
    deliveries: tuple[Delivery, ...] = ()
    refunds: tuple[Refund, ...] = ()
    late: bool = False
    lost: bool = False
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """What is known when the order is placed."""

    at: datetime
    zone: str
    country: str
    lines: tuple[OrderLine, ...]
    total: Decimal
    method: str


def zone_of(country: str) -> str:
    """The delivery zone of a country in data/shop.toml."""
    zones: dict[str, dict[str, list[str]]] = toml("shop")["zones"]
    return next(name for name, zone in zones.items() if country in zone["countries"])


def follow(random: Random, placed: Placed, as_of: datetime) -> Outcome:
    """Play an order forward from its placing to `as_of`."""
    if random.random() < 0.03:
        refund = _refund(placed, placed.total, placed.at + timedelta(hours=1), "order cancelled", as_of)
        return Outcome("cancelled", refunds=(refund,))
    shipped_at = after_working_days(placed.at, random.choice([0, 1, 1, 2])) + timedelta(hours=3)
    if shipped_at > as_of:
        return Outcome("processing")
    split = len(placed.lines) > 2 and random.random() < 0.12
    first = _parcel(random, placed, shipped_at, as_of)
    if first.status == "lost":
        refund = _refund(placed, placed.total, shipped_at + timedelta(days=15), "parcel lost", as_of)
        return Outcome("refunded" if refund.status == "paid" else "shipped", (first,), (refund,), late=True, lost=True)
    parcels = (first, _second_parcel(random, placed, shipped_at, as_of)) if split else (first,)
    late = any(_was_late(parcel, as_of) for parcel in parcels)
    if any(parcel.delivered_at is None for parcel in parcels):
        return Outcome("shipped", parcels, late=late)
    return _after_delivery(random, placed, parcels, as_of)


def _after_delivery(random: Random, placed: Placed, parcels: tuple[Delivery, ...], as_of: datetime) -> Outcome:
    late = any(_was_late(parcel, as_of) for parcel in parcels)
    delivered_at = max(parcel.delivered_at for parcel in parcels if parcel.delivered_at)
    often = any(word in line.name for line in placed.lines for word in _RETURNED_OFTEN)
    asked_at = delivered_at + timedelta(days=random.randint(2, 24), hours=random.randint(0, 9))
    if random.random() >= (0.24 if often else 0.1) or asked_at > as_of:
        return Outcome("delivered", parcels, late=late)
    if random.random() < 0.2:
        reason = random.choice(_DECLINED_BECAUSE)
        line = random.choice(placed.lines)
        refund = Refund(amount=_worth(line), status="declined", requested_at=asked_at, method=placed.method,
                        reason=reason)  # fmt: skip
        return Outcome("delivered", parcels, (refund,), late=late, declined=True)
    whole = len(placed.lines) == 1 or random.random() < 0.3
    amount = sum((_worth(line) for line in placed.lines), Decimal(0)) if whole else _worth(random.choice(placed.lines))
    reason = random.choice(["does not fit", "does not fit", "not as expected", "changed my mind", "damaged"])
    refund = _refund(placed, min(amount, placed.total), asked_at, reason, as_of)
    return Outcome("returned" if whole and refund.status == "paid" else "delivered", parcels, (refund,), late=late)


def _second_parcel(random: Random, placed: Placed, shipped_at: datetime, as_of: datetime) -> Delivery:
    follows_at = after_working_days(shipped_at, 2)
    if follows_at > as_of:
        return Delivery(status="preparing")
    return _parcel(random, placed, follows_at, as_of, safe=True)


def _parcel(random: Random, placed: Placed, shipped_at: datetime, as_of: datetime, *, safe: bool = False) -> Delivery:
    shop = toml("shop")
    low, high = shop["zones"][placed.zone]["days"]
    expected_at = after_working_days(shipped_at, high)
    carrier = random.choice(shop["carriers"][placed.zone])
    tracking = f"{carrier[0]}{random.randint(10**9, 10**10 - 1)}{placed.country}"
    known = {"tracking": tracking, "carrier": carrier}
    busy = (placed.at.month, placed.at.day) >= (11, 20) and placed.at.month < 13
    rushed = 0.26 if busy else 0.11
    if not safe and random.random() < 0.012:
        return Delivery(status="lost", **known, shipped_at=shipped_at, expected_at=expected_at)
    days = high + random.randint(2, 9) if random.random() < rushed else random.randint(low, high)
    arrives_at = after_working_days(shipped_at, days).replace(hour=random.randint(8, 18), minute=random.randrange(60))
    if arrives_at <= as_of:
        return Delivery(status="delivered", **known, shipped_at=shipped_at, expected_at=expected_at,
                        delivered_at=arrives_at)  # fmt: skip
    status = _under_way(shipped_at, expected_at, arrives_at, as_of)
    return Delivery(status=status, **known, shipped_at=shipped_at, expected_at=expected_at)


def _under_way(shipped_at: datetime, expected_at: datetime, arrives_at: datetime, as_of: datetime) -> str:
    if expected_at < as_of:
        return "delayed"
    if arrives_at.date() == as_of.date():
        return "out_for_delivery"
    return "shipped" if as_of - shipped_at < timedelta(hours=20) else "in_transit"


def _was_late(parcel: Delivery, as_of: datetime) -> bool:
    return parcel.expected_at is not None and (parcel.delivered_at or as_of).date() > parcel.expected_at.date()


def _refund(placed: Placed, amount: Decimal, asked_at: datetime, reason: str, as_of: datetime) -> Refund:
    facts = toml("shop")["facts"]
    # A return travels about four days before the check begins; nothing travels for the other reasons.
    travels = 0 if reason in ("order cancelled", "parcel lost") else 4
    approved_at = after_working_days(asked_at + timedelta(days=travels), facts["refund_check_days"])
    paid_at = after_working_days(approved_at, facts["refund_pay_days"] - 2)
    status = "paid" if paid_at <= as_of else "approved" if approved_at <= as_of else "requested"
    return Refund(
        amount=amount,
        status=status,
        requested_at=min(asked_at, as_of),
        paid_at=paid_at if status == "paid" else None,
        method=placed.method,
        reason=reason,
    )


def _worth(line: OrderLine) -> Decimal:
    return (line.unit_price or Decimal(0)) * line.quantity
