"""The read-only tools: what the records say, for this viewer and nobody else.

The owner in every look-up is the viewer's verified customer, never something that was said or written by a model.
Another customer's order and one that does not exist take the same path and give the same empty result. A result's
values are JSON, and the only facts that a reply may state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.catalogue import Catalogue, Finding, wished
from agent.facts import Step
from agent.record_names import sayable, sayable_state
from crm.store import Store
from rapport.errors import Refused
from rapport.order_values import order_values
from rapport.records import CustomerId, Order, Product, number_key
from rapport.types import Ask, ToolResult, Viewer

MOST_LISTED = 5
MOST_READ = 200  # orders looked through for the one before or after another
OPEN_STATUSES_LAST = ("delivered", "cancelled", "canceled", "returned", "refunded", "closed", "completed")


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of one company."""

    store: Store
    catalogue: Catalogue

    def run(self, step: Step, viewer: Viewer) -> ToolResult:
        """Look up what one step needs. Raises Refused where a record is asked for by somebody not verified."""
        if step.rule == "product":
            return product_availability(self.catalogue, step)
        if viewer.owner is None:
            raise Refused("personal records are for verified customers.", hint="Ask for the identity facts first.")
        return order_record(self.store, step, viewer.owner, self.catalogue)


def order_record(store: Store, step: Step, owner: CustomerId, catalogue: Catalogue) -> ToolResult:
    """The order that a step is about, or the list to choose from. Only orders of `owner` are ever read."""
    if step.order is not None and not step.choose:
        orders = store.orders_of(owner, number=step.order, limit=1)
        return _one(step, orders[0], catalogue) if orders else ToolResult(tool=step.rule, found=False)
    if step.choose in ("before", "after") and step.order is not None:
        beside = _beside(store.orders_of(owner, limit=MOST_READ), step)
        return _one(step, beside, catalogue) if beside else _none_but(store, step, owner)
    orders = _open_first(store.orders_of(owner, limit=20))
    chosen = _chosen(orders, step, catalogue)
    if len(chosen) == 1:
        return _one(step, chosen[0], catalogue)
    if not chosen:
        return _none_but(store, step, owner)
    return ToolResult(tool="orders", found=True, values=_list_values(chosen))


def _none_but(store: Store, step: Step, owner: CustomerId) -> ToolResult:
    """No order was found beside the one that the step names, which the reply may name where it is the owner's."""
    own = store.orders_of(owner, number=step.order, limit=1) if step.order is not None else []
    return ToolResult(tool="orders", found=False, values={"beside": own[0].number} if own else {})


def product_availability(catalogue: Catalogue, step: Step) -> ToolResult:
    """What can be bought now of the product that the words name, or what they describe; public."""
    found, text = _meant(catalogue, step.ask)
    if not found.names:
        return ToolResult(tool="product", found=False)
    if len(found.names) > 1 or found.by == "words":
        return ToolResult(
            tool="products", found=True, values={"by": found.by, "products": _range(catalogue, found, text)}
        )
    variants = catalogue.variants(found.names[0])
    name = found.names[0]
    wish = {**catalogue.wished(text, name, variants), **catalogue.wished(step.ask.text, name, variants)}
    fitting = _fitting(variants, wish)
    if not fitting and not catalogue.wished(step.ask.text, name, variants):
        wish, fitting = {}, variants  # "how much is it?" after an option that there is not: of the product itself
    others = [item for item in variants if wish and _sellable(item) and item not in fitting]
    values = {
        "product": name,
        "wish": wish,
        "count": sum(1 for item in fitting if _sellable(item)),
        "description": next((item.description for item in variants if item.description), ""),
        "variants": [_variant(item) for item in fitting],
        "others": [_variant(item) for item in others[:MOST_LISTED]],
    }
    return ToolResult(
        tool="product", found=True, values=values, record=(fitting or variants)[0].key if variants else None
    )


def _meant(catalogue: Catalogue, ask: Ask) -> tuple[Finding, str]:
    """The products that a question is about, and the words that say so.

    Words that only describe ("what about black?") are about the one product named before them, where there is one.
    """
    found = catalogue.find(ask.text)
    if ask.query == ask.text or (found.names and found.by == "name"):
        return found, ask.text
    before = catalogue.find(ask.query)
    if not found.names or (before.by == "name" and len(before.names) == 1):
        return before, ask.query
    return found, ask.text


def _range(catalogue: Catalogue, found: Finding, text: str) -> list[dict[str, Any]]:
    """The products to choose from, each with its lowest price now; those to be had as they are wished come first."""
    rows = []
    for name in found.names:
        variants = catalogue.variants(name)
        fitting = [item for item in _fitting(variants, wished(text, variants)) if _sellable(item)]
        prices = [item.price for item in fitting if item.price is not None]
        currency = fitting[0].currency if fitting else ""
        price = str(min(prices)) if prices else None
        rows.append({"name": name, "available": bool(fitting), "price": price, "currency": currency})
    return sorted(rows, key=lambda row: not row["available"])


def _fitting(variants: Sequence[Product], wish: Mapping[str, str]) -> list[Product]:
    return [item for item in variants if all(item.options.get(key) == value for key, value in wish.items())]


def _one(step: Step, order: Order, catalogue: Catalogue) -> ToolResult:
    tool = "order_field" if step.topics else step.rule
    return ToolResult(tool=tool, found=True, values=sayable(order_values(order), catalogue), record=order.key)


def _list_values(orders: Sequence[Order]) -> dict[str, Any]:
    shown = [
        {"number": order.number, "status": sayable_state(order.status), "placed": _day(order.placed_at)}
        for order in orders
    ]
    return {"orders": shown[:MOST_LISTED], "count": len(orders), "more": len(orders) > MOST_LISTED}


def _open_first(orders: Sequence[Order]) -> list[Order]:
    """Newest first, those still under way before those that are done."""
    return sorted(orders, key=lambda order: order.status.casefold() in OPEN_STATUSES_LAST)


def _chosen(orders: Sequence[Order], step: Step, catalogue: Catalogue) -> list[Order]:
    """The orders that the words may mean: the newest, the other one, the one with the item that is named; else all."""
    if step.choose == "newest":
        return (
            sorted(orders, key=_placed, reverse=True)[:1]
            if any(order.placed_at for order in orders)
            else list(orders[:1])
        )
    if step.choose == "other" and step.order:
        return [order for order in orders if number_key(order.number) != number_key(step.order)]
    named = {name.casefold() for name in catalogue.mentioned(step.ask.text)}
    holding = [order for order in orders if named & {line.name.casefold() for line in order.lines}]
    return holding or list(orders)


def _beside(orders: Sequence[Order], step: Step) -> Order | None:
    """The order placed just before, or just after, the one that the step names."""
    dated = sorted(orders, key=_placed, reverse=True)
    at = next((n for n, order in enumerate(dated) if number_key(order.number) == number_key(step.order or "")), None)
    if at is None:
        return None
    at += 1 if step.choose == "before" else -1
    return dated[at] if 0 <= at < len(dated) else None


def _placed(order: Order) -> float:
    return order.placed_at.timestamp() if order.placed_at else 0.0


def _variant(product: Product) -> Mapping[str, Any]:
    return {
        "options": dict(product.options),
        "available": _sellable(product),
        "stock": product.stock,
        "price": str(product.price) if product.price is not None else None,
        "currency": product.currency,
    }


def _sellable(product: Product) -> bool:
    return product.available and product.stock != 0


def _day(at: datetime | None) -> str | None:
    return at.date().isoformat() if at else None
