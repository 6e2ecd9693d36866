"""Choose what goes into a basket: persona, season and the planted affinities (shoes draw socks, tents draw mats)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from random import Random

from rapport.records import OrderLine, Product
from rapport.sample.calendar_days import SUMMER_MONTHS, WINTER_MONTHS
from rapport.sample.catalogue import Catalogue
from rapport.sample.data_files import toml


def fill_basket(random: Random, persona: str, at: datetime, catalogue: Catalogue) -> tuple[OrderLine, ...]:
    """One to five lines, each of another product. Prices are those of the catalogue."""
    spec = toml("shop")["personas"][persona]
    wanted = 1 + sum(random.random() < (spec["basket"] - 1) / 3 for _ in range(3))
    weights = _seasonal(spec["taste"], at)
    chosen: dict[str, Product] = {}
    for _ in range(wanted):
        category = random.choices(list(weights), weights=list(weights.values()))[0]
        _add(random, category, catalogue, chosen)
        companion, chance = toml("shop")["affinity"].get(category, ("", 0.0))
        if random.random() < chance:
            _add(random, companion, catalogue, chosen)
    return tuple(_line(random, product) for product in list(chosen.values())[:5])


def _seasonal(taste: Mapping[str, float], at: datetime) -> dict[str, float]:
    season = toml("shop")["season"]
    weights = {}
    for category, weight in taste.items():
        if category in season["winter"]:
            weight *= 3.4 if at.month in WINTER_MONTHS else 0.5
        if category in season["summer"]:
            weight *= 2.8 if at.month in SUMMER_MONTHS else 0.5
        weights[category] = weight
    return weights


def _add(random: Random, category: str, catalogue: Catalogue, chosen: dict[str, Product]) -> None:
    names = catalogue.names_in[category]
    # Earlier products of a category sell better: weights fall as 1 / (rank + 2).
    name = random.choices(names, weights=[1 / (rank + 2) for rank in range(len(names))])[0]
    chosen.setdefault(name, random.choice(catalogue.by_name[name]))


def _line(random: Random, product: Product) -> OrderLine:
    cheap = product.price is not None and product.price < Decimal(40)
    return OrderLine(
        name=product.name,
        quantity=random.choices([1, 2, 3], weights=[76, 19, 5])[0] if cheap else 1,
        unit_price=product.price,
        product_id=product.id,
        options=product.options,
    )
