"""Put what the records say of a product into the slots of templates."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.brief import Line, Say
from prompts.slots import listing, money, option_words, plural
from rapport.types import ToolResult

MOST_OPTIONS = 5


def products_lines(values: Mapping[str, Any]) -> tuple[Line, ...]:
    """Several products fit the words: says what is to be had and asks which one."""
    rows = values["products"]
    to_be_had = [row for row in rows if row["available"]]
    if values["by"] == "words" and not to_be_had:
        return (Say("product_unknown"),)
    words = products_words(to_be_had) or [f"the {row['name']}" for row in rows]
    if values["by"] == "words":
        return (Say("product_choices", {"products": listing(words)}),)
    return (Say("product_which", {"products": listing(words, last="or")}),)


def products_words(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each product by its name and price: "the Desk Lamp at €89.00"."""
    return [_priced(f"the {row['name']}", row) for row in rows]


def product_lines(result: ToolResult, intent: str) -> tuple[Line, ...]:
    """Whether a product is available, its price and options; its description where it is asked for."""
    if not result.found:
        return (Say("product_unknown"),)
    values = result.values
    about: list[Line] = []
    if intent == "product_question" and values["description"]:
        about.append(Say("product_facts", {"product": values["product"], "description": values["description"]}))
    available = [variant for variant in values["variants"] if variant["available"]]
    if values["wish"] and not available:
        return (*about, *_not_in_that_form(values))
    if not available:
        return (*about, Say("product_sold_out", {"product": values["product"]}))
    if len(available) == 1:
        return (*about, *_one(values, available[0]))
    return (*about, _several(values, available))


def _one(values: Mapping[str, Any], variant: Mapping[str, Any]) -> list[Line]:
    options = f" ({option_words(variant['options'])})" if variant["options"] else ""
    price = f" at {money(variant['price'], variant['currency'])}" if variant["price"] is not None else ""
    lines: list[Line] = [Say("product_available", {"product": f"{values['product']}{options}", "price": price})]
    if variant["stock"]:
        lines.append(Say("product_stock", {"stock": str(variant["stock"])}))
    return lines


def _several(values: Mapping[str, Any], available: Sequence[Mapping[str, Any]]) -> Line:
    count = len(available)
    slots = {"product": values["product"], "count": str(values["count"])}
    if count <= MOST_OPTIONS:
        words = {"options": listing(_told(available)), "variants": plural(count, "variant", "variants")}
        return Say("product_variants", {**slots, **words})
    examples = list(available[:3])
    price = ""
    if len({variant["price"] for variant in available}) == 1:  # said once where all cost the same
        price = _priced("", available[0]).rstrip()
        examples = [{**variant, "price": None} for variant in examples]
    return Say("product_variants_many", {**slots, "price": price, "options": listing(_told(examples), last="or")})


def _not_in_that_form(values: Mapping[str, Any]) -> list[Line]:
    slots = {"product": values["product"], "wish": option_words(values["wish"])}
    lines: list[Line] = [Say("product_no_variant", slots)]
    if values["others"]:
        lines.append(Say("product_also", {"options": listing(_told(values["others"]), last="or")}))
    return lines


def _told(variants: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each variant by its options and price: "blue, M at €12.00"."""
    return [_priced(option_words(variant["options"]) or "standard", variant) for variant in variants]


def _priced(words: str, row: Mapping[str, Any]) -> str:
    return f"{words} at {money(row['price'], row['currency'])}" if row["price"] is not None else words
