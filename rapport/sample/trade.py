"""Make two years of orders. A person orders until the planted churn makes them leave; the README names its drivers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from rapport.records import Order, OrderLine
from rapport.sample.baskets import fill_basket
from rapport.sample.calendar_days import black_friday_between, in_black_week
from rapport.sample.catalogue import Catalogue
from rapport.sample.data_files import SOURCE, toml
from rapport.sample.parcels import Outcome, Placed, follow, zone_of
from rapport.sample.people import Person

# An autumn mailing in the last week brings some customers back, so that many parcels are under way on the day itself.
_AUTUMN_MAIL = 0.3
_CENT = Decimal("0.01")
_METHODS = {
    "NL": ("iDEAL", "card", "PayPal"), "BE": ("Bancontact", "card", "PayPal"),
    "DE": ("PayPal", "pay later", "card"), "AT": ("PayPal", "pay later", "card"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trade:
    """All orders, oldest first, and the customers who have left (their id -> the moment of their last order)."""

    orders: tuple[Order, ...]
    left: dict[str, datetime]


def make_trade(seed: int, people: Sequence[Person], catalogue: Catalogue, *, as_of: datetime) -> Trade:
    """Play every person's orders up to `as_of`, then number all of them by time."""
    orders: list[Order] = []
    left: dict[str, datetime] = {}
    for person in people:
        own, gone = _career(Random(f"{seed}:orders:{person.customer.source_id}"), person, catalogue, as_of)
        orders += own
        if gone and own:
            left[person.customer.id] = own[-1].placed_at or as_of
    return Trade(_numbered(Random(f"{seed}:numbers"), orders), left)


def _career(random: Random, person: Person, catalogue: Catalogue, as_of: datetime) -> tuple[list[Order], bool]:
    at, orders = person.starts_at, list[Order]()
    while at < as_of:
        order, outcome = _order(random, person, at, catalogue, as_of, first=not orders)
        orders.append(order)
        if random.random() < _churn_chance(person.persona, outcome):
            return orders, True
        at = _next_time(random, person.persona, at)
    if (as_of - (orders[-1].placed_at or as_of)).days > 20 and random.random() < _AUTUMN_MAIL:
        at = as_of - timedelta(days=random.uniform(0.1, 8))
        orders.append(_order(random, person, at.replace(microsecond=0), catalogue, as_of, first=False)[0])
    return orders, False


def _churn_chance(persona: str, outcome: Outcome) -> float:
    """The chance that this order was the last: the persona's own, and more after each disappointment."""
    added = toml("shop")["churn"]
    chance = toml("shop")["personas"][persona]["churn"]
    chance += added["late"] * outcome.late + added["lost"] * outcome.lost + added["declined"] * outcome.declined
    return float(chance)


def _next_time(random: Random, persona: str, at: datetime) -> datetime:
    spec = toml("shop")["personas"][persona]
    months = toml("shop")["season"]["months"]
    candidate = at + timedelta(days=4 + random.expovariate(1 / spec["gap"]), minutes=random.randint(-300, 300))
    for _ in range(6):
        if random.random() * max(months) < months[candidate.month - 1]:
            break
        candidate += timedelta(days=random.randint(4, 14))
    friday = black_friday_between(at, candidate)
    if friday and random.random() < spec["sale"]:
        candidate = friday + timedelta(hours=random.randint(0, 60), minutes=random.randrange(60))
    return max(candidate, at + timedelta(hours=20)).replace(microsecond=0)


def _order(
    random: Random, person: Person, at: datetime, catalogue: Catalogue, as_of: datetime, *, first: bool
) -> tuple[Order, Outcome]:
    customer = person.customer
    country = customer.country or "NL"
    lines = fill_basket(random, person.persona, at, catalogue)
    code = _code(random, person, at, first=first)
    total, shipping = _total(lines, country, toml("shop")["codes"].get(code, 0))
    method = random.choices(_METHODS.get(country, ("card", "PayPal", "card")), weights=[6, 3, 2])[0]
    outcome = follow(random, Placed(at, zone_of(country), country, lines, total, method), as_of)
    order = Order(
        source=SOURCE,
        source_id="",
        number="",
        customer_id=customer.id,
        status=outcome.status,
        placed_at=at,
        currency="EUR",
        total=total,
        payment_method=method,
        lines=lines,
        deliveries=outcome.deliveries,
        refunds=outcome.refunds,
        attrs={"shipping_eur": str(shipping), "country": country, **({"discount_code": code} if code else {})},
    )
    return order, outcome


def _total(lines: Sequence[OrderLine], country: str, percent: int) -> tuple[Decimal, Decimal]:
    """(what is paid, the part of it for delivery), in EUR."""
    zone = toml("shop")["zones"][zone_of(country)]
    goods = sum(((line.unit_price or Decimal(0)) * line.quantity for line in lines), Decimal(0))
    goods = (goods * (100 - percent) / 100).quantize(_CENT, ROUND_HALF_UP)
    shipping = Decimal("0.00") if goods >= zone["free_from"] else Decimal(zone["price"])
    return goods + shipping, shipping


def _code(random: Random, person: Person, at: datetime, *, first: bool) -> str:
    if in_black_week(at.date()) and random.random() < 0.8:
        return "BLACKTRAIL20"
    if first and person.customer.attrs["newsletter"] and random.random() < 0.6:
        return "WELCOME10"
    if person.customer.attrs["age_group"] == "18-29" and random.random() < 0.25:
        return "STUDENT12"
    return ""


def _numbered(random: Random, orders: list[Order]) -> tuple[Order, ...]:
    numbered = []
    number = 203_117
    for position, order in enumerate(sorted(orders, key=lambda order: (order.placed_at, order.customer_id)), start=1):
        number += random.randint(1, 9)
        year = order.placed_at.year if order.placed_at else 0
        invoice = None if order.status in ("processing", "cancelled") else f"INV-{year}-{position:05d}"
        numbered.append(
            replace(order, source_id=f"LF-{number}", number=f"LF-{number}", invoice_number=invoice)
        )  # fmt: skip
    return tuple(numbered)
