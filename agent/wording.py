"""Put the values of a tool's result into the slots of templates. Chooses the sentences, not their words."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from agent.brief import Line, Say
from agent.facts import Step
from agent.wording_fields import field_lines
from agent.wording_products import product_lines, products_lines
from prompts.render import FOLDER
from prompts.slots import date_words, item_words, listing, money
from rapport.types import ToolResult

# Statuses that read well after "is"; any other is quoted as it stands.
_ADJECTIVES = frozenset(
    {
        "pending",
        "processed",
        "delivered",
        "cancelled",
        "canceled",
        "shipped",
        "processing",
        "returned",
        "refunded",
        "packed",
        "confirmed",
        "paid",
        "completed",
        "delayed",
        "lost",
    }
) | {"in transit", "out for delivery", "on hold", "partially shipped", "being prepared", "in preparation"}
_TO_COME = frozenset(
    {"pending", "processing", "packed", "confirmed", "paid", "being prepared", "in preparation", "on hold"}
)
_WHEN = re.compile(r"\b(?:when|arriv\w*|how (?:long|soon)|by what date|eta)\b", re.IGNORECASE)
_OVERDUE = frozenset({"lost", "delayed"})
_ON_ITS_WAY = {"shipped": "shipped", "in_transit": "in transit", "out_for_delivery": "out for delivery"}


def lines_for_result(step: Step, result: ToolResult) -> tuple[Line, ...]:
    """The sentences that state one tool's result."""
    if result.tool == "orders":
        return _orders(step, result)
    if result.tool == "products":
        return products_lines(result.values)
    if result.tool == "product":
        return product_lines(result, step.intent)
    if not result.found:
        return (Say("order_unknown", {"number": echoed(step.order or "")}),)
    if result.tool == "order_field":
        return field_lines(result.values, step.topics)
    lines = _RECORD[result.tool](result.values)
    if result.tool == "order_status" and not result.values.get("parcels") and _WHEN.search(step.ask.text):
        lines.extend(_no_parcel(result.values))
    return tuple(lines)


def echoed(number: str) -> str:
    """An order number of the customer's as it may be repeated: letters, digits, "#" and "-", forty at most."""
    return "".join(character for character in number if character.isalnum() or character in "#-")[:40]


def fact_words(names: Sequence[str], locale: str) -> str:
    """Identity facts as the customer reads them: "e-mail address and postcode"."""
    words = _phrases("facts")
    own = {**words["en"], **words.get(locale.split("-")[0], {})}
    last = {"de": "und", "fr": "et", "es": "y", "nl": "en"}.get(locale.split("-")[0], "and")
    return listing([own.get(name, name) for name in names], last=last)


def intent_words(intents: Sequence[str]) -> str:
    """Intents as the customer reads them: "a refund or an invoice"."""
    words = _phrases("intents")
    return listing([words.get(name, name.replace("_", " ")) for name in intents], last="or")


def status_words(status: str) -> str:
    """A status without the underscores that some systems write."""
    return status.replace("_", " ")


def _order_status(values: Mapping[str, Any]) -> list[Line]:
    lines = _status(values)
    if values.get("parcels") and not _cancelled(values):
        lines.extend(_parcels(values))
    return lines


def _no_parcel(values: Mapping[str, Any]) -> list[Line]:
    """What is said of the arrival of an order that has no parcel."""
    if _cancelled(values):
        return [Say("parcel_cancelled")]
    return [Say("parcel_no_date")] if values["status"].casefold() in _TO_COME else []


def _cancelled(values: Mapping[str, Any]) -> bool:
    return str(values["status"]).casefold() in ("cancelled", "canceled")


def _delivery(values: Mapping[str, Any]) -> list[Line]:
    if _cancelled(values):
        return [*_status(values), Say("parcel_cancelled")]
    return [*_status(values), *(_parcels(values) if values["parcels"] else [Say("parcel_none")])]


def _status(values: Mapping[str, Any]) -> list[Line]:
    spaced = status_words(values["status"])
    status = spaced if spaced.casefold() in _ADJECTIVES else values["status"]
    slots = {"number": values["number"], "status": status, "items": listing(item_words(values["items"]))}
    if not values["items"]:
        return [Say("order_no_items", slots)]
    return [Say("order_status" if status.casefold() in _ADJECTIVES else "order_status_quoted", slots)]


def _parcels(values: Mapping[str, Any]) -> list[Line]:
    lines: list[Line] = []
    for parcel in values["parcels"]:
        waits = lines and parcel["state"] == "preparing" and not parcel["tracking"]
        lines.extend([Say("parcel_preparing_too")] if waits else _parcel(parcel))
    return lines


def _parcel(parcel: Mapping[str, Any]) -> list[Line]:
    state = str(parcel["state"] or "")
    tracking = f", tracking number {parcel['tracking']}" if parcel["tracking"] else ""
    slots = {"state": _ON_ITS_WAY.get(state, status_words(state)), "tracking": tracking}
    slots["carrier"] = f" with {parcel['carrier']}" if parcel["carrier"] else ""
    if state == "delivered":
        by = {
            "carrier": f" ({parcel['carrier']}{tracking})"
            if parcel["carrier"]
            else f" ({tracking[2:]})"
            if tracking
            else ""
        }
        if parcel["delivered"]:
            return [Say("parcel_delivered", {**by, "date": date_words(parcel["delivered"])})]
        return [Say("parcel_delivered_undated", by)]
    if not state:
        return [Say("parcel_tracking", {"tracking": parcel["tracking"]})] if parcel["tracking"] else []
    name = "parcel_sent" if state in _ON_ITS_WAY else "parcel_preparing" if state == "preparing" else "parcel_state"
    lines: list[Line] = [Say(name, slots)]
    if parcel["expected"]:
        lines.append(
            Say("parcel_overdue" if state in _OVERDUE else "parcel_expected", {"date": date_words(parcel["expected"])})
        )
    elif state in _ON_ITS_WAY:
        lines.append(Say("parcel_no_date"))
    return lines


def _refund(values: Mapping[str, Any]) -> list[Line]:
    number, lines = values["number"], list[Line]()
    for refund in values["refunds"]:
        amount = money(refund["amount"], values["currency"])
        slots = {"amount": amount, "number": number, "state": status_words(refund["state"])}
        if refund["state"] == "paid":
            on = f" on {date_words(refund['paid'])}" if refund["paid"] else ""
            method = f" to your {status_words(refund['method'])}" if refund["method"] else ""
            lines.append(Say("refund_paid", {**slots, "date": on, "method": method}))
        elif refund["state"] == "declined":
            lines.append(Say("refund_declined", slots))
        else:
            since = f"; it was requested on {date_words(refund['requested'])}" if refund["requested"] else ""
            lines.append(Say("refund_open", {**slots, "date": since}))
    return lines or [Say("refund_none", {"number": number, "status": status_words(values["status"])})]


def _invoice(values: Mapping[str, Any]) -> list[Line]:
    slots = {"number": values["number"], "invoice": values["invoice"] or ""}
    lines: list[Line] = [Say("invoice_found" if values["invoice"] else "invoice_none", slots)]
    if values["total"] is not None:
        lines.append(Say("invoice_total", {"total": money(values["total"], values["currency"])}))
    return lines


def _orders(step: Step, result: ToolResult) -> tuple[Line, ...]:
    if not result.found and step.choose and step.order is not None:
        name = f"order_none_{step.choose}" if step.choose in ("before", "after") else "order_none_other"
        return (Say(name, {"number": echoed(step.order)}),)
    if not result.found:
        return (Say("orders_none"),)
    orders = result.values["orders"]
    words = listing([_listed(order) for order in orders])
    if result.values["more"]:
        return (Say("order_list_more", {"orders": words}),)
    return (Say("order_list", {"orders": words, "count": str(result.values["count"])}),)


def _listed(order: Mapping[str, Any]) -> str:
    placed = f" of {date_words(order['placed'])}" if order["placed"] else ""
    return f"{order['number']}{placed} ({status_words(order['status'])})"


_RECORD = {"order_status": _order_status, "delivery": _delivery, "refund": _refund, "invoice": _invoice}


@cache
def _phrases(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
