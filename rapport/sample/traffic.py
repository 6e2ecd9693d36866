"""Make the web events: what people looked at before an order, returns begun, and visits without a purchase.

Planted: a customer who is about to leave visits less and less; a viewed product is often the one bought next.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from rapport.records import Event, Order, ProductId
from rapport.sample.catalogue import Catalogue
from rapport.sample.data_files import SOURCE, toml
from rapport.sample.people import Person
from rapport.sample.trade import Trade

Draft = tuple[datetime, str, str, ProductId | None, Decimal | None, dict[str, str]]


def make_events(
    random: Random, people: Sequence[Person], trade: Trade, catalogue: Catalogue, *, as_of: datetime
) -> tuple[Event, ...]:
    """About 20,000 events, oldest first."""
    drafts: list[Draft] = []
    for order in trade.orders:
        drafts += _before_order(random, order, catalogue)
        drafts += _after_order(random, order)
    for person in people:
        drafts += _visits(random, person, trade.left.get(person.customer.id), catalogue, as_of)
        drafts += _mails(random, person, as_of)
    kept = sorted((draft for draft in drafts if draft[0] < as_of), key=lambda draft: (draft[0], draft[1], draft[2]))
    return tuple(
        Event(
            source=SOURCE,
            source_id=f"E{position:06d}",
            at=at,
            customer_id=customer,  # type: ignore[arg-type]  # drafts hold plain strings
            kind=kind,
            product_id=product,
            value=value,
            attrs=attrs,
        )
        for position, (at, customer, kind, product, value, attrs) in enumerate(kept, start=1)
    )


def _before_order(random: Random, order: Order, catalogue: Catalogue) -> Iterator[Draft]:
    placed = order.placed_at
    if placed is None:
        return
    at = placed - timedelta(minutes=random.randint(9, 55))
    if random.random() < 0.4:
        yield at, order.customer_id, "login", None, None, {}
    for line in order.lines:
        at += timedelta(seconds=random.randint(25, 160))
        if random.random() < 0.2:
            yield at, order.customer_id, "search", None, None, {"query": line.name.split(" ", 1)[1].lower()}
        siblings = catalogue.by_name[line.name]
        if len(siblings) > 1 and random.random() < 0.2:
            other = random.choice(siblings)
            yield at + timedelta(seconds=9), order.customer_id, "page_view", other.id, None, {"page": "product"}
        at += timedelta(seconds=random.randint(20, 120))
        yield at, order.customer_id, "page_view", line.product_id, None, {"page": "product"}
        if random.random() < 0.62:
            yield at + timedelta(seconds=14), order.customer_id, "add_to_cart", line.product_id, line.unit_price, {}
    yield placed, order.customer_id, "purchase", None, order.total, {"order": order.number}


def _after_order(random: Random, order: Order) -> Iterator[Draft]:
    for parcel in order.deliveries:
        due = parcel.expected_at
        if due and (parcel.delivered_at is None or parcel.delivered_at > due):
            for hours in (6, 30):
                yield due + timedelta(hours=hours), order.customer_id, "page_view", None, None, {"page": "tracking"}
        elif parcel.shipped_at and random.random() < 0.35:
            at = parcel.shipped_at + timedelta(hours=random.randint(2, 30))
            yield at, order.customer_id, "page_view", None, None, {"page": "tracking"}
    for refund in order.refunds:
        if refund.requested_at and refund.reason not in ("order cancelled", "parcel lost"):
            at = refund.requested_at - timedelta(minutes=5)
            yield at, order.customer_id, "page_view", None, None, {"page": "help/return-an-item"}
            yield refund.requested_at, order.customer_id, "return_started", None, refund.amount, {"order": order.number}


def _visits(
    random: Random, person: Person, left: datetime | None, catalogue: Catalogue, as_of: datetime
) -> Iterator[Draft]:
    taste = toml("shop")["personas"][person.persona]["taste"]
    at = person.starts_at
    while True:
        gone_days = (at - left).days if left and at > left else 0
        at += timedelta(days=random.expovariate(1 / (110 + 9 * gone_days)), minutes=random.randint(-400, 400))
        if at >= as_of or gone_days > 120:
            return
        customer = person.customer.id
        if random.random() < 0.2:
            yield at, customer, "login", None, None, {}
        for step in range(random.choice([1, 1, 2, 3])):
            category = random.choices(list(taste), weights=list(taste.values()))[0]
            product = random.choice(catalogue.by_name[random.choice(catalogue.names_in[category])])
            moment = at + timedelta(seconds=40 + 70 * step)
            yield moment, customer, "page_view", product.id, None, {"page": "product"}
            if random.random() < 0.12:
                yield moment + timedelta(seconds=20), customer, "add_to_cart", product.id, product.price, {}


def _mails(random: Random, person: Person, as_of: datetime) -> Iterator[Draft]:
    if not person.customer.attrs["newsletter"]:
        return
    at = person.starts_at + timedelta(days=random.randint(3, 40))
    while at < as_of:
        if random.random() < 0.35:
            yield at, person.customer.id, "email_open", None, None, {"campaign": f"{at.year}-{at.month:02d}"}
        at += timedelta(days=30)
